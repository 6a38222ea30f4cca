"""Ask a supplier to take goods back, and read what it says."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from orders import events, lease
from orders.models import OrderLine, WorkItem
from suppliers.actions.reading import Garbage, note_garbage, reference_of
from suppliers.actions.track import take_return_copy
from suppliers.adapters import adapter_of
from suppliers.adapters.base import AlreadyThere, KeyRefused, Refused, Resting, TryLater, Unclear
from suppliers.models import SupplierOrderLine, SupplierReturn

Status = SupplierReturn.Status


class NotReturnable(Exception):
    """No supplier has delivered so many units of the line."""


def open_supplier_return(
    line: OrderLine,
    quantity: int,
    *,
    reference: str,
    reason_code: str,
    solution: str,
    note: str = "",
    photo_urls: Sequence[str] = (),
) -> SupplierReturn:
    """Write down a return to be asked from the supplier that sent the units; the relay asks it.

    ``reference`` is ours, unique for ever; ``reason_code`` and ``solution`` are words of the contract.
    The same reference is one return. Raises NotReturnable.
    """
    known = SupplierReturn.objects.filter(return_reference=reference).first()
    if known is not None:
        return known
    sent = SupplierOrderLine.objects.filter(order_line=line, shipped__gte=quantity)
    source = sent.select_related("supplier_order__supplier").order_by("-shipped", "pk").first()
    if source is None:
        raise NotReturnable(line.sku)
    asked: dict[str, Any] = {"line_id": source.line_id, "quantity": quantity, "reason_code": reason_code}
    if note:
        asked["note"] = note[:1000]
    if photo_urls:
        asked["photo_urls"] = list(photo_urls)[:10]
    return SupplierReturn.objects.create(
        supplier_order=source.supplier_order,
        order=line.order,
        return_reference=reference,
        request={
            "return_reference": reference,
            "reference": source.supplier_order.reference,
            "resolution_requested": solution,
            "lines": [asked],
        },
        due_at=timezone.now(),
    )


def ask_return(supplier_return_id: int) -> None:
    """Ask for a return, with the same reference and key on every attempt. Talks to the network."""
    rows = SupplierReturn.objects.filter(status__in=[Status.TO_ASK, Status.UNKNOWN])
    row = lease.take(rows, supplier_return_id)
    if row is None:
        return
    supplier = row.supplier_order.supplier
    adapter = adapter_of(supplier)
    try:
        copy = adapter.open_return(row.request, key=f"waybill-return-{row.return_reference}")
    except AlreadyThere:
        _adopt(row, adapter)
        return
    except (Resting, KeyRefused):
        lease.put_off(row, settings.PROBE_SECONDS)
        return
    except TryLater as error:
        lease.fail(row, str(error), retry_after=error.retry_after)
        return
    except Unclear as error:
        lease.fail(row, str(error), status=Status.UNKNOWN)
        return
    except Refused as refusal:
        with transaction.atomic():
            refused = {
                "status": Status.REFUSED,
                "refused_reason": str(refusal)[:300],
                "status_changed_at": timezone.now(),
            }
            if lease.finish(row, **refused):
                events.record("supplier_return.updated", row, by=None, status=Status.REFUSED.value)
        return
    _take_answer(row, copy)


def _take_answer(row: SupplierReturn, copy: dict[str, Any]) -> None:
    """Take in what a supplier answers; if that says nothing of the return, nobody knows yet whether it has it."""
    if reference_of(copy, "return_reference") == row.return_reference:
        take_return_copy(row.supplier_order.supplier, copy)
    else:
        note_garbage(WorkItem.Reason.SUPPLIER_GARBAGE, row, Garbage("an answer about another return"))
    unanswered = SupplierReturn.objects.filter(pk=row.pk, status__in=[Status.TO_ASK, Status.UNKNOWN])
    if unanswered.exists():
        # Asked again with the same key: what it has taken it does not take twice.
        lease.fail(row, "an answer that makes no sense", status=Status.UNKNOWN)


def _adopt(row: SupplierReturn, adapter: Any) -> None:
    try:
        found = adapter.find_return(row.return_reference)
    except (TryLater, Unclear, Refused) as error:
        lease.fail(row, str(error))
        return
    if found is not None:
        _take_answer(row, found)
    else:
        lease.fail(row, "known and not to be found")
