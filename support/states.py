"""The state machine of a support case."""

from __future__ import annotations

from collections.abc import Mapping

from django.db import models
from django.utils.translation import gettext_lazy as _

from orders.states import move_row
from shop.models import User


class TicketStatus(models.TextChoices):
    """Whose turn it is."""

    NEW = "new", _("new")
    OPEN = "open", _("open")
    WAITING_CUSTOMER = "waiting_customer", _("waiting for the customer")
    WAITING_SUPPLIER = "waiting_supplier", _("waiting for the supplier")
    SOLVED = "solved", _("solved")


_T = TicketStatus
_ACTIVE = frozenset({_T.OPEN, _T.WAITING_CUSTOMER, _T.WAITING_SUPPLIER, _T.SOLVED})
MOVES: Mapping[str, frozenset[str]] = {
    _T.NEW: _ACTIVE,
    _T.OPEN: _ACTIVE - {_T.OPEN},
    _T.WAITING_CUSTOMER: _ACTIVE - {_T.WAITING_CUSTOMER},
    _T.WAITING_SUPPLIER: _ACTIVE - {_T.WAITING_SUPPLIER},
    # A later answer of the customer or the supplier opens it again.
    _T.SOLVED: frozenset({_T.OPEN}),
}


def move_ticket(ticket: models.Model, to: TicketStatus, *, by: User | None, **facts: object) -> bool:
    """Move a ticket to ``to`` and record ``ticket.<to>``; see ``orders.states.move_row``."""
    return move_row(ticket, to, moves=MOVES, kind=f"ticket.{to}", by=by, **facts)
