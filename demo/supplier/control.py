"""Let a test or a demonstration reach behind the counter (``/_control``, bearer: the API key)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

from demo.supplier.cancellations import drop_order
from demo.supplier.changes import publish
from demo.supplier.counters import FINAL
from demo.supplier.fulfilment import hold_order, release_order, slip
from demo.supplier.ledger import Record
from demo.supplier.limits import RateLimit
from demo.supplier.messages import Answer, Request
from demo.supplier.orders import read_order
from demo.supplier.problems import Problem, entry, invalid
from demo.supplier.returns import read_return
from demo.supplier.steps import run_due
from demo.supplier.stock import announce_stock, load_catalogue, set_cost, set_shelf
from demo.supplier.supplier import Supplier
from demo.supplier.webhooks import announce

Body = Any
HOOK_MODES = {"normal", "off", "duplicate", "shuffle"}
RETURN_OUTCOMES = {"approve": "", "reject": "reject", "refuse": "refuse", "expire": "expire"}


def control(supplier: Supplier, request: Request, body: Body) -> Answer:
    """Answer one control request.

    Raises Problem ``not-found`` or ``validation-failed``.
    """
    parts = request.path.removeprefix("/_control/").split("/")
    try:
        if len(parts) == 3 and request.method == "POST":
            return about_one(supplier, parts, body)
        knob = KNOBS[request.method, parts[0]] if len(parts) == 1 else None
    except KeyError as error:
        raise Problem("not-found", "No such control") from error
    if knob is None:
        raise Problem("not-found", "No such control")
    try:
        return Answer(200, knob(supplier, body) or {"done": True})
    except (KeyError, TypeError, ValueError) as error:
        raise invalid(entry("", "invalid-format", repr(error))) from error


def set_faults(supplier: Supplier, body: Body) -> None:
    """Plan faults: a list of ``match``, ``kind``, ``times``, ``seconds``, ``after``."""
    supplier.faults.replace(body)


def show_faults(supplier: Supplier, _body: Body) -> dict[str, Any]:
    """List the faults that were planned last, with the turns they have left."""
    return {"faults": supplier.faults.waiting()}


def change_stock(supplier: Supplier, body: Body) -> None:
    """Write the number on a shelf."""
    with supplier.ledger.transaction():
        set_shelf(supplier, body["sku"], quantity=body["quantity"])
        announce_stock(supplier, [body["sku"]])


def change_cost(supplier: Supplier, body: Body) -> None:
    """Change what an item costs."""
    with supplier.ledger.transaction():
        set_cost(supplier, body["sku"], body["amount"])


def set_webhooks(supplier: Supplier, body: Body) -> None:
    """Choose how events are sent, or send a ``ping``; a mode also ends what a 410 began."""
    with supplier.ledger.transaction():
        if "mode" in body:
            if body["mode"] not in HOOK_MODES:
                raise invalid(entry("/mode", "not-allowed", f"One of {sorted(HOOK_MODES)}"))
            supplier.ledger.remember("webhooks:mode", body["mode"])
            supplier.ledger.remember(
                "webhooks:copies", int(body.get("copies", 2 if body["mode"] == "duplicate" else 1))
            )
            supplier.ledger.remember("webhooks:gone", value=False)
        if body.get("ping"):
            announce(supplier, "ping", {})


def advance(supplier: Supplier, body: Body) -> None:
    """Jump ahead, and take every step that is due by then before answering."""
    supplier.clock.advance(float(body["seconds"]))
    run_due(supplier)


def pause(supplier: Supplier, body: Body) -> None:
    """Stop the clock, or let it go on."""
    if body["paused"]:
        supplier.clock.pause()
    else:
        supplier.clock.resume()


def reset(supplier: Supplier, _body: Body) -> None:
    """Empty the books and open them again with the catalogue as it is in its file; a new minute begins."""
    with supplier.ledger.transaction():
        supplier.ledger.clear()
        load_catalogue(supplier)
    supplier.faults.replace([])
    supplier.limit = RateLimit(supplier.profile.requests_per_minute)


def show_ledger(supplier: Supplier, _body: Body) -> dict[str, Any]:
    """Lay the books open: what each reference had for an effect, and every request that was seen, faults still to come."""
    ledger = supplier.ledger
    effects = Counter(row["reference"] for row in ledger.rows("SELECT reference FROM effects"))
    requests = ledger.rows("SELECT * FROM requests ORDER BY rowid")
    orders = [
        order.document
        | {
            "effects": effects[order.id],
            "shipments": [parcel.document for parcel in ledger.of("shipment", order.id)],
            "returns": [back.document for back in ledger.of("return", order.id)],
            "questions": [asked.document for asked in ledger.of("question", order.id)],
        }
        for order in all_orders(supplier)
    ]
    hooks = ledger.rows("SELECT id, type, reference, state, copies, attempts, last_status FROM hooks ORDER BY serial")
    return {
        "supplier": supplier.profile.slug,
        "orders": orders,
        "requests": requests,
        "webhooks": hooks,
        "faults": supplier.faults.waiting(),
    }


def all_orders(supplier: Supplier) -> list[Record]:
    """List every order, oldest first."""
    rows = supplier.ledger.rows("SELECT id FROM documents WHERE kind='order' ORDER BY rowid")
    return [read_order(supplier, row["id"]) for row in rows]


KNOBS: dict[tuple[str, str], Callable[[Supplier, Body], dict[str, Any] | None]] = {
    ("POST", "faults"): set_faults,
    ("GET", "faults"): show_faults,
    ("POST", "stock"): change_stock,
    ("POST", "cost"): change_cost,
    ("POST", "webhooks"): set_webhooks,
    ("POST", "advance"): advance,
    ("POST", "pause"): pause,
    ("POST", "reset"): reset,
    ("GET", "ledger"): show_ledger,
}


def about_one(supplier: Supplier, parts: list[str], body: Body) -> Answer:
    """Do something to one order or one return, and answer with it."""
    subject, reference, deed = parts
    with supplier.ledger.transaction():
        if subject == "returns":
            back = RETURN_DEEDS[deed](supplier, reference, body)
            return Answer(200, back.document)
        if subject != "orders":
            raise KeyError(subject)
        order = read_order(supplier, reference)
        if order.document["status"] in FINAL:
            raise Problem("not-cancellable", "The order is closed")
        ORDER_DEEDS[deed](supplier, order, body)
        return Answer(200, order.document)


def delay_order(supplier: Supplier, order: Record, body: Body) -> None:
    """Let an order's estimate slip by ``days``."""
    slip(
        supplier, order, int(body.get("days", 2)), body.get("reason_code", "production"), body.get("detail", "Delayed")
    )


def hold(supplier: Supplier, order: Record, body: Body) -> None:
    """Hold an order, or with ``held`` false let it go on."""
    if body.get("held", True):
        hold_order(supplier, order, body.get("code", "manual_review"), body.get("detail", "Held for a look"))
    else:
        release_order(supplier, order)
    publish(supplier, order)


def script_return(supplier: Supplier, reference: str, body: Body) -> Record:
    """Choose how a return will end: ``approve``, ``reject``, ``refuse`` (after receipt) or ``expire``."""
    back = read_return(supplier, reference)
    back.private["script"] = RETURN_OUTCOMES[body["outcome"]]
    publish(supplier, back)
    return back


ORDER_DEEDS: dict[str, Callable[[Supplier, Record, Body], None]] = {
    "cancel_by_supplier": drop_order,
    "delay": delay_order,
    "hold": hold,
}
RETURN_DEEDS = {"decide": script_return}
