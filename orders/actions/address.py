"""Let an order go to another address, as long as no supplier has been told one."""

from __future__ import annotations

from collections.abc import Mapping

from django.db import transaction
from django.utils import timezone

from orders import events
from orders.actions.shipping import lock_order
from orders.models import Order
from orders.models.order import FREE_DELIVERY
from orders.parts import may_have
from orders.providers.registry import provider_of
from orders.states import OrderStatus
from orders.tax import Taxable, calculator
from shop.addresses import address_lines
from shop.models import User
from shop.places import Place, located, region_at

FIELDS = ("name", "company", "line1", "line2", "city", "region", "postcode", "phone", "note")


class AddressFixed(Exception):
    """The address stays as it is; ``why`` is a key of ``orders.words.ADDRESS_WORDS``."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


class OtherTerms(Exception):
    """Price, tax or delivery are other ones at that place, so the order cannot simply go there."""

    def __init__(self, place: Place) -> None:
        super().__init__(place.country)
        self.place = place


def why_fixed(order: Order) -> str:
    """Say why the address cannot be changed any more; empty while it can. One query at most, and the lines."""
    lines = list(order.lines.all())
    if order.status == OrderStatus.AUTHORISED:
        # Somebody is about to decide about it as it is.
        return "checked"
    if not _is_bought(order) or all(line.quantity == line.cancelled for line in lines):
        return "over"
    if order.address_fixed_at is not None:
        return "gone" if all(line.shipped >= line.quantity - line.cancelled for line in lines) else "told"
    # Whoever looked at the order, for its payment or a prescription, has judged the address as well.
    if any(line.gated_at for line in lines) or (may_have(order, "holds") and order.holds.exists()):
        return "checked"
    return ""


def _is_bought(order: Order) -> bool:
    # On a pay page's way back everything can still be changed at the checkout; who transfers has no such way.
    waits = order.status == OrderStatus.PLACED and not provider_of(order.pay_with).has_page
    return waits or order.status == OrderStatus.PAID


def change_address(order: Order, parts: Mapping[str, str], *, by: User | None) -> bool:
    """Let an order go to another address, by parts named in FIELDS; its customer is told. False if it is the same.

    The country is none of the parts, and a place with another price, tax or delivery is refused. Of this and the
    first supplier that is sent the order, whoever has the order's row first decides: suppliers get the address that
    was confirmed last. Safe to repeat. May ask the tax calculator, so call it outside transactions. Raises
    AddressFixed, OtherTerms or TaxUnknown.
    """
    new = {name: parts.get(name, getattr(order, name)) for name in FIELDS}
    if not _has_same_terms(order, new):
        raise OtherTerms(located(_place(order, new)))
    with transaction.atomic():
        lock_order(order)
        order.refresh_from_db()
        why = why_fixed(order)
        if why:
            raise AddressFixed(why)
        changed = [name for name in FIELDS if getattr(order, name) != new[name]]
        if not changed:
            return False
        before = ", ".join(address_lines(order))
        mine = Order.objects.filter(pk=order.pk, status=order.status, address_fixed_at=None)
        if not mine.update(**new):
            raise AddressFixed("told")
        for name in changed:
            setattr(order, name, new[name])
        events.record(
            "order.address_changed", order, by=by, changed=changed, before=before, now=", ".join(address_lines(order))
        )
    return True


def _place(order: Order, parts: Mapping[str, str]) -> Place:
    return Place(order.country.code, **{name: parts[name] for name in ("region", "postcode", "city", "line1")})


def _has_same_terms(order: Order, parts: Mapping[str, str]) -> bool:
    """True if the order would cost the same at a place, with the same tax, delivery and customs."""
    place = located(_place(order, parts))
    if place == order.place:
        return True
    if place.country != order.place.country or region_at(place) != order.part_of_country:
        return False
    return _taxes_at(order, place) == _taxes_at(order, order.place)


def _taxes_at(order: Order, place: Place) -> list[int]:
    """Return what tax each line bears at a place, as rates are for the day the order was placed."""
    is_off_delivery = order.discount_kind == FREE_DELIVERY
    taxable = []
    for line in order.lines.select_related("variant__product").order_by("pk"):
        most = line.line_minor
        off_goods = (
            max(0, line.discount_minor - line.delivery_minor) if is_off_delivery else min(line.discount_minor, most)
        )
        delivery = line.delivery_minor - (line.discount_minor - off_goods)
        product = line.variant.product
        taxable.append(Taxable(product.tax_class, product.tax_code, most - off_goods, delivery))
    on, included = timezone.localdate(order.placed_at), order.prices_include_tax
    taxes = calculator().tax_of(taxable, place, currency=order.currency, is_included=included, on=on)
    return [tax.minor for tax in taxes]
