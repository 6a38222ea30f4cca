"""The state machines of an order's money, an authorisation, a refund, a dispute, a cancellation and a parcel.

Choices, arrows and ``move()``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, TypeVar

from django.db import models, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from orders import events

if TYPE_CHECKING:
    from shop.models import User


class IllegalMove(Exception):
    """The state in the database does not lead to the one asked for."""


class OrderStatus(models.TextChoices):
    """An order's money. How far its goods are is computed (``orders.progress``)."""

    PLACED = "placed", _("placed")
    AUTHORISED = "authorised", _("authorised")
    PAID = "paid", _("paid")
    EXPIRED = "expired", _("expired")
    LATE_PAID = "late_paid", _("paid late")
    CANCELLED = "cancelled", _("cancelled")


class RefundStatus(models.TextChoices):
    """A refund's way through the payment provider."""

    REQUESTED = "requested", _("asked for")
    PENDING = "pending", _("under way")
    SUCCEEDED = "succeeded", _("paid back")
    FAILED = "failed", _("failed")


class RefundRequestStatus(models.TextChoices):
    """What became of a refund above its asker's cap."""

    ASKED = "asked", _("waits for approval")
    APPROVED = "approved", _("approved")
    DECLINED = "declined", _("declined")
    LAPSED = "lapsed", _("nothing left to pay back")


class AuthorisationStatus(models.TextChoices):
    """Money that the customer's bank keeps for us: taken, or let go, before that lapses."""

    HELD = "held", _("to be decided")
    CAPTURING = "capturing", _("being taken")
    CAPTURED = "captured", _("taken")
    RELEASING = "releasing", _("being let go")
    RELEASED = "released", _("let go")


class DisputeStatus(models.TextChoices):
    """How far a customer's bank is with taking a payment back; the provider's words, fewer."""

    INQUIRY = "inquiry", _("asked about")
    OPEN = "open", _("evidence wanted")
    REVIEW = "review", _("being decided")
    WON = "won", _("won")
    LOST = "lost", _("lost")
    CLOSED = "closed", _("dropped")


class CancellationStatus(models.TextChoices):
    """What became of the wish that goods do not come: a request with an answer."""

    REQUESTED = "requested", _("asked for")
    ACCEPTED = "accepted", _("accepted")
    PARTLY = "partly", _("partly accepted")
    REFUSED = "refused", _("not possible")


class DelayStatus(models.TextChoices):
    """What became of a delay that a customer was told of: theirs to choose, and what silence means."""

    TOLD = "told", _("told, nothing to choose")
    ASKED = "asked", _("wait or cancel?")
    WAITS = "waits", _("the customer waits")
    CANCELLED = "cancelled", _("the customer cancels")
    UNANSWERED = "unanswered", _("no answer: cancelled")
    OVER = "over", _("over")


class Late(models.TextChoices):
    """In which way a delivery is late, or about to be; see ``orders.lateness``."""

    UNCONFIRMED = "unconfirmed", _("not confirmed")
    UNSENT = "unsent", _("not sent")
    UNSCANNED = "unscanned", _("never scanned")
    STILL = "still", _("does not move")
    PREDICTED = "predicted", _("expected late")
    PASSED = "passed", _("promise passed")


class ParcelStatus(models.TextChoices):
    """Where a parcel is; the words of the supplier contract's TrackingStatus."""

    PENDING = "pending", _("announced")
    LABEL_CREATED = "label_created", _("label made")
    IN_TRANSIT = "in_transit", _("on its way")
    OUT_FOR_DELIVERY = "out_for_delivery", _("out for delivery")
    AVAILABLE_FOR_PICKUP = "available_for_pickup", _("waiting for pick-up")
    ATTEMPT_FAILED = "attempt_failed", _("delivery tried")
    DELIVERED = "delivered", _("delivered")
    EXCEPTION = "exception", _("needs attention")
    RETURNING = "returning", _("on the way back")
    RETURNED = "returned", _("returned")
    CANCELLED = "cancelled", _("void")
    UNKNOWN = "unknown", _("no news")


_O, _R, _C, _P = OrderStatus, RefundStatus, CancellationStatus, ParcelStatus
_A, _D = AuthorisationStatus, DisputeStatus
ORDER_MOVES: Mapping[str, frozenset[str]] = {
    _O.PLACED: frozenset({_O.AUTHORISED, _O.PAID, _O.EXPIRED, _O.CANCELLED}),
    _O.AUTHORISED: frozenset({_O.PAID, _O.CANCELLED}),
    _O.EXPIRED: frozenset({_O.LATE_PAID}),
    _O.LATE_PAID: frozenset({_O.PAID, _O.CANCELLED}),
    _O.PAID: frozenset({_O.CANCELLED}),
    _O.CANCELLED: frozenset(),
}
REFUND_MOVES: Mapping[str, frozenset[str]] = {
    _R.REQUESTED: frozenset({_R.PENDING, _R.SUCCEEDED, _R.FAILED}),
    _R.PENDING: frozenset({_R.SUCCEEDED, _R.FAILED}),
    # A refund that was paid can still come back days later (a closed card account).
    _R.SUCCEEDED: frozenset({_R.FAILED}),
    _R.FAILED: frozenset(),
}
AUTHORISATION_MOVES: Mapping[str, frozenset[str]] = {
    # Straight to the end where somebody decided in the provider's dashboard, or it lapsed.
    _A.HELD: frozenset({_A.CAPTURING, _A.RELEASING, _A.CAPTURED, _A.RELEASED}),
    _A.CAPTURING: frozenset({_A.CAPTURED, _A.RELEASED}),
    _A.RELEASING: frozenset({_A.RELEASED, _A.CAPTURED}),
    _A.CAPTURED: frozenset(),
    _A.RELEASED: frozenset(),
}
DISPUTE_MOVES: Mapping[str, frozenset[str]] = {
    _D.INQUIRY: frozenset({_D.OPEN, _D.REVIEW, _D.WON, _D.LOST, _D.CLOSED}),
    _D.OPEN: frozenset({_D.REVIEW, _D.WON, _D.LOST, _D.CLOSED}),
    # Back to open when the bank asks for more.
    _D.REVIEW: frozenset({_D.OPEN, _D.INQUIRY, _D.WON, _D.LOST, _D.CLOSED}),
    # A decision may be turned over: by arbitration, or a customer who withdraws.
    _D.WON: frozenset({_D.LOST}),
    _D.LOST: frozenset({_D.WON}),
    _D.CLOSED: frozenset({_D.OPEN}),
}
CANCELLATION_MOVES: Mapping[str, frozenset[str]] = {
    _C.REQUESTED: frozenset({_C.ACCEPTED, _C.PARTLY, _C.REFUSED}),
    # An answer is an answer; whoever changes their mind asks anew.
    _C.ACCEPTED: frozenset(),
    _C.PARTLY: frozenset(),
    _C.REFUSED: frozenset(),
}
_Q = RefundRequestStatus
REFUND_REQUEST_MOVES: Mapping[str, frozenset[str]] = {
    _Q.ASKED: frozenset({_Q.APPROVED, _Q.DECLINED, _Q.LAPSED}),
    # A decision is a decision; whoever sees it otherwise asks anew.
    _Q.APPROVED: frozenset(),
    _Q.DECLINED: frozenset(),
    _Q.LAPSED: frozenset(),
}
_L = DelayStatus
DELAY_MOVES: Mapping[str, frozenset[str]] = {
    _L.TOLD: frozenset(),
    _L.ASKED: frozenset({_L.WAITS, _L.CANCELLED, _L.UNANSWERED, _L.OVER}),
    # Whoever waits may lose patience, as long as nothing has left.
    _L.WAITS: frozenset({_L.CANCELLED, _L.OVER}),
    _L.CANCELLED: frozenset(),
    _L.UNANSWERED: frozenset(),
    _L.OVER: frozenset(),
}
_MOVING = {_P.IN_TRANSIT, _P.OUT_FOR_DELIVERY, _P.AVAILABLE_FOR_PICKUP, _P.ATTEMPT_FAILED}
_TROUBLE = {_P.EXCEPTION, _P.UNKNOWN, _P.RETURNING, _P.RETURNED}
PARCEL_MOVES: Mapping[str, frozenset[str]] = {
    _P.PENDING: frozenset({_P.LABEL_CREATED, _P.CANCELLED, _P.DELIVERED} | _MOVING | _TROUBLE),
    _P.LABEL_CREATED: frozenset({_P.CANCELLED, _P.DELIVERED} | _MOVING | _TROUBLE),
    _P.IN_TRANSIT: frozenset(({_P.DELIVERED} | _MOVING | _TROUBLE) - {_P.IN_TRANSIT}),
    # A van's evening brings back what it did not deliver; move_forward asks for the scan that says so.
    _P.OUT_FOR_DELIVERY: frozenset(({_P.DELIVERED} | _MOVING | _TROUBLE) - {_P.OUT_FOR_DELIVERY}),
    _P.ATTEMPT_FAILED: frozenset(
        {_P.DELIVERED, _P.OUT_FOR_DELIVERY, _P.AVAILABLE_FOR_PICKUP, _P.IN_TRANSIT} | _TROUBLE
    ),
    _P.AVAILABLE_FOR_PICKUP: frozenset({_P.DELIVERED} | _TROUBLE),
    _P.EXCEPTION: frozenset({_P.DELIVERED, _P.RETURNING, _P.RETURNED, _P.UNKNOWN} | _MOVING),
    _P.UNKNOWN: frozenset({_P.DELIVERED, _P.EXCEPTION, _P.RETURNING, _P.RETURNED} | _MOVING),
    _P.DELIVERED: frozenset({_P.RETURNING, _P.RETURNED}),
    _P.RETURNING: frozenset({_P.RETURNED, _P.EXCEPTION}),
    _P.RETURNED: frozenset(),
    _P.CANCELLED: frozenset(),
}

M = TypeVar("M", bound=models.Model)


def move_row(
    row: M,
    to: str,
    *,
    moves: Mapping[str, frozenset[str]],
    kind: str,
    by: User | None,
    fields: Mapping[str, object] | None = None,
    only: Q | None = None,
    **facts: object,
) -> bool:
    """Move a row to the state ``to`` by one conditional UPDATE, and record the event ``kind``.

    ``fields`` are further columns to write with the move, only if it happens; ``only`` is a further
    condition on the row's own columns. Returns False,
    and records nothing, if the row was already there: what is told twice is not an error.
    The row in memory is brought up to date. ``by`` is who did it; None means the system.

    Raises IllegalMove if the state in the database does not lead to ``to``, or ``only`` does not hold.
    """
    sources = [state for state, targets in moves.items() if to in targets]
    changes = {"status": str(to), "status_changed_at": timezone.now(), **(fields or {})}
    # Without a savepoint of its own: whoever catches what is raised in here starts anew anyway.
    with transaction.atomic(savepoint=False):
        # One conditional UPDATE, so that of two processes only one wins.
        # It needs no row lock, which SQLite does not have.
        mine = type(row)._default_manager.filter(only or Q(), pk=row.pk, status__in=sources)
        moved = mine.update(**changes)
        if moved:
            events.record(kind, row, by=by, **facts)
    if moved:
        _set(row, changes)
    else:
        row.refresh_from_db(fields=list(changes))
    if not moved and row.status != to:
        raise IllegalMove(f"{row}: {row.status} to {to}")
    return bool(moved)


def move_rows(
    rows: Sequence[models.Model],
    to: str,
    *,
    moves: Mapping[str, frozenset[str]],
    kind: str,
    fields: Mapping[str, object] | None = None,
    only: Q | None = None,
) -> None:
    """Move several rows to the state ``to`` by one conditional UPDATE, and record ``kind`` for each; see ``move_row``.

    All of them or none: call it inside a transaction, which IllegalMove must undo. It is raised if one of
    them cannot be moved, or was there already.
    """
    sources = [state for state, targets in moves.items() if to in targets]
    changes = {"status": str(to), "status_changed_at": timezone.now(), **(fields or {})}
    mine = type(rows[0])._default_manager.filter(only or Q(), pk__in=[row.pk for row in rows], status__in=sources)
    if mine.update(**changes) < len(rows):
        raise IllegalMove(f"{len(rows)} rows to {to}")
    events.record_together(kind, rows)
    for row in rows:
        _set(row, changes)


def _set(row: models.Model, changes: Mapping[str, object]) -> None:
    """Bring a row in memory up to date with what was written; what the database computed is read when asked for."""
    for name, value in changes.items():
        if hasattr(value, "resolve_expression"):
            row.__dict__.pop(name, None)
        else:
            setattr(row, name, value)


def move_order(
    order: M, to: OrderStatus, *, by: User | None, fields: Mapping[str, object] | None = None, **facts: object
) -> bool:
    """Move an order's money to ``to`` and record ``order.<to>``; see ``move_row``."""
    return move_row(order, to, moves=ORDER_MOVES, kind=f"order.{to}", by=by, fields=fields, **facts)


def move_refund(
    refund: M, to: RefundStatus, *, by: User | None, fields: Mapping[str, object] | None = None, **facts: object
) -> bool:
    """Move a refund to ``to`` and record ``refund.<to>``; see ``move_row``."""
    return move_row(refund, to, moves=REFUND_MOVES, kind=f"refund.{to}", by=by, fields=fields, **facts)


def move_refund_request(
    request: M, to: RefundRequestStatus, *, by: User | None, fields: Mapping[str, object] | None = None, **facts: object
) -> bool:
    """Move a refund that waits for approval to ``to`` and record ``refund_request.<to>``; see ``move_row``."""
    kind = f"refund_request.{to}"
    return move_row(request, to, moves=REFUND_REQUEST_MOVES, kind=kind, by=by, fields=fields, **facts)


def move_authorisation(
    authorisation: M,
    to: AuthorisationStatus,
    *,
    by: User | None,
    fields: Mapping[str, object] | None = None,
    **facts: object,
) -> bool:
    """Move an authorisation to ``to`` and record ``authorisation.<to>``; see ``move_row``."""
    kind = f"authorisation.{to}"
    return move_row(authorisation, to, moves=AUTHORISATION_MOVES, kind=kind, by=by, fields=fields, **facts)


def move_dispute(
    dispute: M, to: DisputeStatus, *, by: User | None, fields: Mapping[str, object] | None = None, **facts: object
) -> bool:
    """Move a dispute to ``to`` and record ``dispute.<to>``; see ``move_row``."""
    return move_row(dispute, to, moves=DISPUTE_MOVES, kind=f"dispute.{to}", by=by, fields=fields, **facts)


def move_cancellation(
    cancellation: M,
    to: CancellationStatus,
    *,
    by: User | None,
    fields: Mapping[str, object] | None = None,
    **facts: object,
) -> bool:
    """Move a cancellation to ``to`` and record ``cancellation.<to>``; see ``move_row``."""
    kind = f"cancellation.{to}"
    return move_row(cancellation, to, moves=CANCELLATION_MOVES, kind=kind, by=by, fields=fields, **facts)


def move_delay(
    delay: M, to: DelayStatus, *, by: User | None, fields: Mapping[str, object] | None = None, **facts: object
) -> bool:
    """Move a delay that was told to ``to`` and record ``delay.<to>``; see ``move_row``."""
    return move_row(delay, to, moves=DELAY_MOVES, kind=f"delay.{to}", by=by, fields=fields, **facts)


def move_parcel(
    shipment: M, to: ParcelStatus, *, by: User | None, fields: Mapping[str, object] | None = None, **facts: object
) -> bool:
    """Move a parcel to ``to`` and record ``parcel.<to>``; see ``move_row``."""
    return move_row(shipment, to, moves=PARCEL_MOVES, kind=f"parcel.{to}", by=by, fields=fields, **facts)
