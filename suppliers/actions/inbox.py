"""Work on what suppliers tell us: of several copies of one thing that wait, the newest counts."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.db import IntegrityError
from django.utils import timezone

from orders import lease
from orders.actions.work import open_work
from orders.models import IncomingEvent, WorkItem
from suppliers.actions.catalog import take_stock
from suppliers.actions.parcels import take_shipment_copy
from suppliers.actions.poll import NOT_ANSWERED, take_order_of
from suppliers.actions.track import take_return_copy
from suppliers.adapters import adapter_of
from suppliers.adapters.base import Resting
from suppliers.models import Supplier

logger = logging.getLogger(__name__)
GIVES_UP_AFTER = 8
# Which copies come whole in a webhook, and what names the thing each is of.
NAMES = {"order": "reference", "shipment": "shipment_id"}
# Of so many that wait the newest is looked for; more come another time.
MOST_WAITING = 20
TAKEN = "taken"


def subject_of(kind: str, body: Mapping[str, Any]) -> str:
    """Say what the copy in a webhook is of (``order:LF-1-1-1``); an empty text if it brings none whole."""
    what = kind.partition(".")[0]
    copy = _copy_in(what, body)
    name = copy.get(NAMES.get(what, ""))
    return f"{what}:{name}"[:90] if name and isinstance(copy.get("version"), int) else ""


def _copy_in(what: str, body: Mapping[str, Any]) -> Mapping[str, Any]:
    data = body.get("data")
    copy = data.get(what) if isinstance(data, Mapping) else None
    return copy if isinstance(copy, Mapping) else {}


def work_incoming(incoming_id: int) -> None:
    """Work on one stored webhook of a supplier's. Safe to repeat; failures come back with a pause."""
    rows = IncomingEvent.objects.filter(done_at=None, source__startswith="supplier:")
    incoming = lease.take(rows, incoming_id)
    if incoming is None:
        return
    supplier = Supplier.objects.filter(slug=incoming.source.partition(":")[2]).first()
    try:
        outcome = _work_on(supplier, incoming) if supplier else "no such supplier"
    except Resting:
        lease.put_off(incoming, settings.PROBE_SECONDS)
        return
    except (*NOT_ANSWERED, IntegrityError, KeyError, TypeError, ValueError, AttributeError) as error:
        lease.fail(incoming, f"{type(error).__name__}: {error}")
        if incoming.failures + 1 >= GIVES_UP_AFTER:
            summary = f"{incoming.source}: {incoming.kind} could not be worked on: {type(error).__name__}"
            open_work(WorkItem.Reason.INCOMING_FAILED, incoming, order=None, summary=summary)
        return
    lease.finish(incoming, done_at=lease.Now(), outcome=outcome[:300])


def _work_on(supplier: Supplier, incoming: IncomingEvent) -> str:
    """Take in the newest copy that waits, and with it be done with all older ones; else the row's own."""
    waiting = _waiting_about(incoming) if incoming.subject else []
    newest = max(waiting, key=_version_of, default=incoming)
    if _version_of(newest) > _version_of(incoming):
        outcome = _work(supplier, newest.kind, newest.body.get("data") or {})
        if outcome == TAKEN:
            # Copies are whole: what an older one says, this one has said, or taken back against the contract.
            over = [row.pk for row in waiting if _version_of(row) <= _version_of(newest)]
            free = IncomingEvent.objects.filter(lease.is_free(), pk__in=over, done_at=None)
            overtaken = f"overtaken by {newest.event_id}"
            free.update(**lease.returned(), done_at=lease.Now(), outcome=overtaken[:300])
            return overtaken
    return _work(supplier, incoming.kind, incoming.body.get("data") or {})


def _waiting_about(incoming: IncomingEvent) -> list[IncomingEvent]:
    rows = IncomingEvent.objects.filter(
        source=incoming.source, subject=incoming.subject, done_at=None, quarantined_at=None
    )
    return list(rows.exclude(pk=incoming.pk).order_by("-pk")[:MOST_WAITING])


def _version_of(incoming: IncomingEvent) -> int:
    what = incoming.kind.partition(".")[0]
    return int(_copy_in(what, incoming.body).get("version") or 0) if incoming.subject else 0


def _work(supplier: Supplier, kind: str, data: Mapping[str, Any]) -> str:
    subject, _dot, _what = kind.partition(".")
    if subject == "order":
        copy = data.get("order") or adapter_of(supplier).find(str(data["reference"]))
        return TAKEN if copy and take_order_of(supplier, copy) else "nothing new"
    if subject == "shipment" and data.get("shipment"):
        return TAKEN if take_shipment_copy(supplier, data["shipment"]) else "nothing new"
    if subject == "return":
        copy = data.get("return") or adapter_of(supplier).find_return(str(data["return_reference"]))
        return TAKEN if copy and take_return_copy(supplier, copy) else "nothing new"
    if kind == "stock.changed":
        return f"stock of {take_stock(supplier, data['items'], report=logger.info)} offers"
    if subject in {"shipment", "catalog"}:
        # Too long for a webhook, or a whole list: the next reading brings it, and it is due now.
        soon = {"due_at": timezone.now()} | ({"stock_due_at": None} if subject == "catalog" else {})
        Supplier.objects.filter(pk=supplier.pk, lease_until=None).update(**soon)
        return "to be read"
    return "not used"
