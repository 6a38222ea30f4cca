"""Set what a variant costs, and know what it cost before.

Whoever announces a reduction must name the lowest price of the 30 days before it (Directive 98/6/EC, article 6a),
and the reduction is to be counted from that price (Court of Justice, C-330/23). So the price that was shown last
is not what is struck out; the lowest one is, and only if it is higher than the new one.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from shop.models import PriceChange, Product, Variant

BEFORE = timedelta(days=30)
# After so long a lower price is simply the price.
ANNOUNCED = timedelta(days=30)


def set_price(variant: Variant, price_minor: int, *, at: datetime | None = None) -> bool:
    """Write a variant's price, in minor units, with its history; the one way to change it.

    Returns False, and writes nothing, if it costs that already. What it must be compared with, should the
    change be a reduction, is worked out here, once: it does not move while the reduction lasts.
    """
    at = at or timezone.now()
    with transaction.atomic():
        # Of two at once only one changes the row; a variant's very first price is a change, too.
        same = Variant.objects.filter(pk=variant.pk, price_minor=price_minor, priced_at__isnull=False)
        if same.exists():
            return False
        before = lowest_before(variant.pk, at=at)
        prior = before if before is not None and before > price_minor else None
        Variant.objects.filter(pk=variant.pk).update(price_minor=price_minor, priced_at=at, prior_price_minor=prior)
        # Two changes within one tick of the clock are one; the later price counts.
        PriceChange.objects.update_or_create(
            variant=variant, since=at, defaults={"price_minor": price_minor, "currency": variant.currency}
        )
        # The page is another one now, and search engines may look again.
        Product.objects.filter(pk=variant.product_id).update(updated_at=at)
    return True


def lowest_before(variant_id: int, *, at: datetime) -> int | None:
    """Return the lowest price of the 30 days before a moment; None for what was not on sale for all of them."""
    changes = PriceChange.objects.filter(variant=variant_id, since__lt=at)
    begun = changes.filter(since__lte=at - BEFORE).first()
    if begun is None:
        return None
    return min([begun.price_minor, *changes.filter(since__gt=at - BEFORE).values_list("price_minor", flat=True)])


def is_announced(variant: Variant, *, now: datetime) -> bool:
    """True while a variant's price is shown as reduced."""
    return (
        variant.prior_price_minor is not None and variant.priced_at is not None and now - variant.priced_at < ANNOUNCED
    )
