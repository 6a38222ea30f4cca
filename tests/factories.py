"""Make what tests need, through the same actions the shop uses."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from datetime import time, timedelta

from django.conf import settings
from django.contrib.auth.models import Group
from django.utils import timezone

from orders.actions.checkout import Address, place_order
from orders.actions.payment import record_payment
from orders.models import DiscountCode, Order
from shop.actions.catalog import CatalogueEntry, put_variant
from shop.actions.delivery import ServiceTerms, ZoneTerms
from shop.models import Basket, BasketLine, User, Variant
from shop.models.catalogue import Availability
from shop.money import minor_units
from suppliers.actions.catalog import write_best_offers
from suppliers.actions.setup import Connection, connect_supplier
from suppliers.models import Offer, Supplier

_number = itertools.count(1)
ADDRESS = Address(
    email="alex@example.com",
    name="Alex Byrne",
    line1="12 Main Street",
    city="Dublin",
    postcode="D02 X285",
    country="IE",
)


def standard(price_minor: int, free_from_minor: int | None, fastest: int, slowest: int) -> ServiceTerms:
    """Say what the supplier's standard service costs and how long it takes."""
    return ServiceTerms("standard", "Standard", price_minor, free_from_minor, fastest, slowest)


def express(price_minor: int) -> ServiceTerms:
    """Say what a service costs that arrives the next day, and never for free."""
    return ServiceTerms("express", "Express", price_minor, None, 1, 1, "express")


ZONES = (
    ZoneTerms("Ireland", ["IE"], [standard(390, 5000, 1, 2)]),
    ZoneTerms("Germany", ["DE"], [standard(800, None, 3, 5)]),
)


def make_supplier(
    slug: str = "harbour",
    *,
    base_url: str = "http://127.0.0.1:9/v1",
    country: str = "IE",
    zones: Sequence[ZoneTerms] = ZONES,
    **fields: object,
) -> Supplier:
    """Connect a supplier that sends to Ireland for 3.90, free from 50.00, and to Germany for 8.00."""
    made = connect_supplier(
        Connection(
            slug=slug,
            name=slug.title(),
            base_url=base_url,
            api_key="test-key-of-the-simulated-supplier",
            webhook_secret="whsec_c2VjcmV0LW9mLXNpbXVsYXRlZC1zdXBwbGllcg==",
            country=country,
            sent_from="Cork",
            time_zone="Europe/Dublin",
            cutoff=time(14),
            return_address="1 Quay, Cork",
            zones=zones,
        )
    )
    # Its catalogue is read only where a test asks for it.
    fields = {"stock_due_at": timezone.now() + timedelta(days=1)} | fields
    Supplier.objects.filter(pk=made.pk).update(**fields)
    made.refresh_from_db()
    return made


def make_variant(
    supplier: Supplier, *, sku: str = "", price_minor: int = 1250, stock: int | None = 10, name: str = ""
) -> Variant:
    """Make a product with one variant that the supplier offers at 40 % of the price."""
    sku = sku or f"T-{next(_number):03}"
    variant = put_variant(
        CatalogueEntry(
            sku=sku,
            group=sku,
            name=name or f"Thing {sku}",
            description="<p>A good thing.</p>",
            brand="Maker",
            gtin="",
            category_path=["Kitchen", "Tools"],
            options={},
            facts={"Material": "Oak"},
            tax_basis_points=2300,
            weight_grams=500,
            max_per_order=99,
            not_returnable_reason="",
            price_minor=price_minor,
            currency=settings.SHOP_CURRENCY,
        )
    )
    add_offer(supplier, variant, price_minor=price_minor, stock=stock)
    variant.refresh_from_db()
    return variant


def add_offer(supplier: Supplier, variant: Variant, *, price_minor: int = 1250, stock: int | None = 10) -> Offer:
    """Let a supplier offer a variant, and write the best offer down to the shop."""
    offer = Offer.objects.create(
        supplier=supplier,
        variant=variant,
        supplier_sku=variant.sku,
        unit_cost=price_minor * 4_000 // 10 ** minor_units(settings.SHOP_CURRENCY),
        currency=settings.SHOP_CURRENCY,
        recommended_minor=price_minor,
        availability=Availability.OUT_OF_STOCK if stock == 0 else Availability.IN_STOCK,
        stock=stock,
        stock_told_at=timezone.now(),
    )
    write_best_offers([variant.pk])
    return offer


def make_basket(*lines: tuple[Variant, int]) -> Basket:
    """Make a basket that holds so many of each variant."""
    basket = Basket.objects.create()
    for variant, quantity in lines:
        BasketLine.objects.create(
            basket=basket, variant=variant, quantity=quantity, price_seen_minor=variant.price_minor
        )
    return basket


def make_code(code: str = "TENOFF", **fields: object) -> DiscountCode:
    """Make a discount code: 10 % off everything, unless told otherwise."""
    if "kind" not in fields:
        fields = {"percent": 10} | fields
    return DiscountCode.objects.create(code=code, currency=settings.SHOP_CURRENCY, **fields)


def make_order(
    *lines: tuple[Variant, int], user: User | None = None, address: Address = ADDRESS, code: str = ""
) -> Order:
    """Place an order that waits for its money."""
    return place_order(make_basket(*lines), address, user=user, now=timezone.now(), code=code)


def make_paid_order(
    *lines: tuple[Variant, int], user: User | None = None, address: Address = ADDRESS, code: str = ""
) -> Order:
    """Place an order and note its payment."""
    order = make_order(*lines, user=user, address=address, code=code)
    record_payment(order, stripe_id=f"pi_{order.number}", paid=order.total, card_brand="visa", card_last4="4242")
    order.refresh_from_db()
    return order


def make_person(email: str = "", *, role: str = "", **fields: object) -> User:
    """Make someone who logs in, in one of the staff roles if ``role`` is given."""
    user = User.objects.create_user(email or f"person{next(_number)}@example.com", "a long pass phrase", **fields)
    if role:
        user.groups.add(Group.objects.get(name=role))
    if role == "Store staff":
        User.objects.filter(pk=user.pk).update(is_staff=True)
        user.refresh_from_db()
    assert not role or role in settings.STAFF_ROLES
    return user
