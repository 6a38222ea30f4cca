"""Bands of prices as the visitor sees them, in terms of the catalogue's own."""

from __future__ import annotations

from django.db.models import Q
from django.utils.translation import gettext as _

from shop.models import TaxClass
from shop.money import Money, minor_units
from shop.tax import Terms

# In units of the currency, or hundreds of them where it has no cents.
EDGES = (0, 10, 25, 50, 100)


def bands(currency: str) -> list[str]:
    """Return the price bands as an address writes them, as in ``1000-2500``; minor units as shown."""
    scale = 10 ** (minor_units(currency) or 2)
    edges = [edge * scale for edge in EDGES]
    return [f"{low}-{high}" for low, high in zip(edges, edges[1:], strict=False)] + [f"{edges[-1]}-"]


def band_label(low: int, high: int | None, currency: str) -> str:
    """Say a price band in words."""
    if high is None:
        return _("%(price)s and more") % {"price": _short(low, currency)}
    if not low:
        return _("Under %(price)s") % {"price": _short(high, currency)}
    return _("%(low)s to %(high)s") % {"low": _short(low, currency), "high": _short(high, currency)}


def _short(minor: int, currency: str) -> str:
    text = str(Money(minor, currency))
    return text.replace(".00", "").replace(",00", "") if minor % 10 ** minor_units(currency) == 0 else text


def price_between(field: str, low: int, high: int | None, terms: Terms) -> Q:
    """Return the condition that a catalogue price, as shown under these terms, is from ``low`` and below ``high``.

    Where tax is taken out of prices, how much depends on the class of the goods.
    """
    if terms.includes_tax:
        return _between(field, low, high, terms, TaxClass.STANDARD)
    found = Q(pk__in=[])
    for tax_class in TaxClass.values:
        found |= Q(tax_class=tax_class) & _between(field, low, high, terms, tax_class)
    return found


def _between(field: str, low: int, high: int | None, terms: Terms, tax_class: str) -> Q:
    found = Q(**{f"{field}__gte": least_catalogue_price(low, terms, tax_class)})
    return found if high is None else found & Q(**{f"{field}__lt": least_catalogue_price(high, terms, tax_class)})


def least_catalogue_price(shown: int, terms: Terms, tax_class: str) -> int:
    """Return the lowest catalogue price that is shown as ``shown`` or more."""
    low, high = 0, 2 * shown + 100
    while low < high:
        middle = (low + high) // 2
        if terms.unit_minor(middle, tax_class) >= shown:
            high = middle
        else:
            low = middle + 1
    # No column holds more; whatever costs so much costs less than that.
    return min(low, 2**31 - 1)
