"""A supplier that says whatever a test wants, byte for byte, and the ways in which the shop hears it."""

from __future__ import annotations

import base64
import hashlib
import hmac
import itertools
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest
from django.db import models
from django.test import Client
from django.utils import timezone

from orders.models import (
    Estimate,
    Event,
    IncomingEvent,
    OrderDelivery,
    OrderLine,
    Refund,
    Shipment,
    ShipmentLine,
    TrackingEvent,
    WorkItem,
)
from suppliers.actions.forward import forward_order
from suppliers.actions.inbox import work_incoming
from suppliers.actions.poll import poll_supplier
from suppliers.actions.send import send_supplier_order
from suppliers.models import Supplier, SupplierOrder, SupplierOrderLine, SupplierReturn, SupplierShipment
from tests.factories import make_paid_order, make_supplier, make_variant

# Later than any day of tests, as lists are only read back from it.
AS_OF = "2090-02-03T04:05:06Z"
TOLD_AT = "2026-02-03T04:00:00Z"
LISTS = {"order": "orders", "shipment": "shipments", "return": "returns"}
_serial = itertools.count(1)


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self._answer(200, self.server.bodies.get("GET " + self.path.partition("?")[0], {"data": [], "as_of": AS_OF}))

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        told = self.server.bodies["POST " + self.path]
        # Several answers, each under the reference of its order.
        self._answer(201, told.get(asked.get("reference"), told))

    def _answer(self, status: int, body: Any) -> None:
        # As ASCII with escapes: so NUL and half of a pair travel as they would from a real supplier.
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)

    def log_message(self, *args: object) -> None:
        """Say nothing."""


class Mouth:
    """An HTTP server that answers what it was told to."""

    def __init__(self) -> None:
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
        self.server.daemon_threads = True
        self.server.bodies = {}
        Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}/v1"

    def say(self, path: str, body: Any, *, method: str = "GET") -> None:
        self.server.bodies[f"{method} /v1{path}"] = body

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


@dataclass
class Scene:
    """One order of two units at one such supplier."""

    mouth: Mouth
    row: SupplierOrder

    @property
    def supplier(self) -> Supplier:
        return Supplier.objects.get(pk=self.row.supplier_id)

    def place(self, answer: Any) -> None:
        """Send the order, and hear this."""
        self.mouth.say("/orders", answer, method="POST")
        send_supplier_order(self.row.pk)
        self.row.refresh_from_db()

    def tell(self, way: str, what: str, copy: Any) -> None:
        """Say something of an order, a shipment or a return, by ``webhook`` or in a polled ``list``."""
        if way == "webhook":
            self.hook(f"{what}.updated", {what: copy})
        else:
            self.read(LISTS[what], [copy])

    def hook(self, kind: str, told: Any) -> IncomingEvent:
        """Send a signed webhook, which must be stored, and work on it."""
        event_id = f"evt_{next(_serial)}"
        body = json.dumps({"id": event_id, "type": kind, "data": told}).encode()
        now = str(int(time.time()))
        key = base64.b64decode(self.supplier.webhook_secret.removeprefix("whsec_"))
        signed = hmac.new(key, f"{event_id}.{now}.".encode() + body, hashlib.sha256).digest()
        headers = {
            "webhook-id": event_id,
            "webhook-timestamp": now,
            "webhook-signature": "v1," + base64.b64encode(signed).decode(),
        }
        url = f"/webhooks/suppliers/{self.supplier.slug}/"
        answer = Client().post(url, body, content_type="application/json", headers=headers)
        assert answer.status_code == 204
        incoming = IncomingEvent.objects.get(event_id=event_id)
        work_incoming(incoming.pk)
        incoming.refresh_from_db()
        return incoming

    def read(self, name: str, items: Any, *, as_of: Any = AS_OF, whole: bool = False) -> None:
        """Let a list be polled that holds these items; ``whole``: that is answered with just this."""
        self.mouth.say(f"/{name}", items if whole else {"data": items, "next_cursor": None, "as_of": as_of})
        Supplier.objects.filter(pk=self.row.supplier_id).update(due_at=timezone.now())
        poll_supplier(self.row.supplier_id)
        self.mouth.say(f"/{name}", {"data": [], "next_cursor": None, "as_of": AS_OF})


@pytest.fixture(name="mouth")
def mouth_fixture():
    made = Mouth()
    yield made
    made.close()


@pytest.fixture(name="unsent")
def unsent_fixture(mouth):
    """An order that its supplier has not heard of."""
    return scene(mouth)


@pytest.fixture(name="placed")
def placed_fixture(unsent):
    """An order that its supplier has taken, in the first version of its copy."""
    unsent.place(order_copy(unsent.row))
    assert (unsent.row.status, unsent.row.version) == ("placed", 1)
    return unsent


def open_work() -> list[tuple[str, str]]:
    """Return why persons are asked at the moment, and about what."""
    return sorted(WorkItem.objects.filter(closed_at=None).values_list("reason", "subject_key"))


def scene(mouth: Mouth) -> Scene:
    """Make an order of two units that is paid and split, and not yet sent."""
    supplier = make_supplier(base_url=mouth.base, capabilities=["cancel", "returns"])
    (row,) = forward_order(make_paid_order((make_variant(supplier, stock=None), 2)))
    row.refresh_from_db()
    return Scene(mouth, row)


def another(made: Scene) -> Scene:
    """Make one more such order at the same supplier."""
    line = made.row.lines.select_related("order_line").get()
    (row,) = forward_order(make_paid_order((line.order_line.variant, 2)))
    row.refresh_from_db()
    return Scene(made.mouth, row)


def order_copy(row: SupplierOrder, *, version: int = 1) -> dict[str, Any]:
    """Return a good copy of an order: all accepted."""
    lines = []
    for line in row.request["lines"]:
        told = {f"quantity_{name}": 0 for name in ("pending", "backordered", "rejected", "cancelled")}
        told |= {f"quantity_{name}": 0 for name in ("shipped", "delivered", "returned", "cancel_requested")}
        told |= {"quantity_accepted": line["quantity"], "quantity": line["quantity"], "status": "accepted"}
        lines.append(told | {name: line[name] for name in ("line_id", "sku", "unit_cost")} | {"reason": None})
    eta = {"earliest": "2026-02-05", "latest": "2026-02-06", "ship_by": "2026-02-04", "source": "supplier"}
    return {
        "reference": row.reference,
        "supplier_order_id": "S-1",
        "version": version,
        "test": False,
        "status": "accepted",
        "currency": "EUR",
        "cancellable": True,
        "hold": None,
        "lines": lines,
        "eta": eta,
        "delay": {"reason_code": "weather", "detail": "Snow."},
        "updated_at": TOLD_AT,
    }


def parcel_copy(row: SupplierOrder, *, version: int = 1) -> dict[str, Any]:
    """Return a good copy of a parcel with both units, on its way."""
    scan = {
        "event_id": "E-1",
        "occurred_at": TOLD_AT,
        "status": "in_transit",
        "description": "Left the depot",
        "location": {"city": "Cork", "country": "IE"},
    }
    return {
        "shipment_id": "P-1",
        "reference": row.reference,
        "kind": "outbound",
        "version": version,
        "status": "in_transit",
        "reason_code": None,
        "carrier": {"code": "anpost", "name": "An Post"},
        "tracking_number": "AB123",
        "tracking_url": "https://carrier.example/AB123",
        "lines": [{"line_id": row.request["lines"][0]["line_id"], "quantity": 2}],
        "shipped_at": TOLD_AT,
        "delivered_at": None,
        "eta": {"earliest": "2026-02-05", "latest": "2026-02-06", "source": "carrier"},
        "delay": {"reason_code": "weather", "detail": "Snow."},
        "events": [scan],
        "updated_at": TOLD_AT,
    }


def return_copy(row: SupplierReturn, *, version: int = 1) -> dict[str, Any]:
    """Return a good copy of a return that the supplier has approved."""
    return {
        "return_reference": row.return_reference,
        "supplier_return_id": "R-1",
        "reference": row.supplier_order.reference,
        "version": version,
        "status": "approved",
        "lines": [{"line_id": "L1", "quantity": 1}],
        "instructions": "Pack it well.",
        "return_by": "2026-03-01",
        "resolution": {"type": "refund", "amount": {"amount": "4.00", "currency": "EUR"}},
        "updated_at": TOLD_AT,
    }


def make_return(row: SupplierOrder, **fields: object) -> SupplierReturn:
    """Make a return that was asked of the supplier."""
    facts = {"return_reference": "RT-1", "status": "requested", "request": {"reference": row.reference}}
    return SupplierReturn.objects.create(supplier_order=row, order=row.order, **facts | fields)


WATCHED: tuple[type[models.Model], ...] = (
    SupplierOrder,
    SupplierOrderLine,
    SupplierShipment,
    SupplierReturn,
    OrderLine,
    OrderDelivery,
    Shipment,
    ShipmentLine,
    TrackingEvent,
    Estimate,
    Refund,
)


def everything() -> list[object]:
    """Return all that a copy could change, and what happened besides work being opened and closed."""
    rows: list[object] = [list(model._default_manager.order_by("pk").values()) for model in WATCHED]
    happened = Event.objects.exclude(kind__startswith="work.").order_by("pk")
    return [*rows, list(happened.values_list("kind", "subject_key"))]


def paths(value: Any, here: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the way to every member and item of a copy."""
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, child in children:
        yield (*here, name)
        yield from paths(child, (*here, name))


def put_at(value: Any, path: tuple[Any, ...], odd: Any) -> None:
    """Replace what stands at the end of a way."""
    for name in path[:-1]:
        value = value[name]
    value[path[-1]] = odd
