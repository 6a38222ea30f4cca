"""Cancel an order that is not paid yet: its pay page is closed before its goods are let go."""

from __future__ import annotations

from django.db import transaction

from orders import lease
from orders.actions.cancel import UNPAID_PART, answer_part, cancel_part
from orders.actions.payment import end_session
from orders.actions.shipping import lock_order
from orders.actions.work import open_work
from orders.models import Cancellation, CheckoutSession, WorkItem
from orders.states import OrderStatus
from orders.stripe_client import StripeRefused, StripeUnclear

State = CheckoutSession.State
PAYABLE = [State.NEW, State.OPEN, State.ENDING]
GIVES_UP_AFTER = 8


def withdraw_unpaid(cancellation_id: int) -> None:
    """Close the pay pages of an unpaid order, then cancel it. Talks to the network; safe to repeat.

    A payment that was faster wins: the order stays, and the customer is told so.
    """
    cancellation = lease.take(Cancellation.objects.waiting(), cancellation_id)
    if cancellation is None:
        return
    try:
        for session in cancellation.order.sessions.filter(state__in=PAYABLE):
            end_session(session)
    except (StripeUnclear, StripeRefused) as error:
        lease.fail(cancellation, f"Stripe does not answer: {error}")
        if cancellation.failures + 1 >= GIVES_UP_AFTER:
            summary = f"The pay page of {cancellation.order.number} cannot be closed, so it is not cancelled yet."
            reason = WorkItem.Reason.CANCELLATION_SILENT
            open_work(reason, cancellation, order=cancellation.order, summary=summary)
        return
    with transaction.atomic():
        lock_order(cancellation.order)
        if lease.finish(cancellation):
            _answer(cancellation)


def _answer(cancellation: Cancellation) -> None:
    order = cancellation.order
    order.refresh_from_db()
    cancellation.refresh_from_db()
    if not cancellation.is_waiting:
        # Stripe's word that the page is closed was faster than ours.
        return
    wanted = {row.line_id: row.waiting for row in cancellation.lines.all()}
    waits_for_bank = order.sessions.exclude(state=State.EXPIRED).exists()
    if order.status == OrderStatus.PLACED and not waits_for_bank:
        cancel_part(cancellation, wanted, part=UNPAID_PART, serial=1)
        answer_part(cancellation, part=UNPAID_PART, cancelled=wanted)
        return
    # Run out by itself, or paid: there is nothing of an unpaid order left to cancel.
    why = {OrderStatus.PLACED: "bank", OrderStatus.EXPIRED: "gone", OrderStatus.CANCELLED: "gone"}
    answer_part(cancellation, part=UNPAID_PART, cancelled={}, refused=wanted, why=why.get(order.status, "paid"))
