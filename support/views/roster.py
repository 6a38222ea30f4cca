"""The roster: who is on duty when, and what one shift hands over to the next."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from shop.words import moment
from support.actions.roster import Overlapping, add_shift, read_hand_over, remove_shift, write_hand_over
from support.agents import on_duty, unread_notes
from support.figures import beginning
from support.forms_desk import HandOverForm, ShiftForm
from support.models import HandOver, Shift
from support.views.guard import agents_only, those_with

A_DAY = timedelta(days=1)
A_WEEK = timedelta(days=7)
NOTES_SHOWN = 10


@those_with("support.view_shift")
def roster(request: HttpRequest) -> HttpResponse:
    monday = _monday(request.GET.get("week", ""))
    return render(request, "desk/roster.html", _context(request, monday))


def _monday(text: str) -> date:
    today = timezone.localdate()
    try:
        day = date.fromisoformat(text)
    except ValueError:
        day = today
    # Calendars end somewhere; nobody plans further.
    day = day if abs((day - today).days) < 3660 else today
    return day - A_DAY * day.weekday()


def _context(request: HttpRequest, monday: date, **forms: Any) -> dict[str, Any]:
    now, days = timezone.now(), [monday + A_DAY * number for number in range(7)]
    shifts = Shift.objects.filter(starts_at__lt=beginning(monday + A_WEEK), ends_at__gt=beginning(monday))
    by_day: dict[date, list[Shift]] = {day: [] for day in days}
    for shift in shifts.select_related("user"):
        # What began in the week before stands where it began to count in this one.
        by_day[max(timezone.localdate(shift.starts_at), monday)].append(shift)
    may_add = request.user.has_perm("support.add_shift")
    is_agent = request.user.has_perm("support.change_ticket")
    return {
        "days": [(day, day == timezone.localdate(), found) for day, found in by_day.items()],
        "monday": monday,
        "before": monday - A_WEEK,
        "after": monday + A_WEEK,
        "sunday": days[-1],
        "duty": on_duty(now),
        "unread": list(unread_notes(request.user, now).select_related("by")) if is_agent else [],
        "notes": HandOver.objects.select_related("by").prefetch_related("readers__user")[:NOTES_SHOWN],
        "shift_form": ShiftForm(initial={"day": max(monday, timezone.localdate())}) if may_add else None,
        "note_form": HandOverForm(prefix="note") if is_agent else None,
        "now": now,
        "desk_section": "roster",
    } | forms


def _week_of(day: date) -> str:
    return f"{reverse('desk:roster')}?week={day.isoformat()}"


@those_with("support.add_shift")
@require_POST
def add(request: HttpRequest) -> HttpResponse:
    form = ShiftForm(request.POST)
    if form.is_valid():
        starts_at, ends_at = form.span()
        lead = form.cleaned_data["is_lead"]
        try:
            made = add_shift(form.cleaned_data["user"], starts_at=starts_at, ends_at=ends_at, is_lead=lead)
        except Overlapping as error:
            facts = {"from": moment(error.other.starts_at), "to": moment(error.other.ends_at)}
            form.add_error("starts", _("That is in the middle of another shift, %(from)s to %(to)s.") % facts)
        else:
            facts = {"name": made.user.get_full_name(), "when": moment(made.starts_at)}
            messages.success(request, _("%(name)s is on duty from %(when)s.") % facts)
            return redirect(_week_of(form.cleaned_data["day"]))
    day = form.cleaned_data.get("day") or timezone.localdate()
    context = _context(request, day - A_DAY * day.weekday(), shift_form=form, form=form)
    return render(request, "desk/roster.html", context, status=422)


@those_with("support.delete_shift")
def remove(request: HttpRequest, pk: int) -> HttpResponse:
    shift = Shift.objects.filter(pk=pk).select_related("user").first()
    if shift is None:
        messages.info(request, _("That shift is not in the roster any more."))
        return redirect("desk:roster")
    if request.method != "POST":
        return render(request, "desk/shift_remove.html", {"shift": shift, "desk_section": "roster"})
    remove_shift(shift)
    facts = {"name": shift.user.get_full_name(), "when": moment(shift.starts_at)}
    messages.success(request, _("Taken out: %(name)s, %(when)s.") % facts)
    return redirect(_week_of(timezone.localdate(shift.starts_at)))


@agents_only
@require_POST
def hand_over(request: HttpRequest) -> HttpResponse:
    form = HandOverForm(request.POST, prefix="note")
    if not form.is_valid():
        context = _context(request, _monday(""), note_form=form, form=form)
        return render(request, "desk/roster.html", context, status=422)
    write_hand_over(form.cleaned_data["body"], form_key=form.cleaned_data["form_key"], by=request.user)
    messages.success(request, _("Whoever comes on duty next sees it first."))
    return redirect("desk:roster")


@agents_only
@require_POST
def read(request: HttpRequest, pk: int) -> HttpResponse:
    note = get_object_or_404(HandOver, pk=pk)
    if note.by_id == request.user.pk:
        raise PermissionDenied
    read_hand_over(note, by=request.user)
    return redirect(request.POST.get("next") if request.POST.get("next") == reverse("desk:inbox") else "desk:roster")
