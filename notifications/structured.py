"""What mail programs read of a mail: an order and a parcel as schema.org says (JSON-LD), with the facts of its words.

Gmail shows an order by its number, its merchant and its goods, and a parcel by its carrier, its address and its days
(Gmail's reference of e-mail markup). A medicine is named in neither: what a program shows stands on lock screens.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from django.conf import settings
from django.utils.translation import gettext as _

from orders.models import Order, OrderLine, Shipment
from orders.progress import ParcelCard
from shop.money import Money
from shop.structured import SCHEMA


def order_data(order: Order, url: str) -> dict[str, object]:
    """Return a paid order: its number, what was bought at which price, and where it stands."""
    return {
        "@context": SCHEMA,
        "@type": "Order",
        **_identity(order),
        "orderStatus": f"{SCHEMA}/OrderProcessing",
        "orderDate": order.placed_at.isoformat(),
        "priceCurrency": order.currency,
        "price": _decimal(order.total),
        "url": url,
        "potentialAction": {"@type": "ViewAction", "name": _("See your order"), "target": url},
        "acceptedOffer": [
            {
                "@type": "Offer",
                "itemOffered": {"@type": "Product", "name": name},
                "price": _decimal(order.money(line.unit_price_minor)),
                "priceCurrency": order.currency,
                "eligibleQuantity": {"@type": "QuantitativeValue", "value": line.quantity},
            }
            for line, name in _named(line for line in order.lines.all() if line.replaces_id is None)
        ],
    }


def parcel_data(shipment: Shipment, card: ParcelCard, url: str) -> dict[str, object]:
    """Return a parcel on its way: who carries it under which number, to where, and when it comes."""
    order, (first, last) = shipment.order, card.window
    parts = shipment.lines.select_related("line")
    found: dict[str, object] = {
        "@context": SCHEMA,
        "@type": "ParcelDelivery",
        "carrier": {"@type": "Organization", "name": shipment.carrier_name or settings.SHOP_NAME},
        "deliveryAddress": {
            "@type": "PostalAddress",
            "name": order.name,
            "streetAddress": order.line1,
            "addressLocality": order.city,
            "postalCode": order.postcode,
            "addressCountry": order.country.code,
        },
        "expectedArrivalFrom": first.isoformat(),
        "expectedArrivalUntil": last.isoformat(),
        "itemShipped": [{"@type": "Product", "name": name} for _line, name in _named(part.line for part in parts)],
        "partOfOrder": {"@type": "Order", **_identity(order)},
        "trackingUrl": url,
        "potentialAction": {"@type": "TrackAction", "name": _("Track parcel"), "target": url},
    }
    if shipment.tracking_number:
        found["trackingNumber"] = shipment.tracking_number
    return found


def _identity(order: Order) -> dict[str, object]:
    return {"orderNumber": order.number, "merchant": {"@type": "Organization", "name": settings.SHOP_NAME}}


def _named(lines: Iterable[OrderLine]) -> Sequence[tuple[OrderLine, str]]:
    return [(line, _("Goods from the pharmacy") if line.gated_at else line.name) for line in lines]


def _decimal(amount: Money) -> str:
    return str(amount.decimal)
