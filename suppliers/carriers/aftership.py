"""AfterShip's tracking API, version 2026-07 (pages "Trackings", "Delivery Statuses", "Webhook Signature"; SDK 10.0.1)."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from django.http import HttpHeaders
from django_countries import countries

from orders.actions.carrier_word import CarrierWord
from orders.actions.shipping import Scan
from orders.states import ParcelStatus
from suppliers.actions.reading import Garbage, identity, objects, section, words
from suppliers.adapters.base import Refused, TryLater
from suppliers.carriers.base import Message, Parcel, Strange, Told, Tracker, day_in, kept, moment_at, read_copies
from suppliers.carriers.calling import rest_in
from suppliers.outbound import Answer

P = ParcelStatus
PATH = "/tracking/2026-07/trackings"
ALREADY_THERE = 4003
ABOUT_THE_PARCEL = range(4001, 4018)
# "Pending" (not found yet) is no word on the parcel, and neither is what they may add some day.
TAGS = {
    "InfoReceived": P.LABEL_CREATED,
    "InTransit": P.IN_TRANSIT,
    "OutForDelivery": P.OUT_FOR_DELIVERY,
    "AttemptFail": P.ATTEMPT_FAILED,
    "AvailableForPickup": P.AVAILABLE_FOR_PICKUP,
    "Delivered": P.DELIVERED,
    "Exception": P.EXCEPTION,
    # No news for thirty days.
    "Expired": P.UNKNOWN,
}
SUBTAGS = {"Exception_010": P.RETURNING, "Exception_011": P.RETURNED}
REASONS = {"Exception_013": "lost"}
# Arrival dates that we ourselves have told them say nothing new.
FORETOLD_BY = {"Carrier EDD", "AfterShip EDD"}


class AfterShip(Tracker):
    """Many carriers behind one key; most of all those of Europe and Asia."""

    slug = "aftership"

    def register(self, parcel: Parcel) -> Told | Strange:
        request: dict[str, Any] = {"tracking_number": parcel.number, "custom_fields": {"parcel": parcel.key}}
        if parcel.carrier and parcel.carrier.aftership:
            request["slug"] = parcel.carrier.aftership
        if parcel.country:
            request["destination_country_region"] = countries.alpha3(parcel.country)
        if parcel.carrier and parcel.carrier.needs_postcode and parcel.postcode:
            request["destination_postal_code"] = parcel.postcode
        answer, content = self._send("POST", json_body=request)
        if answer.is_ok:
            return read_copies([content.get("data")], copy_of)[0]
        code = section(content, "meta").get("code")
        if code == ALREADY_THERE:
            known = self.read_many([parcel.number])
            return known[0] if known else Strange("", "said to be there, and is not listed", kept(content))
        if code in ABOUT_THE_PARCEL:
            raise Refused(str(code))
        # A wrong path or a spent quota says nothing about this parcel, nor about any other.
        raise TryLater(f"not taken: {answer.status}, {str(code)[:40]}")

    def read_many(self, numbers: Sequence[str]) -> list[Told | Strange]:
        answer, content = self._send("GET", params={"tracking_numbers": ",".join(numbers), "limit": 200})
        found = content.get("data")
        listed = found.get("trackings") if isinstance(found, Mapping) else None
        if not answer.is_ok or not isinstance(listed, list):
            raise TryLater(f"no list of trackings: {answer.status}")
        return read_copies(listed, copy_of)

    def is_genuine(self, headers: HttpHeaders, method: str, path: str, body: bytes) -> bool:
        given = headers.get("aftership-hmac-sha256", "")
        wanted = base64.b64encode(hmac.new(self.webhook_secret.encode(), body, hashlib.sha256).digest())
        return bool(self.webhook_secret) and hmac.compare_digest(wanted, given.encode())

    def message(self, body: Mapping[str, Any]) -> Message:
        copy = section(body, "msg")
        subject = f"tracking:{words(copy, 'id', 64)}"
        return Message(identity(body, "event_id", 120), words(body, "event", 80), subject, read_copies([copy], copy_of))

    def _send(self, method: str, **more: Any) -> tuple[Answer, Mapping[str, Any]]:
        answer, content = self._call(method, PATH, {"as-api-key": self.key}, **more)
        self.rests_for = rest_in(answer)
        return answer, content


def copy_of(copy: Mapping[str, Any]) -> Told:
    """Read a tracking. Raises what is in MAKES_NO_SENSE."""
    tag, subtag = words(copy, "tag", 40), words(copy, "subtag", 60)
    scans = [scan for scan in (_scan(told) for told in objects(copy, "checkpoints")) if scan]
    first, last, why = _foretold(copy)
    return Told(
        service_id=identity(copy, "id"),
        number=identity(copy, "tracking_number"),
        updated_at=moment_at(copy.get("updated_at")),
        raw=" / ".join(filter(None, (tag, subtag, words(copy, "subtag_message", 120)))),
        word=CarrierWord(SUBTAGS.get(subtag, TAGS.get(tag)), scans, REASONS.get(subtag, "")),
        earliest_on=first,
        latest_on=last,
        detail=why,
    )


def _scan(told: Mapping[str, Any]) -> Scan | None:
    tag, subtag = words(told, "tag", 40), words(told, "subtag", 60)
    country = words(told, "country_region", 3)
    status = SUBTAGS.get(subtag, TAGS.get(tag))
    at = moment_at(told.get("checkpoint_time"), countries.alpha2(country) if country else "")
    # What a shop has added by hand is no scan of a carrier.
    if status is None or at is None or told.get("source") == "user":
        return None
    place = [name for name in (words(told, "city", 80), words(told, "country_region_name", 80) or country) if name]
    text = words(told, "message", 500)
    return Scan(words(told, "hash", 60) or _name_of(at, status, text), at, status, text, ", ".join(place))


def _name_of(at: datetime, status: ParcelStatus, text: str) -> str:
    return hashlib.sha256(f"{at.isoformat()} {status} {text}".encode()).hexdigest()[:32]


def _foretold(copy: Mapping[str, Any]) -> tuple[date | None, date | None, str]:
    """Return between which days it is to arrive, and why that has changed."""
    told = section(copy, "latest_estimated_delivery")
    if told and told.get("source") not in FORETOLD_BY:
        return None, None, ""
    last = day_in(told.get("datetime_max")) or day_in(told.get("datetime"))
    first = day_in(told.get("datetime_min")) or last
    if last is not None and first is not None and first > last:
        raise Garbage("it is to arrive before it is to arrive")
    return first, last, words(told, "revise_reason", 200)
