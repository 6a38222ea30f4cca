"""The screen on which a return is decided, and the second person's answer to what was decided on it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from orders.keys import bound_key
from orders.progress import safe_link
from orders.states import IllegalMove
from support.forms_returning import DecisionForm
from support.models import Choice, Return, ReturnDecision, ReturnLine
from support.return_states import DecisionStatus, ReturnStatus
from support.returning import screen
from support.returning.decide import (
    AlreadyDecided,
    MayNot,
    NotPossible,
    approve_decision,
    decide,
    refuse_decision,
)
from support.returning.last_day import is_past
from support.returning.proposal import Proposal, propose
from support.returning.wording import AMOUNT, suggested
from support.views.guard import those_with

MAY_DECIDE = "support.decide_return"
SEES_COST = "suppliers.view_margin"
HERE = {
    ReturnStatus.ACCEPTED,
    ReturnStatus.READY,
    ReturnStatus.IN_TRANSIT,
    ReturnStatus.RECEIVED,
    ReturnStatus.EXPIRED,
}


def may_receive(row: Return) -> bool:
    """True if goods may come of it; also where they seemed lost, and nothing has come yet."""
    return row.status in HERE or (row.status == ReturnStatus.REVIEW and row.received_at is None)


@those_with("support.view_return")
def decision(request: HttpRequest, pk: int) -> HttpResponse:
    row = get_object_or_404(screen.returns_for_desk(), pk=pk)
    lines = screen.lines_of(row)
    if request.method != "POST":
        return _page(request, row, lines, _fresh_form(row, lines))
    if not request.user.has_perm(MAY_DECIDE):
        raise PermissionDenied
    if _is_known(row, request.POST.get("form_key", "")):
        # Sent a second time; that is no mistake.
        return redirect("desk:return", pk)
    form = DecisionForm(request.POST, row=row, lines=lines)
    is_valid = form.is_valid()
    if "look" in request.POST:
        return _look_again(request, row, lines, form)
    if is_valid and form.cleaned_data["seen"] != _seen(form, propose(row, form.counts())):
        text = _("The amounts below are for these units now. Look at them, then decide.")
        return _look_again(request, row, lines, form, told=text)
    if is_valid and _is_decided(request, row, form):
        return redirect("desk:return", pk)
    row.refresh_from_db()
    return _page(request, row, lines, form, status=422)


def _is_known(row: Return, key: str) -> bool:
    try:
        return ReturnDecision.objects.filter(parent=row, form_key=bound_key(UUID(key), row)).exists()
    except ValueError:
        return False


def _is_decided(request: HttpRequest, row: Return, form: DecisionForm) -> bool:
    """Decide; False, with an error at its place, where that cannot be."""
    try:
        made = decide(row, form.verdict(row.order), form_key=form.cleaned_data["form_key"], by=request.user)
    except AlreadyDecided:
        messages.warning(request, _("Nothing was done: the return has changed meanwhile. This is how it stands now."))
        return True
    except NotPossible as error:
        form.add_error("choice", str(error))
        return False
    if made.status == DecisionStatus.ASKED:
        messages.warning(request, _("It waits for a second person now. Nothing was told to the customer yet."))
    else:
        messages.success(request, _("Decided: %(choice)s.") % {"choice": made.get_choice_display()})
    return True


def _fresh_form(row: Return, lines: list[ReturnLine]) -> DecisionForm:
    return DecisionForm(row=row, lines=lines, initial={"goods_back": "yes"})


def _seen(form: DecisionForm, proposal: Proposal) -> str:
    """Name for which units and which amount a page was made: what was decided on is what was seen."""
    units = "-".join(f"{pk}.{count}" for pk, count in form.counts().items())
    return f"{units}|{proposal.refund_minor}"


def _look_again(
    request: HttpRequest, row: Return, lines: list[ReturnLine], form: DecisionForm, *, told: str = ""
) -> HttpResponse:
    """Show the amounts for the units that were typed; words that nobody has changed are those for these units."""
    if any(name.startswith("units_") for name in form.errors):
        return _page(request, row, lines, form, status=422)
    before = suggested(row, lines, propose(row), {})
    shown = _counts_of(form.data.get("seen", ""))
    if shown:
        before |= suggested(row, lines, propose(row, shown), shown)
    proposal = propose(row, form.counts())
    now = suggested(row, lines, proposal, form.counts())
    data = form.data.copy()
    for choice in Choice:
        if _plain(data.get(f"text_{choice}", "")) == _plain(before[choice]):
            data[f"text_{choice}"] = now[choice]
    again = DecisionForm(data, row=row, lines=lines)
    again.is_valid()
    data["seen"] = _seen(again, proposal)
    # Nothing is wrong with it: it is only looked at.
    again._errors = type(again.errors)()
    if told:
        messages.info(request, told)
    return _page(request, row, lines, again, proposal=proposal)


def _plain(text: str) -> str:
    return " ".join(text.split())


def _counts_of(seen: str) -> dict[int, int]:
    pairs = [part.split(".") for part in seen.partition("|")[0].split("-")]
    # Whoever sends longer numbers than rows have did not get them from us.
    return {
        int(pair[0]): int(pair[1])
        for pair in pairs
        if len(pair) == 2 and all(one.isdecimal() and len(one) < 19 for one in pair)
    }


def _page(
    request: HttpRequest,
    row: Return,
    lines: list[ReturnLine],
    form: DecisionForm,
    *,
    proposal: Proposal | None = None,
    status: int = 200,
) -> HttpResponse:
    decisions = list(row.decisions.select_related("decided_by", "approved_by"))
    for one in decisions:
        one.parent = row
    waiting = screen.waiting_of(decisions, request.user)
    user = request.user
    context: dict[str, Any] = {
        "row": row,
        "order": row.order,
        "ticket": row.ticket,
        "shape": screen.shape_of(row),
        "label_url": safe_link(row.label_url),
        "all_goods": screen.goods_of(lines, sees_cost=user.has_perm(SEES_COST)),
        "decisions": [one for one in decisions if one.status != DecisionStatus.ASKED],
        "waiting": waiting,
        "differences": screen.differences(row, lines),
        "photos": screen.photos_of(row, with_internal=user.has_perm("support.change_ticket")),
        "days": screen.days_since(lines),
        "customer": screen.customer_of(row.order),
        "rule": screen.supplier_rule(row.supplier_order.supplier),
        "refunds": screen.refund_rows(row),
        "credits": screen.credits_of(row, lines) if user.has_perm("suppliers.view_suppliercredit") else [],
        "replacements": list(row.replacements.select_related("line")),
        "events": screen.timeline(row, decisions),
        "may_decide": user.has_perm(MAY_DECIDE),
        "can_receive": may_receive(row) and user.has_perm(MAY_DECIDE),
        "can_end": row.status == ReturnStatus.READY and is_past(row.return_by, grace=timedelta(0)),
        "desk_section": "returns",
    }
    if screen.is_open(row, waiting):
        context |= _choosing(request, row, lines, form, proposal)
    return render(request, "desk/return.html", context, status=status)


def _choosing(
    request: HttpRequest, row: Return, lines: list[ReturnLine], form: DecisionForm, proposal: Proposal | None
) -> dict[str, Any]:
    """Return what the cards show: nothing of it where nothing is to be decided."""
    counts = form.counts()
    proposal = proposal or propose(row, counts)
    is_less = any(counts[line.pk] < line.quantity for line in lines)
    words = suggested(row, lines, proposal, counts)
    if not form.is_bound:
        form.initial |= {f"text_{choice}": text for choice, text in words.items()}
        form.initial |= {"choice": proposal.choice, "amount": proposal.option(Choice.PART_REFUND).customer_minor}
        form.initial["seen"] = _seen(form, proposal)
    sees = request.user.has_perm(SEES_COST)
    made = screen.cards(row, proposal, by=request.user, sees_cost=sees, is_less=is_less)
    proposed = next(card for card in made if card.is_proposed)
    return {
        "form": form,
        "proposal": proposal,
        "proposed": proposed,
        "cards": [(card, form[f"text_{card.choice}"]) for card in made],
        "chosen": form["choice"].value() or "",
        "units": [(line, form[f"units_{line.pk}"]) for line in lines],
        "can_count": len(lines) > 1 or any(line.quantity > 1 for line in lines),
        "amount_token": AMOUNT,
        "refundable": row.order.money(proposal.goods_minor),
    }


@those_with(MAY_DECIDE)
@require_POST
def answer(request: HttpRequest, pk: int, decision_id: int) -> HttpResponse:
    """Let a decision that waits count, or refuse it."""
    found = get_object_or_404(ReturnDecision.objects.select_related("parent__order"), pk=decision_id, parent=pk)
    acts = {
        "approve": (approve_decision, _("Approved: it counts now, and the customer is told.")),
        "refuse": (refuse_decision, _("Refused: somebody decides anew.")),
    }
    if request.POST.get("answer") not in acts:
        messages.error(request, _("Choose whether you approve it or refuse it. Nothing was done."))
        return redirect("desk:return", pk)
    act, told = acts[request.POST["answer"]]
    try:
        if act(found, by=request.user):
            messages.success(request, told)
        else:
            messages.info(request, _("Somebody was faster. This is how it stands now."))
    except MayNot:
        messages.error(request, _("You cannot answer to this decision: it is your own, or above your limit."))
    except IllegalMove:
        messages.info(request, _("Somebody was faster. This is how it stands now."))
    return redirect("desk:return", pk)
