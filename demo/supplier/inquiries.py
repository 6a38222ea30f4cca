"""Take questions about orders that come late."""

from __future__ import annotations

from demo.supplier.messages import Answer, Request
from demo.supplier.orders import read_order
from demo.supplier.supplier import Supplier


def take_inquiry(supplier: Supplier, request: Request, reference: str) -> Answer:
    """Note a question; what there is to tell is told by the order itself, when there is.

    Raises Problem ``not-found``.
    """
    read_order(supplier, reference)
    asked = {name: request.json[name] for name in ("kind", "answer_by")}
    return Answer(202, {"reference": reference, **asked, "received_at": supplier.ledger.stamp()})
