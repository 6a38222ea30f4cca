"""Returns at suppliers without an API: asked by mail or by a person, and what their people say, as a copy of the contract.

Whatever they say goes the way that the copies of all suppliers go (``track.take_return_copy``), so that everything
behind it is one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from orders import events, lease
from orders.events import key_of
from orders.models import Event
from suppliers.actions.track import take_return_copy
from suppliers.models import SupplierReturn

Status, Channel = SupplierReturn.Status, SupplierReturn.Channel
# So long a supplier has for each mail before it is reminded; twice, then a person is asked.
PATIENCE = timedelta(days=2)
STEPS = ("asked", "reminded", "chased")
PUT = "supplier_return.put"
# What may be said of a return that stands there, as section 7 of the contract has it.
NEXT: Mapping[str, frozenset[str]] = {
    Status.REQUESTED: frozenset({Status.APPROVED, Status.REJECTED}),
    Status.APPROVED: frozenset({Status.RECEIVED, Status.RESOLVED}),
    Status.IN_TRANSIT: frozenset({Status.RECEIVED}),
    Status.RECEIVED: frozenset({Status.RESOLVED}),
}


class NotNow(Exception):
    """That was said before, or something else was: nothing is written."""


@dataclass(frozen=True, slots=True)
class LineWord:
    """What a supplier says of one line of a return, in units; None: nothing."""

    approved: int | None = None
    received: int | None = None
    refused: int | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Told:
    """What a supplier's people say of a return, by the line's id; ``status`` is a word of the contract.

    ``resolution`` is "credit", "refund" or "none"; ``amount`` a decimal number in the currency of its order.
    """

    status: str
    lines: Mapping[str, LineWord] = field(default_factory=dict)
    goods_back: bool | None = None
    return_to: str = ""
    label_url: str = ""
    instructions: str = ""
    return_by: date | None = None
    resolution: str = ""
    amount: str = ""


def ask_people(row: SupplierReturn, channel: Channel) -> None:
    """Write down that a taken return is asked of people; by mail the mail follows. Safe to repeat."""
    with transaction.atomic():
        if not lease.finish(row, channel=channel):
            return
        row.channel = channel
        take_return_copy(row.supplier_order.supplier, _first_copy(row))
        if channel == Channel.MAIL:
            _put(row, STEPS[0])
        if row.withdrawn_at is not None:
            SupplierReturn.objects.filter(pk=row.pk).update(due_at=timezone.now())


def remind(row: SupplierReturn) -> None:
    """Remind the people of a supplier of a taken return that they have not answered; twice at most."""
    done = Event.objects.filter(kind=PUT, subject_key=key_of(row)).count()
    with transaction.atomic():
        is_over = row.status != Status.REQUESTED or row.channel != Channel.MAIL or done >= len(STEPS)
        if lease.finish(row) and not is_over:
            _put(row, STEPS[max(done, 1)])


def _put(row: SupplierReturn, step: str) -> None:
    events.record(PUT, row, by=None, step=step)
    if step != STEPS[-1]:
        SupplierReturn.objects.filter(pk=row.pk).update(due_at=timezone.now() + PATIENCE)


def note_withdrawn(row: SupplierReturn) -> None:
    """Write down that people were asked for nothing any more; by mail they are told."""
    with transaction.atomic():
        if not lease.finish(row):
            return
        take_return_copy(row.supplier_order.supplier, _copy(row, {"status": Status.CANCELLED.value}))
        if row.channel == Channel.MAIL:
            events.record(PUT, row, by=None, step="withdrawn")


def _first_copy(row: SupplierReturn) -> dict[str, Any]:
    counters = dict.fromkeys(("quantity_approved", "quantity_rejected", "quantity_received", "quantity_refused"), 0)
    lines = [
        {name: part[name] for name in ("line_id", "quantity", "reason_code")} | counters
        for part in row.request.get("lines", [])
    ]
    return {
        "return_reference": row.return_reference,
        "reference": row.request.get("reference", ""),
        "version": row.version + 1,
        "status": Status.REQUESTED.value,
        "goods_back_required": None,
        "lines": lines,
        "resolution": None,
    }


def _copy(row: SupplierReturn, changes: Mapping[str, Any]) -> dict[str, Any]:
    return {**_first_copy(row), **row.last_copy, **changes, "version": row.version + 1}


def take_told(row: SupplierReturn, told: Told) -> None:
    """Take in what a supplier's people say of a return, on its page or to one of us.

    Raises NotNow if that does not follow from where it stands, and writes nothing.
    """
    with transaction.atomic():
        now = SupplierReturn.objects.select_for_update().select_related("supplier_order__supplier").get(pk=row.pk)
        if told.status not in NEXT.get(now.status, ()):
            raise NotNow(now.status)
        take_return_copy(now.supplier_order.supplier, _copy(now, _said(now, told)))


def _said(row: SupplierReturn, told: Told) -> dict[str, Any]:
    lines = _copy(row, {})["lines"]
    said: dict[str, Any] = {
        "status": str(told.status),
        "lines": [_line(part, told.lines.get(str(part["line_id"]), LineWord())) for part in lines],
    }
    if told.status in {Status.APPROVED, Status.REJECTED}:
        said |= {
            "goods_back_required": told.goods_back,
            "return_to": _address(told.return_to),
            "label": {"url": told.label_url} if told.label_url else None,
            "instructions": told.instructions or None,
            "return_by": told.return_by.isoformat() if told.return_by else None,
        }
    if told.resolution:
        currency = row.supplier_order.request.get("currency") or row.order.currency
        amount = {"amount": told.amount, "currency": currency} if told.amount else None
        now = timezone.now().strftime("%Y-%m-%dT%H:%M:%SZ")
        said["resolution"] = {"type": told.resolution, "amount": amount, "detail": None, "resolved_at": now}
    return said


def _line(part: Mapping[str, Any], word: LineWord) -> dict[str, Any]:
    line = dict(part)
    if word.approved is not None:
        line |= {"quantity_approved": word.approved, "quantity_rejected": part["quantity"] - word.approved}
    if word.received is not None:
        line["quantity_received"] = word.received
    if word.refused is not None:
        line["quantity_refused"] = word.refused
    if word.reason:
        line["decision_reason"] = word.reason
    return line


def _address(typed: str) -> dict[str, str] | None:
    """Put an address as it was typed into the contract's fields, one line each, so that it reads the same again."""
    lines = [line.strip() for line in typed.splitlines() if line.strip()]
    if not lines:
        return None
    names = ("name", "company", "line1", "line2", "city", "region")
    found = dict(zip(names, lines, strict=False))
    if len(lines) > len(names):
        found["country"] = ", ".join(lines[len(names) :])
    return {"name": "", "line1": "", "postal_code": "", "city": "", "country": ""} | found
