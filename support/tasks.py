"""The tasks of this app."""

from __future__ import annotations

from celery import shared_task

from orders.reactions import react
from support.actions import solve


@shared_task
def note_supplier_answer(reaction_id: int) -> None:
    """Put a supplier's word on a return into its case."""
    react(reaction_id, solve.note_supplier_answer)
