"""Work on what suppliers tell us: of several copies of one thing that wait, the newest counts."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.db import IntegrityError, InterfaceError, OperationalError
from django.utils import timezone

from orders import lease
from orders.actions.work import open_work
from orders.models import IncomingEvent, WorkItem
from shop.prepared import PreparedRows
from suppliers.actions.catalog import take_stock
from suppliers.actions.parcels import take_shipment_copy
from suppliers.actions.poll import NOT_ANSWERED, take_order_of
from suppliers.actions.reading import Garbage, note_nameless, objects, reference_of, section
from suppliers.actions.track import take_return_copy
from suppliers.adapters import adapter_of
from suppliers.adapters.base import Resting
from suppliers.models import Supplier, SupplierOrder, SupplierReturn

logger = logging.getLogger(__name__)
GIVES_UP_AFTER = 8
# Which copies come whole in a webhook, and what names the thing each is of.
NAMES = {"order": "reference", "shipment": "shipment_id"}
# Of so many that wait the newest is looked for; more come another time.
MOST_WAITING = 20
TAKEN = "taken"
FROM_SUPPLIERS = IncomingEvent.objects.filter(done_at=None, source__startswith="supplier:")
_supplier_named = PreparedRows(lambda slug: Supplier.objects.filter(slug=slug).order_by())
_waiting = PreparedRows(
    lambda source, subject, pk: (
        IncomingEvent.objects.filter(source=source, subject=subject, done_at=None, quarantined_at=None)
        .exclude(pk=pk)
        .order_by("-pk")[:MOST_WAITING]
    )
)


def subject_of(kind: str, body: Mapping[str, Any]) -> str:
    """Say what the copy in a webhook is of (``order:LF-1-1-1``); an empty text if it brings none whole."""
    what = kind.partition(".")[0]
    copy = copy_in(what, body)
    name = copy.get(NAMES.get(what, ""))
    return f"{what}:{name}"[:90] if name and isinstance(copy.get("version"), int) else ""


def copy_in(what: str, body: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the copy of an order or a parcel that a webhook brings; empty if it brings none."""
    data = body.get("data")
    copy = data.get(what) if isinstance(data, Mapping) else None
    return copy if isinstance(copy, Mapping) else {}


def work_incoming(incoming_id: int) -> None:
    """Work on one stored webhook of a supplier's. Safe to repeat; failures come back with a pause."""
    incoming = lease.take(FROM_SUPPLIERS, incoming_id)
    if incoming is None:
        return
    supplier = _supplier_named.first(incoming.source.partition(":")[2])
    try:
        outcome = _work_on(supplier, incoming) if supplier else "no such supplier"
    except Resting:
        lease.put_off(incoming, settings.PROBE_SECONDS)
        return
    except Garbage as error:
        # Trying again would hear the same; the body is kept in the row.
        note_nameless(supplier, f"a message about {incoming.kind}")
        outcome = f"makes no sense: {error}"
    except (OperationalError, InterfaceError):
        raise
    except Exception as error:  # noqa: BLE001  (whatever it is, a worker must not die over it)
        if not isinstance(error, (*NOT_ANSWERED, IntegrityError)):
            logger.exception("message %s of %s", incoming.pk, incoming.source)
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
        outcome = _work(supplier, newest.kind, newest.body["data"])
        if outcome == TAKEN:
            # Copies are whole: what an older one says, this one has said, or taken back against the contract.
            over = [row.pk for row in waiting if _version_of(row) <= _version_of(newest)]
            free = IncomingEvent.objects.filter(lease.is_free(), pk__in=over, done_at=None)
            overtaken = f"overtaken by {newest.event_id}"
            free.update(**lease.returned(), done_at=lease.Now(), outcome=overtaken[:300])
            return overtaken
    return _work(supplier, incoming.kind, incoming.body.get("data"))


def _waiting_about(incoming: IncomingEvent) -> list[IncomingEvent]:
    return _waiting(incoming.source, incoming.subject, incoming.pk)


def _version_of(incoming: IncomingEvent) -> int:
    what = incoming.kind.partition(".")[0]
    return int(copy_in(what, incoming.body).get("version") or 0) if incoming.subject else 0


def _work(supplier: Supplier, kind: str, data: Any) -> str:
    """Do what a message of this kind asks for; return what came of it. Raises Garbage if it is about nothing."""
    subject = kind.partition(".")[0]
    if subject in {"order", "shipment", "return"}:
        outcome = _work_copy(supplier, subject, data)
        if outcome:
            return outcome
    if kind == "stock.changed":
        levels = objects(_checked(data), "items")
        return f"stock of {take_stock(supplier, levels, report=logger.info)} offers"
    if subject in {"shipment", "catalog"}:
        # Too long for a webhook, or a whole list: the next reading brings it, and it is due now.
        if subject == "catalog":
            # Also while it is being read: that page may be over.
            Supplier.objects.filter(pk=supplier.pk).update(stock_due_at=None)
        Supplier.objects.filter(pk=supplier.pk, lease_until=None).update(due_at=timezone.now())
        return "to be read"
    return "not used"


def _checked(data: Any) -> Mapping[str, Any]:
    if not isinstance(data, Mapping):
        raise Garbage("its data are no object")
    return data


def _work_copy(supplier: Supplier, subject: str, data: Any) -> str:
    """Take in the copy in a message, or read it now; an empty text for a parcel that was too long for it."""
    copy: Mapping[str, Any] | None = section(_checked(data), subject)
    if subject == "order":
        copy = copy or _asked_order(supplier, data)
        is_taken = copy and take_order_of(supplier, copy)
    elif subject == "return":
        copy = copy or _asked_return(supplier, data)
        is_taken = copy and take_return_copy(supplier, copy)
    elif copy:
        is_taken = take_shipment_copy(supplier, copy)
    else:
        return ""
    return TAKEN if is_taken else "nothing new"


def _asked_order(supplier: Supplier, data: Mapping[str, Any]) -> dict[str, Any] | None:
    """Read an order of which only our reference was told; None if it is none of ours, or the supplier has none."""
    reference = reference_of(data)
    if reference is None:
        raise Garbage("neither an order nor a reference")
    is_ours = SupplierOrder.objects.filter(supplier=supplier, reference=reference, for_return=None).exists()
    return adapter_of(supplier).find(reference) if is_ours else None


def _asked_return(supplier: Supplier, data: Mapping[str, Any]) -> dict[str, Any] | None:
    reference = reference_of(data, "return_reference")
    if reference is None:
        raise Garbage("neither a return nor a reference")
    rows = SupplierReturn.objects.filter(supplier_order__supplier=supplier, return_reference=reference)
    return adapter_of(supplier).find_return(reference) if rows.exists() else None
