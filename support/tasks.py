"""The tasks of this app."""

from __future__ import annotations

from celery import shared_task

from orders.reactions import react
from support.actions import pay_back, solve


@shared_task
def note_supplier_answer(reaction_id: int) -> None:
    """Put a supplier's word on a return into its case."""
    react(reaction_id, solve.note_supplier_answer)


@shared_task
def note_refund_decision(reaction_id: int) -> None:
    """Write into a case what became of a refund that waited for approval."""
    react(reaction_id, pay_back.note_refund_decision)
