"""Pay money back: a row with our own key first, then Stripe."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from orders import events, lease, stripe_client
from orders.actions.work import close_work, open_work
from orders.models import Order, OrderLine, Payment, Refund, RefundLine, WorkItem
from orders.states import RefundStatus, move_refund
from orders.stripe_client import RefundFacts, StripeRefused, StripeUnclear
from shop.models import User

# Stripe may forget a key after a day; from then on a repeat could pay twice, so it is looked up.
KEY_LIFE = timedelta(hours=20)
CARRIES_ON = {"pending", "requires_action"}


class TooMuch(Exception):
    """More than is left of the payment, or of a line."""


@dataclass(frozen=True, slots=True)
class RefundPart:
    """Part of a refund: so many units of a line (0: money only) and how much of their money."""

    line: OrderLine
    quantity: int
    amount_minor: int


def refundable_minor(line: OrderLine) -> int:
    """Return what can still be paid back for a line, its share of the delivery included."""
    return line.paid_minor - line.refunded_minor


def units_minor(line: OrderLine, units: int) -> int:
    """Return what so many units of a line cost the customer; the last units get the odd cents."""
    if line.refunded + units >= line.quantity:
        return refundable_minor(line)
    return min(line.paid_minor * units // line.quantity, refundable_minor(line))


def request_refund(
    order: Order, parts: Sequence[RefundPart], *, reason: Refund.Reason, note: str = "", by: User | None, key: str
) -> Refund:
    """Write down a refund of some lines, to be sent by the relay; the same ``key`` is one refund.

    Raises TooMuch, and changes nothing, if it is more than is left.
    """
    with transaction.atomic():
        known = Refund.objects.filter(idempotency_key=key).first()
        if known is not None:
            return known
        amount = sum(part.amount_minor for part in parts)
        payment = _take_from(order, amount)
        for part in parts:
            _take_from_line(part)
        refund = Refund.objects.create(
            payment=payment,
            order=order,
            amount_minor=amount,
            currency=payment.currency,
            reason=reason,
            note=note[:200],
            idempotency_key=key,
            requested_by=by,
            due_at=timezone.now(),
        )
        RefundLine.objects.bulk_create(
            RefundLine(refund=refund, line=part.line, quantity=part.quantity, amount_minor=part.amount_minor)
            for part in parts
        )
        events.record("refund.requested", refund, by=by, amount_minor=amount, reason=str(reason))
    return refund


def refund_everything(payment: Payment, *, reason: Refund.Reason, by: User | None) -> Refund | None:
    """Pay back all that is left of a payment, without naming lines; None if nothing is left. Safe to repeat."""
    key = f"refund-all-{payment.stripe_id}"
    with transaction.atomic():
        payment.refresh_from_db()
        left = payment.captured_minor - payment.refunded_minor
        known = Refund.objects.filter(idempotency_key=key).first()
        if known is not None or left <= 0:
            return known
        Payment.objects.filter(pk=payment.pk).update(refunded_minor=F("captured_minor"))
        refund = Refund.objects.create(
            payment=payment,
            order=payment.order,
            amount_minor=left,
            currency=payment.currency,
            reason=reason,
            idempotency_key=key,
            requested_by=by,
            due_at=timezone.now(),
        )
        events.record("refund.requested", refund, by=by, amount_minor=left, reason=str(reason))
    return refund


def _take_from(order: Order, amount: int) -> Payment:
    if amount < 1:
        raise TooMuch("nothing to pay back")
    for payment in order.payments.all():
        # One conditional UPDATE: of two agents at once, only one gets the last cents.
        left = Payment.objects.filter(pk=payment.pk, refunded_minor__lte=F("captured_minor") - amount)
        if left.update(refunded_minor=F("refunded_minor") + amount):
            return payment
    raise TooMuch("more than is left of the payment")


def _take_from_line(part: RefundPart) -> None:
    most = F("line_minor") + F("delivery_minor") - F("discount_minor") - part.amount_minor
    row = OrderLine.objects.filter(
        pk=part.line.pk, refunded_minor__lte=most, refunded__lte=F("quantity") - part.quantity
    )
    if part.amount_minor < 0 or not row.update(
        refunded_minor=F("refunded_minor") + part.amount_minor, refunded=F("refunded") + part.quantity
    ):
        raise TooMuch(f"more than is left of {part.line.sku}")


def send_refund(refund_id: int) -> None:
    """Ask Stripe for a refund, or how it stands. Talks to the network; safe to repeat."""
    waiting = Refund.objects.filter(status__in=[RefundStatus.REQUESTED, RefundStatus.PENDING])
    refund = lease.take(waiting, refund_id)
    if refund is None:
        # Its worker died between the news that it is through and the end of its lease: nothing is left to do.
        over = [RefundStatus.SUCCEEDED, RefundStatus.FAILED]
        Refund.objects.filter(lease.is_free(), pk=refund_id, status__in=over).update(due_at=None, lease_until=None)
        return
    try:
        facts = _ask(refund)
    except StripeUnclear as error:
        lease.fail(refund, f"Stripe does not answer: {error}")
        return
    except StripeRefused as error:
        _fail(refund, str(error))
        return
    take_refund_facts(refund, facts)


def _ask(refund: Refund) -> RefundFacts:
    if refund.stripe_id:
        return stripe_client.read_refund(refund.stripe_id)
    intent = refund.payment.stripe_id
    if timezone.now() - refund.requested_at > KEY_LIFE:
        for facts, reference in stripe_client.list_refunds(intent).values():
            if reference == refund.idempotency_key:
                return facts
    return stripe_client.create_refund(
        intent, amount_minor=refund.amount_minor, reference=refund.idempotency_key, key=refund.idempotency_key
    )


def take_refund_facts(refund: Refund, facts: RefundFacts) -> None:
    """Write down how Stripe says a refund stands. Safe to repeat; never goes back a state."""
    if facts.status in {"failed", "canceled"}:
        _fail(refund, facts.failure or facts.status, stripe_id=facts.id)
        return
    Refund.objects.filter(pk=refund.pk, stripe_id="").update(stripe_id=facts.id)
    refund.refresh_from_db()
    if facts.status == "succeeded" and refund.status != RefundStatus.FAILED:
        move_refund(refund, RefundStatus.SUCCEEDED, by=None)
        lease.finish(refund)
    elif facts.status in CARRIES_ON and refund.status == RefundStatus.REQUESTED:
        move_refund(refund, RefundStatus.PENDING, by=None)
        lease.finish(refund, due_in=settings.RECONCILE_SECONDS)


def _fail(refund: Refund, why: str, stripe_id: str = "") -> None:
    with transaction.atomic():
        refund.refresh_from_db()
        if not move_refund(refund, RefundStatus.FAILED, by=None, fields={"failure": why[:200]}, why=why[:200]):
            return
        changes = {"stripe_id": stripe_id} if stripe_id else {}
        Refund.objects.filter(pk=refund.pk).update(due_at=None, lease_until=None, **changes)
        # The money is still with us: it can be paid back in another way.
        Payment.objects.filter(pk=refund.payment_id).update(refunded_minor=F("refunded_minor") - refund.amount_minor)
        for part in refund.lines.all():
            OrderLine.objects.filter(pk=part.line_id).update(
                refunded_minor=F("refunded_minor") - part.amount_minor, refunded=F("refunded") - part.quantity
            )
        summary = f"{refund.amount} for {refund.order.number} could not be paid back: {why}"
        open_work(
            WorkItem.Reason.REFUND_FAILED, refund, order=refund.order, summary=summary, money_minor=refund.amount_minor
        )


def import_refund(payment: Payment, facts: RefundFacts) -> Refund:
    """Note a refund that was made in Stripe's dashboard. Safe to repeat.

    More than the shop thought was left is still a fact: it then opens work instead of a row that
    the constraint refuses.
    """
    with transaction.atomic():
        known = Refund.objects.filter(stripe_id=facts.id).first()
        if known is not None:
            return known
        left = Payment.objects.filter(pk=payment.pk, refunded_minor__lte=F("captured_minor") - facts.amount_minor)
        if not left.update(refunded_minor=F("refunded_minor") + facts.amount_minor):
            summary = f"Stripe shows a refund {facts.id} that does not fit {payment.order.number}."
            open_work(WorkItem.Reason.REFUND_FAILED, payment, order=payment.order, summary=summary)
        else:
            close_work(WorkItem.Reason.REFUND_FAILED, payment)
        refund = Refund.objects.create(
            payment=payment,
            order=payment.order,
            amount_minor=facts.amount_minor,
            currency=payment.currency,
            reason=Refund.Reason.OUTSIDE,
            idempotency_key=f"outside-{facts.id}",
            stripe_id=facts.id,
        )
        events.record("refund.requested", refund, by=None, amount_minor=facts.amount_minor, reason="outside")
    return refund
