"""Suppliers with books of paper: they take orders over the adapter's interface, and tell news by signed webhooks."""

from __future__ import annotations

import base64
import hashlib
import hmac
import itertools
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, ClassVar

from django.test import Client

from suppliers.adapters.base import Adapter, Doubt, Refused, Walk

COUNTERS = ("pending", "accepted", "backordered", "rejected", "cancelled", "shipped", "delivered", "returned")
SECRET = "c2VjcmV0LW9mLXNpbXVsYXRlZC1zdXBwbGllcg=="  # noqa: S105  (of suppliers that are not there)
_serial = itertools.count(1)


def moment() -> str:
    """Write the time as the contract does."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass
class Book:
    """One order as its supplier has it: one line of goods, and the parcels made of it."""

    slug: str
    request: Mapping[str, Any]
    units: dict[str, int]
    version: int = 0
    eta: dict[str, str] = field(default_factory=dict)
    reason: str = ""
    parcels: dict[str, dict[str, Any]] = field(default_factory=dict)
    asked_back: int = 0

    @property
    def reference(self) -> str:
        return self.request["reference"]

    @property
    def number(self) -> str:
        return "-".join(self.reference.split("-")[:2])

    @property
    def live(self) -> int:
        """Units that can still leave."""
        return sum(self.units[name] for name in ("pending", "accepted", "backordered")) - self.units["shipped"]

    def move(self, units: int, *, to: str, source: str = "") -> None:
        """Count units as something else."""
        for name in [source] if source else ["pending", "backordered", "accepted"]:
            taken = min(units, self.units[name] - (self.units["shipped"] if name == "accepted" else 0))
            self.units[name] -= taken
            self.units[to] += taken
            units -= taken

    def copy(self) -> dict[str, Any]:
        """Return the order as the contract writes it, as one version further."""
        self.version += 1
        (line,) = self.request["lines"]
        counted = {f"quantity_{name}": self.units[name] for name in COUNTERS}
        told = line | counted | {"quantity_cancel_requested": self.asked_back, "reason": {"code": self.reason}}
        return {
            "reference": self.reference,
            "supplier_order_id": f"S-{self.reference}",
            "version": self.version,
            "updated_at": moment(),
            "status": self.status,
            "currency": self.request["currency"],
            "lines": [told],
            "eta": self.eta,
            "delay": {"reason_code": self.reason, "detail": ""},
        }

    @property
    def status(self) -> str:
        active = self.units["pending"] + self.units["accepted"] + self.units["backordered"]
        if not active:
            return "cancelled" if self.units["cancelled"] else "rejected"
        if self.units["pending"]:
            return "received"
        return "delivered" if self.units["delivered"] == active else "accepted"


@dataclass
class Manners:
    """How a supplier takes an order: ``first`` is what becomes of its units; ``cancels`` is what it says when asked."""

    first: str = "accepted"
    cancels: str = "yes"


class Warehouses:
    """All suppliers of a history: their books, and their manners by order and goods."""

    def __init__(self) -> None:
        self.books: dict[str, Book] = {}
        self.manners: dict[tuple[str, str], Manners] = {}
        self.client = Client()
        # Whoever writes the diary.
        self.on_placed: Callable[[Book], None]
        self.on_asked: Callable[[Book, str], None]
        self.on_let_go: Callable[[Book, int], None]

    def of(self, number: str, slug: str) -> Book | None:
        """Return the newest book of an order at a supplier."""
        found = [book for book in self.books.values() if (book.number, book.slug) == (number, slug)]
        return found[-1] if found else None

    def tell(self, slug: str, what: str, copy: Mapping[str, Any], *, times: int = 1) -> None:
        """Send a copy as a signed webhook, several times under one id if so told."""
        event_id = f"evt_{next(_serial)}"
        body = json.dumps({"id": event_id, "type": f"{what}.updated", "data": {what: copy}}).encode()
        now = str(int(datetime.now(UTC).timestamp()))
        text = f"{event_id}.{now}.".encode() + body
        signed = base64.b64encode(hmac.new(base64.b64decode(SECRET), text, hashlib.sha256).digest()).decode()
        headers = {"webhook-id": event_id, "webhook-timestamp": now, "webhook-signature": f"v1,{signed}"}
        for _time in range(times):
            url = f"/webhooks/suppliers/{slug}/"
            answer = self.client.post(url, body, content_type="application/json", headers=headers)
            assert answer.status_code == 204, answer.status_code


class PaperAdapter(Adapter):
    """Speaks to the warehouses of this history."""

    doubt = Doubt.IDEMPOTENT
    houses: ClassVar[Warehouses]

    def account(self) -> dict[str, Any]:
        return {}

    def place(self, request: dict[str, Any], *, key: str) -> dict[str, Any]:
        slug = self.supplier.slug
        (line,) = request["lines"]
        book = Book(slug, request, dict.fromkeys(COUNTERS, 0) | {"pending": line["quantity"]})
        self.houses.books[request["reference"]] = book
        manners = self.houses.manners.get((book.number, slug), Manners())
        if manners.first != "pending":
            book.move(line["quantity"], to=manners.first)
        book.reason = "out_of_stock" if manners.first == "rejected" else ""
        self.houses.on_placed(book)
        return book.copy()

    def find(self, reference: str) -> dict[str, Any] | None:
        book = self.houses.books.get(reference)
        if book is None:
            return None
        # Read, not changed: the same version again.
        book.version -= 1
        return book.copy()

    def cancel(self, reference: str, request: dict[str, Any], *, key: str) -> dict[str, Any]:
        book = self.houses.books[reference]
        says = self.houses.manners.get((book.number, book.slug), Manners()).cancels
        units = min(sum(line["quantity"] for line in request["lines"]), book.live)
        is_moving = key.startswith("waybill-let-go-")
        if is_moving:
            self.houses.on_let_go(book, units if says == "yes" else 0)
        if says == "no" or not units:
            raise Refused("not-cancellable")
        if says.startswith("later"):
            book.asked_back = units
            self.houses.on_asked(book, says)
            return {"outcome": "requested", "lines": [], "order": book.copy()}
        book.move(units, to="cancelled")
        book.reason = "cancelled_by_platform"
        lines = [{"line_id": line["line_id"], "quantity_cancelled": units} for line in request["lines"]]
        return {"outcome": "cancelled", "lines": lines, "order": book.copy()}

    def inquire(self, reference: str, request: dict[str, Any], *, key: str) -> None:
        """Take a question, and say nothing."""

    def open_return(self, request: dict[str, Any], *, key: str) -> dict[str, Any]:
        raise Refused("not-supported")

    def find_return(self, return_reference: str) -> dict[str, Any] | None:
        return None

    def walk(self, what: str, *, since: str = "") -> Walk:
        return Walk(iter(()))

    def picture(self, url: str) -> bytes:
        raise Refused("not-supported")
