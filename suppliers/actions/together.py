"""Send several orders to one supplier, one after the other; they are taken, and written down, together.

What a statement costs does not depend on how many rows it is about, and with one row each the
statements cost several times what the calls do. Only orders without a history go together: one over
which a worker died, or about which somebody is in doubt, could take its neighbours with it.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from functools import partial

from django.conf import settings
from django.db import InterfaceError, OperationalError, connection, transaction
from django.db.models import F
from django.db.models.functions import Coalesce, Now

from orders import lease
from orders.actions.shipping import lock_orders
from orders.lease import db_now_plus
from orders.states import IllegalMove
from suppliers.actions.addressed import fix_addresses
from suppliers.actions.breaker import of_callable
from suppliers.actions.lanes import Full, Place, lanes
from suppliers.actions.placed import Told, note_placed, note_placed_together
from suppliers.actions.send import SENDABLE, attempt, give_back, guarded, send_supplier_order
from suppliers.actions.stopped import of_wanted_back
from suppliers.adapters import adapter_of
from suppliers.adapters.base import Doubt
from suppliers.models import Supplier, SupplierCall, SupplierOrder
from suppliers.states import SupplierOrderStatus, move_supplier_orders

Status = SupplierOrderStatus
# So long it is believed that a supplier may be called; its own answers are heeded at once.
CALLABLE_FOR = 1.0


def send_in_turn(supplier_id: int, supplier_order_ids: Sequence[int]) -> None:
    """Send orders to a supplier; those whose turn does not come here are due again soon.

    Their turn does not come when the supplier has enough calls under way in this process, when it is
    in trouble, or when it answers too slowly for all of them in TOGETHER_SECONDS: then another thread
    may have them at once. Talks to the network; safe to repeat.
    """
    try:
        with lanes.call(supplier_id) as place:
            most = lanes.so_many(supplier_id, settings.TOGETHER_SECONDS)
            _put_back(supplier_order_ids[most:])
            _put_back(_send_all(supplier_id, supplier_order_ids[:most], place))
    except Full as full:
        _put_back(supplier_order_ids, pause=full.seconds)


def _put_back(supplier_order_ids: Sequence[int], pause: float = 0) -> None:
    if supplier_order_ids:
        waiting = SupplierOrder.objects.filter(lease.is_free(), pk__in=supplier_order_ids, status__in=SENDABLE)
        waiting.exclude(due_at=None).update(due_at=db_now_plus(pause))


def _send_all(supplier_id: int, supplier_order_ids: Sequence[int], place: Place) -> list[int]:
    """Send until all are sent, the time is over or the supplier is in trouble; return those it did not come to."""
    until = time.monotonic() + settings.TOGETHER_SECONDS
    alone, goes_on = list(supplier_order_ids), True
    if len(alone) > 1:
        alone, goes_on = _send_part(supplier_id, alone, place, until)
    while alone and goes_on:
        place.begin()
        send_supplier_order(alone.pop(0))
        goes_on = time.monotonic() < until
    return alone


def _send_part(
    supplier_id: int, supplier_order_ids: Sequence[int], place: Place, until: float
) -> tuple[list[int], bool]:
    """Send what can go together; return what must go alone, and whether the supplier can be asked for more."""
    rows = _set_out(supplier_id, supplier_order_ids)
    if not rows:
        return list(supplier_order_ids), True
    adapter = adapter_of(rows[0].supplier)
    adapter.good_calls = []
    told: list[Told] = []
    left, goes_on, checked_at = list(rows), True, time.monotonic()
    try:
        while left and goes_on and (now := time.monotonic()) < until:
            adapter.is_checked = now - checked_at < CALLABLE_FOR
            checked_at = checked_at if adapter.is_checked else now
            place.begin()
            goes_on = attempt(adapter, left.pop(0), placed=lambda row, copy: told.append((row, copy)))
    finally:
        # What is known first; the log of calls can be missed.
        for row, copy in note_placed_together(told):
            guarded(row, partial(note_placed, row, copy))
        if left:
            _give_back(left)
        SupplierCall.objects.bulk_create(adapter.good_calls)
    taken = {row.pk for row in rows}
    return [pk for pk in supplier_order_ids if pk not in taken], goes_on


def _set_out(supplier_id: int, supplier_order_ids: Sequence[int]) -> list[SupplierOrder]:
    """Take the orders that can go together, and move them to ``sending``; as ``send.set_out`` does for one."""
    supplier = Supplier.objects.get(pk=supplier_id)
    if adapter_of(supplier).doubt == Doubt.BLIND:
        # Each of its orders that was under way when a worker died needs a person.
        return []
    fresh = SupplierOrder.objects.filter(lease.IS_FRESH, pk__in=supplier_order_ids, status=Status.READY)
    try:
        with transaction.atomic():
            lock_orders(fresh.values_list("order", flat=True))
            back = set(of_wanted_back(fresh).values_list("pk", flat=True))
            free = lease.takeable(of_callable(fresh)).select_related("order").order_by("order_id")
            rows = [row for row in free if row.pk not in back]
            if not rows:
                return []
            fix_addresses(rows)
            attempts = {row.pk: row.attempt + 1 for row in rows}
            sent = {"last_sent_at": Now(), "first_sent_at": Coalesce(F("first_sent_at"), Now())}
            move_supplier_orders(rows, Status.SENDING, fields=lease.claim_fresh() | sent, only=lease.IS_FRESH)
    except IllegalMove:
        # Somebody else has one of them.
        return []
    for row in rows:
        row.supplier, row.attempt = supplier, attempts[row.pk]
    return rows


def _give_back(rows: Sequence[SupplierOrder]) -> None:
    """Give back orders that were taken and not sent: they are due at once."""
    try:
        with transaction.atomic():
            unsent = {"lease_until": None, "due_at": Now()}
            move_supplier_orders(rows, Status.READY, fields=unsent, only=lease.held(rows))
    except (IllegalMove, OperationalError, InterfaceError) as error:
        if not isinstance(error, IllegalMove):
            # It may have been the connection: with a new one it is tried once more.
            connection.close()
        for row in rows:
            give_back(row, Status.READY, why="its turn did not come", pause=0)
