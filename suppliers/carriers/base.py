"""The port to a service that tells carriers' scans: register a parcel, read many, prove a webhook genuine."""

from __future__ import annotations

import contextlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cache
from typing import Any, ClassVar
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from babel.core import get_global
from django.http import HttpHeaders
from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime

from orders.actions.carrier_word import CarrierWord
from suppliers.actions.reading import MAKES_NO_SENSE, YEARS, Garbage, plain
from suppliers.carriers.calling import call_service
from suppliers.carriers.directory import Carrier
from suppliers.outbound import Answer, NotStrictJson

# Copies that make no sense are kept for staff; a larger one says no more.
MOST_KEPT = 20_000


@dataclass(frozen=True, slots=True)
class Parcel:
    """What a service is told of a parcel: never who gets it. ``country`` and ``postcode`` are where it goes to."""

    key: str
    number: str
    carrier: Carrier | None
    country: str
    postcode: str


@dataclass(frozen=True, slots=True)
class Told:
    """One copy of a parcel as a service has it, in our words. ``raw`` are the service's own, for staff.

    ``updated_at`` orders the copies of one parcel; None: nobody knows, so it moves nothing. ``number`` and
    ``service_id`` name the parcel.
    """

    service_id: str
    number: str
    updated_at: datetime | None
    raw: str
    word: CarrierWord
    earliest_on: date | None = None
    latest_on: date | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Strange:
    """A copy that makes no sense: whose it is, if that can be said, what is wrong, and the copy itself."""

    service_id: str
    why: str
    copy: Any


@dataclass(frozen=True, slots=True)
class Message:
    """A webhook, proven genuine: its sender's id, what it is about, and the copies that it brings."""

    event_id: str
    kind: str
    subject: str
    copies: Sequence[Told | Strange] = field(default_factory=tuple)


class Tracker(ABC):
    """One service. The methods that talk to the network raise KeyRefused, TryLater and, about one parcel, Refused.

    Whatever it does may be done twice: registering a parcel that is known returns the one that is there.
    """

    slug: ClassVar[str]
    # Parcels read with one call.
    batch: ClassVar[int] = 50

    def __init__(self, *, key: str, webhook_secret: str, base: str) -> None:
        self.key, self.webhook_secret, self.base = key, webhook_secret, base.rstrip("/")
        # Seconds for which the service has asked to be left alone, as its last good answer said.
        self.rests_for = 0.0

    @abstractmethod
    def register(self, parcel: Parcel) -> Told | Strange:
        """Let a parcel be followed; return what is known of it. Raises Refused if it cannot be."""

    @abstractmethod
    def read_many(self, numbers: Sequence[str]) -> list[Told | Strange]:
        """Return what is known of parcels, at most ``batch`` of them; those that the service has not are missing."""

    @abstractmethod
    def is_genuine(self, headers: HttpHeaders, method: str, path: str, body: bytes) -> bool:
        """True if a webhook was signed with our secret. Without a secret nothing is."""

    @abstractmethod
    def message(self, body: Mapping[str, Any]) -> Message:
        """Read the body of a webhook. Raises what is in MAKES_NO_SENSE for one that names no event."""

    def _call(self, method: str, path: str, headers: dict[str, str], **more: Any) -> tuple[Answer, Mapping[str, Any]]:
        """Make a call; return the answer and the object in it (empty if there is none)."""
        host = urlsplit(self.base).hostname or ""
        answer = call_service(self.slug, method, self.base + path, host=host, headers=headers, **more)
        content: Any = None
        with contextlib.suppress(NotStrictJson):
            content = answer.json() if answer.body else None
        return answer, content if isinstance(content, Mapping) else {}


def read_copies(copies: Iterable[Any], read: Callable[[Mapping[str, Any]], Told]) -> list[Told | Strange]:
    """Read copies one by one: one that makes no sense hides none of the others."""
    found: list[Told | Strange] = []
    for copy in copies:
        try:
            if not isinstance(copy, Mapping):
                raise Garbage("no object")
            found.append(read(copy))
        except MAKES_NO_SENSE as error:
            why = str(error) if isinstance(error, Garbage) else type(error).__name__
            found.append(Strange(_name_in(copy), why[:200], kept(copy)))
    return found


def _name_in(copy: Any) -> str:
    name = copy.get("id") if isinstance(copy, Mapping) else None
    return name[:64] if isinstance(name, str) else ""


def kept(copy: Any) -> Any:
    """Return a copy as it is kept for staff: as JSON takes it, and not endless."""
    told = plain(copy)
    return told if len(str(told)) <= MOST_KEPT else {"too long": str(told)[:1000]}


def moment_at(told: object, country: str = "") -> datetime | None:
    """Return a moment; one without an offset is by the clock of its country, or of the shop where that has several hours.

    None if there is none. Raises Garbage.
    """
    if told is None or told == "":
        return None
    found = None
    with contextlib.suppress(ValueError):
        found = parse_datetime(told) if isinstance(told, str) else None
    if found is None or found.year not in YEARS:
        raise Garbage(f"{str(told)[:40]} is no time")
    return found if found.tzinfo is not None else _by_the_clock_of(country, found)


@cache
def _zones_of(country: str) -> list[ZoneInfo]:
    return [ZoneInfo(name) for name in get_global("territory_zones").get(country.upper(), [])]


def _by_the_clock_of(country: str, local: datetime) -> datetime:
    found = [local.replace(tzinfo=zone) for zone in _zones_of(country)]
    is_certain = len({moment.utcoffset() for moment in found}) == 1
    return found[0] if is_certain else local.replace(tzinfo=timezone.get_default_timezone())


def day_in(told: object) -> date | None:
    """Return the day that a date, a local time or a moment names, in the customer's calendar. Raises Garbage."""
    if told is None or told == "":
        return None
    if not isinstance(told, str):
        raise Garbage(f"{str(told)[:40]} is no day")
    found = None
    with contextlib.suppress(ValueError):
        found = parse_datetime(told)
    if found is not None and found.tzinfo is not None:
        found = timezone.localtime(found)
    with contextlib.suppress(ValueError):
        day = found.date() if found is not None else parse_date(told[:10])
        if day is not None and day.year in YEARS:
            return day
    raise Garbage(f"{told[:40]} is no day")
