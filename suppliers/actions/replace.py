"""Order goods anew in the place of others: a line of the same order at no price, promised and forwarded like any other."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from orders import events
from orders.actions.promise import promise_columns
from orders.actions.shipping import lock_order
from orders.models import OrderDelivery, OrderLine
from shop.customs import import_text
from shop.delivery import Choice
from shop.languages import speaking
from shop.models import User, Variant
from shop.models.catalogue import Availability, Gate
from suppliers.actions.forward import make_supplier_orders
from suppliers.actions.gate import approved_units, ask_pharmacist
from suppliers.actions.route import way_by
from suppliers.models import Offer, OfferStatus

GONE = {Availability.OUT_OF_STOCK, Availability.DISCONTINUED}


class NotToBeHad(Exception):
    """No supplier has so many units of it for that address."""


@dataclass(frozen=True, slots=True)
class Source:
    """From which offer goods would come anew, and how."""

    offer: Offer
    way: Choice


@dataclass(frozen=True, slots=True)
class Cost:
    """What a unit of a line costs us: 1/10,000 of the currency unit."""

    unit: int
    currency: str


def source_of(line: OrderLine, quantity: int, *, variant: Variant | None = None) -> Source:
    """Return where units could come from in the place of a line's; its own supplier first, then the cheapest.

    Two queries, and one per offer. Raises NotToBeHad.
    """
    wanted = variant.pk if variant else line.variant_id
    rows = Offer.objects.filter(variant=wanted, status=OfferStatus.ACTIVE, supplier__is_active=True)
    own = line.delivery.profile_id
    offers = rows.exclude(availability__in=GONE).select_related("supplier__delivery_profile", "variant__product")
    fitting = [offer for offer in offers if offer.stock is None or offer.stock >= quantity]
    for offer in sorted(fitting, key=lambda one: (one.supplier.delivery_profile_id != own, one.unit_cost, one.pk)):
        way = way_by(offer, line, now=timezone.now())
        if way is not None:
            return Source(offer, way)
    raise NotToBeHad(line.sku)


def order_again(line: OrderLine, quantity: int, *, variant: Variant | None = None, by: User | None) -> OrderLine:
    """Order units in the place of a line's (``variant``: others of the same product); return their own new line.

    Not safe to repeat by itself: the caller has the order locked and a row of its own that says it is done.
    What needs a pharmacist's approval waits for it. Raises NotToBeHad and changes nothing.
    """
    with transaction.atomic():
        lock_order(line.order)
        source = source_of(line, quantity, variant=variant)
        cost = Cost(source.offer.unit_cost, source.offer.currency)
        new = make_free_line(line, quantity, source.offer.variant, cost, _delivery(line, source))
        events.record("line.replaced", line.order, by=by, line=line.pk, new=new.pk, quantity=quantity)
        approved = approved_units([new.pk])
        units = min(quantity, approved.get(new.pk, quantity))
        if units:
            make_supplier_orders([(new, source.offer, units)])
        if units < quantity:
            ask_pharmacist(new, quantity - units)
    return new


def _delivery(line: OrderLine, source: Source) -> OrderDelivery:
    """Promise goods of an offer anew, by their way."""
    order, way, profile = line.order, source.way, source.offer.supplier.delivery_profile
    with speaking(order.language):
        said = import_text(profile, order.place.country, order.part_of_country)
        service_name = way.service.local_name
    return OrderDelivery.objects.create(
        order=order,
        profile=profile,
        position=order.deliveries.count() + 1,
        serial=next_serial(line, profile.pk, way.service.code),
        price_minor=0,
        sent_from=profile.sent_from,
        service=way.service.code,
        service_name=service_name,
        supplier_service=way.service.supplier_code,
        import_text=said[:300],
        **promise_columns(way.window),
    )


def next_serial(line: OrderLine, profile_id: int, service: str) -> int:
    """Return the serial of an order's next delivery that goes that way. One query."""
    known = line.order.deliveries.filter(profile=profile_id, service=service)
    return (known.aggregate(last=Max("serial"))["last"] or 0) + 1


def make_free_line(line: OrderLine, quantity: int, variant: Variant, cost: Cost, delivery: OrderDelivery) -> OrderLine:
    """Make a line at no price in the place of units of another. The caller has the order locked."""
    with speaking(line.order.language):
        name, options = variant.product.local_name, variant.options_label
    is_same = variant.pk == line.variant_id
    return OrderLine.objects.create(
        order=line.order,
        delivery=delivery,
        variant=variant,
        replaces=line,
        position=line.order.lines.count() + 1,
        sku=variant.sku,
        name=line.name if is_same else name,
        options_label=line.options_label if is_same else options,
        picture=line.picture if is_same else "",
        quantity=quantity,
        unit_price_minor=0,
        tax_basis_points=line.tax_basis_points,
        line_minor=0,
        tax_minor=0,
        unit_cost=cost.unit,
        cost_currency=cost.currency,
        gated_at=None if variant.product.gate == Gate.NONE else timezone.now(),
    )
