"""Hold units for an order, keep them once it is paid, let them go."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from django.db import transaction
from django.db.models import Case, F, Q, QuerySet, Value, When
from django.utils import timezone

from orders.models import Order, OrderLine, Reservation
from orders.models.order import ReservationState
from shop.actions.basket import note_held
from shop.actions.catalog import refresh_availability
from shop.models import Variant
from shop.models.catalogue import Availability
from shop.returning import update_returning

OPEN = (ReservationState.HELD, ReservationState.KEPT)


class SoldOut(Exception):
    """There are not so many units left; ``variant`` says of what."""

    def __init__(self, variant: Variant) -> None:
        super().__init__(variant.sku)
        self.variant = variant


def reserve(line: OrderLine, *, until: datetime) -> Reservation:
    """Hold the units of an order line until then, by one conditional UPDATE.

    Call it inside the transaction that makes the order, or takes one up again whose units were
    released. Raises SoldOut if another buyer was faster; the caller's transaction must then be
    rolled back.
    """
    sellable = Q(stock_told=None) | Q(stock_told__gte=F("reserved") + line.quantity)
    gone = [Availability.OUT_OF_STOCK, Availability.DISCONTINUED]
    free = Variant.objects.filter(sellable, pk=line.variant_id, is_active=True).exclude(availability__in=gone)
    if not free.update(reserved=F("reserved") + line.quantity):
        raise SoldOut(line.variant)
    held, _new = Reservation.objects.update_or_create(
        line=line,
        defaults={
            "order": line.order,
            "variant": line.variant,
            "quantity": line.quantity,
            "state": ReservationState.HELD,
            "expires_at": until,
            "taken_at": None,
            "released_at": None,
        },
    )
    return held


def reserve_all(order: Order, lines: Sequence[OrderLine], *, until: datetime) -> None:
    """Hold the units of all lines of a new order, each of its own variant, in three statements however many there are.

    What sells out by it is taken from the shelves, which costs more and is rare. Call it inside the transaction
    that makes the order. Raises SoldOut if another buyer was faster for one of them; the caller's transaction must
    then be rolled back.
    """
    units = {line.variant_id: line.quantity for line in lines}
    gone = [Availability.OUT_OF_STOCK, Availability.DISCONTINUED]
    more = F("reserved") + Case(*(When(pk=pk, then=Value(wanted)) for pk, wanted in units.items()))
    # Locked in one order for everybody: two who want the same goods would else wait for each other.
    locked = Variant.objects.select_for_update().filter(pk__in=units).order_by("pk").values("pk")
    free = Variant.objects.filter(Q(stock_told=None) | Q(stock_told__gte=more), pk__in=locked, is_active=True)
    rest = update_returning(free.exclude(availability__in=gone), ["pk", "stock_told", "reserved"], reserved=more)
    if len(rest) < len(units):
        raise SoldOut(_short_of(units))
    Reservation.objects.bulk_create(
        Reservation(order=order, line=line, variant_id=line.variant_id, quantity=line.quantity, expires_at=until)
        for line in lines
    )
    if order.basket_id is not None:
        note_held(order.basket_id, is_held=True)
    refresh_availability(pk for pk, told, reserved in rest if told is not None and told <= reserved)


def _short_of(units: Mapping[int, int]) -> Variant:
    variants = list(Variant.objects.filter(pk__in=units).select_related("product").order_by("pk"))
    short = (one for one in variants if one.sellable is not None and one.sellable < units[one.pk])
    return next(short, variants[0])


def keep(order: Order) -> None:
    """Keep what is held for an order that is paid: it expires no more. Safe to repeat."""
    held = order.reservations.filter(state=ReservationState.HELD)
    held.update(state=ReservationState.KEPT, expires_at=None)


def release(order: Order) -> int:
    """Let go everything an order holds; return how many lines that was. Safe to repeat."""
    with transaction.atomic():
        released = [row for row in order.reservations.filter(state__in=OPEN) if _release(row)]
        refresh_availability(row.variant_id for row in released)
        if released and order.basket_id is not None:
            note_held(order.basket_id, is_held=False)
    return len(released)


def release_line(line: OrderLine) -> bool:
    """Let go what is held for one order line, if no unit of it is wanted any more. Safe to repeat."""
    line.refresh_from_db()
    held = Reservation.objects.filter(line=line, state__in=OPEN).first()
    if held is None or line.cancelled < line.quantity:
        return False
    released = _release(held)
    refresh_availability([held.variant_id])
    return released


def note_taken(line_ids: Iterable[int] | QuerySet, *, at: datetime) -> None:
    """Note that the supplier has taken the units of some order lines. Safe to repeat."""
    lines = line_ids if isinstance(line_ids, QuerySet) else list(line_ids)
    Reservation.objects.filter(line__in=lines, taken_at=None).update(taken_at=at)


def release_told(variant_ids: Iterable[int], *, profile_id: int, told_at: datetime) -> int:
    """Let go what a supplier had taken before it told its stock: its number leaves them out by now.

    ``profile_id`` is the delivery profile of the supplier that spoke. Returns how many lines.
    """
    known = Reservation.objects.filter(
        variant__in=list(variant_ids), state__in=OPEN, taken_at__lt=told_at, line__delivery__profile=profile_id
    )
    with transaction.atomic():
        return sum(_release(row) for row in known)


def _release(row: Reservation) -> bool:
    # The state is the fence: of two that release at once, only one gives the units back.
    mine = Reservation.objects.filter(pk=row.pk, state__in=OPEN)
    if not mine.update(state=ReservationState.RELEASED, released_at=timezone.now(), expires_at=None):
        return False
    Variant.objects.filter(pk=row.variant_id).update(reserved=F("reserved") - row.quantity)
    return True
