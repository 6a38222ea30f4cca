"""Write down every call to a supplier, and mind the circuit breaker."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from django.db.models import F
from django.utils import timezone

from orders.lease import db_now_plus
from suppliers.models import Supplier, SupplierCall, SupplierCancellation, SupplierOrder
from suppliers.outbound import Answer
from suppliers.states import SupplierCancellationStatus, SupplierOrderStatus

KEEP_DAYS = 30
BREAKS_AFTER = 5
REST_SECONDS = 30
EXCERPT = 2000
# What tells who the customer is never rests in the log: whole values of these members.
PERSONAL = re.compile(
    rb'("(?:name|company|line[123]|city|region|postal_code|phone|email|note|message|instructions)"\s*:\s*)"(?:[^"\\]|\\.)*"'
)


def note_call(
    supplier: Supplier, method: str, url: str, *, reference: str = "", answer: Answer | None = None, failure: str = ""
) -> None:
    """Record one call. A run of failures opens the breaker; a good answer wakes what waits.

    Only failures of transport and 5xx count against the supplier; a refusal is an answer.
    """
    excerpt = PERSONAL.sub(rb'\1"..."', answer.body[: EXCERPT * 2])[:EXCERPT] if answer else b""
    SupplierCall.objects.create(
        supplier=supplier,
        method=method,
        path=urlsplit(url).path[:300],
        reference=reference[:64],
        status=answer.status if answer else None,
        failure=failure[:200],
        milliseconds=answer.milliseconds if answer else 0,
        excerpt=excerpt.decode("utf-8", "replace").replace("\x00", ""),
    )
    if answer is not None and answer.status < 500:
        _note_good(supplier)
    else:
        _note_bad(supplier)


def _note_good(supplier: Supplier) -> None:
    rows = Supplier.objects.filter(pk=supplier.pk)
    was_failing = rows.filter(failures_in_row__gt=0).update(failures_in_row=0, closed_until=None)
    rows.update(last_good_at=timezone.now())
    if was_failing:
        # Without this, rows in a long back-off would wait for minutes although all is well.
        waiting = [SupplierOrderStatus.READY, SupplierOrderStatus.SENDING, SupplierOrderStatus.UNKNOWN]
        later = SupplierOrder.objects.filter(supplier=supplier, status__in=waiting, lease_until=None)
        later.exclude(due_at=None).update(due_at=db_now_plus(0))
        asked = SupplierCancellation.objects.filter(supplier_order__supplier=supplier, lease_until=None)
        asked.filter(status=SupplierCancellationStatus.TO_ASK, failures__gt=0).update(due_at=db_now_plus(0))


def _note_bad(supplier: Supplier) -> None:
    rows = Supplier.objects.filter(pk=supplier.pk)
    rows.update(failures_in_row=F("failures_in_row") + 1)
    rows.filter(failures_in_row__gte=BREAKS_AFTER).update(closed_until=db_now_plus(REST_SECONDS))


def forget_old_calls(*, now: datetime) -> int:
    """Delete calls older than KEEP_DAYS; return how many. Safe to repeat."""
    return SupplierCall.objects.filter(at__lt=now - timedelta(days=KEEP_DAYS)).delete()[0]
