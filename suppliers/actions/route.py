"""Choose which supplier delivers a line: the one it was sold from, else the next that fits."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from django.db.models import QuerySet

from orders.models import OrderLine
from shop.arrival import arrival_window
from shop.delivery import rates_for
from shop.models.catalogue import Availability
from shop.money import line_cost_minor
from suppliers.models import Offer, OfferStatus

GONE = {Availability.OUT_OF_STOCK, Availability.DISCONTINUED}
# How much later than promised a second supplier may deliver before cancelling is the better answer.
LATER = timedelta(days=5)


def first_offers(lines: Sequence[OrderLine]) -> dict[int, Offer]:
    """Return, by order line, the offer it was sold from: that of the supplier behind its delivery profile.

    It is asked even if it looks sold out by now: the customer has paid, and the supplier decides.
    Lines whose offer is gone are left out. One query.
    """
    live = _live().filter(variant__in={line.variant_id for line in lines}).order_by("-pk")
    found = {(offer.variant_id, offer.supplier.delivery_profile_id): offer for offer in live}
    named = {line.pk: found.get((line.variant_id, line.delivery.profile_id)) for line in lines}
    return {pk: offer for pk, offer in named.items() if offer is not None}


def next_offer(line: OrderLine, quantity: int, *, without: Collection[int], now: datetime) -> Offer | None:
    """Return the cheapest other offer that has the units, keeps the margin and is not much later.

    ``without`` are ids of suppliers that cannot deliver it. None if nothing fits.
    """
    fitting = [
        offer
        for offer in _live()
        .filter(variant=line.variant_id)
        .exclude(supplier__in=without)
        .exclude(availability__in=GONE)
        if _fits(offer, line, quantity, now)
    ]
    return min(fitting, key=lambda offer: (offer.unit_cost, offer.pk), default=None)


def _live() -> QuerySet[Offer]:
    rows = Offer.objects.filter(status=OfferStatus.ACTIVE, supplier__is_active=True)
    return rows.select_related("supplier__delivery_profile")


def _fits(offer: Offer, line: OrderLine, quantity: int, now: datetime) -> bool:
    if offer.stock is not None and offer.stock < quantity:
        return False
    net_minor = (
        line.line_minor
        - line.discount_minor
        - line.line_minor * line.tax_basis_points // (10_000 + line.tax_basis_points)
    )
    if line_cost_minor(offer.unit_cost, line.quantity, offer.currency) > net_minor:
        return False
    rate = rates_for([offer.supplier.delivery_profile_id], line.order.country.code).get(
        offer.supplier.delivery_profile_id
    )
    if rate is None:
        return False
    window = arrival_window(
        rate.profile,
        rate,
        handling_min_days=offer.handling_min_days,
        handling_max_days=offer.handling_max_days,
        now=now,
    )
    return window.latest_on <= line.delivery.promised_latest_on + LATER
