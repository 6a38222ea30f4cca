"""What a pay page is asked for, and what it lists: lines whose sum is the order's total, from what the order holds and nothing else.

A repeat must send the same lines under the same key, so neither codes nor rates are read again. Their words are
in the language that is active, which ``session_params`` makes the order's.
"""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _

from orders.models import CheckoutSession, Order, OrderLine
from orders.models.discount import DiscountKind
from orders.stripe_amounts import to_stripe
from shop.languages import known_or_default, language_tag, speaking

PayLine = tuple[str, int, int]


def session_params(session: CheckoutSession) -> dict[str, Any]:
    """Return what Stripe is asked for, in the order's language; the same for the same row, so that a repeat may reuse the key."""
    with speaking(session.order.language):
        return _session_params(session)


def _session_params(session: CheckoutSession) -> dict[str, Any]:
    order = session.order
    back = settings.SITE_URL + reverse("orders:return", args=[order.token])
    metadata = {"order": order.number, "session": str(session.serial)}
    return {
        "mode": "payment",
        # Stripe knows all of ours by the names they have in HTML.
        "locale": language_tag(known_or_default(order.language)),
        "success_url": f"{back}?session={{CHECKOUT_SESSION_ID}}",
        "cancel_url": settings.SITE_URL + reverse("orders:checkout"),
        "client_reference_id": order.number,
        # Stripe takes one of the two.
        **({"customer": session.customer} if session.customer else {"customer_email": order.email}),
        "expires_at": int(session.expires_at.timestamp()),
        "metadata": metadata,
        "payment_intent_data": {"metadata": metadata, "shipping": ships_to(order)}
        | ({"capture_method": "manual"} if session.authorises else {}),
        "line_items": [
            {
                "quantity": quantity,
                "price_data": {
                    "currency": order.currency.lower(),
                    "unit_amount": to_stripe(minor, order.currency),
                    "product_data": {"name": name[:250]},
                },
            }
            for name, minor, quantity in pay_lines(order)
        ],
    }


def pay_lines(order: Order) -> list[PayLine]:
    """Return (name, minor units, quantity) of goods, delivery and tax on top; what costs nothing is left out.

    Providers take no line below zero, so a discount lowers the lines it is for; such a line is listed once,
    with its units in its name.
    """
    is_off_delivery = order.discount_kind == DiscountKind.FREE_DELIVERY
    lines: list[PayLine] = []
    delivery = order.delivery_minor
    for line in order.lines.all():
        # What one of the two cannot bear comes off the other.
        most = line.delivery_minor if is_off_delivery else line.line_minor
        first = min(line.discount_minor, most)
        off_goods = line.discount_minor - first if is_off_delivery else first
        delivery -= line.discount_minor - off_goods
        lines.append(_goods(line, off_goods))
    lines += [(_("Delivery"), delivery, 1), (_("Tax"), order.added_tax_minor, 1)]
    return [line for line in lines if line[1]]


def _goods(line: OrderLine, off: int) -> PayLine:
    name = f"{line.name} ({line.options_label})" if line.options_label else line.name
    if not off:
        return name, line.unit_price_minor, line.quantity
    several = f"{line.quantity} × " if line.quantity > 1 else ""
    return _("%(goods)s, less discount") % {"goods": f"{several}{name}"}, line.line_minor - off, 1


def ships_to(order: Order) -> dict[str, object]:
    """Say where the goods go, so that nobody types it again and the bank can judge the purchase."""
    address = {
        "line1": order.line1,
        "line2": order.line2,
        "city": order.city,
        "state": order.region,
        "postal_code": order.postcode,
        "country": order.country.code,
    }
    return {"name": order.name, "address": {name: text for name, text in address.items() if text}}
