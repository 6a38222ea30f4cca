"""Write down every call to a supplier, without secrets and personal data, and tell the breaker."""

from __future__ import annotations

import json
import re
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings

from suppliers.actions import breaker
from suppliers.models import Supplier, SupplierCall, TrackingCall
from suppliers.outbound import Answer, NotStrictJson, strict_json

EXCERPT = 2000
# Longer answers are lists; their size says enough.
MOST_READ = 32_768
# What may rest in the log: members that name no person, with values that look like codes. A supplier may
# repeat our request in an error, under whatever names and in whatever texts, so all else is left out.
CODED = re.compile(r"[A-Za-z0-9_.:+/-]{0,64}")
SAFE = frozenset(
    [
        "amount",
        "api_version",
        "as_of",
        "code",
        "created_at",
        "currency",
        "earliest",
        "goods_back_required",
        "id",
        "kind",
        "latest",
        "line_id",
        "max_length",
        "outcome",
        "pointer",
        "quantity",
        "reason_code",
        "reference",
        "request_id",
        "retryable",
        "return_id",
        "return_reference",
        "ship_by",
        "shipment_id",
        "sku",
        "slug",
        "status",
        "subtag",
        "supplier_order_id",
        "tag",
        "test",
        "type",
        "updated_at",
        "version",
    ]
)


def note_call(
    supplier: Supplier,
    method: str,
    url: str,
    *,
    reference: str = "",
    answer: Answer | None = None,
    failure: str = "",
    is_own: bool = True,
    is_refused: bool = False,
    is_probe: bool = False,
    later: list[SupplierCall] | None = None,
) -> None:
    """Record one call. A run of failures opens the breaker; the good answer of a probe wakes what waits.

    Only failures of transport and 5xx count against the supplier; a refusal is an answer, but one of
    our key (or ``is_refused``: of its address) ends all calls at once. ``is_own`` is False for
    pictures on other people's servers, which say nothing about the supplier. ``later``: where good calls
    wait for their caller to write them all at once; any other is written now, after those that wait.
    """
    parts = urlsplit(url)
    row = SupplierCall(
        supplier=supplier,
        method=method,
        path=(parts.path if is_own else f"//{parts.netloc}{parts.path}")[:300],
        reference=reference[:64],
        status=answer.status if answer else None,
        failure=failure[:200],
        milliseconds=answer.milliseconds if answer else 0,
        excerpt=redacted(answer.body) if answer else "",
    )
    is_good = answer is not None and answer.is_ok
    if later is None or not is_good:
        SupplierCall.objects.bulk_create([*(later or ()), row])
        if later:
            later.clear()
    else:
        later.append(row)
    if not is_own:
        return
    what = failure or f"{method} {parts.path}: {answer.status if answer else ''}"
    if is_refused or (answer is not None and answer.status in {401, 403}):
        breaker.refuse_key(supplier, what)
    elif answer is None or breaker.is_failure(answer.status):
        breaker.note_bad(supplier, what)
    else:
        breaker.note_good(supplier, is_probe=is_probe)
    if answer is not None and answer.status in {429, 503} and answer.retry_after:
        breaker.rest(supplier, answer.retry_after)


def redacted(body: bytes) -> str:
    """Return what of an answer may be kept; of what is no JSON only its size."""
    if len(body) > MOST_READ:
        return f"({len(body)} bytes)"
    try:
        kept = _safe(strict_json(body))
    except NotStrictJson:
        return f"({len(body)} bytes, not JSON)" if body else ""
    return json.dumps(kept, separators=(",", ":"))[:EXCERPT]


def _safe(value: Any, name: str = "") -> Any:
    if isinstance(value, dict):
        return {
            str(key)[:40] if CODED.fullmatch(str(key)) else "...": _safe(child, key) for key, child in value.items()
        }
    if isinstance(value, list):
        return [_safe(child, name) for child in value[:50]]
    if value is None or isinstance(value, bool):
        return value
    if name in SAFE or name.startswith("quantity_"):
        text = str(value)
        return text if CODED.fullmatch(text) else "..."
    return "..."


def forget_old_calls(*, now: datetime) -> int:
    """Delete calls older than SUPPLIER_CALL_DAYS; return how many. Safe to repeat."""
    oldest = now - timedelta(days=settings.SUPPLIER_CALL_DAYS)
    return sum(calls.objects.filter(at__lt=oldest).delete()[0] for calls in (SupplierCall, TrackingCall))
