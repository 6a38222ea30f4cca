"""Take the money: open a pay page, and note what was paid, once, whoever tells it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from orders import events, lease, stripe_client
from orders.actions.authorisation import note_authorised, note_captured, note_released, write_left_out
from orders.actions.beside import Beside, look_beside
from orders.actions.checkout import Address, give_up, order_in_the_way
from orders.actions.holds import release_holds
from orders.actions.opening import create_there, renew_session
from orders.actions.pay_page import end_later
from orders.actions.promise import renew_promise
from orders.actions.quote import Quote
from orders.actions.refund import RefundPart, refund_everything, request_refund, take_in_refunds, units_minor
from orders.actions.reservation import keep
from orders.actions.shipping import lock_anew, lock_order
from orders.actions.work import close_work, open_work
from orders.models import Authorisation, CheckoutSession, Hold, Order, Payment, Refund, WorkItem
from orders.providers.registry import provider_of
from orders.states import IllegalMove, OrderStatus, move_order
from orders.stripe_client import StripeRefused, StripeUnclear
from orders.stripe_facts import SessionFacts
from shop.actions.basket import empty_basket
from shop.models import Basket
from shop.money import Money
from shop.returning import insert_once

State = CheckoutSession.State
# A PaymentIntent that was tried and is open again, or over: Stripe's words.
BANK = "bank"
BANK_SAID_NO = {"requires_payment_method", "canceled"}
BANK_TAKES_AT_MOST = timedelta(days=14)
WAITS_FOR_MONEY = {OrderStatus.PLACED, OrderStatus.AUTHORISED, OrderStatus.EXPIRED}
# How seldom a bank that never answered is asked about after that, and for how long.
OVERDUE_BANK_SECONDS, BANK_FORGOTTEN_AFTER = 86_400, timedelta(days=90)


def settle(session: CheckoutSession) -> SessionFacts | None:
    """Ask Stripe how a session stands and note it; the one way for return page, webhook and sweep.

    Safe to repeat and to run twice at once. Returns None for a session Stripe never knew. Talks to
    the network; raises StripeUnclear or StripeRefused.
    """
    if not session.stripe_id:
        _note_unopened(session)
        return None
    facts = stripe_client.read_session(session.stripe_id)
    if facts.is_paid:
        _note_paid(session, facts)
        return facts
    kept = _kept_for(session)
    if kept is not None or facts.intent_status == "requires_capture":
        _note_kept(session, facts, kept)
    elif facts.status == "complete" and facts.intent_status in BANK_SAID_NO:
        _note_bank_refused(session, facts)
    elif facts.status == "complete":
        _note_waiting(session)
    elif facts.status == "expired":
        _note_ended(session)
    return facts


def _kept_for(session: CheckoutSession) -> Authorisation | None:
    return Authorisation.objects.filter(session=session).select_related("order").first()


def _note_kept(session: CheckoutSession, facts: SessionFacts, kept: Authorisation | None) -> None:
    if kept is None:
        note_authorised(session, facts)
    elif facts.intent_status == "canceled":
        note_released(kept, why="let go at the provider")


def end_session(session: CheckoutSession) -> None:
    """End at Stripe a page that must not be paid any more; what was paid there already is noted. Safe to repeat.

    Talks to the network; raises StripeUnclear or StripeRefused, and then the end is still owed.
    """
    if not provider_of(session.provider).has_page:
        _note_ended(session)
        return
    if not session.stripe_id:
        try:
            # The answer that named it may have been lost. With the same key Stripe names it again.
            facts = create_there(session)
        except StripeRefused:
            # It never was, and is too late to become one.
            _note_ended(session)
            return
        CheckoutSession.objects.filter(pk=session.pk, stripe_id="").update(stripe_id=facts.id)
        session.refresh_from_db()
    if stripe_client.expire_session(session.stripe_id):
        _note_ended(session)
    else:
        settle(session)


def make_way(
    basket: Basket,
    address: Address,
    *,
    now: datetime,
    services: Mapping[str, str] | None = None,
    quote: Quote | None = None,
    pay_with: str = "stripe",
) -> Order | None:
    """End the pay page of what the basket was ordered as before, if something else is ordered now.

    Returns that order if it is paid after all, or its bank is deciding: then the customer has bought,
    and nothing is to be ordered again. When Stripe does not answer, the new order is made and the end
    of the old page stays owed. The rest as for ``place_order``. Talks to the network.
    """
    order = order_in_the_way(basket, address, now=now, services=services, quote=quote, pay_with=pay_with)
    return None if order is None else end_page_of(order)


def end_page_of(order: Order) -> Order | None:
    """End the pay page of an open order, because another one takes its place; see ``make_way``. Talks to the network."""
    for session in order.sessions.filter(state=State.OPEN):
        try:
            end_session(session)
        except (StripeUnclear, StripeRefused):
            return None
    order.refresh_from_db()
    is_waiting = order.status == OrderStatus.PLACED and order.sessions.filter(state=State.COMPLETE).exists()
    return order if order.is_paid or is_waiting or order.status == OrderStatus.AUTHORISED else None


def _note_ended(session: CheckoutSession) -> None:
    order = session.order
    with transaction.atomic():
        # The order before its sessions, everywhere: two that wait for each other would both stand.
        lock_order(order)
        _close(session, State.EXPIRED)
        if not order.sessions.exclude(state=State.EXPIRED).exists():
            give_up(order)


def _note_paid(session: CheckoutSession, facts: SessionFacts) -> None:
    if not facts.intent_id:
        raise StripeUnclear("paid, but by no payment")
    # Refunds may be older than our knowledge of the payment; asked for now, as nothing may be asked later.
    refunds = stripe_client.list_refunds(facts.intent_id) if facts.refunded_minor else {}
    with transaction.atomic():
        order = session.order
        lock_anew(order)
        _close(session, State.COMPLETE)
        beside = look_beside(order)
        kept = _kept_for(session) if beside.is_kept else None
        if kept is not None:
            note_captured(kept)
        payment, is_new = _record(
            order,
            beside,
            stripe_id=facts.intent_id,
            paid=Money(facts.captured_minor or facts.amount_minor, facts.currency),
            card_brand=facts.card_brand,
            card_last4=facts.card_last4,
            left_out=kept.left_out if kept else (),
        )
        take_in_refunds(payment, refunds)
        if is_new and kept is not None and payment.order.status == OrderStatus.CANCELLED:
            # All of it was cancelled between the decision and the act.
            refund_everything(payment, reason=Refund.Reason.CANCELLED, by=None)
            close_work(WorkItem.Reason.PAYMENT_UNEXPECTED, payment)


def _note_unopened(session: CheckoutSession) -> None:
    if timezone.now() > session.expires_at:
        _note_ended(session)


def _close(session: CheckoutSession, state: State) -> None:
    CheckoutSession.objects.filter(pk=session.pk).update(state=state, due_at=None)


def _note_waiting(session: CheckoutSession) -> None:
    # The bank needs time: the page says so, and the sweep asks again until it is decided.
    order = session.order
    age = timezone.now() - session.created_at
    is_overdue = age > BANK_TAKES_AT_MOST
    with transaction.atomic():
        lock_order(order)
        row = CheckoutSession.objects.filter(pk=session.pk)
        if row.exclude(state=State.COMPLETE).update(state=State.COMPLETE) and order.status == OrderStatus.PLACED:
            events.record("payment.pending", order, by=None, session=session.serial)
            order.reservations.filter(state="held").update(expires_at=session.created_at + BANK_TAKES_AT_MOST)
            # The customer has bought, and must not replace this order by one more of the same basket.
            if order.basket_id is not None:
                empty_basket(order.basket_id, generation=order.basket_generation)
        # A webhook tells it sooner; this is for the case that it is lost.
        pause = OVERDUE_BANK_SECONDS if is_overdue else settings.RECONCILE_SECONDS
        row.update(due_at=None if age > BANK_FORGOTTEN_AFTER else lease.db_now_plus(pause))
        # The goods are not held for ever. Should the money come all the same, it comes late.
        if is_overdue and give_up(order):
            summary = f"The bank has not decided about {order.number} for {BANK_TAKES_AT_MOST.days} days: it ran out."
            open_work(
                WorkItem.Reason.PAYMENT_UNEXPECTED, order, order=order, summary=summary, money_minor=order.total_minor
            )


def _note_bank_refused(session: CheckoutSession, facts: SessionFacts) -> None:
    """Let the customer pay in another way: the goods stay held for one more session."""
    order = session.order
    with transaction.atomic():
        lock_order(order)
        row = CheckoutSession.objects.filter(pk=session.pk).exclude(state=State.EXPIRED)
        if not row.update(state=State.EXPIRED, due_at=None):
            return
        close_work(WorkItem.Reason.PAYMENT_UNEXPECTED, order)
        if renew_session(order) is None:
            return
        events.record("payment.failed", order, by=None, intent=facts.intent_id, code=BANK)


def record_payment(
    order: Order,
    *,
    stripe_id: str,
    paid: Money,
    card_brand: str = "",
    card_last4: str = "",
    left_out: Sequence[Mapping[str, int]] = (),
) -> bool:
    """Note a payment that Stripe has taken, and mark the order paid if it settles it.

    ``stripe_id`` is the PaymentIntent's id (``pi_...``). ``left_out`` is what was cancelled before the
    money was taken (``Authorisation.left_out``). Returns False if this payment was noted before. Money that does not fit (another amount, or an order that was given up meanwhile) is
    noted too: it has been taken, and is dealt with by the late-payment rule or by a person.
    """
    with transaction.atomic():
        lock_anew(order)
        _payment, new = _record(
            order,
            look_beside(order),
            stripe_id=stripe_id,
            paid=paid,
            card_brand=card_brand,
            card_last4=card_last4,
            left_out=left_out,
        )
    return new


def _record(
    order: Order,
    beside: Beside,
    *,
    stripe_id: str,
    paid: Money,
    card_brand: str,
    card_last4: str,
    left_out: Sequence[Mapping[str, int]],
) -> tuple[Payment, bool]:
    """Do what ``record_payment`` does, inside a transaction that has the order; return the payment, and if it is new.

    The order is as its row is now, and ``beside`` as well.
    """
    payment = Payment(
        order=order,
        stripe_id=stripe_id,
        captured_minor=paid.minor,
        currency=paid.currency,
        card_brand=card_brand,
        card_last4=card_last4,
        due_at=lease.db_now_plus(settings.FEE_SECONDS),
    )
    if not insert_once(payment):
        return Payment.objects.get(stripe_id=stripe_id), False
    if beside.is_asked:
        close_work(WorkItem.Reason.PAYMENT_UNEXPECTED, order)
    fits = paid == order.total - Money(sum(part["minor"] for part in left_out), order.currency)
    if not fits or order.status not in WAITS_FOR_MONEY:
        note_unexpected(payment)
    else:
        write_left_out(payment, left_out)
        accept_payment(payment, beside)
    return payment, True


def accept_payment(payment: Payment, beside: Beside | None = None) -> None:
    """Let an order go on whose money is there, on time or late. Inside a transaction that has the order.

    ``beside`` is what else there is about it; None: it is looked at.
    """
    if payment.order.status == OrderStatus.EXPIRED:
        move_order(payment.order, OrderStatus.LATE_PAID, by=None, payment=payment.stripe_id)
    else:
        mark_paid(payment, beside)


def mark_paid(payment: Payment, beside: Beside | None = None) -> None:
    """Move a payment's order to paid, with all that goes with it; ``beside`` as for ``accept_payment``.

    Inside a transaction that has the order.
    """
    order, now = payment.order, timezone.now()
    forward_after = now + timedelta(seconds=settings.FORWARD_GRACE_SECONDS)
    try:
        fields = {"paid_at": now, "forward_after": forward_after}
        moved = move_order(order, OrderStatus.PAID, by=None, fields=fields, payment=payment.stripe_id)
    except IllegalMove:
        note_unexpected(payment)
        return
    if moved:
        keep(order)
        renew_promise(order, now=now)
        beside = beside or look_beside(order)
        if beside.is_payable:
            # Whatever other page there is for it must not be paid as well.
            end_later(order)
        if beside.is_held_for_prescription:
            # From here on each line has its own gate, and the others need not wait for it.
            release_holds(order, [Hold.Reason.PRESCRIPTION], by=None)
        if order.basket_id is not None:
            empty_basket(order.basket_id, generation=order.basket_generation)
        if beside.has_cancelled:
            _pay_back_cancelled(order)


def _pay_back_cancelled(order: Order) -> None:
    # The pay page asks for the whole order, also for what was cancelled while it was open.
    gone = [line for line in order.lines.all() if line.cancelled > line.refunded]
    parts = [
        RefundPart(line, line.cancelled - line.refunded, units_minor(line, line.cancelled - line.refunded))
        for line in gone
    ]
    if sum(part.amount_minor for part in parts) > 0:
        key = f"cancelled-unpaid-{order.number}"
        request_refund(order, parts, reason=Refund.Reason.LATE_PAYMENT, by=None, key=key)


def note_unexpected(payment: Payment) -> None:
    """Ask a person about money that does not fit its order. Inside the transaction that noted it."""
    order = payment.order
    events.record(
        "payment.unexpected", order, by=None, payment=payment.stripe_id, captured_minor=payment.captured_minor
    )
    summary = f"{payment.captured} arrived for {order.number}, which asks for {order.total} and is {order.status}."
    open_work(
        WorkItem.Reason.PAYMENT_UNEXPECTED, payment, order=order, summary=summary, money_minor=payment.captured_minor
    )


def note_declined(order: Order, *, intent_id: str, code: str) -> bool:
    """Note that a card was refused, once per attempt of an unpaid order; the order stays open."""
    facts = {"intent": intent_id, "code": code[:60]}
    # A bank's late refusal is told twice: of the session, which is noted as BANK, and of the payment.
    told = Q(facts=facts) | Q(facts={"intent": intent_id, "code": BANK})
    noted = order.events.filter(told, kind="payment.failed")
    if order.status != OrderStatus.PLACED or noted.exists():
        return False
    events.record("payment.failed", order, by=None, **facts)
    return True
