"""Carriers and the services that tell their scans: names, numbers and links; one small class per service."""

from __future__ import annotations

from django.conf import settings

from suppliers.carriers.aftership import AfterShip
from suppliers.carriers.base import Tracker
from suppliers.carriers.easypost import EasyPost

# In the order in which a parcel is offered to them: what the first cannot follow goes to the next.
TRACKERS: dict[str, type[Tracker]] = {"aftership": AfterShip, "easypost": EasyPost}


def services_in_use() -> list[str]:
    """Return the services that have a key, in the order in which parcels are offered to them."""
    return [slug for slug in TRACKERS if slug in settings.TRACKING_SERVICES]


def tracker_of(slug: str) -> Tracker | None:
    """Return what speaks to a service; None if it has no key, or there is no such service."""
    return TRACKERS[slug](**settings.TRACKING_SERVICES[slug]) if slug in services_in_use() else None
