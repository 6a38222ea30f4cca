"""Work off the schedule: one table from the kind of a step to the function that takes it."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable
from typing import Any

from demo.supplier.cancellations import decide_cancellation, drop_order
from demo.supplier.fulfilment import (
    HELD_STEPS,
    decide_order,
    label_order,
    late_order,
    note_overdue,
    pack_order,
    restock_order,
)
from demo.supplier.ledger import Record
from demo.supplier.orders import read_order
from demo.supplier.returns import decide_return, move_return
from demo.supplier.shipments import scan_parcel
from demo.supplier.supplier import Supplier

logger = logging.getLogger(__name__)

Step = Callable[[Supplier, Record, dict[str, Any]], None]
STEPS: dict[str, Step] = {
    "order.decide": lambda supplier, order, _payload: decide_order(supplier, order),
    "order.pack": pack_order,
    "order.label": label_order,
    "order.restock": restock_order,
    "order.late": late_order,
    "order.drop": drop_order,
    "order.cancel": decide_cancellation,
    "order.overdue": note_overdue,
    "parcel.ship": scan_parcel,
    "parcel.scan": scan_parcel,
    "return.decide": decide_return,
    "return.move": move_return,
}
POLL_SECONDS = 0.05


def run_due(supplier: Supplier) -> None:
    """Take every step that is due, each in its own transaction, earliest first."""
    while run_next(supplier):
        pass


def run_next(supplier: Supplier) -> bool:
    """Take the earliest step that is due; False if there is none."""
    ledger = supplier.ledger
    with ledger.transaction():
        sql = "SELECT * FROM steps WHERE parked=0 AND due<=? ORDER BY due, id LIMIT 1"
        rows = ledger.rows(sql, supplier.clock.now())
        if not rows:
            return False
        step = rows[0]
        order = read_order(supplier, step["subject"])
        if order.document["hold"] and step["kind"] in HELD_STEPS:
            ledger.execute("UPDATE steps SET parked=1 WHERE id=?", step["id"])
            return True
        ledger.execute("DELETE FROM steps WHERE id=?", step["id"])
        supplier.moment = step["due"]
        try:
            STEPS[step["kind"]](supplier, order, json.loads(step["payload"]))
        finally:
            supplier.moment = None
        return True


class Scheduler(threading.Thread):
    """Let time pass until the supplier stops."""

    def __init__(self, supplier: Supplier) -> None:
        super().__init__(name="schedule", daemon=True)
        self._supplier = supplier

    def run(self) -> None:
        """Take steps as they fall due."""
        while not self._supplier.stopping.wait(POLL_SECONDS):
            try:
                run_due(self._supplier)
            except Exception:
                # The failed step was rolled back and stays due. Standing still and saying so
                # is better than a supplier that goes on with a hole in its books.
                logger.exception("a step failed; the schedule stops")
                raise
