"""Write a parcel as AfterShip shows it: tag, subtag, checkpoints, arrival date."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from demo.carrier.books import Facts, Service

# What carriers report, in the words of the supplier contract, and as this service says it.
TAGS = {
    "label_created": ("InfoReceived", "InfoReceived_001", "The carrier has the label's data"),
    "in_transit": ("InTransit", "InTransit_001", "On its way"),
    "out_for_delivery": ("OutForDelivery", "OutForDelivery_001", "With the driver"),
    "attempt_failed": ("AttemptFail", "AttemptFail_001", "Delivery was tried"),
    "available_for_pickup": ("AvailableForPickup", "AvailableForPickup_001", "Waits to be picked up"),
    "delivered": ("Delivered", "Delivered_001", "Delivered"),
    "exception": ("Exception", "Exception_001", "Something is in the way"),
    "returning": ("Exception", "Exception_010", "Goes back to its sender"),
    "returned": ("Exception", "Exception_011", "Is back with its sender"),
    "unknown": ("Expired", "Expired_001", "No news for thirty days"),
}
LOST = ("Exception", "Exception_013", "Lost")
PENDING = ("Pending", "Pending_001", "The carrier does not know it yet")
COUNTRIES = {
    "AT": "AUT", "BE": "BEL", "CH": "CHE", "CN": "CHN", "CZ": "CZE", "DE": "DEU", "DK": "DNK", "ES": "ESP", "FR": "FRA",
    "GB": "GBR", "IE": "IRL", "IT": "ITA", "NL": "NLD", "PL": "POL", "PT": "PRT", "SE": "SWE", "US": "USA",
}  # fmt: skip


def tag_of(scan: Facts) -> tuple[str, str, str]:
    """Return tag, subtag and message of one scan."""
    is_lost = scan["status"] == "exception" and scan.get("reason_code") == "lost"
    return LOST if is_lost else TAGS.get(scan["status"], PENDING)


def checkpoint(number: str, slug: str, scan: Facts) -> Facts:
    """Write one scan. Its hash stays the same for ever."""
    tag, subtag, message = tag_of(scan)
    place = scan.get("location") or {}
    country = str(place.get("country") or "")
    seed = json.dumps([number, scan["occurred_at"], scan["status"], scan.get("description")])
    return {
        "created_at": scan["occurred_at"],
        "slug": slug,
        "checkpoint_time": scan["occurred_at"],
        "city": place.get("city"),
        "state": None,
        "postal_code": None,
        "country_region": COUNTRIES.get(country),
        "country_region_name": country or None,
        "message": scan.get("description") or message,
        "tag": tag,
        "subtag": subtag,
        "subtag_message": message,
        "raw_tag": scan["status"].upper(),
        "source": "carrier",
        "hash": hashlib.sha256(seed.encode()).hexdigest()[:40],
    }


def tracking(service: Service, row: Facts) -> Facts:
    """Write a registration with all that the carrier knows of its parcel."""
    facts, changed_at = service.books.parcel(row["number"])
    scans = [scan for scan in facts.get("events", []) if scan["status"] in TAGS]
    tag, subtag, message = tag_of(scans[-1]) if scans else PENDING
    eta, delay = facts.get("eta") or {}, facts.get("delay") or {}
    foretold: dict[str, Any] | None = None
    if scans and eta.get("latest"):
        foretold = {
            "type": "range",
            "source": "Carrier EDD",
            "datetime": None,
            "datetime_min": eta.get("earliest") or eta["latest"],
            "datetime_max": eta["latest"],
            "revise_reason": delay.get("detail"),
        }
    return {
        "id": row["id"],
        "created_at": row["created_at"],
        "updated_at": max(changed_at, row["created_at"]),
        "tracking_number": row["number"],
        "slug": row["slug"],
        "active": tag not in {"Delivered", "Expired"},
        "custom_fields": json.loads(row["custom"]) or None,
        "tag": tag,
        "subtag": subtag,
        "subtag_message": message,
        "checkpoints": [checkpoint(row["number"], row["slug"], scan) for scan in scans],
        "latest_estimated_delivery": foretold,
        "return_to_sender": subtag in {"Exception_010", "Exception_011"},
    }


def strange(copy: Facts) -> Facts:
    """Return a copy whose shape nobody expects, under its own id."""
    return copy | {"tag": ["InTransit"], "checkpoints": "none", "updated_at": "yesterday, about noon"}
