"""What a reduced price is compared with on the page: nothing that is not true is struck out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from django.utils import timezone

from shop.actions.prices import is_announced
from shop.models import Variant
from shop.money import Money
from shop.tax import Terms


@dataclass(frozen=True, slots=True)
class Reduction:
    """The lowest price of the 30 days before a reduction, and the day of the reduction."""

    before: Money
    since: date


def reduction_of(variant: Variant, terms: Terms, *, now: datetime) -> Reduction | None:
    """Return what to show beside a variant's price; None where no reduction is announced. The product must be at hand."""
    if not is_announced(variant, now=now) or variant.prior_price_minor is None or variant.priced_at is None:
        return None
    before = terms.unit_minor(variant.prior_price_minor, variant.product.tax_class)
    if before <= terms.unit_minor(variant.price_minor, variant.product.tax_class):
        return None
    return Reduction(Money(before, variant.currency), timezone.localtime(variant.priced_at).date())
