"""Fetch the pictures that suppliers name: once, at import, through the guarded client.

A picture that is not to be had, or is none, is written down as broken for staff. The product is shown with a
drawing in its place.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from django.db import close_old_connections, connections
from django.utils import timezone

from orders import lease
from shop.actions import pictures
from shop.actions.pictures import NotAPicture
from shop.models import Variant
from suppliers.adapters import adapter_of
from suppliers.adapters.base import Refused, TryLater, Unclear
from suppliers.models import PictureFetch, Supplier

MOST = 6
GIVES_UP_AFTER = 5
THREADS = 2
LONGEST_ADDRESS = 500
Status = PictureFetch.Status


def want_pictures(supplier: Supplier, variant: Variant, urls: Sequence[str]) -> None:
    """Write down which pictures a catalogue names for a variant; what is known under the same address stays.

    A broken one is tried again when its address is another.
    """
    wanted = [url for url in urls[:MOST] if len(url) <= LONGEST_ADDRESS]
    known = {row.position: row for row in PictureFetch.objects.filter(variant=variant)}
    for position, url in enumerate(wanted):
        row = known.get(position)
        if row is not None and row.url == url:
            continue
        PictureFetch.objects.update_or_create(
            variant=variant,
            position=position,
            defaults={
                "supplier": supplier,
                "url": url,
                "status": Status.WANTED,
                "status_changed_at": timezone.now(),
                "due_at": timezone.now(),
                "failures": 0,
                "last_error": "",
            },
        )


def fetch_picture(fetch_id: int) -> None:
    """Take in one picture. Talks to the network; safe to repeat."""
    rows = PictureFetch.objects.filter(status=Status.WANTED).select_related("supplier", "variant__product")
    row = lease.take(rows, fetch_id)
    if row is None:
        return
    try:
        content = adapter_of(row.supplier).picture(row.url)
        _store(row, content)
    except (TryLater, Unclear) as error:
        _fail(row, error)
    except (Refused, NotAPicture) as error:
        _give_up(row, error)
    else:
        lease.finish(row, status=Status.STORED, status_changed_at=timezone.now())


def _store(row: PictureFetch, content: bytes) -> None:
    variant = row.variant
    label = variant.options_label
    alt = f"{variant.product.name}, {label}" if label else variant.product.name
    pictures.store_picture(
        variant.product, variant, position=row.position, alt=alt, content=content, source_url=row.url
    )


def _fail(row: PictureFetch, error: Exception) -> None:
    if row.failures + 1 >= GIVES_UP_AFTER:
        _give_up(row, error)
        return
    lease.fail(row, f"{type(error).__name__}: {error}", retry_after=getattr(error, "retry_after", None))


def _give_up(row: PictureFetch, error: Exception) -> None:
    why = f"{type(error).__name__}: {error}"[:2000]
    lease.finish(row, status=Status.BROKEN, status_changed_at=timezone.now(), last_error=why)


def fetch_all(supplier: Supplier) -> tuple[int, int]:
    """Take in every picture of a supplier that is still wanted, now; return how many are stored and how many broken."""
    pks = list(PictureFetch.objects.filter(supplier=supplier, status=Status.WANTED).values_list("pk", flat=True))
    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(_fetch_in_thread, pks))
    found = PictureFetch.objects.filter(pk__in=pks)
    return found.filter(status=Status.STORED).count(), found.filter(status=Status.BROKEN).count()


def _fetch_in_thread(fetch_id: int) -> None:
    close_old_connections()
    try:
        fetch_picture(fetch_id)
    finally:
        # The thread may end before its connection does.
        connections.close_all()
