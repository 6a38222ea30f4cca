"""EasyPost's Trackers (pages "Trackers", "Webhook HMAC Validation"; client library 10.7.0)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from django.http import HttpHeaders
from django.utils import timezone

from orders.actions.carrier_word import CarrierWord
from orders.actions.shipping import Scan
from orders.states import ParcelStatus
from suppliers.actions.reading import identity, objects, section, words
from suppliers.adapters.base import Refused, TryLater
from suppliers.carriers.base import Message, Parcel, Strange, Told, Tracker, day_in, moment_at, read_copies
from suppliers.outbound import Answer

P = ParcelStatus
# "unknown" and "error" are no words on the parcel: nobody has found it yet, or could not look. Nor is "cancelled":
# whether a label that was void is the parcel's last is for its supplier to say.
STATUSES = {
    "pre_transit": P.LABEL_CREATED,
    "in_transit": P.IN_TRANSIT,
    "out_for_delivery": P.OUT_FOR_DELIVERY,
    "delivered": P.DELIVERED,
    "available_for_pickup": P.AVAILABLE_FOR_PICKUP,
    "return_to_sender": P.RETURNING,
    "failure": P.EXCEPTION,
}
# Seconds a signature that names its time may be old or ahead.
TOLERANCE = 300
MARK = "hmac-sha256-hex="
ABOUT_THE_PARCEL = {400, 409, 422}


class EasyPost(Tracker):
    """North America's carriers most of all; the same number within three months is the same tracker."""

    slug = "easypost"

    def register(self, parcel: Parcel) -> Told | Strange:
        tracker = {"tracking_code": parcel.number}
        if parcel.carrier and parcel.carrier.easypost:
            tracker["carrier"] = parcel.carrier.easypost
        answer, content = self._send("POST", "/trackers", {"tracker": tracker})
        if answer.is_ok:
            return read_copies([content], copy_of)[0]
        code = str(section(content, "error").get("code") or answer.status)[:40]
        if answer.status in ABOUT_THE_PARCEL:
            raise Refused(code)
        # A wrong path or an unpaid bill says nothing about this parcel, nor about any other.
        raise TryLater(f"not taken: {answer.status}, {code}")

    def read_many(self, numbers: Sequence[str]) -> list[Told | Strange]:
        answer, content = self._send("POST", "/trackers/batch", {"tracking_codes": list(numbers)})
        listed = content.get("trackers")
        if not answer.is_ok or not isinstance(listed, list):
            raise TryLater(f"no list of trackers: {answer.status}")
        return read_copies(listed, copy_of)

    def is_genuine(self, headers: HttpHeaders, method: str, path: str, body: bytes) -> bool:
        """See ``Tracker``. The older signature covers the body; the newer one its time and the path as well."""
        if not self.webhook_secret:
            return False
        if self._is_signed(headers.get("X-Hmac-Signature", ""), body):
            return True
        told_at, told_path = headers.get("X-Timestamp", ""), headers.get("X-Path", "")
        signed = f"{told_at}{method}{told_path}".encode() + body
        return (
            told_path == path and _is_fresh(told_at) and self._is_signed(headers.get("X-Hmac-Signature-V2", ""), signed)
        )

    def _is_signed(self, given: str, signed: bytes) -> bool:
        key = unicodedata.normalize("NFKD", self.webhook_secret).encode()
        wanted = MARK + hmac.new(key, signed, hashlib.sha256).hexdigest()
        return hmac.compare_digest(wanted.encode(), given.encode())

    def message(self, body: Mapping[str, Any]) -> Message:
        result, kind = section(body, "result"), words(body, "description", 80)
        is_tracker = kind.startswith("tracker.")
        subject = f"tracker:{words(result, 'id', 64)}" if is_tracker else ""
        return Message(identity(body, "id", 120), kind, subject, read_copies([result], copy_of) if is_tracker else ())

    def _send(self, method: str, path: str, json_body: Any) -> tuple[Answer, Mapping[str, Any]]:
        credentials = base64.b64encode(f"{self.key}:".encode()).decode()
        return self._call(method, path, {"Authorization": f"Basic {credentials}"}, json_body=json_body)


def _is_fresh(told_at: str) -> bool:
    try:
        at: datetime = parsedate_to_datetime(told_at)
    except (ValueError, OverflowError):
        return False
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return abs((timezone.now() - at).total_seconds()) <= TOLERANCE


def copy_of(copy: Mapping[str, Any]) -> Told:
    """Read a tracker. Raises what is in MAKES_NO_SENSE."""
    status, detail = words(copy, "status", 40), words(copy, "status_detail", 60)
    scans = [scan for scan in (_scan(told) for told in objects(copy, "tracking_details")) if scan]
    day = day_in(copy.get("est_delivery_date"))
    return Told(
        service_id=identity(copy, "id"),
        number=identity(copy, "tracking_code"),
        updated_at=moment_at(copy.get("updated_at")),
        raw=" / ".join(filter(None, (status, detail))),
        word=CarrierWord(STATUSES.get(status), scans, ""),
        earliest_on=day,
        latest_on=day,
    )


def _scan(told: Mapping[str, Any]) -> Scan | None:
    status, location = STATUSES.get(words(told, "status", 40)), section(told, "tracking_location")
    country = words(location, "country", 2)
    at = moment_at(told.get("datetime"), country)
    if status is None or at is None:
        return None
    text = words(told, "message", 500)
    # They give scans no name of their own.
    name = hashlib.sha256(f"{at.isoformat()} {status} {text}".encode()).hexdigest()[:32]
    place = [part for part in (words(location, "city", 80), country) if part]
    return Scan(name, at, status, text, ", ".join(place))
