"""The state machine of our dialogue with one supplier about one order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from django.db import models
from django.utils.translation import gettext_lazy as _

from orders.states import move_row, move_rows
from shop.models import User


class SupplierOrderStatus(models.TextChoices):
    """The dialogue only. What the supplier says of the goods is in the lines' counters."""

    HELD = "held", _("held")
    READY = "ready", _("to be sent")
    SENDING = "sending", _("being sent")
    UNKNOWN = "unknown", _("outcome unknown")
    PLACED = "placed", _("placed")
    REFUSED = "refused", _("refused")
    CANCEL_REQUESTED = "cancel_requested", _("cancellation asked for")
    CLOSED = "closed", _("closed")


_S = SupplierOrderStatus
MOVES: Mapping[str, frozenset[str]] = {
    _S.HELD: frozenset({_S.READY, _S.CLOSED}),
    # Straight to placed when the supplier tells us of an order we thought it does not have.
    _S.READY: frozenset({_S.SENDING, _S.HELD, _S.CLOSED, _S.PLACED}),
    # Back to ready only where it is proven that nothing arrived.
    _S.SENDING: frozenset({_S.UNKNOWN, _S.PLACED, _S.REFUSED, _S.READY}),
    # Back to ready only by a person who has asked the supplier (a blind one, which we cannot ask).
    _S.UNKNOWN: frozenset({_S.SENDING, _S.PLACED, _S.REFUSED, _S.READY}),
    _S.PLACED: frozenset({_S.CANCEL_REQUESTED, _S.CLOSED}),
    _S.CANCEL_REQUESTED: frozenset({_S.CLOSED, _S.PLACED}),
    _S.REFUSED: frozenset({_S.CLOSED}),
    _S.CLOSED: frozenset(),
}


class SupplierCancellationStatus(models.TextChoices):
    """How far a supplier is with what it was asked to stop."""

    TO_ASK = "to_ask", _("to be asked")
    ASKED = "asked", _("asked, not decided")
    DECIDED = "decided", _("decided")


_A = SupplierCancellationStatus
CANCELLATION_MOVES: Mapping[str, frozenset[str]] = {
    # Decided without a question: where nothing was ever sent, or nothing is left to stop.
    _A.TO_ASK: frozenset({_A.ASKED, _A.DECIDED}),
    _A.ASKED: frozenset({_A.DECIDED}),
    _A.DECIDED: frozenset(),
}


class ChaseStatus(models.TextChoices):
    """What became of a question to a supplier about goods that come late."""

    TO_ASK = "to_ask", _("to be asked")
    ASKED = "asked", _("asked")
    ANSWERED = "answered", _("answered")
    SILENT = "silent", _("not answered in time")
    BY_HAND = "by_hand", _("to be asked by a person")


_H = ChaseStatus
CHASE_MOVES: Mapping[str, frozenset[str]] = {
    # Answered before it was asked: the goods have moved on by themselves.
    _H.TO_ASK: frozenset({_H.ASKED, _H.ANSWERED, _H.BY_HAND}),
    _H.ASKED: frozenset({_H.ANSWERED, _H.SILENT}),
    _H.ANSWERED: frozenset(),
    _H.SILENT: frozenset(),
    _H.BY_HAND: frozenset(),
}


class SupplierCreditStatus(models.TextChoices):
    """What became of money that a supplier owes us: asked for, agreed to, given, and found on one of its papers."""

    OPEN = "open", _("open")
    CLAIMED = "claimed", _("claimed")
    ACCEPTED = "accepted", _("accepted")
    CREDITED = "credited", _("credited, its paper to come")
    DISPUTED = "disputed", _("disputed by the supplier")
    MATCHED = "matched", _("matched")
    WRITTEN_OFF = "written_off", _("written off")
    WITHDRAWN = "withdrawn", _("taken back with its refund")


_M = SupplierCreditStatus
# What is still owed.
OWED = (_M.OPEN, _M.CLAIMED, _M.ACCEPTED, _M.CREDITED, _M.DISPUTED)
_ENDS = frozenset({_M.MATCHED, _M.WRITTEN_OFF, _M.WITHDRAWN})
CREDIT_MOVES: Mapping[str, frozenset[str]] = {
    _M.OPEN: frozenset({_M.CLAIMED, _M.ACCEPTED, _M.CREDITED, _M.DISPUTED}) | _ENDS,
    _M.CLAIMED: frozenset({_M.ACCEPTED, _M.CREDITED, _M.DISPUTED}) | _ENDS,
    # Claimed once more by a person, where nothing came of it.
    _M.ACCEPTED: frozenset({_M.CLAIMED, _M.CREDITED, _M.DISPUTED}) | _ENDS,
    _M.CREDITED: frozenset({_M.CLAIMED, _M.DISPUTED}) | _ENDS,
    _M.DISPUTED: frozenset({_M.CLAIMED, _M.ACCEPTED, _M.CREDITED}) | _ENDS,
    # Back when a match was a mistake, or the supplier pays after all.
    _M.MATCHED: frozenset({_M.CLAIMED}),
    _M.WRITTEN_OFF: frozenset({_M.CLAIMED}),
    _M.WITHDRAWN: frozenset(),
}


def move_supplier_credit(
    credit: models.Model,
    to: SupplierCreditStatus,
    *,
    by: User | None,
    fields: Mapping[str, object] | None = None,
    only: models.Q | None = None,
    **facts: object,
) -> bool:
    """Move what a supplier owes us to ``to`` and record ``supplier_credit.<to>``; see ``orders.states.move_row``."""
    kind = f"supplier_credit.{to}"
    return move_row(credit, to, moves=CREDIT_MOVES, kind=kind, by=by, fields=fields, only=only, **facts)


def move_supplier_order(
    supplier_order: models.Model,
    to: SupplierOrderStatus,
    *,
    by: User | None,
    fields: Mapping[str, object] | None = None,
    only: models.Q | None = None,
    **facts: object,
) -> bool:
    """Move a supplier order to ``to`` and record ``supplier_order.<to>``; see ``orders.states.move_row``."""
    kind = f"supplier_order.{to}"
    return move_row(supplier_order, to, moves=MOVES, kind=kind, by=by, fields=fields, only=only, **facts)


def move_supplier_orders(
    supplier_orders: Sequence[models.Model], to: SupplierOrderStatus, *, fields: Mapping[str, object], only: models.Q
) -> None:
    """Move several supplier orders, as the system; see ``orders.states.move_rows``."""
    move_rows(supplier_orders, to, moves=MOVES, kind=f"supplier_order.{to}", fields=fields, only=only)


def move_supplier_cancellation(
    row: models.Model,
    to: SupplierCancellationStatus,
    *,
    by: User | None,
    fields: Mapping[str, object] | None = None,
    **facts: object,
) -> bool:
    """Move what a supplier was asked to stop to ``to`` and record ``supplier_cancellation.<to>``."""
    kind = f"supplier_cancellation.{to}"
    return move_row(row, to, moves=CANCELLATION_MOVES, kind=kind, by=by, fields=fields, **facts)


def move_supplier_chase(
    chase: models.Model,
    to: ChaseStatus,
    *,
    by: User | None,
    fields: Mapping[str, object] | None = None,
    **facts: object,
) -> bool:
    """Move a question to a supplier to ``to`` and record ``supplier_chase.<to>``; see ``orders.states.move_row``."""
    return move_row(chase, to, moves=CHASE_MOVES, kind=f"supplier_chase.{to}", by=by, fields=fields, **facts)
