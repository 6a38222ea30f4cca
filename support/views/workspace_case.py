"""The case itself: whose it is and what about, its checklist, its history, and what it is one with."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.backends import ModelBackend
from django.db.models.functions import Lower
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from shop.models import User
from support.actions.checking import set_ticks
from support.actions.merging import (
    CannotMerge,
    NothingToSplit,
    link_tickets,
    merge_tickets,
    split_ticket,
    unlink_tickets,
)
from support.actions.properties import change_properties
from support.actions.ticket import close_ticket
from support.desk_forms import CaseNumberForm, PropertiesForm, SplitForm
from support.history import history_of
from support.models import Ticket
from support.states import TicketStatus
from support.views.guard import agents_only


def agents(owner: User | None) -> list[User]:
    """Return everybody who works at the desk, and whoever has the case although they do not any more."""
    found = ModelBackend().with_perm("support.change_ticket")
    people = {user.pk: user for user in found.filter(is_active=True).order_by("name", "email")}
    if owner is not None:
        people.setdefault(owner.pk, owner)
    return list(people.values())


@agents_only
@require_safe
def details(request: HttpRequest, pk: int) -> HttpResponse:
    found = get_object_or_404(Ticket.objects.select_related("order", "owner", "merged_into"), pk=pk)
    return _page(request, found)


def _page(request: HttpRequest, found: Ticket, *, status: int = 200, **bound: Any) -> HttpResponse:
    """Show all forms, one of them perhaps bound, with its errors."""
    people = agents(found.owner)
    context: dict[str, Any] = {
        "ticket": found,
        "properties": PropertiesForm(ticket=found, agents=people),
        "merge_form": CaseNumberForm(prefix="merge", initial={"number": _another_of(found)}),
        "link_form": CaseNumberForm(prefix="link"),
        "split_form": SplitForm(ticket=found, prefix="split"),
        "linked": found.linked.all(),
        "merged": found.merged.all(),
        "history": history_of(found),
        "desk_section": "inbox",
        "form": next(iter(bound.values()), None),
    }
    return render(request, "desk/details.html", context | bound, status=status)


def _another_of(found: Ticket) -> str:
    """Name the newest other open case of the same customer, which is likely the one to be merged; empty: there is none."""
    others = Ticket.objects.alias(mail=Lower("email")).filter(mail=found.email.lower()).exclude(pk=found.pk)
    return others.exclude(status=TicketStatus.SOLVED).order_by("-pk").values_list("number", flat=True).first() or ""


@agents_only
@require_POST
def change(request: HttpRequest, pk: int) -> HttpResponse:
    found = get_object_or_404(Ticket.objects.select_related("order", "owner", "merged_into"), pk=pk)
    form = PropertiesForm(request.POST, ticket=found, agents=agents(found.owner))
    if not form.is_valid():
        return _page(request, found, status=422, properties=form)
    if change_properties(found, form.properties(), by=request.user):
        messages.success(request, _("Changed."))
    return redirect("desk:ticket", pk)


@agents_only
@require_POST
def take(request: HttpRequest, pk: int) -> HttpResponse:
    """Make a case one's own, by one press."""
    found = get_object_or_404(Ticket, pk=pk)
    tags = found.tags.values_list("name", flat=True)
    form = {"owner": request.user.pk, "priority": found.priority, "topic": found.topic, "tags": ",".join(tags)}
    bound = PropertiesForm(form, ticket=found, agents=[request.user])
    if bound.is_valid() and change_properties(found, bound.properties(), by=request.user):
        messages.success(request, _("It is your case now."))
    return redirect("desk:ticket", pk)


@agents_only
@require_POST
def close(request: HttpRequest, pk: int) -> HttpResponse:
    close_ticket(get_object_or_404(Ticket, pk=pk), by=request.user)
    messages.success(request, _("Closed as solved."))
    return redirect("desk:ticket", pk)


@agents_only
@require_POST
def ticks(request: HttpRequest, pk: int) -> HttpResponse:
    set_ticks(get_object_or_404(Ticket, pk=pk), request.POST.getlist("tick"), by=request.user)
    messages.success(request, _("Checks kept."))
    return redirect("desk:ticket", pk)


@agents_only
@require_POST
def merge(request: HttpRequest, pk: int) -> HttpResponse:
    """Let another case live on in this one."""
    found = get_object_or_404(Ticket.objects.select_related("order", "owner", "merged_into"), pk=pk)
    form = CaseNumberForm(request.POST, prefix="merge")
    if form.is_valid():
        try:
            merge_tickets(found, form.other, by=request.user)
        except CannotMerge as error:
            form.add_error("number", str(error))
        else:
            text = _("%(number)s is part of this case now.") % {"number": form.other.number}
            messages.success(request, text)
            return redirect("desk:ticket", pk)
    return _page(request, found, status=422, merge_form=form)


@agents_only
@require_POST
def link(request: HttpRequest, pk: int) -> HttpResponse:
    found = get_object_or_404(Ticket.objects.select_related("order", "owner", "merged_into"), pk=pk)
    form = CaseNumberForm(request.POST, prefix="link")
    if form.is_valid() and form.other.pk == found.pk:
        form.add_error("number", _("That is this very case."))
    if not form.is_valid():
        return _page(request, found, status=422, link_form=form)
    link_tickets(found, form.other, by=request.user)
    messages.success(request, _("Linked with %(number)s.") % {"number": form.other.number})
    return redirect("desk:details", pk)


@agents_only
@require_POST
def unlink(request: HttpRequest, pk: int, other: int) -> HttpResponse:
    found = get_object_or_404(Ticket, pk=pk)
    unlink_tickets(found, get_object_or_404(Ticket, pk=other), by=request.user)
    messages.success(request, _("No longer linked."))
    return redirect("desk:details", pk)


@agents_only
@require_POST
def split(request: HttpRequest, pk: int) -> HttpResponse:
    found = get_object_or_404(Ticket.objects.select_related("order", "owner", "merged_into"), pk=pk)
    form = SplitForm(request.POST, ticket=found, prefix="split")
    if form.is_valid():
        chosen = {int(one) for one in form.cleaned_data["chosen"]}
        try:
            made = split_ticket(found, chosen, subject=form.cleaned_data["subject"], by=request.user)
        except NothingToSplit as error:
            form.add_error("chosen", str(error))
        else:
            messages.success(request, _("%(number)s is a case of its own now.") % {"number": made.number})
            return redirect("desk:ticket", made.pk)
    return _page(request, found, status=422, split_form=form)
