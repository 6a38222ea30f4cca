"""Money that customers transfer by themselves: noted by staff, never lost, whatever the amount."""

from __future__ import annotations

from django.db import transaction
from django.db.models import F, Sum

from orders import events
from orders.actions.payment import accept_payment, note_unexpected
from orders.actions.refund import TooMuch, owe_refund, refundable_minor
from orders.actions.shipping import lock_order
from orders.actions.work import close_work, open_work
from orders.models import Order, Payment, Refund, WorkItem
from orders.providers.registry import provider_of
from orders.states import OrderStatus, RefundStatus, move_refund
from shop.models import User
from shop.money import Money

NAME = "bank_transfer"


def record_transfer(order: Order, *, received: Money, reference: str = "", key: str, by: User | None) -> Payment:
    """Note money that arrived for an order; once per ``key``. ``reference`` is what the statement says.

    An order is paid once its transfers come to its total. What is missing, or too much, or comes for an
    order that does not wait for it, is noted all the same and becomes work for a person.
    """
    with transaction.atomic():
        lock_order(order)
        order.refresh_from_db()
        payment, new = Payment.objects.get_or_create(
            stripe_id=f"transfer-{key}"[:120],
            defaults={
                "order": order,
                "provider": NAME,
                "captured_minor": received.minor,
                "currency": received.currency,
                "reference": reference[:140],
                "fee_minor": 0,
                "fee_currency": received.currency,
            },
        )
        if not new:
            return payment
        events.record(
            "payment.transferred", order, by=by, payment=payment.stripe_id, captured_minor=payment.captured_minor
        )
        _settle(payment)
    return payment


def _settle(payment: Payment) -> None:
    order = payment.order
    here = order.payments.filter(provider=NAME, currency=order.currency)
    have = here.aggregate(sum=Sum(F("captured_minor") - F("refunded_minor")))["sum"] or 0
    is_late = order.status == OrderStatus.EXPIRED
    if payment.currency != order.currency or order.status not in {OrderStatus.PLACED, OrderStatus.EXPIRED}:
        note_unexpected(payment)
    elif have < order.total_minor or (is_late and payment.captured_minor != order.total_minor):
        # Also what comes late in parts: a person decides about all of it together.
        note_unexpected(payment)
    else:
        for earlier in here:
            close_work(WorkItem.Reason.PAYMENT_UNEXPECTED, earlier)
        accept_payment(payment)
        if have > order.total_minor:
            _ask_about_surplus(payment, have - order.total_minor)


def _ask_about_surplus(payment: Payment, minor: int) -> None:
    amount = Money(minor, payment.currency)
    summary = f"{amount} more than it asks for arrived for {payment.order.number}. Pay it back, or agree on it."
    open_work(WorkItem.Reason.OVERPAID, payment, order=payment.order, summary=summary, money_minor=minor)


def refund_surplus(payment: Payment, *, by: User) -> Refund:
    """Owe the customer what they paid too much; once. Raises TooMuch if nothing is too much any more."""
    order = payment.order
    with transaction.atomic():
        lock_order(order)
        payment.refresh_from_db()
        known = Refund.objects.filter(idempotency_key=f"surplus-{payment.pk}").first()
        if known is not None:
            return known
        here = order.payments.filter(currency=order.currency)
        held = here.aggregate(sum=Sum(F("captured_minor") - F("refunded_minor")))["sum"] or 0
        minor = held - sum(refundable_minor(line) for line in order.lines.all())
        left = Payment.objects.filter(pk=payment.pk, refunded_minor__lte=F("captured_minor") - minor)
        if minor < 1 or not left.update(refunded_minor=F("refunded_minor") + minor):
            raise TooMuch("nothing is too much any more")
        close_work(WorkItem.Reason.OVERPAID, payment, by=by)
        key = f"surplus-{payment.pk}"
        return owe_refund(payment, [], minor, reason=Refund.Reason.GOODWILL, note="paid too much", by=by, key=key)


def note_paid_back(refund: Refund, *, by: User) -> bool:
    """Note that a person has paid a refund back by hand; False if it was noted before."""
    with transaction.atomic():
        lock_order(refund.order)
        refund.refresh_from_db()
        if not provider_of(refund.payment.provider).refunds_by_hand or refund.status == RefundStatus.FAILED:
            return False
        if not move_refund(refund, RefundStatus.SUCCEEDED, by=by, fields={"due_at": None, "lease_until": None}):
            return False
        close_work(WorkItem.Reason.REFUND_BY_HAND, refund, by=by)
    return True
