"""All that a customer sees of a return: how far it is, what to do, and what came of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from orders.models import Refund
from orders.parcel_steps import Step
from orders.states import RefundStatus
from orders.words import REFUND_WORDS
from shop.money import Money
from shop.words import day, moment
from support.models import Basis, Choice, Return, ReturnDecision
from support.return_states import NOT_HANDED_IN, OVER, DecisionStatus, ReplacementStatus, ReturnStatus
from support.returning.in_kind import is_replaced_in_kind, waits_for_supplier
from support.words import RETURN_WORDS

Status = ReturnStatus
ACCEPTED_OR_MORE = (
    Status.ACCEPTED,
    Status.READY,
    Status.IN_TRANSIT,
    Status.RECEIVED,
    Status.INSPECTED,
    Status.REVIEW,
    Status.RESOLVED,
)


def return_steps(row: Return, *, is_paid_instead: bool = False) -> list[Step]:
    """Return the steps of a return with their dates; what needs no goods back has fewer, what ended early ends there.

    ``is_paid_instead``: nobody had the new goods that were decided, and the money went back in their place.
    """
    asked = Step(_("Asked"), "done", row.asked_at)
    if row.status == Status.DECLINED:
        return [asked, Step(_("Declined"), "problem", row.decided_at)]
    accepted = row.status in ACCEPTED_OR_MORE or row.status == Status.EXPIRED
    reached = [(_("Asked"), True, row.asked_at), (_("Accepted"), accepted, row.decided_at if accepted else None)]
    if row.status == Status.EXPIRED:
        return [*_as_steps(reached, is_done=True), Step(_("Not handed in"), "problem", row.resolved_at)]
    if row.goods_back is not False or row.handed_in_at or row.received_at:
        reached += [
            (_("On its way"), bool(row.handed_in_at), row.handed_in_at),
            (_("Received"), bool(row.received_at), row.received_at),
        ]
    last_word = _("Refunded") if is_paid_instead else _last_word(row)
    if row.status == Status.REVIEW:
        # Declined and looked at again: it never was accepted, or is not any more, and the day is that of the refusal.
        skipped = {_("Accepted")} if row.choice == Choice.DECLINE else set()
        done = [one for one in reached if one[1] and one[0] not in skipped]
        looked_at = Step(_("Being looked at"), "problem", row.status_changed_at)
        return [*_as_steps(done, is_done=True), looked_at, Step(last_word, "todo")]
    is_done = row.status == Status.RESOLVED
    reached.append((last_word, is_done, row.resolved_at if is_done else None))
    return _as_steps(reached, is_done=is_done)


def _as_steps(reached: Sequence[tuple[str, bool, datetime | None]], *, is_done: bool) -> list[Step]:
    last = max(place for place, (_label, done, _at) in enumerate(reached) if done)
    # What no scan told of lies behind all the same.
    return [
        Step(label, "done" if is_done or place < last else "current" if place == last else "todo", at)
        for place, (label, _done, at) in enumerate(reached)
    ]


def _last_word(row: Return) -> str:
    if row.choice == Choice.REPLACEMENT or (
        row.choice in {"", Choice.DECLINE} and row.solution in {"replacement", "exchange"}
    ):
        return _("Replaced")
    return _("Partly refunded") if row.choice == Choice.PART_REFUND else _("Refunded")


def _done_sentence(row: Return, *, is_paid_instead: bool) -> str:
    if is_paid_instead:
        return _("Done: nobody has the new goods, so your money is on its way, or there.")
    if row.choice == Choice.REPLACEMENT and is_replaced_in_kind(row):
        return _("Done: the supplier sends you the new goods, and they come like any other parcel.")
    if row.choice == Choice.REPLACEMENT:
        return _("Done: the new goods are ordered, and come like any other parcel.")
    return _("Done: your money is on its way, or there.")


def _waiting_sentence(row: Return) -> str:
    """Say what comes next where the supplier is to send the new goods and has not said that it does; else nothing."""
    if not waits_for_supplier(row):
        return ""
    if row.status == Status.ACCEPTED and row.goods_back is False:
        return _("Accepted. We have asked the supplier to send you the new goods; we write to you once it has said so.")
    if row.status == Status.INSPECTED:
        return _("It has arrived. The supplier is to send you the new goods; we write to you once it has said so.")
    return ""


def _asked_sentence(row: Return) -> str:
    """Repeat the moment that was named before it was sent; not one that has passed."""
    due = row.ticket.answer_due_at
    if due and due > timezone.now():
        return _("We have your request. A person looks at it and answers by %(when)s, by mail and on this page.") % {
            "when": moment(due)
        }
    return _("We have your request. A person looks at it, and answers by mail and on this page.")


def _review_sentence(row: Return) -> str:
    if row.choice == Choice.DECLINE:
        return _("We look at your request again, as you asked, and write to you.")
    return _("Something came out other than agreed. We look at it, and write to you.")


def state_sentence(row: Return, *, is_paid_instead: bool = False) -> str:
    """Say in a sentence how a return stands and what comes next."""
    waiting = _waiting_sentence(row)
    if waiting:
        return waiting
    facts = {"day": day(row.return_by) if row.return_by else ""}
    sentences = {
        Status.REQUESTED: _asked_sentence(row),
        Status.ACCEPTED: _("Accepted. We get the address or the label for you; it comes by mail and stands here."),
        Status.READY: _("Accepted. Please hand it in by %(day)s."),
        Status.IN_TRANSIT: _("It is on its way back."),
        Status.RECEIVED: _("It has arrived, and is being looked at."),
        Status.INSPECTED: _("It has arrived, and is being looked at."),
        Status.REVIEW: _review_sentence(row),
        Status.RESOLVED: _done_sentence(row, is_paid_instead=is_paid_instead),
        Status.DECLINED: _("We could not agree to it."),
        Status.CANCELLED: _("You have taken it back. While the time for it lasts, you can ask anew."),
        Status.EXPIRED: _("It was not handed in by %(day)s. While the time for it lasts, you can ask anew."),
    }
    return sentences[ReturnStatus(row.status)] % facts


def refunds_of(row: Return) -> list[dict[str, Any]]:
    """Return the refunds that came of a return, in words. One query."""
    found = Refund.objects.filter(order=row.order_id, idempotency_key__startswith=f"return-{row.pk}-")
    rows = found.exclude(status=RefundStatus.FAILED).select_related("payment")
    return [
        {"amount": one.amount, "word": REFUND_WORDS[one.status], "at": one.requested_at, "card": one.payment.card_last4}
        for one in rows
    ]


def _declined(row: Return) -> QuerySet[ReturnDecision]:
    return row.decisions.filter(status=DecisionStatus.IN_FORCE, choice=Choice.DECLINE)


def was_declined(row: Return) -> bool:
    """True if it was declined once: whoever objects may have begun to write before it was decided anew."""
    return _declined(row).exists()


def _declined_because(row: Return) -> str:
    decision = _declined(row).last()
    return decision.text if decision else ""


def return_context(row: Return) -> dict[str, Any]:
    """Return what the page of a return shows; a fixed number of queries."""
    lines = list(row.lines.select_related("order_line__order"))
    replacements = list(row.replacements.select_related("line"))
    live = [one for one in replacements if one.status != ReplacementStatus.FAILED]
    is_paid_instead = row.choice == Choice.REPLACEMENT and not live and any(line.settled for line in lines)
    others = Return.objects.filter(request_key=row.request_key, order=row.order_id).exclude(pk=row.pk)
    refunds = refunds_of(row)
    return {
        "row": row,
        "order": row.order,
        "lines": lines,
        "word": RETURN_WORDS[row.status],
        "sentence": state_sentence(row, is_paid_instead=is_paid_instead),
        "steps": [] if row.status == Status.CANCELLED else return_steps(row, is_paid_instead=is_paid_instead),
        "others": list(others),
        "is_over": row.status in OVER,
        "refunds": refunds,
        "replacements": live,
        # Said once: the sentence of a return that ended with the money says it already.
        "failed": len(live) < len(replacements) and not (is_paid_instead and row.status == Status.RESOLVED),
        "paid": _sum(row, refunds),
        "keeps": row.goods_back is False and not row.handed_in_at and row.status in {Status.ACCEPTED, Status.RESOLVED},
        "must_keep": row.choice == Choice.PART_REFUND,
        "is_ready": row.status == Status.READY,
        "is_declined": row.status == Status.DECLINED,
        "because": _declined_because(row) if row.status == Status.DECLINED else "",
        "can_cancel": row.status in NOT_HANDED_IN and not any(line.settled for line in lines),
        "can_ask_anew": row.status in {Status.CANCELLED, Status.EXPIRED},
        "is_fault": row.basis == Basis.FAULT,
        "days_left": (row.return_by - timezone.localdate()).days if row.return_by else None,
    }


def _sum(row: Return, refunds: list[dict[str, Any]]) -> Money:
    return row.order.money(sum(one["amount"].minor for one in refunds))
