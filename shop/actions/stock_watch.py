"""Remember who wants to be told when something can be bought again, and tell which of it is."""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from shop.languages import current_language
from shop.models import StockWatch, Variant
from shop.models.catalogue import Availability

# Wishes of one address that wait at a time.
MOST_PER_ADDRESS = 30
# The link in the mail works for so long; then nothing is kept of it.
KEPT = timedelta(days=60)


def watch(variant: Variant, email: str) -> bool:
    """Note that somebody wants to be told. Returns False if it was noted before, or there are too many of theirs."""
    email = email.strip().lower()
    waiting = StockWatch.objects.filter(email=email, back_at=None)
    if waiting.count() >= MOST_PER_ADDRESS:
        return False
    _row, new = StockWatch.objects.get_or_create(
        variant=variant, email=email, back_at=None, defaults={"language": current_language()}
    )
    return new


def stop(token: str) -> None:
    """Forget every wish of the address that a link was sent to. An unknown link is nothing to complain about."""
    row = StockWatch.objects.filter(token=token).first()
    if row is not None:
        # Also those of other goods: whoever was signed up by a stranger wants none of it.
        StockWatch.objects.filter(email=row.email).filter(Q(back_at=None) | Q(pk=row.pk)).delete()


def waiting_for_what_is_back() -> QuerySet[Variant]:
    """Return the variants that somebody waits for and that can be bought now."""
    gone = [Availability.OUT_OF_STOCK, Availability.DISCONTINUED]
    waited_for = StockWatch.objects.filter(back_at=None).values("variant")
    return (
        Variant.objects.filter(Q(stock_told=None) | Q(stock_told__gt=F("reserved")), pk__in=waited_for)
        .filter(is_active=True, delivery_profile__isnull=False, product__is_published=True)
        .exclude(availability__in=gone)
        .select_related("product")
        .order_by("pk")
    )


def mark_back(variant: Variant) -> list[int]:
    """Mark the wishes about a variant as fulfilled, once; return their ids. The mails are owed from then on."""
    with transaction.atomic():
        mine = StockWatch.objects.select_for_update().filter(variant=variant, back_at=None)
        pks = list(mine.values_list("pk", flat=True))
        StockWatch.objects.filter(pk__in=pks).update(back_at=timezone.now())
    return pks


def forget_old_watches() -> int:
    """Delete what was fulfilled long ago; return how many."""
    count, _by_model = StockWatch.objects.filter(back_at__lt=timezone.now() - KEPT).delete()
    return count
