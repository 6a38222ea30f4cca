"""Work on what tracking services tell us by webhook; it stands in the same inbox as all that comes from outside."""

from __future__ import annotations

import logging

from django.db import InterfaceError, OperationalError
from django.utils import timezone

from orders import lease
from orders.actions.work import open_work
from orders.models import IncomingEvent, WorkItem
from suppliers.actions.carrier_copies import note_nameless, take_copy
from suppliers.actions.reading import MAKES_NO_SENSE
from suppliers.carriers import tracker_of
from suppliers.carriers.base import Strange, Told, kept
from suppliers.carriers.pace import next_look
from suppliers.models import ParcelWatch

logger = logging.getLogger(__name__)
GIVES_UP_AFTER = 8
SOURCE = "carrier:"


def work_carrier_message(incoming_id: int) -> None:
    """Work on one stored webhook of a tracking service. Safe to repeat; failures come back with a pause."""
    rows = IncomingEvent.objects.filter(done_at=None, source__startswith=SOURCE)
    incoming = lease.take(rows, incoming_id)
    if incoming is None:
        return
    try:
        outcome = _work_on(incoming)
    except (OperationalError, InterfaceError):
        raise
    except Exception as error:  # noqa: BLE001  (whatever it is, a worker must not die over it)
        logger.exception("message %s of %s", incoming.pk, incoming.source)
        lease.fail(incoming, f"{type(error).__name__}: {error}")
        if incoming.failures + 1 >= GIVES_UP_AFTER:
            summary = f"{incoming.source}: {incoming.kind} could not be worked on: {type(error).__name__}"
            open_work(WorkItem.Reason.INCOMING_FAILED, incoming, order=None, summary=summary)
        return
    lease.finish(incoming, done_at=lease.Now(), outcome=outcome[:300])


def _work_on(incoming: IncomingEvent) -> str:
    slug = incoming.source.removeprefix(SOURCE)
    tracker = tracker_of(slug)
    if tracker is None:
        return "no such service in use"
    try:
        message = tracker.message(incoming.body)
    except MAKES_NO_SENSE as error:
        note_nameless(slug, Strange("", type(error).__name__, kept(incoming.body)))
        return f"makes no sense: {type(error).__name__}"
    outcomes = [_take(slug, copy) for copy in message.copies]
    return ", ".join(outcomes) or "not used"


def _take(slug: str, copy: Told | Strange) -> str:
    """Take in a copy for every parcel that it is of, and begin its time anew: it need not be asked about soon."""
    rows = ParcelWatch.objects.filter(service=slug, service_id=copy.service_id) if copy.service_id else []
    watches = list(rows.select_related("shipment__order", "shipment__delivery")) if copy.service_id else []
    if isinstance(copy, Strange) and not watches:
        note_nameless(slug, copy)
    is_new = False
    for watch in watches:
        is_new |= take_copy(watch, copy)
        look = next_look(watch.shipment, failures=watch.failures, now=timezone.now())
        ParcelWatch.objects.filter(pk=watch.pk, service_id=copy.service_id).update(due_at=look)
    if isinstance(copy, Strange):
        return f"makes no sense: {copy.why}"
    return "taken" if is_new else "nothing new" if watches else "no parcel of ours"
