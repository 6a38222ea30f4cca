"""The tasks of this app: one per reaction, and the one that sends."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from notifications.actions import digest, endpoints, feedback, mailbox, reviews, send, tell, tell_returns
from notifications.actions.tell import in_its_language
from orders.reactions import react, react_together


@shared_task
def send_notification(notification_id: int) -> None:
    """Send one recorded message."""
    send.send_notification(notification_id)


@shared_task
def work_incoming(incoming_id: int) -> None:
    """Work on what a carrier of our messages told us."""
    feedback.work_incoming(incoming_id)


@shared_task
def forget_old_news() -> None:
    """Delete what they told us long ago."""
    feedback.forget_old_news(now=timezone.now())


@shared_task
def read_mailbox() -> None:
    """Store what customers have written to the help address."""
    mailbox.read_mailbox(now=timezone.now())


@shared_task
def write_digest() -> None:
    """Write today's digest to staff, once."""
    digest.write_digest(now=timezone.now())


@shared_task
def owe_review_request(*reaction_ids: int) -> None:
    """Note that an order's customer may be asked for reviews some days after this."""
    react_together(reaction_ids, reviews.owe_review_requests)


@shared_task
def ask_for_review(request_id: int) -> None:
    """Ask one order's customer, if it is time."""
    reviews.ask_for_review(request_id)


@shared_task
def owe_event(reaction_id: int) -> None:
    """Owe an event to every address that is told of its kind."""
    react(reaction_id, endpoints.owe_event)


@shared_task
def tell_endpoint(endpoint_id: int) -> None:
    """Send what is due to one address."""
    endpoints.tell_endpoint(endpoint_id)


@shared_task
def tell_order_confirmed(reaction_id: int) -> None:
    react(reaction_id, in_its_language(tell.order_confirmed))


@shared_task
def tell_payment_awaited(reaction_id: int) -> None:
    react(reaction_id, in_its_language(tell.payment_awaited))


@shared_task
def tell_order_authorised(reaction_id: int) -> None:
    react(reaction_id, in_its_language(tell.order_authorised))


@shared_task
def tell_order_refused(reaction_id: int) -> None:
    react(reaction_id, in_its_language(tell.order_refused))


@shared_task
def tell_payment_pending(reaction_id: int) -> None:
    react(reaction_id, in_its_language(tell.payment_pending))


@shared_task
def tell_payment_failed(reaction_id: int) -> None:
    react(reaction_id, in_its_language(tell.payment_failed))


@shared_task
def tell_parcel_sent(reaction_id: int) -> None:
    react(reaction_id, in_its_language(tell.parcel_sent))


@shared_task
def tell_parcel_renumbered(reaction_id: int) -> None:
    react(reaction_id, in_its_language(tell.parcel_renumbered))


@shared_task
def tell_parcel_delivered(reaction_id: int) -> None:
    react(reaction_id, in_its_language(tell.parcel_delivered))


@shared_task
def tell_parcel_attempted(reaction_id: int) -> None:
    react(reaction_id, in_its_language(tell.parcel_attempted))


@shared_task
def tell_parcel_deposited(reaction_id: int) -> None:
    react(reaction_id, in_its_language(tell.parcel_deposited))


@shared_task
def tell_parcel_back(reaction_id: int) -> None:
    react(reaction_id, in_its_language(tell.parcel_back))


@shared_task
def tell_arrival_delayed(reaction_id: int) -> None:
    react(reaction_id, in_its_language(tell.arrival_delayed))


@shared_task
def tell_supplier_chased(reaction_id: int) -> None:
    react(reaction_id, tell.supplier_chased)


@shared_task
def tell_supplier_return(reaction_id: int) -> None:
    """Ask a supplier to take goods back, or remind it."""
    react(reaction_id, tell.supplier_return)


@shared_task
def tell_supplier_question(reaction_id: int) -> None:
    react(reaction_id, tell.supplier_question)


@shared_task
def tell_arrival_changed(reaction_id: int) -> None:
    react(reaction_id, in_its_language(tell.arrival_changed))


@shared_task
def tell_refund_on_its_way(reaction_id: int) -> None:
    react(reaction_id, in_its_language(tell.refund_on_its_way))


@shared_task
def tell_refund_failed(reaction_id: int) -> None:
    react(reaction_id, in_its_language(tell.refund_failed))


@shared_task
def tell_lines_cancelled(reaction_id: int) -> None:
    react(reaction_id, in_its_language(tell.lines_cancelled))


@shared_task
def tell_cancellation_waiting(reaction_id: int) -> None:
    react(reaction_id, in_its_language(tell.cancellation_waiting))


@shared_task
def tell_cancellation_answered(reaction_id: int) -> None:
    react(reaction_id, in_its_language(tell.cancellation_answered))


@shared_task
def tell_order_link(reaction_id: int) -> None:
    react(reaction_id, in_its_language(tell.order_link))


@shared_task
def tell_address_changed(reaction_id: int) -> None:
    react(reaction_id, tell.address_changed)


@shared_task
def tell_email_corrected(reaction_id: int) -> None:
    react(reaction_id, in_its_language(tell.email_corrected))


@shared_task
def tell_ticket_opened(reaction_id: int) -> None:
    react(reaction_id, in_its_language(tell.ticket_opened))


@shared_task
def tell_ticket_answered(reaction_id: int) -> None:
    react(reaction_id, in_its_language(tell.ticket_answered))


@shared_task
def tell_ticket_solved(reaction_id: int) -> None:
    react(reaction_id, in_its_language(tell.ticket_solved))


@shared_task
def tell_back_in_stock(reaction_id: int) -> None:
    react(reaction_id, in_its_language(tell.back_in_stock))


@shared_task
def tell_withdrawal(reaction_id: int) -> None:
    react(reaction_id, in_its_language(tell_returns.withdrawn))


@shared_task
def tell_return_asked(reaction_id: int) -> None:
    react(reaction_id, in_its_language(tell_returns.asked))


@shared_task
def tell_return_accepted(reaction_id: int) -> None:
    react(reaction_id, in_its_language(tell_returns.accepted))


@shared_task
def tell_return_ready(reaction_id: int) -> None:
    react(reaction_id, in_its_language(tell_returns.ready))


@shared_task
def tell_return_ending(reaction_id: int) -> None:
    react(reaction_id, in_its_language(tell_returns.ending))


@shared_task
def tell_return_sent_back(reaction_id: int) -> None:
    react(reaction_id, in_its_language(tell_returns.sent_back))


@shared_task
def tell_return_scanned(reaction_id: int) -> None:
    react(reaction_id, in_its_language(tell_returns.scanned))


@shared_task
def tell_return_arrived(reaction_id: int) -> None:
    react(reaction_id, in_its_language(tell_returns.arrived))


@shared_task
def tell_return_resolved(reaction_id: int) -> None:
    react(reaction_id, in_its_language(tell_returns.resolved))


@shared_task
def tell_return_declined(reaction_id: int) -> None:
    react(reaction_id, in_its_language(tell_returns.declined))


@shared_task
def tell_return_cancelled(reaction_id: int) -> None:
    react(reaction_id, in_its_language(tell_returns.cancelled))


@shared_task
def tell_return_expired(reaction_id: int) -> None:
    react(reaction_id, in_its_language(tell_returns.expired))


@shared_task
def tell_return_review(reaction_id: int) -> None:
    react(reaction_id, in_its_language(tell_returns.looked_at_again))


@shared_task
def tell_replacement_paid_back(reaction_id: int) -> None:
    react(reaction_id, in_its_language(tell_returns.replacement_paid_back))
