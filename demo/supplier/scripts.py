"""Write the story of a parcel: which scans follow each other, and after how long."""

from __future__ import annotations

from typing import Any

from demo.supplier.profile import Profile

Scan = dict[str, Any]
DELAY_DAYS = 4


def write_script(profile: Profile, ship_to: dict[str, Any], behaviours: list[str]) -> list[Scan]:
    """List the scans of one parcel from the hand-over on; ``after`` is in seconds since the scan before."""
    timeline = profile.timeline
    origin = {"city": profile.city, "country": profile.country}
    home = {"city": ship_to["city"], "country": ship_to["country"]}
    story = [scan(timeline.ship, "in_transit", "Handed over to the carrier", origin)]
    for hub in profile.hubs:
        # A parcel that stays in the country sees no foreign hub.
        if hub["country"] == profile.country or ship_to["country"] != profile.country:
            place = {"city": hub["city"], "country": hub["country"]}
            story.append(scan(timeline.scan, "in_transit", hub["description"], place))
    special = next((SPECIAL[sku] for sku in behaviours if sku in SPECIAL), None)
    if special:
        return story + special(profile, home, origin)
    return story + arrival(profile, home)


def scan(
    after: float,
    status: str,
    description: str,
    place: dict[str, str],
    *,
    reason: str | None = None,
    delay_days: int = 0,
) -> Scan:
    """Write one scan."""
    return {
        "after": after,
        "status": status,
        "description": description,
        "location": place,
        "reason_code": reason,
        "delay_days": delay_days,
    }


def arrival(profile: Profile, home: dict[str, str]) -> list[Scan]:
    """Bring the parcel to the door."""
    timeline = profile.timeline
    return [
        scan(timeline.out_for_delivery, "out_for_delivery", "With the driver", home),
        scan(timeline.delivered, "delivered", "Delivered", home),
    ]


def delayed(profile: Profile, home: dict[str, str], origin: dict[str, str]) -> list[Scan]:
    """TEST-DELAY: the estimate moves by four days, and the parcel arrives in the end."""
    pause = profile.timeline.scan
    late = scan(pause, "in_transit", "Delayed by weather", origin, reason="weather", delay_days=DELAY_DAYS)
    return [late, *arrival(profile, home)]


def attempted(profile: Profile, home: dict[str, str], _origin: dict[str, str]) -> list[Scan]:
    """TEST-ATTEMPT: nobody is at home, so the parcel waits in a shop."""
    timeline = profile.timeline
    out, delivered = arrival(profile, home)
    return [
        out,
        scan(timeline.delivered, "attempt_failed", "Nobody was at home", home, reason="recipient_unavailable"),
        scan(timeline.scan, "available_for_pickup", "Waiting at the parcel shop", home),
        delivered,
    ]


def lost(profile: Profile, _home: dict[str, str], origin: dict[str, str]) -> list[Scan]:
    """TEST-LOST: the carrier gives up, and nothing follows."""
    return [scan(profile.timeline.scan, "exception", "The parcel cannot be found", origin, reason="lost")]


def sent_back(profile: Profile, home: dict[str, str], origin: dict[str, str]) -> list[Scan]:
    """TEST-RTS: the address is wrong, and the parcel comes back."""
    pause = profile.timeline.scan
    return [
        scan(pause, "exception", "The address could not be found", home, reason="address_problem"),
        scan(pause, "returning", "On the way back to the sender", home),
        scan(pause, "returned", "Back at the sender", origin),
    ]


SPECIAL = {"TEST-DELAY": delayed, "TEST-ATTEMPT": attempted, "TEST-LOST": lost, "TEST-RTS": sent_back}
