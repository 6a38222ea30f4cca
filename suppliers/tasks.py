"""The tasks of this app: an id, one action. When to try again is a due time in the row."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from orders.reactions import react
from suppliers.actions import calls, cancel, decide, forward, inbox, poll, probe, repair, returns, send


@shared_task
def forward_order(reaction_id: int) -> None:
    """Make the supplier orders of an order that was paid, or of units that were approved."""
    react(reaction_id, lambda event: forward.forward_order(event.order))


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
def send_supplier_order(supplier_order_id: int, supplier_id: int) -> None:
    """Place a supplier order, or find out what became of it."""
    send.send_in_turn(supplier_order_id, supplier_id)


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
def forget_old_calls() -> None:
    """Delete call records that are past their time."""
    calls.forget_old_calls(now=timezone.now())
