"""Money that a bank keeps for an order which is over is let go: owed from then on."""

from __future__ import annotations

from django.db.models.functions import Now

from orders.actions.work import close_work
from orders.models import Authorisation, Order, WorkItem
from orders.states import AuthorisationStatus, move_authorisation
from shop.models import User


def let_go_later(order: Order, *, by: User | None, note: str = "") -> None:
    """Owe the release of what a bank keeps for an order. Inside a transaction that has the order; safe to repeat."""
    for held in order.authorisations.filter(status=AuthorisationStatus.HELD):
        fields = {"due_at": Now(), "decided_by": by, "note": note[:200], "capture_minor": 0}
        move_authorisation(held, AuthorisationStatus.RELEASING, by=by, fields=fields)
        close_decision(held, by=by)


def close_decision(authorisation: Authorisation, *, by: User | None) -> None:
    """Close the question what is to become of it."""
    close_work(WorkItem.Reason.DECIDE_PAYMENT, authorisation, by=by)
