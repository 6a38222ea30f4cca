"""The tasks of this app: an id, one action. When to try again is a due time in the row."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from orders.reactions import react, react_together
from suppliers.actions import (
    calls,
    cancel,
    carrier_inbox,
    chase,
    copies,
    credit_answers,
    credits,
    decide,
    follow,
    forward,
    hold,
    inbox,
    pictures,
    poll,
    probe,
    punctuality,
    repair,
    returns,
    together,
)


@shared_task
def forward_order(*reaction_ids: int) -> None:
    """Make the supplier orders of orders that were paid, or of units that were approved."""
    react_together(reaction_ids, lambda events: forward.forward_orders([event.order for event in events]))


@shared_task
def hold_supplier_orders(reaction_id: int) -> None:
    """Keep here what was not sent off of an order that is on hold."""
    react(reaction_id, lambda event: hold.hold_unsent(event.order))


@shared_task
def release_supplier_orders(reaction_id: int) -> None:
    """Send off what was kept here."""
    react(reaction_id, lambda event: hold.release_unsent(event.order))


@shared_task
def ask_pharmacists(reaction_id: int) -> None:
    """Ask for the decisions that an authorised order waits for."""
    react(reaction_id, lambda event: hold.ask_pharmacists(event.order))


@shared_task
def repair_rejection(reaction_id: int) -> None:
    """Find another supplier for what one rejected, or cancel and refund it."""
    react(reaction_id, repair.repair_rejection)


@shared_task
def pursue_cancellation(reaction_id: int) -> None:
    """Cancel what was not sent off, and owe each supplier the question about the rest."""
    react(reaction_id, cancel.pursue_cancellation)


@shared_task
def ask_cancellation(supplier_cancellation_id: int) -> None:
    """Ask a supplier to stop goods, or what became of it."""
    cancel.ask_cancellation(supplier_cancellation_id)


@shared_task
def send_supplier_orders(supplier_id: int, *supplier_order_ids: int) -> None:
    """Place orders at one supplier, or find out what became of them."""
    together.send_in_turn(supplier_id, supplier_order_ids)


@shared_task
def probe_supplier(probe_id: int) -> None:
    """Try a supplier whose breaker is open."""
    probe.probe_supplier(probe_id)


@shared_task
def set_aside_old() -> None:
    """Set aside supplier orders that are not placed in time."""
    decide.set_aside_old()


@shared_task
def ask_return(supplier_return_id: int) -> None:
    """Ask a supplier to take goods back."""
    returns.ask_return(supplier_return_id)


@shared_task
def poll_supplier(supplier_id: int) -> None:
    """Read a supplier's news."""
    poll.poll_supplier(supplier_id)


@shared_task
def work_incoming(incoming_id: int) -> None:
    """Work on a stored webhook of a supplier's."""
    inbox.work_incoming(incoming_id)


@shared_task
def work_copies(*incoming_ids: int) -> None:
    """Work on stored copies of orders and parcels."""
    copies.work_copies(incoming_ids)


@shared_task
def forget_old_calls() -> None:
    """Delete call records that are past their time."""
    calls.forget_old_calls(now=timezone.now())


@shared_task
def raise_credits(reaction_id: int) -> None:
    """Open what suppliers owe for a refund that is their fault."""
    react(reaction_id, credits.raise_credits)


@shared_task
def follow_return(reaction_id: int) -> None:
    """Move what a supplier owes for a return's goods by what it says of the return."""
    react(reaction_id, credit_answers.follow_return)


@shared_task
def withdraw_credits(reaction_id: int) -> None:
    """Take back what was claimed for a refund that failed."""
    react(reaction_id, credits.withdraw_credits)


@shared_task
def fetch_picture(fetch_id: int) -> None:
    """Take in one picture of a supplier's catalogue."""
    pictures.fetch_picture(fetch_id)


@shared_task
def chase_late(reaction_id: int) -> None:
    """Owe suppliers the question about goods that come late."""
    react(reaction_id, chase.chase_late)


@shared_task
def work_on_chase(chase_id: int) -> None:
    """Ask a supplier about goods that come late, or see whether it has answered."""
    chase.work_on_chase(chase_id)


@shared_task
def measure_punctuality() -> None:
    """Measure how punctual suppliers are."""
    punctuality.measure_punctuality(now=timezone.now())


@shared_task
def read_tracking_service(service_id: int) -> None:
    """Ask a tracking service about the parcels that are due."""
    follow.read_service(service_id)


@shared_task
def tend_carriers() -> None:
    """Look after what carriers and services have fallen silent about, and after parcels nobody follows."""
    follow.tend_carriers(now=timezone.now())


@shared_task
def work_carrier_message(incoming_id: int) -> None:
    """Work on a stored webhook of a tracking service."""
    carrier_inbox.work_carrier_message(incoming_id)
