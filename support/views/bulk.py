"""Several cases at once: first what will happen, then what became of each."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from shop.models import User
from support.actions.bulk import DEEDS, Deed, do_together, picked, seen
from support.models import Ticket
from support.views.guard import agents_only

RESULTS = "desk_results"


@agents_only
def bulk(request: HttpRequest) -> HttpResponse:
    """Say what a deed would do to the chosen cases. Changes nothing."""
    name = request.GET.get("deed", "")
    pks = [int(pk) for pk in request.GET.getlist("pick") if pk.isdecimal() and len(pk) < 19]
    if name not in DEEDS or not pks:
        messages.error(request, _("Choose cases, and what is to be done with them."))
        return redirect("desk:inbox")
    deed, value = DEEDS[name], request.GET.get("value", "")
    is_chosen = deed.accepts(value)
    context = _context(name, deed, picked(pks), value)
    context["error"] = deed.missing if "value" in request.GET and not is_chosen else ""
    context["has_errors"] = bool(context["error"])
    if is_chosen:
        chosen = deed.reads(value)
        context["rows"] = [_row(deed, ticket, chosen, request.user) for ticket in context["tickets"]]
        count = sum(bool(row["words"]) for row in context["rows"])
        context |= {"count": count, "button": str(deed.button) % {"count": count}}
    return render(request, "desk/bulk.html", context, status=422 if context["error"] else 200)


def _row(deed: Deed, ticket: Ticket, chosen: object, by: User) -> dict[str, object]:
    hindrance = deed.hinders(ticket, chosen, by)
    words = "" if hindrance else deed.says(ticket, chosen, by)
    return {"ticket": ticket, "seen": seen(ticket), "words": words, "hindrance": hindrance}


def _context(name: str, deed: Deed, tickets: list[Ticket], value: str) -> dict[str, object]:
    return {
        "name": name,
        "deed": deed,
        "tickets": tickets,
        "value": value,
        "choices": deed.choices() if deed.asks else [],
        "desk_section": "inbox",
    }


@agents_only
@require_POST
def do_bulk(request: HttpRequest) -> HttpResponse:
    """Do it, and show what became of each case."""
    deed, value = DEEDS.get(request.POST.get("deed", "")), request.POST.get("value", "")
    if deed is None or not deed.accepts(value):
        messages.error(request, _("Choose cases, and what is to be done with them."))
        return redirect("desk:inbox")
    results = do_together(deed, request.POST.getlist("row"), value, by=request.user)
    request.session[RESULTS] = {
        "label": str(deed.label),
        "rows": [[one.ticket.pk, one.ticket.number, one.ticket.subject, one.is_done, one.words] for one in results],
    }
    return redirect("desk:bulk-done")


@agents_only
def bulk_done(request: HttpRequest) -> HttpResponse:
    found = request.session.get(RESULTS)
    if not found:
        return redirect("desk:inbox")
    done = sum(row[3] for row in found["rows"])
    context = {"label": found["label"], "rows": found["rows"], "done": done, "desk_section": "inbox"}
    return render(request, "desk/bulk_done.html", context)
