"""A customer's bank takes a payment back: hold what is not sent, ask a person in time, and keep the books right."""

from __future__ import annotations

from datetime import UTC, datetime

from django.conf import settings
from django.db import transaction
from django.db.models import F

from orders import events, lease, stripe_client
from orders.actions.cancel import cancel_paid_back
from orders.actions.holds import place_hold, release_holds
from orders.actions.refund import count_refunds, spread_refunds
from orders.actions.shipping import lock_order
from orders.actions.work import close_work, open_work
from orders.models import Dispute, Hold, OrderLine, Payment, Refund, WorkItem
from orders.models.dispute import UNDECIDED
from orders.states import DisputeStatus, IllegalMove, RefundStatus, move_dispute, move_refund
from orders.stripe_client import StripeRefused, StripeUnclear
from orders.stripe_facts import DisputeFacts

Status = DisputeStatus
# Stripe's words, and ours. What it will say one day and we do not know yet needs a person: evidence wanted.
STATUS_OF = {
    "warning_needs_response": Status.INQUIRY,
    "warning_under_review": Status.INQUIRY,
    "warning_closed": Status.CLOSED,
    "needs_response": Status.OPEN,
    "under_review": Status.REVIEW,
    "prevented": Status.CLOSED,
    "won": Status.WON,
    "lost": Status.LOST,
}
# News of it may be lost: so often it is read again until it is decided, in seconds.
READ_AGAIN = 6 * 3600


class UnknownPayment(Exception):
    """A dispute about a payment that is not known yet: whoever notes that comes back to it."""


def take_dispute(dispute_id: str) -> Dispute:
    """Read a dispute and write down how it stands now. Talks to the network; safe to repeat, in any order.

    Raises UnknownPayment, StripeUnclear or StripeRefused.
    """
    facts = stripe_client.read_dispute(dispute_id)
    payment = Payment.objects.filter(stripe_id=facts.intent_id).select_related("order").first()
    if payment is None:
        raise UnknownPayment(dispute_id)
    with transaction.atomic():
        lock_order(payment.order)
        dispute, new = _row_of(payment, facts)
        to = STATUS_OF.get(facts.status, Status.OPEN)
        try:
            moved = dispute.status != to and move_dispute(dispute, to, by=None, told=facts.status)
        except IllegalMove:
            # A fact is never refused: a person looks at what makes no sense to us.
            _ask(dispute, f"{dispute.stripe_id}: we have it as {dispute.status}, and Stripe says {facts.status}.")
            return dispute
        if moved or new:
            _follow(dispute)
        elif dispute.is_undecided:
            # The time for evidence, or the amount, may be another by now.
            _ask(dispute, _summary(dispute))
    return dispute


def read_again(dispute_pk: int) -> None:
    """Read an undecided dispute anew, whose news may have been lost. Talks to the network; safe to repeat."""
    dispute = lease.take(Dispute.objects.select_related("order"), dispute_pk)
    if dispute is None:
        return
    try:
        take_dispute(dispute.stripe_id)
    except (StripeUnclear, StripeRefused, UnknownPayment) as error:
        lease.fail(dispute, f"Stripe does not answer: {error}")
        return
    dispute.refresh_from_db()
    lease.finish(dispute, due_in=READ_AGAIN if dispute.is_undecided else None)


def _row_of(payment: Payment, facts: DisputeFacts) -> tuple[Dispute, bool]:
    until = datetime.fromtimestamp(facts.due_by, UTC) if facts.due_by else None
    dispute, new = Dispute.objects.get_or_create(
        stripe_id=facts.id,
        defaults={
            "payment": payment,
            "order": payment.order,
            "amount_minor": facts.amount_minor,
            "currency": facts.currency,
            "due_at": lease.db_now_plus(READ_AGAIN),
        },
    )
    changes = {"amount_minor": facts.amount_minor, "reason": facts.reason[:60], "evidence_by": until}
    if facts.fee is not None:
        changes |= {"fee_minor": facts.fee.minor, "fee_currency": facts.fee.currency}
    Dispute.objects.filter(pk=dispute.pk).update(**changes)
    dispute.refresh_from_db()
    if new:
        events.record("dispute.opened", dispute, by=None, dispute=facts.id, amount_minor=facts.amount_minor)
    # Its fee is part of what the payment cost.
    Payment.objects.filter(pk=payment.pk).update(due_at=lease.db_now_plus(settings.FEE_SECONDS))
    return dispute, new


def _follow(dispute: Dispute) -> None:
    """Do what follows from the state that a dispute has now. Safe to repeat."""
    if dispute.status in UNDECIDED:
        place_hold(dispute.order, Hold.Reason.DISPUTE, note=dispute.stripe_id, by=None)
        _take_out_of_ledger(dispute)
        _ask(dispute, _summary(dispute))
        return
    Dispute.objects.filter(pk=dispute.pk).update(due_at=None)
    if dispute.status == Status.LOST:
        _write_into_ledger(dispute)
        _ask(dispute, _summary(dispute))
        cancel_paid_back(dispute.order)
        return
    _take_out_of_ledger(dispute)
    close_work(WorkItem.Reason.DISPUTE, dispute)
    if not dispute.order.disputes.filter(status__in=[*UNDECIDED, Status.LOST]).exists():
        release_holds(dispute.order, [Hold.Reason.DISPUTE], by=None)


def _summary(dispute: Dispute) -> str:
    number, amount = dispute.order.number, dispute.amount
    if dispute.status == Status.LOST:
        return f"{amount} for {number} went back through the bank. Stop what is not sent; pay nothing back twice."
    there = sum(line.forwarded - line.shipped for line in dispute.order.lines.all())
    sent = f" {there} units are at suppliers and not sent: stop them there." if there > 0 else ""
    verb = "asks about" if dispute.status == Status.INQUIRY else "takes back"
    return f"A bank {verb} {amount} for {number} ({dispute.reason}). Send proof; pay nothing back meanwhile.{sent}"


def _ask(dispute: Dispute, summary: str) -> None:
    # What is asked for changes with the state: the old question is over.
    known = WorkItem.objects.filter(
        reason=WorkItem.Reason.DISPUTE, subject_key=events.key_of(dispute), closed_at=None
    ).first()
    if known is not None and known.summary == summary[:300]:
        return
    close_work(WorkItem.Reason.DISPUTE, dispute)
    open_work(
        WorkItem.Reason.DISPUTE,
        dispute,
        order=dispute.order,
        summary=summary,
        money_minor=dispute.amount_minor,
        deadline_at=dispute.evidence_by if dispute.is_undecided else None,
    )


def _write_into_ledger(dispute: Dispute) -> None:
    """Let a lost dispute be money that went back: what it took is not there to be refunded once more."""
    if dispute.refund is not None and dispute.refund.status != RefundStatus.FAILED:
        return
    times = Refund.objects.filter(idempotency_key__startswith=f"dispute-{dispute.stripe_id}").count()
    row = Refund.objects.create(
        payment=dispute.payment,
        order=dispute.order,
        amount_minor=dispute.amount_minor,
        currency=dispute.payment.currency,
        reason=Refund.Reason.DISPUTE,
        idempotency_key=f"dispute-{dispute.stripe_id}-{times + 1}"[:80],
    )
    Dispute.objects.filter(pk=dispute.pk).update(refund=row)
    dispute.refund = row
    events.record("refund.requested", row, by=None, amount_minor=row.amount_minor, reason=str(row.reason))
    move_refund(row, RefundStatus.SUCCEEDED, by=None)
    count_refunds(dispute.payment)
    spread_refunds(dispute.order)


def _take_out_of_ledger(dispute: Dispute) -> None:
    """Take it back where the bank has turned its decision over: the money is ours again."""
    row = dispute.refund
    if row is None or row.status == RefundStatus.FAILED:
        return
    move_refund(row, RefundStatus.FAILED, by=None, fields={"failure": "the dispute was won after all"})
    for part in row.lines.all():
        OrderLine.objects.filter(pk=part.line_id).update(refunded_minor=F("refunded_minor") - part.amount_minor)
    count_refunds(dispute.payment)
    spread_refunds(dispute.order)
