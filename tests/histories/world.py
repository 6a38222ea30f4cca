"""A shop in which a history happens: its clocks are moved, suppliers speak by webhooks, mails end in a sink."""

from __future__ import annotations

import heapq
import itertools
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from typing import Any
from zlib import crc32

from django.db import connection
from django.db.models import Subquery
from django.db.models.functions import Now
from django.test import Client
from django.utils import timezone

import config.relay
from config.relay import Relay, run_here
from config.timetable import SWEEPS
from orders.actions.watch import watch_deliveries
from orders.models import Order, RelayBeat
from tests.histories.clock import Clock
from tests.histories.days import Window
from tests.histories.diary import Diary, Received
from tests.histories.sink import SinkBackend
from tests.histories.warehouse import Book, PaperAdapter, Warehouses

# What turns: all that leads to mails. The bank, papers and lists of goods take no part.
TURNING = {
    "arrivals",
    "cancellations",
    "delays",
    "forwarding",
    "paid",
    "copies",
    "incoming",
    "notifications",
    "reactions",
    "supplier_cancellations",
    "supplier_chases",
    "supplier_orders",
    "writing",
}
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
LINK = re.compile(r"https?://[^/\s]+(/\S*orders/delay/\S+)")
QUARTER = 15
# Days end at midnight, and late goods are looked at within an hour from then. At other hours nothing changes by
# itself, and whatever anybody says is followed by a sweep within a minute; so these are enough, and time flies.
WAKES = {0, 1, 9, 17}


@dataclass
class Sold:
    """One order of the history: where its goods are now, and what its customer does with bad news.

    ``others``: the goods that another supplier has as well.
    """

    order: Order
    email: str
    answer: str
    way: dict[str, Window] = field(default_factory=dict)
    home: dict[str, str] = field(default_factory=dict)
    others: frozenset[str] = frozenset()

    @property
    def number(self) -> str:
        return self.order.number


class World:
    """Lets planned deeds happen at their time, and the shop turn after each of them and every hour."""

    def __init__(self, monkeypatch: Any, settings: Any, start: datetime) -> None:
        settings.MAIL_TRANSPORT = {"backend": "tests.histories.sink.SinkBackend", "options": {}}
        SinkBackend.received = self.received = []
        monkeypatch.setattr(config.relay, "PERIODIC", [])
        monkeypatch.setattr(config.relay, "SWEEPS", [sweep for sweep in SWEEPS if sweep.name in TURNING])
        self.houses = PaperAdapter.houses = Warehouses()
        self.houses.on_placed, self.houses.on_asked = self._note_placed, self._note_asked
        self.houses.on_let_go = self._note_let_go
        self.diary, self.sold = Diary(), {}
        self.clock, self.now = Clock(start), start
        self._planned: list[tuple[datetime, int, Callable[[], None]]] = []
        self._serial = itertools.count()
        self._relay, self._read, self._client = Relay(run_here), 0, Client()
        self._due: list[datetime] = []
        self._sweeps: list[datetime] = []

    # --- time

    def plan(self, at: datetime, deed: Callable[[], None]) -> None:
        """Let something happen at a time."""
        heapq.heappush(self._planned, (at, next(self._serial), deed))

    def run(self, until: datetime) -> None:
        """Live until then."""
        try:
            while (at := self._next()) <= until:
                self._be(at)
        finally:
            self.clock.stop()

    def _next(self) -> datetime:
        full = self.now.replace(minute=0, second=0, microsecond=0) + HOUR
        while full.hour not in WAKES:
            full += HOUR
        return min([full, *([self._planned[0][0]] if self._planned else []), *self._due, *self._sweeps])

    def _be(self, at: datetime) -> None:
        self.now = max(self.now, at)
        self.clock.move_to(self.now)
        happened = False
        while self._planned and self._planned[0][0] <= self.now:
            heapq.heappop(self._planned)[2]()
            happened = True
        if (self._sweeps and self._sweeps[0] <= self.now) or self.now.minute == 0:
            # What was told on the stroke of it is in the inbox yet: the next sweep sees it.
            self._sweeps = [self.now + MINUTE] if happened else []
            happened = bool(watch_deliveries(now=timezone.now())) or happened
        elif happened:
            # The sweep of once a minute comes within a minute.
            self._sweeps = self._sweeps or [self.now + MINUTE]
        while self._relay.turn():
            happened = True
        if happened or self._due:
            self._due = self._next_due()
        self._read_mails()

    def _next_due(self) -> list[datetime]:
        """Return when the shop has something to do next, to be there then and not a minute later."""
        statement, values = self._question
        with connection.cursor() as cursor:
            cursor.execute(statement, values)
            found = [_moment(at) for at in cursor.fetchone() if at]
        # A hair later, for what has to be over.
        return [min(found) + timedelta(milliseconds=2)] if found else []

    @cached_property
    def _question(self) -> tuple[str, tuple[Any, ...]]:
        """When each kind of work is due next, as one statement that is written once."""
        asked = [sweep.rows().filter(due_at__gt=Now()).order_by("due_at") for sweep in config.relay.SWEEPS]
        names = {f"due_{place}": Subquery(rows.values("due_at")[:1]) for place, rows in enumerate(asked)}
        rows = RelayBeat.objects.filter(pk=1).annotate(**names).values_list(*names)
        return rows.query.sql_with_params()

    # --- what customers do with mails

    def _read_mails(self) -> None:
        for mail in self.received[self._read :]:
            link = LINK.search(mail.text)
            sold = self.sold.get(_number_in(mail)) if link else None
            if sold is not None and sold.answer:
                at = self.now.replace(second=0, microsecond=0) + timedelta(
                    minutes=45 + QUARTER - self.now.minute % QUARTER
                )
                self.plan(at, lambda sold=sold, link=link: self._answer(sold, link[1]))
        self._read = len(self.received)

    def _answer(self, sold: Sold, link: str) -> None:
        answer = self._client.post(link, {"answer": sold.answer})
        assert answer.status_code == 302, answer.status_code
        self.note(sold, "answered", answer=sold.answer)

    # --- what is noted

    def note(self, sold: Sold, what: str, goods: str = "", **told: Any) -> None:
        """Write a fact into the diary."""
        self.diary.note(sold.number, what, self.now, goods=goods, **told)

    def _goods_of(self, book: Book) -> tuple[Sold, str]:
        sold = self.sold[book.number]
        if book.slug not in sold.home.values():
            # Goods that the first supplier has let go.
            sold.home |= dict.fromkeys(sold.others, book.slug)
        return sold, next(slug for slug, home in sold.home.items() if home == book.slug)

    def _note_placed(self, book: Book) -> None:
        sold, slug = self._goods_of(book)
        self.note(sold, "placed", slug)
        if book.units["rejected"]:
            self._note_rejected(sold, slug, book.units["rejected"])

    def _note_rejected(self, sold: Sold, slug: str, units: int) -> None:
        other = slug in sold.others and sold.home[slug] != "quay"
        self.note(sold, "rejected", slug, units=units, other=other)
        if other:
            sold.home[slug] = "quay"

    def _note_let_go(self, book: Book, units: int) -> None:
        """Note that somebody was asked to let goods go to another; ``units``: so many it lets go here and now."""
        sold, slug = self._goods_of(book)
        self.note(sold, "let_go", slug, units=units)

    def _note_asked(self, book: Book, says: str) -> None:
        sold, slug = self._goods_of(book)
        at = self.now.replace(minute=0, second=0, microsecond=0) + 5 * HOUR + timedelta(minutes=QUARTER)
        self.plan(at, lambda: self.decide(sold, slug, stopped=says == "later_yes"))

    def book(self, sold: Sold, slug: str) -> Book | None:
        """Return where goods are on paper now."""
        return self.houses.of(sold.number, sold.home[slug])

    # --- what suppliers say of orders

    def decide(self, sold: Sold, slug: str, *, stopped: bool) -> None:
        """Answer a wish to cancel that was passed on."""
        book = self.book(sold, slug)
        units, book.asked_back = min(book.asked_back, book.live), 0
        if stopped:
            book.move(units, to="cancelled")
            book.reason = "cancelled_by_platform"
        self.houses.tell(book.slug, "order", book.copy())
        self.note(sold, "decided", slug, stopped=stopped, units=units)

    def accept(self, sold: Sold, slug: str) -> None:
        """Confirm what waits for it."""
        book = self.book(sold, slug)
        if book is None or not book.live:
            return
        for name in ("pending", "backordered"):
            book.move(book.units[name], source=name, to="accepted")
        self.houses.tell(book.slug, "order", book.copy())

    def say(self, sold: Sold, slug: str, latest: date, *, reason: str = "capacity", times: int = 1) -> None:
        """Name another last day for goods that have not left."""
        book = self.book(sold, slug)
        if book is None or not book.live:
            return
        book.eta = {"earliest": latest.isoformat(), "latest": latest.isoformat(), "source": "supplier"}
        book.reason = reason
        self.houses.tell(book.slug, "order", book.copy(), times=times)
        if not book.parcels:
            self.note(sold, "word", slug, parcel="", speaker="supplier", earliest=latest, latest=latest)

    def say_older(self, sold: Sold, slug: str, latest: date) -> None:
        """Let a copy come that is older than the one before and names another day: it says nothing."""
        book = self.book(sold, slug)
        if book is not None and book.live:
            day = latest.isoformat()
            old = book.copy() | {
                "eta": {"latest": day},
                "version": book.version - 2,
                "updated_at": "2027-01-01T00:00:00Z",
            }
            book.version -= 1
            self.houses.tell(book.slug, "order", old)

    def say_nonsense(self, sold: Sold, slug: str, latest: date) -> None:
        """Let a copy come that does not add up and names another day: it says nothing either."""
        book = self.book(sold, slug)
        if book is not None and book.live:
            copy = book.copy() | {"eta": {"latest": latest.isoformat()}}
            copy["lines"] = [line | {"quantity_accepted": 77} for line in copy["lines"]]
            book.version -= 1
            self.houses.tell(book.slug, "order", copy)

    def reject(self, sold: Sold, slug: str, units: int = 99) -> None:
        """Take goods away that were not sent."""
        book = self.book(sold, slug)
        if book is None or not book.live:
            return
        units = min(units, book.live)
        book.move(units, to="rejected")
        book.reason = "out_of_stock"
        self.houses.tell(book.slug, "order", book.copy())
        self._note_rejected(sold, slug, units)

    # --- what is told of parcels

    def leave(self, sold: Sold, slug: str, *, units: int = 99, name: str = "1", **told: Any) -> None:
        """Pack so many units and tell of it; those that are to be cancelled stay."""
        book = self.book(sold, slug)
        units = min(units, book.live - book.asked_back) if book else 0
        if units < 1:
            return
        if book.units["pending"] or book.units["backordered"]:
            self.accept(sold, slug)
        identity = f"{book.reference}-p{name}"
        number = f"CE{crc32(identity.encode()) % 10**9:09}IE"
        book.parcels[name] = {"shipment_id": identity, "units": units, "number": number, "version": 0, "events": []}
        self.parcel(sold, slug, name=name, **{"state": "in_transit", "scan": False} | told)

    def parcel(
        self,
        sold: Sold,
        slug: str,
        *,
        state: str,
        name: str = "1",
        scan: bool = True,
        number: str = "",
        latest: date | None = None,
        speaker: str = "carrier",
        times: int = 1,
    ) -> None:
        """Tell the newest of a parcel; ``latest``: with another last day."""
        book = self.book(sold, slug)
        known = book.parcels.get(name) if book else None
        if known is None:
            return
        known["version"] += 1
        known["number"] = number or known["number"]
        if scan:
            known["events"].append(
                {"event_id": str(known["version"]), "status": state, "occurred_at": _stamp(self.now)}
            )
        if latest is not None:
            known["eta"] = {"earliest": latest.isoformat(), "latest": latest.isoformat(), "source": speaker}
        self._count(book, known, state)
        if known["version"] == 1 or state == "delivered":
            self.houses.tell(book.slug, "order", book.copy())
        self.houses.tell(book.slug, "shipment", self._copy_of(book, known, state), times=times)
        facts = {"parcel": name, "state": state, "tracking": known["number"], "units": known["units"]}
        self.note(sold, "parcel", slug, scanned=bool(known["events"]), **facts)
        if "eta" in known and state != "delivered":
            days = {end: date.fromisoformat(known["eta"][end]) for end in ("earliest", "latest")}
            self.note(sold, "word", slug, parcel=name, speaker=known["eta"]["source"], **days)

    def _count(self, book: Book, known: dict[str, Any], state: str) -> None:
        if state not in {"pending", "label_created"} and not known.get("left"):
            known["left"] = _stamp(self.now)
            book.units["shipped"] += known["units"]
        if state == "delivered" and not known.get("came"):
            known["came"] = _stamp(self.now)
            book.units["delivered"] += known["units"]

    def _copy_of(self, book: Book, known: dict[str, Any], state: str) -> dict[str, Any]:
        (line,) = book.request["lines"]
        return {
            "reference": book.reference,
            "shipment_id": known["shipment_id"],
            "version": known["version"],
            "status": state,
            "lines": [{"line_id": line["line_id"], "sku": line["sku"], "quantity": known["units"]}],
            "carrier": {"code": "an_post", "name": "An Post"},
            "tracking_number": known["number"],
            "events": list(known["events"]),
            "eta": known.get("eta", {}),
            "delay": {"reason_code": "carrier_delay" if "eta" in known else "", "detail": ""},
            "shipped_at": known.get("left"),
            "delivered_at": known.get("came"),
        }


def _stamp(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _number_in(mail: Received) -> str:
    found = re.search(r"\b(?!R[TP]-)[A-Z]{2}-\d{7}\b", mail.subject)
    return found.group(0) if found else ""


def _moment(at: Any) -> datetime:
    # SQLite has no type for it, and no time zone.
    found = datetime.fromisoformat(str(at))
    return found if found.tzinfo else found.replace(tzinfo=UTC)
