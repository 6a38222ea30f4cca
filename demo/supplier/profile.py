"""Describe one simulated supplier: who it is, what it charges, how fast and how tidy it is."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

EVERYWHERE = "*"
CAPABILITIES = ("shipping_quotes", "cancel", "returns", "webhooks", "stock_quantities", "delivery_events", "inquiries")
# "questions" in words, which a person answers, are offered only where a profile names them.


@dataclass(frozen=True)
class Service:
    """One way to send a parcel, with its price in the profile's currency and its working days."""

    countries: list[str]
    code: str
    name: str
    carrier: dict[str, str]
    cost: str
    min_days: int
    max_days: int
    tracked: bool = True

    def serves(self, country: str) -> bool:
        """Tell whether the service reaches a country; ``*`` in the profile means every one."""
        return country in self.countries or EVERYWHERE in self.countries


@dataclass(frozen=True)
class Timeline:
    """Say how many seconds each part of the dialogue takes, before ``--speed`` divides them.

    ``decide`` 0 means that the answer to POST /orders is already decided. ``between_parcels`` is
    the gap between the parcels of one order; ``day`` stands for one day of waiting.
    """

    decide: float = 0
    pack: float = 6
    label: float = 6
    ship: float = 8
    scan: float = 8
    out_for_delivery: float = 8
    delivered: float = 10
    between_parcels: float = 5
    restock: float = 25
    cancel_decide: float = 5
    return_decide: float = 5
    return_move: float = 8
    day: float = 5


@dataclass(frozen=True)
class Manners:
    """Say how the supplier behaves where the contract leaves it a choice.

    ``split`` is ``one`` or ``two`` parcels. ``slip_one_in`` 4 lets about every fourth order slip by
    ``slip_days``. ``cancel_later`` answers cancel with 202. Without ``voids_labels`` units that have
    a label can no longer be stopped. ``hooks_twice_one_in`` and ``hooks_late_one_in`` repeat or hold
    back about one webhook in so many; 0 means never.
    """

    split: str = "one"
    slip_one_in: int = 0
    slip_days: int = 2
    cancel_later: bool = False
    voids_labels: bool = True
    hooks_twice_one_in: int = 0
    hooks_late_one_in: int = 0


@dataclass(frozen=True)
class Profile:
    """Hold everything that makes one supplier differ from another."""

    name: str
    slug: str
    code: str
    country: str
    city: str
    time_zone: str
    catalogue: Path
    return_address: dict[str, str]
    services: list[Service]
    hubs: list[dict[str, str]]
    currency: str = "EUR"
    cutoff: str = "14:00"
    tax_percent: str = "0"
    capabilities: tuple[str, ...] = CAPABILITIES
    max_lines: int = 200
    max_page: int = 500
    requests_per_minute: int = 6000
    sandbox: bool = False
    timeline: Timeline = field(default_factory=Timeline)
    manners: Manners = field(default_factory=Manners)

    def services_to(self, country: str) -> list[Service]:
        """List the services to a country, cheapest first; the first zone that names it counts."""
        zone = next((service.countries for service in self.services if service.serves(country)), None)
        found = [service for service in self.services if service.countries == zone]
        return sorted(found, key=lambda service: float(service.cost))

    def service(self, country: str, code: str) -> Service | None:
        """Find a service by its code; None if it does not reach the country."""
        return next((service for service in self.services_to(country) if service.code == code), None)


def load_profile(path: Path, *, sandbox: bool = False) -> Profile:
    """Read a profile file; ``sandbox`` lists the contract's TEST SKUs whatever the file says.

    Paths inside the file are relative to it.
    """
    raw: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    raw["catalogue"] = (path.parent / raw["catalogue"]).resolve()
    raw["services"] = [Service(**service) for service in raw["services"]]
    raw["timeline"] = Timeline(**raw.get("timeline", {}))
    raw["manners"] = Manners(**raw.get("manners", {}))
    raw["capabilities"] = tuple(raw.get("capabilities", CAPABILITIES))
    raw["sandbox"] = sandbox or raw.get("sandbox", False)
    return Profile(**raw)
