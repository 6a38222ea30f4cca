"""Ask a supplier to take goods back, and read what it says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from orders import events, lease
from orders.models import WorkItem
from suppliers.actions.in_kind import ask_about_all_sent
from suppliers.actions.reading import Garbage, note_garbage, reference_of
from suppliers.actions.returns_told import ask_people, note_withdrawn, remind
from suppliers.actions.track import take_return_copy
from suppliers.adapters import adapter_of
from suppliers.adapters.base import AlreadyThere, KeyRefused, Refused, Resting, TryLater, Unclear
from suppliers.models import Supplier, SupplierOrder, SupplierOrderLine, SupplierReturn

Status, Channel = SupplierReturn.Status, SupplierReturn.Channel
UNASKED = (Status.TO_ASK, Status.UNKNOWN)
# How the contract calls it that a supplier sends new goods itself.
REPLACEMENT = "replacement"
# The contract lets go of these only.
WITHDRAWABLE = (*UNASKED, Status.REQUESTED, Status.APPROVED)


@dataclass(frozen=True, slots=True)
class BackLine:
    """Units of one line to go back; ``reason_code`` is a word of the contract."""

    line: SupplierOrderLine
    quantity: int
    reason_code: str
    note: str = ""


def open_supplier_return(
    supplier_order: SupplierOrder,
    parts: Sequence[BackLine],
    *,
    reference: str,
    solution: str,
    photo_urls: Sequence[str] = (),
) -> SupplierReturn:
    """Write down that a supplier is to be asked to take units of one of its orders back; the relay asks it.

    ``reference`` is ours, unique for ever; ``solution`` is a word of the contract: with ``"replacement"`` its new
    goods are awaited. The same reference is one return.
    """
    known = SupplierReturn.objects.filter(return_reference=reference).first()
    if known is not None:
        return known
    return SupplierReturn.objects.create(
        supplier_order=supplier_order,
        order=supplier_order.order,
        return_reference=reference,
        request={
            "return_reference": reference,
            "reference": supplier_order.told_reference,
            "resolution_requested": solution,
            "lines": [_asked(part, photo_urls) for part in parts],
        },
        awaits_replacement=solution == REPLACEMENT,
        due_at=timezone.now(),
    )


def _asked(part: BackLine, photo_urls: Sequence[str]) -> dict[str, Any]:
    asked: dict[str, Any] = {
        "line_id": part.line.line_id,
        "quantity": part.quantity,
        "reason_code": part.reason_code,
    }
    if part.note:
        asked["note"] = part.note[:1000]
    if photo_urls:
        asked["photo_urls"] = list(photo_urls)[:10]
    return asked


def ask_return(supplier_return_id: int) -> None:
    """Do what is due of a return at its supplier: ask for it, remind of it, or withdraw it. Talks to the network.

    Asked with the same reference and key on every attempt.
    """
    related = "supplier_order__supplier"
    rows = SupplierReturn.objects.filter(status__in=WITHDRAWABLE).select_related(related)
    row = lease.take(rows, supplier_return_id)
    if row is None:
        # Further than that: nothing is due of it by itself.
        SupplierReturn.objects.filter(lease.is_free(), pk=supplier_return_id).exclude(status__in=WITHDRAWABLE).update(
            due_at=None
        )
    elif row.status in UNASKED:
        _ask(row)
    elif row.withdrawn_at is not None:
        withdraw_at_supplier(row)
    else:
        remind(row)


def _ask(row: SupplierReturn) -> None:
    supplier = row.supplier_order.supplier
    # Asked once by one way, it is asked by that again: two ways would be two returns.
    channel = row.channel or channel_of(supplier)
    if channel != Channel.API:
        _ask_people(row, channel)
        return
    SupplierReturn.objects.filter(pk=row.pk).update(channel=channel)
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
        _refused(row, refusal)
        return
    _take_answer(row, copy)


def _ask_people(row: SupplierReturn, channel: Channel) -> None:
    """Ask the people of a supplier; for credit, also where its API was to be asked for new goods: those we send."""
    if row.request.get("resolution_requested") == REPLACEMENT:
        row.request = row.request | {"resolution_requested": "credit"}
        SupplierReturn.objects.filter(pk=row.pk).update(request=row.request)
    ask_people(row, channel)


def channel_of(supplier: Supplier) -> Channel:
    """Return by which way a supplier is asked to take something back."""
    if supplier.can("returns"):
        return Channel.API
    return Channel.MAIL if supplier.contact_email else Channel.BY_HAND


def _refused(row: SupplierReturn, refusal: Refused) -> None:
    supplier = row.supplier_order.supplier
    if refusal.code in {"not-supported", "501"}:
        # What its API does not take, its people are asked.
        _ask_people(row, Channel.MAIL if supplier.contact_email else Channel.BY_HAND)
        return
    refused = {"status": Status.REFUSED, "refused_reason": str(refusal)[:300], "status_changed_at": timezone.now()}
    with transaction.atomic():
        if lease.finish(row, **refused):
            events.record("supplier_return.updated", row, by=None, status=Status.REFUSED.value)


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


def cancel_supplier_return(row: SupplierReturn) -> None:
    """Note that a return is to be withdrawn at its supplier; the relay tells it. Safe to repeat.

    One that was never asked is over at once. Inside a transaction.
    """
    if stop_awaiting(row):
        ask_about_all_sent(row)
    unasked = SupplierReturn.objects.filter(pk=row.pk, status=Status.TO_ASK, attempt=0)
    now = timezone.now()
    if unasked.update(status=Status.CANCELLED, status_changed_at=now, due_at=None, withdrawn_at=now):
        return
    asked = SupplierReturn.objects.filter(pk=row.pk, withdrawn_at=None, status__in=WITHDRAWABLE)
    asked.update(withdrawn_at=now, due_at=now)


def stop_awaiting(row: SupplierReturn) -> bool:
    """Await no new goods of a supplier's own for a return any more; False if none were. Inside a transaction."""
    row.awaits_replacement = False
    return bool(SupplierReturn.objects.filter(pk=row.pk, awaits_replacement=True).update(awaits_replacement=False))


def withdraw_at_supplier(row: SupplierReturn) -> None:
    """Tell the supplier of a taken return that nothing comes back. Talks to the network; safe to repeat."""
    if row.channel in {Channel.MAIL, Channel.BY_HAND}:
        note_withdrawn(row)
        return
    adapter = adapter_of(row.supplier_order.supplier)
    try:
        copy = adapter.cancel_return(row.return_reference, key=f"waybill-return-{row.return_reference}-cancel")
    except (Resting, KeyRefused):
        lease.put_off(row, settings.PROBE_SECONDS)
    except TryLater as error:
        lease.fail(row, str(error), retry_after=error.retry_after)
    except Unclear as error:
        lease.fail(row, str(error))
    except Refused:
        _goes_on(row, adapter)
    else:
        _take_withdrawn(row, copy)


def _take_withdrawn(row: SupplierReturn, copy: dict[str, Any]) -> None:
    if reference_of(copy, "return_reference") == row.return_reference:
        take_return_copy(row.supplier_order.supplier, copy)
    still = SupplierReturn.objects.filter(pk=row.pk, status__in=WITHDRAWABLE)
    if still.exists():
        lease.fail(row, "withdrawn, and its copy does not say so")


def _goes_on(row: SupplierReturn, adapter: Any) -> None:
    """The supplier does not let go of a return any more: it is read anew, and what comes of it is told."""
    try:
        found = adapter.find_return(row.return_reference)
    except (TryLater, Unclear, Refused) as error:
        lease.fail(row, str(error))
        return
    with transaction.atomic():
        if not lease.finish(row, withdrawn_at=None):
            return
        # To whoever follows it, the state is news although its supplier's is none.
        events.record("supplier_return.kept", row, by=None, status=row.status)
    if found is not None and reference_of(found, "return_reference") == row.return_reference:
        take_return_copy(row.supplier_order.supplier, found)
