"""Choose which supplier delivers a line: the one it was sold from, else the next that fits."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date, datetime, timedelta

from django.db.models import QuerySet
from django.utils import timezone

from orders.models import OrderLine
from shop.customs import Border, border_between
from shop.delivery import Choice, choices_of, services_for
from shop.models import DeliveryProfile
from shop.models.catalogue import Availability
from shop.money import line_cost_minor
from suppliers.actions.faultiness import is_faulty_too_often
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


def next_offer(
    line: OrderLine, quantity: int, *, without: Collection[int], now: datetime, by: date | None = None
) -> Offer | None:
    """Return the best other offer that has the units, keeps the margin and is not much later.

    ``without`` are ids of suppliers that cannot deliver it; ``by`` is the day on which it must be there (None:
    LATER than promised). Of several, one that keeps the promise comes first; then one whose goods do not come back
    faulty too often; then the cheapest. None if nothing fits.
    """
    last = by or line.delivery.promised_latest_on + LATER
    fitting = [
        (latest, offer)
        for offer in _live()
        .filter(variant=line.variant_id)
        .exclude(supplier__in=without)
        .exclude(availability__in=GONE)
        if (latest := _latest(offer, line, quantity, now)) is not None and latest <= last
    ]
    promised = line.delivery.promised_latest_on

    def rank(found: tuple[date, Offer]) -> tuple[bool, bool, int, int]:
        latest, offer = found
        return latest > promised, is_faulty_too_often(offer.supplier), offer.unit_cost, offer.pk

    return min(fitting, key=rank, default=(None, None))[1]


def _live() -> QuerySet[Offer]:
    rows = Offer.objects.filter(status=OfferStatus.ACTIVE, supplier__is_active=True)
    return rows.select_related("supplier__delivery_profile")


def _latest(offer: Offer, line: OrderLine, quantity: int, now: datetime) -> date | None:
    """Return until when an offer would bring the units; None if it cannot be taken at all."""
    if offer.stock is not None and offer.stock < quantity:
        return None
    # What replaces other goods brings nothing itself: those were paid.
    paid = line.replaces or line
    if line_cost_minor(offer.unit_cost, line.quantity, offer.currency) > paid.goods_net_minor:
        return None
    if _border_of(offer.supplier.delivery_profile, line) > _border_of(line.delivery.profile, line):
        # Whoever was told of no duty is not sent goods that it is due on.
        return None
    way = way_by(offer, line, now=now)
    return way.window.latest_on if way is not None else None


def _border_of(profile: DeliveryProfile, line: OrderLine) -> Border:
    order = line.order
    return border_between(profile.country.code, order.place.country, order.part_of_country, sent_from=profile.region)


def way_by(offer: Offer, line: OrderLine, *, now: datetime) -> Choice | None:
    """Return how an offer's goods would travel to a line's customer, or None if they are not sent there.

    By the service that was bought, if that supplier has it; else by the cheapest that keeps the
    promise; else by the fastest. One query.
    """
    country, profile_id = line.order.place.country, offer.supplier.delivery_profile_id
    if offer.ships_to is not None and country not in offer.ships_to:
        return None
    ways = choices_of(
        services_for([profile_id], country, line.order.part_of_country).get(profile_id, []),
        country,
        items_minor=line.line_minor,
        handling_min_days=offer.handling_min_days,
        handling_max_days=offer.handling_max_days,
        now=now,
    )
    same = [way for way in ways if way.service.code == line.delivery.service]
    in_time = [way for way in ways if way.window.latest_on <= line.delivery.promised_latest_on]
    return next(iter(same or in_time), min(ways, key=lambda way: way.window.latest_on, default=None))


def service_asked(line: OrderLine, offer: Offer) -> str:
    """Return the supplier's code of the service a line's goods go by; empty: its standard.

    No query for goods of the place the line was sold from.
    """
    if offer.supplier.delivery_profile_id == line.delivery.profile_id:
        return line.delivery.supplier_service
    way = way_by(offer, line, now=timezone.now())
    return way.service.supplier_code if way else ""
