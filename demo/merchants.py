"""Connect the demo's suppliers and make its log-ins, through the same actions a merchant uses."""

from __future__ import annotations

import json
from datetime import time
from pathlib import Path
from typing import Any

from allauth.account.models import EmailAddress
from django.contrib.auth.models import Group

from shop.models import User
from shop.money import Money
from suppliers.actions.setup import Connection, Rate, connect_supplier
from suppliers.models import Supplier

PROFILES = Path(__file__).parent / "supplier" / "profiles"
SLUGS = ("harbour", "meridian", "kestrel")
# Everywhere that no service names by its country.
ELSEWHERE = "*"
# Goods of so much from one supplier travel free within its home market, in minor units.
FREE_FROM_MINOR = 5_000
IMPORT_TEXT = "Sent from the United Kingdom. VAT and duty are included: nothing is due at the door."
PASSWORD = "demo-demo-demo"  # noqa: S105  (the demo's own, printed at its start)
PEOPLE = [
    ("staff@demo.test", "Sam Staff", "Store staff", True),
    ("agent@demo.test", "Ada Agent", "Support agents", False),
    ("pharmacist@demo.test", "Phil Pharmacist", "Pharmacists", False),
    ("customer@demo.test", "Cora Customer", "", False),
]


def connect_demo_supplier(slug: str, *, base_url: str, api_key: str, webhook_secret: str) -> Supplier:
    """Connect one simulated supplier, with the delivery it offers. Safe to repeat."""
    profile = json.loads((PROFILES / f"{slug}.json").read_text())
    home = profile["return_address"]
    address = [home.get(part, "") for part in ("name", "line1", "line2", "city", "postal_code")]
    return connect_supplier(
        Connection(
            slug=slug,
            name=profile["name"],
            base_url=base_url,
            api_key=api_key,
            webhook_secret=webhook_secret,
            country=profile["country"],
            sent_from=profile["city"],
            time_zone=profile["time_zone"],
            cutoff=time.fromisoformat(profile["cutoff"]),
            return_address="\n".join(line for line in [*address, home["country"]] if line),
            import_text=IMPORT_TEXT if profile["country"] == "GB" else "",
            currency=profile["currency"],
            rates=_rates(profile),
        )
    )


def _rates(profile: dict[str, Any]) -> list[Rate]:
    rates = []
    for place, service in enumerate(one for one in profile["services"] if one["code"] == "standard"):
        price = Money.parse(service["cost"], profile["currency"]).minor
        for country in service["countries"]:
            known = "" if country == ELSEWHERE else country
            free = FREE_FROM_MINOR if place == 0 else None
            rates.append(Rate(known, price, free, service["min_days"], service["max_days"]))
    return rates


def make_people() -> None:
    """Make the demo's log-ins, one per role and a customer. Safe to repeat."""
    for email, name, group, is_staff in PEOPLE:
        user = User.objects.filter(email=email).first()
        if user is None:
            user = User.objects.create_user(email, PASSWORD, name=name, is_staff=is_staff)
        if group:
            user.groups.add(Group.objects.get(name=group))
        EmailAddress.objects.get_or_create(user=user, email=email, defaults={"verified": True, "primary": True})
