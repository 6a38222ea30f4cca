"""The tasks of this app: an id, one action. When to try again is a due time in the row."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from orders import lease
from orders.actions import arrival_news, customer, defence, delays, fees, incoming, stock_watch, watch
from orders.actions.capture import work_on_authorisation
from orders.actions.dispute import read_again
from orders.actions.late import settle_late_payment as decide_late_payment
from orders.actions.papers import issue_credit_note as write_credit_note, issue_invoices as write_invoices
from orders.actions.payment import end_session, settle
from orders.actions.refund import send_refund as ask_for_refund
from orders.actions.refund_by_hand import lapse_requests
from orders.actions.withdraw import withdraw_unpaid as withdraw
from orders.models import CheckoutSession, Refund
from orders.reactions import react, react_together
from orders.stripe_client import StripeRefused, StripeUnclear

SESSIONS = CheckoutSession.objects.select_related("order")


@shared_task
def settle_session(session_id: int) -> None:
    """End a session that was given up; look at one whose end has come: webhook and return may be lost."""
    session = lease.take(SESSIONS, session_id)
    if session is None:
        return
    try:
        if session.state == CheckoutSession.State.ENDING:
            end_session(session)
        else:
            settle(session)
    except (StripeUnclear, StripeRefused) as error:
        lease.fail(session, str(error))
        return
    # Settling has set the next due time, or none; only the lease is given back here.
    CheckoutSession.objects.filter(pk=session.pk, attempt=session.attempt).update(lease_until=None, deaths=0)


@shared_task
def send_refund(refund_id: int) -> None:
    """Ask Stripe for a refund, or how it stands."""
    ask_for_refund(refund_id)


@shared_task
def settle_authorisation(authorisation_id: int) -> None:
    """Take what a bank keeps for us, or let it go."""
    work_on_authorisation(authorisation_id)


@shared_task
def read_dispute(dispute_id: int) -> None:
    """Read a dispute whose news may have been lost."""
    read_again(dispute_id)


@shared_task
def read_fee(payment_id: int) -> None:
    """Read what a provider keeps for a payment."""
    fees.read_fee(payment_id)


@shared_task
def delete_customer(customer_id: int) -> None:
    """Delete the customer of a deleted account at Stripe."""
    customer.delete_customer(customer_id)


@shared_task
def withdraw_unpaid(cancellation_id: int) -> None:
    """Cancel an order that is not paid, once its pay page is closed."""
    withdraw(cancellation_id)


@shared_task
def work_incoming(incoming_id: int) -> None:
    """Work on a stored event of Stripe's."""
    incoming.work_on(incoming_id)


@shared_task
def settle_late_payment(reaction_id: int) -> None:
    """Decide about money that came after its order had run out."""
    react(reaction_id, lambda event: decide_late_payment(event.order))


@shared_task
def issue_invoice(*reaction_ids: int) -> None:
    """Write the invoices of orders that were paid."""
    react_together(reaction_ids, lambda events: write_invoices([event.order_id for event in events]))


@shared_task
def issue_credit_note(reaction_id: int) -> None:
    """Write the credit note of a refund that was paid out."""
    react(reaction_id, lambda event: write_credit_note(Refund.objects.get(pk=event.subject_id)))


@shared_task
def look_at_circuit() -> None:
    """Open or close the circuit by the last cards: it closes by itself once nobody tries any more."""
    defence.look_at_circuit(now=timezone.now())


@shared_task
def forget_pay_attempts() -> None:
    """Forget who tried to pay, and which cards were refused, after two days."""
    defence.forget_attempts(now=timezone.now())


@shared_task
def lapse_refund_requests(reaction_id: int) -> None:
    """End the requests of an order of which nothing is left to pay back."""
    react(reaction_id, lambda event: lapse_requests(event.order))


@shared_task
def note_what_is_back() -> None:
    """Notice what can be bought again and is waited for."""
    stock_watch.note_what_is_back()


@shared_task
def watch_deliveries() -> None:
    """Find what is late, or about to be."""
    watch.watch_deliveries(now=timezone.now())


@shared_task
def tell_arrivals(notice_id: int) -> None:
    """Tell a customer which days have moved."""
    arrival_news.tell_arrivals(notice_id)


@shared_task
def settle_silence(delay_id: int) -> None:
    """Act on a delay that its customer has not answered in time."""
    delays.settle_silence(delay_id)
