"""Connect the demo's suppliers and make its log-ins, through the same actions a merchant uses."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import time
from pathlib import Path
from typing import Any

from allauth.account.models import EmailAddress
from django.conf import settings
from django.contrib.auth.models import Group
from django_countries import countries

from orders.models import DiscountCode
from shop.actions.delivery import ServiceTerms, ZoneTerms
from shop.models import Category, Synonym, User
from shop.money import Money
from shop.words import country_name
from suppliers.actions.setup import Connection, connect_supplier
from suppliers.models import Supplier

PROFILES = Path(__file__).parent / "supplier" / "profiles"
# Everywhere that no service names by its country.
ELSEWHERE = "*"
# A zone of no more countries than this is called by their names.
FEW = 4
# Goods of so much from one supplier travel free within its home market, in minor units.
FREE_FROM_MINOR = 5_000
IMPORT_TEXT = "Sent from the United Kingdom. VAT and duty are included: nothing is due at the door."
SYNONYMS = (
    "rucksack, backpack, knapsack",
    "torch, flashlight",
    "throw, blanket, plaid",
    "mug, cup",
    "plaster, band aid, bandage",
    "waste paper bin, bin, trash can, wastebasket",
    "notebook, journal",
    "cushion, pillow",
    "lamp, light",
    "tea towel, dishcloth, dish towel",
    "doormat, mat",
    "umbrella, brolly",
    "kettle, teakettle",
    "thermos, flask",
)
CODES: dict[str, dict[str, Any]] = {
    "WELCOME10": {
        "kind": "percent",
        "percent": 10,
        "minimum_minor": 2_000,
        "limit_per_customer": 1,
        "announcement": "WELCOME10: 10 % off from €20, once per customer",
    },
    "KITCHEN5": {
        "kind": "amount",
        "amount_minor": 500,
        "minimum_minor": 3_000,
        "announcement": "KITCHEN5: €5 off kitchen goods from €30",
    },
    "FREEPOST": {"kind": "free_delivery", "limit_total": 100, "announcement": "FREEPOST: free delivery"},
}
OF_DEPARTMENT = {"KITCHEN5": "kitchen"}
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
    supplier = connect_supplier(
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
            return_address="\n".join(line for line in [*address, country_name(home["country"])] if line),
            import_text=IMPORT_TEXT if profile["country"] == "GB" else "",
            currency=profile["currency"],
            zones=_zones(profile),
        )
    )
    # Where it is asked in words: the mails are seen under /dev/mail/, each with the page to answer on.
    Supplier.objects.filter(pk=supplier.pk, contact_email="").update(contact_email=f"service@{slug}.test")
    return supplier


def _zones(profile: dict[str, Any]) -> list[ZoneTerms]:
    """Return a profile's services by the countries they name, in the profile's order."""
    groups: dict[tuple[str, ...], list[dict[str, Any]]] = {}
    for service in profile["services"]:
        groups.setdefault(tuple(service["countries"]), []).append(service)
    return [
        ZoneTerms(
            _zone_name(named),
            [country for country in named if country != ELSEWHERE],
            [_terms(service, profile["currency"], is_home=place == 0) for service in services],
        )
        for place, (named, services) in enumerate(groups.items())
    ]


def _zone_name(named: Sequence[str]) -> str:
    if ELSEWHERE in named:
        return "Everywhere else"
    return "Europe" if len(named) > FEW else ", ".join(countries.name(code) for code in named)


def _terms(service: dict[str, Any], currency: str, *, is_home: bool) -> ServiceTerms:
    return ServiceTerms(
        code=service["code"],
        name=service["code"].capitalize(),
        price_minor=Money.parse(service["cost"], currency).minor,
        free_from_minor=FREE_FROM_MINOR if is_home and service["code"] == "standard" else None,
        transit_min_days=service["min_days"],
        transit_max_days=service["max_days"],
        supplier_code=service["code"],
    )


def make_codes() -> None:
    """Make the demo's discount codes; the shop itself says at the checkout which there are. Safe to repeat.

    A code for a department is made only where that department is: without it the code would be for everything.
    """
    for code, fields in CODES.items():
        department = Category.objects.filter(parent=None, slug=OF_DEPARTMENT.get(code, ""))
        if code not in OF_DEPARTMENT or department:
            made, _new = DiscountCode.objects.get_or_create(
                code=code, defaults={"currency": settings.SHOP_CURRENCY, **fields}
            )
            made.categories.set(department)


def make_synonyms() -> None:
    """Make the words that the demo's customers use beside the suppliers'. Safe to repeat."""
    for words in SYNONYMS:
        Synonym.objects.get_or_create(words=words)


def tint_departments() -> None:
    """Give departments whose name goes with no panel the one that the pharmacy's pictures are drawn on. Safe to repeat."""
    Category.objects.filter(parent=None, panel="").update(panel="bath")


def make_people() -> None:
    """Make the demo's log-ins, one per role and a customer. Safe to repeat."""
    for email, name, group, is_staff in PEOPLE:
        user = User.objects.filter(email=email).first()
        if user is None:
            user = User.objects.create_user(email, PASSWORD, name=name, is_staff=is_staff)
        if group:
            user.groups.add(Group.objects.get(name=group))
        EmailAddress.objects.get_or_create(user=user, email=email, defaults={"verified": True, "primary": True})
