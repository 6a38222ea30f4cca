"""The state machines of goods that come back, of money without goods, and of new goods for old ones."""

from __future__ import annotations

from collections.abc import Mapping

from django.db import models
from django.utils.translation import gettext_lazy as _, pgettext_lazy

from orders.states import move_row
from shop.models import User


class ReturnStatus(models.TextChoices):
    """How far a return is. ``review``: something came out other than agreed, and a person decides anew."""

    REQUESTED = "requested", pgettext_lazy("of a return", "asked for")
    ACCEPTED = "accepted", _("accepted")
    READY = "ready", _("to be handed in")
    IN_TRANSIT = "in_transit", _("on its way back")
    RECEIVED = "received", _("received")
    INSPECTED = "inspected", _("inspected")
    REVIEW = "review", _("to be decided anew")
    RESOLVED = "resolved", _("resolved")
    DECLINED = "declined", pgettext_lazy("of a return", "declined")
    CANCELLED = "cancelled", _("withdrawn by the customer")
    EXPIRED = "expired", _("not handed in")


_R = ReturnStatus
# Accepted, and the goods are not on their way yet: the customer may still change their mind.
NOT_HANDED_IN = (_R.REQUESTED, _R.ACCEPTED, _R.READY)
# Somebody must decide.
UNDECIDED = (_R.REQUESTED, _R.REVIEW)
# The units count for nothing any more: they may be asked for anew.
UNDONE = (_R.DECLINED, _R.CANCELLED, _R.EXPIRED)
OVER = (*UNDONE, _R.RESOLVED)
RETURN_MOVES: Mapping[str, frozenset[str]] = {
    # Without goods to come back it is resolved at once.
    _R.REQUESTED: frozenset({_R.ACCEPTED, _R.DECLINED, _R.CANCELLED}),
    _R.ACCEPTED: frozenset({_R.READY, _R.IN_TRANSIT, _R.RECEIVED, _R.RESOLVED, _R.REVIEW, _R.CANCELLED}),
    _R.READY: frozenset({_R.IN_TRANSIT, _R.RECEIVED, _R.RESOLVED, _R.REVIEW, _R.CANCELLED, _R.EXPIRED}),
    _R.IN_TRANSIT: frozenset({_R.RECEIVED, _R.REVIEW}),
    _R.RECEIVED: frozenset({_R.INSPECTED, _R.REVIEW}),
    _R.INSPECTED: frozenset({_R.RESOLVED, _R.REVIEW}),
    _R.REVIEW: frozenset({_R.ACCEPTED, _R.READY, _R.INSPECTED, _R.RESOLVED, _R.DECLINED}),
    _R.RESOLVED: frozenset(),
    # An objection that convinces, or goods that come after all.
    _R.DECLINED: frozenset({_R.REVIEW}),
    _R.CANCELLED: frozenset({_R.REVIEW}),
    _R.EXPIRED: frozenset({_R.REVIEW}),
}


def move_return(
    row: models.Model,
    to: ReturnStatus,
    *,
    by: User | None,
    fields: Mapping[str, object] | None = None,
    only: models.Q | None = None,
    **facts: object,
) -> bool:
    """Move a return to ``to`` and record ``return.<to>``; see ``orders.states.move_row``."""
    return move_row(row, to, moves=RETURN_MOVES, kind=f"return.{to}", by=by, fields=fields, only=only, **facts)


class ClaimStatus(models.TextChoices):
    """What became of money that is owed without goods coming back."""

    OWED = "owed", _("owed")
    PAID = "paid", _("paid back")


_C = ClaimStatus
CLAIM_MOVES: Mapping[str, frozenset[str]] = {_C.OWED: frozenset({_C.PAID}), _C.PAID: frozenset()}


def move_claim(
    row: models.Model, to: ClaimStatus, *, by: User | None, fields: Mapping[str, object] | None = None
) -> bool:
    """Move a claim to ``to`` and record ``claim.<to>``; see ``orders.states.move_row``."""
    return move_row(row, to, moves=CLAIM_MOVES, kind=f"claim.{to}", by=by, fields=fields)


class ReplacementStatus(models.TextChoices):
    """What became of new goods for old ones. ``failed``: nobody can send them, and money went back instead."""

    ORDERED = "ordered", _("ordered")
    SENT = "sent", _("sent")
    DELIVERED = "delivered", _("delivered")
    FAILED = "failed", _("not to be had")


_N = ReplacementStatus
REPLACEMENT_MOVES: Mapping[str, frozenset[str]] = {
    _N.ORDERED: frozenset({_N.SENT, _N.DELIVERED, _N.FAILED}),
    _N.SENT: frozenset({_N.DELIVERED, _N.FAILED}),
    _N.DELIVERED: frozenset(),
    _N.FAILED: frozenset(),
}


def move_replacement(
    row: models.Model, to: ReplacementStatus, *, by: User | None, fields: Mapping[str, object] | None = None
) -> bool:
    """Move a replacement to ``to`` and record ``replacement.<to>``; see ``orders.states.move_row``."""
    return move_row(row, to, moves=REPLACEMENT_MOVES, kind=f"replacement.{to}", by=by, fields=fields)


class DecisionStatus(models.TextChoices):
    """Whether a decision about a return counts."""

    ASKED = "asked", _("waits for a second person")
    IN_FORCE = "in_force", _("in force")
    REFUSED = "refused", _("refused by the second person")


_D = DecisionStatus
DECISION_MOVES: Mapping[str, frozenset[str]] = {
    _D.ASKED: frozenset({_D.IN_FORCE, _D.REFUSED}),
    _D.IN_FORCE: frozenset(),
    _D.REFUSED: frozenset(),
}


def move_decision(
    row: models.Model, to: DecisionStatus, *, by: User | None, fields: Mapping[str, object] | None = None
) -> bool:
    """Move a decision to ``to`` and record ``return_decision.<to>``; see ``orders.states.move_row``."""
    return move_row(row, to, moves=DECISION_MOVES, kind=f"return_decision.{to}", by=by, fields=fields)
