"""Pay money back: a row with our own key first, then Stripe."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.conf import settings
from django.db import transaction
from django.db.models import F, Sum
from django.utils import timezone

from orders import events, lease
from orders.actions.fees import read_fee_later
from orders.actions.refund_shares import Shares, left_of, shares_of
from orders.actions.shipping import lock_order
from orders.actions.work import close_work, open_work
from orders.models import Order, OrderLine, Payment, Refund, RefundLine, WorkItem
from orders.models.order import PAID_MINOR
from orders.providers.base import ByHand, RefundFacts, Refused, Unclear
from orders.providers.registry import provider_of
from orders.states import RefundStatus, move_refund
from shop.models import User
from shop.money import payable_step, split_by_weight

# Stripe's words for how a refund stands, and ours.
STATUS_OF = {
    "pending": RefundStatus.PENDING,
    "requires_action": RefundStatus.PENDING,
    "succeeded": RefundStatus.SUCCEEDED,
    "failed": RefundStatus.FAILED,
    "canceled": RefundStatus.FAILED,
}


class TooMuch(Exception):
    """More than is left of the payment, or of a line."""


@dataclass(frozen=True, slots=True)
class RefundPart:
    """Part of a refund: so many units of a line (0: money only), how much of their money, and of that the delivery."""

    line: OrderLine
    quantity: int
    amount_minor: int
    # How much of the amount is delivery; None: in proportion to what the line still offers.
    delivery_minor: int | None = None


def refundable_minor(line: OrderLine) -> int:
    """Return what can still be paid back for a line, its share of the delivery included."""
    return line.paid_minor - line.refunded_minor


def units_minor(line: OrderLine, units: int) -> int:
    """Return what so many units of a line cost the customer; the last units get the odd cents."""
    if line.refunded + units >= line.quantity:
        return refundable_minor(line)
    return min(_share(line, units), refundable_minor(line))


def _share(line: OrderLine, units: int) -> int:
    # Rounded down to what a card can be paid back: the last unit gets the rest.
    step = payable_step(line.order.currency)
    return line.paid_minor * units // (line.quantity * step) * step


def cancelled_part(line: OrderLine, units: int) -> RefundPart:
    """Return what goes back when so many more units of a line are cancelled (not yet counted on the line).

    Units may have been paid back in part before, as goodwill: they are not counted twice, and with the
    last unit cancelled nothing of the line's money stays here.
    """
    free = line.quantity - line.refunded
    if line.cancelled + units >= line.quantity:
        return RefundPart(line, min(units, free), refundable_minor(line))
    if units <= free:
        return RefundPart(line, units, units_minor(line, units))
    return RefundPart(line, free, min(_share(line, units), refundable_minor(line)))


def request_refund(
    order: Order, parts: Sequence[RefundPart], *, reason: Refund.Reason, note: str = "", by: User | None, key: str
) -> Refund:
    """Write down a refund of some lines, to be sent by the relay; the same ``key`` is one refund.

    Raises TooMuch, and changes nothing, if it is more than is left.
    """
    with transaction.atomic():
        # One order's money is changed by one at a time: payment, lines and refund then always agree.
        lock_order(order)
        known = Refund.objects.filter(idempotency_key=key).first()
        if known is not None:
            return known
        amount = sum(part.amount_minor for part in parts)
        payment = _take_from(order, amount)
        owed = take_from_lines(parts)
        return owe_refund(payment, owed, amount, reason=reason, note=note, by=by, key=key)


def refund_everything(payment: Payment, *, reason: Refund.Reason, by: User | None) -> Refund | None:
    """Pay back all that is left of a payment; None if nothing is left. Safe to repeat.

    Of the order's lines it takes what they can no longer offer once this payment is gone. Raises
    TooMuch, and changes nothing, if some of it is paid back elsewhere at this very moment.
    """
    key = f"refund-all-{payment.stripe_id}"
    with transaction.atomic():
        lock_order(payment.order)
        payment.refresh_from_db()
        left = payment.captured_minor - payment.refunded_minor
        known = Refund.objects.filter(idempotency_key=key).first()
        if known is not None or left <= 0:
            return known
        # What was seen as left must still be left: the provider's dashboard knows no lock of ours.
        still_left = Payment.objects.filter(pk=payment.pk, refunded_minor=payment.refunded_minor)
        if not still_left.update(refunded_minor=F("captured_minor")):
            raise TooMuch("some of it is paid back elsewhere")
        refund = owe_refund(payment, [], left, reason=reason, note="", by=by, key=key)
        spread_refunds(payment.order)
    return refund


def owe_refund(
    payment: Payment,
    lines: Sequence[RefundLine],
    amount: int,
    *,
    reason: Refund.Reason,
    note: str,
    by: User | None,
    key: str,
) -> Refund:
    """Write down a refund with its lines, due at once. Call it with the order locked, after the money was taken.

    ``amount`` is in minor units and must be taken from the payment, and the lines' money from the order's
    lines (``take_from_lines``), in the same transaction.
    """
    refund = Refund.objects.create(
        payment=payment,
        order=payment.order,
        amount_minor=amount,
        currency=payment.currency,
        reason=reason,
        note=note[:200],
        idempotency_key=key,
        requested_by=by,
        due_at=timezone.now(),
    )
    for line in lines:
        line.refund = refund
    RefundLine.objects.bulk_create(lines)
    events.record("refund.requested", refund, by=by, amount_minor=amount, reason=str(reason))
    return refund


def _take_from(order: Order, amount: int) -> Payment:
    if amount < 1:
        raise TooMuch("nothing to pay back")
    for payment in order.payments.filter(currency=order.currency):
        # One conditional UPDATE: of two agents at once, only one gets the last cents.
        left = Payment.objects.filter(pk=payment.pk, refunded_minor__lte=F("captured_minor") - amount)
        if left.update(refunded_minor=F("refunded_minor") + amount):
            return payment
    raise TooMuch("more than is left of the payment")


def take_from_lines(parts: Sequence[RefundPart]) -> list[RefundLine]:
    """Take parts of a refund from their lines, and return what is to be written of each; call it with the order locked.

    Raises TooMuch, after which the transaction must be undone, if it is more than a line has left.
    """
    now = left_of(OrderLine.objects.select_related("order").filter(pk__in=[part.line.pk for part in parts]))
    for part in parts:
        _take_from_line(part)
    return [_as_row(part, shares_of(now[part.line.pk], part.amount_minor, part.delivery_minor)) for part in parts]


def _as_row(part: RefundPart, shares: Shares) -> RefundLine:
    return RefundLine(
        line=part.line,
        quantity=part.quantity,
        amount_minor=part.amount_minor,
        delivery_minor=shares.delivery_minor,
        tax_minor=shares.tax_minor,
    )


def _take_from_line(part: RefundPart) -> None:
    most = PAID_MINOR - part.amount_minor
    row = OrderLine.objects.filter(
        pk=part.line.pk, refunded_minor__lte=most, refunded__lte=F("quantity") - part.quantity
    )
    if part.amount_minor < 0 or not row.update(
        refunded_minor=F("refunded_minor") + part.amount_minor, refunded=F("refunded") + part.quantity
    ):
        raise TooMuch(f"more than is left of {part.line.sku}")


def send_refund(refund_id: int) -> None:
    """Ask the provider for a refund, or how it stands. Talks to the network; safe to repeat.

    Where people pay back (a bank transfer), one is asked, and notes it when it is done.
    """
    waiting = Refund.objects.filter(status__in=[RefundStatus.REQUESTED, RefundStatus.PENDING])
    refund = lease.take(waiting, refund_id)
    if refund is None:
        # Its worker died between the news that it is through and the end of its lease: nothing is left to do.
        over = [RefundStatus.SUCCEEDED, RefundStatus.FAILED]
        Refund.objects.filter(lease.is_free(), pk=refund_id, status__in=over).update(due_at=None, lease_until=None)
        return
    try:
        facts = provider_of(refund.payment.provider).refund(refund)
    except ByHand:
        _ask_to_pay_back(refund)
        return
    except Unclear as error:
        lease.fail(refund, f"Stripe does not answer: {error}")
        return
    except Refused as error:
        _fail(refund, str(error))
        return
    take_refund_facts(refund, facts)


def _ask_to_pay_back(refund: Refund) -> None:
    summary = f"Transfer {refund.amount} back for {refund.order.number}, to where it came from, and note it here."
    with transaction.atomic():
        lock_order(refund.order)
        if lease.finish(refund):
            reason = WorkItem.Reason.REFUND_BY_HAND
            open_work(reason, refund, order=refund.order, summary=summary, money_minor=refund.amount_minor)


def take_refund_facts(refund: Refund, facts: RefundFacts) -> None:
    """Write down how Stripe says a refund stands. Safe to repeat; never goes back a state."""
    _compare(refund, facts)
    status = STATUS_OF.get(facts.status)
    if status == RefundStatus.FAILED:
        _fail(refund, facts.failure or facts.status, stripe_id=facts.id)
        return
    Refund.objects.filter(pk=refund.pk, stripe_id="").update(stripe_id=facts.id)
    refund.refresh_from_db()
    if status == RefundStatus.SUCCEEDED and refund.status != RefundStatus.FAILED:
        if move_refund(refund, RefundStatus.SUCCEEDED, by=None):
            read_fee_later(refund.payment_id)
        lease.finish(refund)
    elif status == RefundStatus.PENDING and refund.status in {RefundStatus.REQUESTED, RefundStatus.PENDING}:
        move_refund(refund, RefundStatus.PENDING, by=None)
        lease.finish(refund, due_in=settings.RECONCILE_SECONDS)


def _compare(refund: Refund, facts: RefundFacts) -> None:
    if (facts.amount_minor, facts.currency) != (refund.amount_minor, refund.currency):
        summary = f"Stripe pays back another amount than {refund.amount} for {refund.order.number}: see {facts.id}."
        open_work(
            WorkItem.Reason.REFUND_FAILED, refund, order=refund.order, summary=summary, money_minor=refund.amount_minor
        )


def _fail(refund: Refund, why: str, stripe_id: str = "") -> None:
    with transaction.atomic():
        lock_order(refund.order)
        refund.refresh_from_db()
        if not move_refund(refund, RefundStatus.FAILED, by=None, fields={"failure": why[:200]}, why=why[:200]):
            return
        changes = {"stripe_id": stripe_id} if stripe_id else {}
        Refund.objects.filter(pk=refund.pk).update(due_at=None, lease_until=None, deaths=0, **changes)
        # The money is still with us: it can be paid back in another way.
        for part in refund.lines.all():
            OrderLine.objects.filter(pk=part.line_id).update(
                refunded_minor=F("refunded_minor") - part.amount_minor, refunded=F("refunded") - part.quantity
            )
        count_refunds(refund.payment)
        spread_refunds(refund.order)
        summary = f"{refund.amount} for {refund.order.number} could not be paid back: {why}"
        open_work(
            WorkItem.Reason.REFUND_FAILED, refund, order=refund.order, summary=summary, money_minor=refund.amount_minor
        )


def take_in_refunds(payment: Payment, listed: Mapping[str, tuple[RefundFacts, str]]) -> None:
    """Note every refund that Stripe lists of a payment, ours and those made in its dashboard. Safe to repeat."""
    if not listed:
        return
    known = {row.stripe_id: row.status for row in payment.refunds.exclude(stripe_id="")}
    for facts, reference in listed.values():
        # One refund tells of itself up to four times, and of all others with it.
        if facts.id not in known or known[facts.id] != STATUS_OF.get(facts.status):
            with transaction.atomic():
                lock_order(payment.order)
                refund = Refund.objects.filter(stripe_id=facts.id).first()
                if refund is None and reference:
                    refund = Refund.objects.filter(idempotency_key=reference, payment=payment).first()
                take_refund_facts(refund or import_refund(payment, facts), facts)


def import_refund(payment: Payment, facts: RefundFacts) -> Refund:
    """Note a refund that was made in Stripe's dashboard. Safe to repeat.

    More than the shop thought was left is still a fact: then one of ours cannot be carried out any
    more, and until Stripe has said so a person is asked.
    """
    with transaction.atomic():
        lock_order(payment.order)
        known = Refund.objects.filter(stripe_id=facts.id).first()
        if known is not None:
            return known
        refund = Refund.objects.create(
            payment=payment,
            order=payment.order,
            amount_minor=facts.amount_minor,
            currency=payment.currency,
            reason=Refund.Reason.OUTSIDE,
            idempotency_key=f"outside-{facts.id}",
            stripe_id=facts.id,
        )
        count_refunds(payment)
        spread_refunds(payment.order)
        events.record("refund.requested", refund, by=None, amount_minor=facts.amount_minor, reason="outside")
    return refund


def count_refunds(payment: Payment) -> None:
    """Write on a payment what its refunds sum up to; call it with the order locked."""
    # What was never taken is no money that goes back.
    rows = payment.refunds.exclude(status=RefundStatus.FAILED).exclude(reason=Refund.Reason.NOT_TAKEN)
    alive = rows.aggregate(sum=Sum("amount_minor"))["sum"] or 0
    Payment.objects.filter(pk=payment.pk).update(refunded_minor=min(alive, payment.captured_minor))
    if alive > payment.captured_minor:
        summary = f"More is to go back for {payment.order.number} than was taken: one of the refunds will be refused."
        if payment.refunds.filter(reason=Refund.Reason.DISPUTE, status=RefundStatus.SUCCEEDED).exists():
            summary = f"More went back for {payment.order.number} than was taken: a refund, and then through the bank."
        open_work(
            WorkItem.Reason.REFUND_FAILED,
            payment,
            order=payment.order,
            summary=summary,
            money_minor=alive - payment.captured_minor,
        )
    else:
        close_work(WorkItem.Reason.REFUND_FAILED, payment)
    if alive >= payment.captured_minor:
        close_work(WorkItem.Reason.PAYMENT_UNEXPECTED, payment)


def spread_refunds(order: Order) -> None:
    """Let the lines offer no more than the payments still hold; call it with the order locked.

    A refund made in the dashboard names no goods. Its money is taken from the lines in proportion to
    what they still offer, so that whatever is paid back later counts it in.
    """
    payments = list(order.payments.filter(currency=order.currency))
    alive = order.refunds.exclude(status=RefundStatus.FAILED).filter(currency=order.currency)
    never_taken = alive.filter(reason=Refund.Reason.NOT_TAKEN).aggregate(sum=Sum("amount_minor"))["sum"] or 0
    if sum(payment.captured_minor for payment in payments) + never_taken < order.total_minor:
        return
    excess = sum(refundable_minor(line) for line in order.lines.all())
    excess -= sum(payment.captured_minor - payment.refunded_minor for payment in payments)
    for refund in alive.order_by("-pk") if excess > 0 else []:
        named = refund.lines.aggregate(sum=Sum("amount_minor"))["sum"] or 0
        share = min(excess, refund.amount_minor - named)
        if share > 0:
            _name_lines(refund, share)
            excess -= share


def _name_lines(refund: Refund, amount: int) -> None:
    lines = list(refund.order.lines.all())
    offers = [refundable_minor(line) for line in lines]
    left = left_of(lines)
    shares = split_by_weight(amount, offers, step=payable_step(refund.order.currency))
    for line, share in zip(lines, shares, strict=True):
        if share:
            parts = shares_of(left[line.pk], share)
            OrderLine.objects.filter(pk=line.pk).update(refunded_minor=F("refunded_minor") + share)
            part, _new = RefundLine.objects.get_or_create(
                refund=refund, line=line, defaults={"quantity": 0, "amount_minor": 0}
            )
            RefundLine.objects.filter(pk=part.pk).update(
                amount_minor=F("amount_minor") + share,
                delivery_minor=F("delivery_minor") + parts.delivery_minor,
                tax_minor=F("tax_minor") + parts.tax_minor,
            )
