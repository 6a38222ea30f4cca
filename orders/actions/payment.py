"""Take the money: open a pay page, and note what was paid, once, whoever tells it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from orders import events, lease, stripe_client
from orders.actions.checkout import SLACK, add_session, give_up
from orders.actions.refund import refund_everything
from orders.actions.reservation import SoldOut, keep, reserve
from orders.actions.work import open_work
from orders.models import CheckoutSession, Order, Payment, Refund, Reservation, WorkItem
from orders.states import IllegalMove, OrderStatus, move_order
from orders.stripe_client import SessionFacts
from shop.actions.basket import empty_basket
from shop.money import Money

State = CheckoutSession.State
# A PaymentIntent that was tried and is open again, or over: Stripe's words.
BANK_SAID_NO = {"requires_payment_method", "canceled"}
BANK_TAKES_AT_MOST = timedelta(days=14)


def open_session(session: CheckoutSession) -> CheckoutSession:
    """Ask Stripe for the pay page of a session, once; safe to repeat. Talks to the network.

    Raises StripeUnclear or StripeRefused, and then the order is there and can be paid later.
    """
    if session.state != State.NEW:
        return session
    facts = stripe_client.create_session(session_params(session), key=session.idempotency_key)
    mine = CheckoutSession.objects.filter(pk=session.pk, state=State.NEW)
    mine.update(state=State.OPEN, stripe_id=facts.id, url=facts.url)
    session.refresh_from_db()
    return session


def session_params(session: CheckoutSession) -> dict[str, Any]:
    """Return what Stripe is asked for; the same for the same row, so that a repeat may reuse the key."""
    order = session.order
    back = settings.SITE_URL + reverse("orders:return", args=[order.token])
    lines = [
        (
            f"{line.name} ({line.options_label})" if line.options_label else line.name,
            line.unit_price_minor,
            line.quantity,
        )
        for line in order.lines.all()
    ]
    if order.delivery_minor:
        lines.append(("Delivery", order.delivery_minor, 1))
    metadata = {"order": order.number, "session": str(session.serial)}
    return {
        "mode": "payment",
        "success_url": f"{back}?session={{CHECKOUT_SESSION_ID}}",
        "cancel_url": settings.SITE_URL + reverse("orders:checkout"),
        "client_reference_id": order.number,
        "customer_email": order.email,
        "expires_at": int(session.expires_at.timestamp()),
        "metadata": metadata,
        "payment_intent_data": {"metadata": metadata},
        "line_items": [
            {
                "quantity": quantity,
                "price_data": {
                    "currency": order.currency.lower(),
                    "unit_amount": minor,
                    "product_data": {"name": name[:250]},
                },
            }
            for name, minor, quantity in lines
        ],
    }


def settle(session: CheckoutSession) -> SessionFacts | None:
    """Ask Stripe how a session stands and note it; the one way for return page, webhook and sweep.

    Safe to repeat and to run twice at once. Returns None for a session Stripe never knew. Talks to
    the network; raises StripeUnclear or StripeRefused.
    """
    if not session.stripe_id:
        _note_unopened(session)
        return None
    facts = stripe_client.read_session(session.stripe_id)
    order = session.order
    if facts.payment_status == "paid":
        _close(session, State.COMPLETE)
        record_payment(
            order,
            stripe_id=facts.intent_id,
            paid=Money(facts.captured_minor or facts.amount_minor, facts.currency),
            card_brand=facts.card_brand,
            card_last4=facts.card_last4,
        )
    elif facts.status == "complete" and facts.intent_status in BANK_SAID_NO:
        _note_bank_refused(session, facts)
    elif facts.status == "complete":
        _note_waiting(session)
    elif facts.status == "expired":
        _close(session, State.EXPIRED)
        if not order.sessions.exclude(state=State.EXPIRED).exists():
            give_up(order)
    return facts


def _note_unopened(session: CheckoutSession) -> None:
    if timezone.now() > session.expires_at:
        _close(session, State.EXPIRED)
        give_up(session.order)


def _close(session: CheckoutSession, state: State) -> None:
    CheckoutSession.objects.filter(pk=session.pk).update(state=state, due_at=None)


def _note_waiting(session: CheckoutSession) -> None:
    # The bank needs time: the page says so, and the sweep asks again until it is decided.
    order = session.order
    with transaction.atomic():
        row = CheckoutSession.objects.filter(pk=session.pk)
        if row.exclude(state=State.COMPLETE).update(state=State.COMPLETE):
            events.record("payment.pending", order, by=None, session=session.serial)
            order.reservations.filter(state="held").update(expires_at=timezone.now() + timedelta(days=7))
        # A webhook tells it sooner; this is for the case that it is lost.
        row.update(due_at=lease.db_now_plus(settings.RECONCILE_SECONDS))
    if timezone.now() - session.created_at > BANK_TAKES_AT_MOST:
        summary = f"The bank has not decided about {order.number} for {BANK_TAKES_AT_MOST.days} days."
        open_work(
            WorkItem.Reason.PAYMENT_UNEXPECTED, order, order=order, summary=summary, money_minor=order.total_minor
        )


def _note_bank_refused(session: CheckoutSession, facts: SessionFacts) -> None:
    """Let the customer pay in another way: the goods stay held for one more session."""
    order = session.order
    with transaction.atomic():
        row = CheckoutSession.objects.filter(pk=session.pk).exclude(state=State.EXPIRED)
        if not row.update(state=State.EXPIRED, due_at=None):
            return
        order.refresh_from_db()
        if order.status != OrderStatus.PLACED:
            return
        ends = timezone.now() + timedelta(minutes=settings.CHECKOUT_SESSION_MINUTES)
        add_session(order, ends_at=ends)
        Order.objects.filter(pk=order.pk).update(pay_by=ends + SLACK)
        order.reservations.filter(state="held").update(expires_at=ends + SLACK)
        events.record("payment.failed", order, by=None, intent=facts.intent_id, code="bank")


def record_payment(order: Order, *, stripe_id: str, paid: Money, card_brand: str = "", card_last4: str = "") -> bool:
    """Note a payment that Stripe has taken, and mark the order paid if it settles it.

    ``stripe_id`` is the PaymentIntent's id (``pi_...``). Returns False if this payment was noted
    before. Money that does not fit (another amount, or an order that was given up meanwhile) is
    noted too: it has been taken, and is dealt with by the late-payment rule or by a person.
    """
    with transaction.atomic():
        payment, new = Payment.objects.get_or_create(
            stripe_id=stripe_id,
            defaults={
                "order": order,
                "captured_minor": paid.minor,
                "currency": paid.currency,
                "card_brand": card_brand,
                "card_last4": card_last4,
            },
        )
        if not new:
            return False
        order.refresh_from_db()
        if paid != order.total or order.paid_at is not None:
            _note_unexpected(payment)
        elif order.status == OrderStatus.EXPIRED:
            move_order(order, OrderStatus.LATE_PAID, by=None, payment=payment.stripe_id)
        else:
            _mark_paid(payment)
        return True


def _mark_paid(payment: Payment) -> None:
    order, now = payment.order, timezone.now()
    forward_after = now + timedelta(seconds=settings.FORWARD_GRACE_SECONDS)
    try:
        fields = {"paid_at": now, "forward_after": forward_after}
        moved = move_order(order, OrderStatus.PAID, by=None, fields=fields, payment=payment.stripe_id)
    except IllegalMove:
        _note_unexpected(payment)
        return
    if moved:
        keep(order)
        if order.basket_id is not None:
            empty_basket(order.basket_id, generation=order.basket_generation)


def _note_unexpected(payment: Payment) -> None:
    order = payment.order
    events.record(
        "payment.unexpected", order, by=None, payment=payment.stripe_id, captured_minor=payment.captured_minor
    )
    summary = f"{payment.captured} arrived for {order.number}, which asks for {order.total} and is {order.status}."
    open_work(
        WorkItem.Reason.PAYMENT_UNEXPECTED, payment, order=order, summary=summary, money_minor=payment.captured_minor
    )


def settle_late_payment(order: Order) -> bool:
    """Decide about money that came after the order had run out: go on if the goods are there, else pay it back.

    A newer order of the same basket that still waits for its money is given up: this one was paid
    instead. If the newer one is paid as well, the customer has what they wanted, and this money goes back.
    Call it inside a transaction (a reaction's). Returns True if the order goes on. Safe to repeat.
    """
    order.refresh_from_db()
    payment = order.payments.order_by("pk").last()
    if order.status != OrderStatus.LATE_PAID or payment is None:
        return False
    if _has_paid_rival(order):
        return _pay_back_late(payment)
    try:
        with transaction.atomic():
            Reservation.objects.filter(order=order).delete()
            for line in order.lines.all():
                reserve(line, until=timezone.now() + timedelta(days=1))
            _mark_paid(payment)
    except SoldOut:
        return _pay_back_late(payment)
    return True


def _pay_back_late(payment: Payment) -> bool:
    refund_everything(payment, reason=Refund.Reason.LATE_PAYMENT, by=None)
    move_order(payment.order, OrderStatus.CANCELLED, by=None, reason="late_payment")
    return False


def _has_paid_rival(order: Order) -> bool:
    """Give up the newer orders of the same basket that wait for money; True if one of them is paid."""
    if order.basket_id is None:
        return False
    rivals = Order.objects.filter(basket=order.basket_id, basket_generation=order.basket_generation)
    for rival in rivals.filter(status=OrderStatus.PLACED).exclude(pk=order.pk):
        give_up(rival)
    return rivals.filter(status__in=[OrderStatus.AUTHORISED, OrderStatus.PAID]).exclude(pk=order.pk).exists()


def note_declined(order: Order, *, intent_id: str, code: str) -> bool:
    """Note that a card was refused, once per attempt of an unpaid order; the order stays open."""
    facts = {"intent": intent_id, "code": code[:60]}
    if order.status != OrderStatus.PLACED or order.events.filter(kind="payment.failed", facts=facts).exists():
        return False
    events.record("payment.failed", order, by=None, **facts)
    return True
