"""Follow parcels at their carriers: one reader per service, which asks about what is due, many at a time."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Case, DateTimeField, Exists, Min, OuterRef, Q, QuerySet, Value, When
from django.db.models.functions import Now
from django.utils import timezone

from orders import lease
from orders.actions.carrier_word import believe_suppliers
from orders.actions.work import close_work, open_work
from orders.models import Shipment, WorkItem
from orders.states import ParcelStatus
from shop.turns import ENDING, is_over
from suppliers.actions.carrier_copies import note_nameless, take_copy
from suppliers.adapters.base import KeyRefused, Refused, TryLater
from suppliers.carriers import services_in_use, tracker_of
from suppliers.carriers.base import Parcel, Strange, Told, Tracker
from suppliers.carriers.directory import carrier_named
from suppliers.carriers.numbers import carrier_of_number
from suppliers.carriers.pace import GIVEN_UP, next_look
from suppliers.models import ParcelWatch, Supplier, SupplierShipment, TrackingService

# Seconds for which a reader goes on beginning calls, and how many the last parcel may take after that.
TURN_SECONDS, CALLS_AFTER = 20, 2
# Rows in a reader's hand are due again after so long, should it die.
CLAIMED_SECONDS = 600
SOONEST = 1
# A service that does not answer for so long tells nothing that could be missed.
AWAY_AFTER = timedelta(days=1)
# Parcels that are found unfollowed, in one statement and in one go.
CHUNK, MOST_FOUND = 1_000, 200_000
OVER = [ParcelStatus.DELIVERED, ParcelStatus.RETURNED, ParcelStatus.CANCELLED]
Reason = WorkItem.Reason


def follow_parcel(shipment: Shipment) -> None:
    """Owe the following of a parcel at its carrier: from now on, by its new number, or at once where words differ.

    Nothing to do without a number, or without a service in use. Call it in the transaction that wrote the parcel
    down, with its order locked. Safe to repeat; talks to nobody.
    """
    services = services_in_use()
    if not services or not shipment.tracking_number or shipment.status in OVER:
        return
    rows = ParcelWatch.objects.filter(shipment=shipment)
    known = rows.values_list("tracking_number", flat=True).first()
    number = shipment.tracking_number
    if known is None:
        ParcelWatch.objects.create(shipment=shipment, service=services[0], tracking_number=number, due_at=Now())
    elif known != number:
        rows.update(tracking_number=number, raw="", earliest_on=None, latest_on=None, **_anew(services[0]))
    elif shipment.supplier_says:
        # Supplier and carrier differ: the carrier's next scan decides, so it is asked now.
        rows.exclude(due_at=None).update(due_at=Now())


def _anew(service: str) -> dict[str, object]:
    changes = {"service": service, "service_id": "", "refused_code": "", "failures": 0, "told_at": None}
    return changes | {"due_at": Now(), "asked_at": None}


def carrier_tells_days(shipment: Shipment) -> bool:
    """True if a parcel's carrier has told us itself when it is to arrive. One query."""
    rows = ParcelWatch.objects.filter(shipment=shipment, service__in=services_in_use())
    return rows.exclude(latest_on=None).exists()


def ask_about(shipment: Shipment) -> bool:
    """Make a parcel due to be asked about now; False if it is not followed."""
    rows = ParcelWatch.objects.filter(shipment=shipment, refused_code="", service__in=services_in_use())
    return bool(rows.update(due_at=Now()))


# --- the reader


def read_service(service_id: int) -> None:
    """Ask a service about the parcels that are due, many at a time. Talks to the network; safe to repeat."""
    rows = TrackingService.objects.filter(slug__in=services_in_use())
    service = lease.take(rows, service_id, seconds=TURN_SECONDS + CALLS_AFTER * _longest_call())
    if service is None:
        return
    if ENDING.is_set():
        # Not asked, so nothing is known of it either.
        lease.put_off(service, 0)
        return
    tracker = tracker_of(service.slug)
    assert tracker is not None
    try:
        is_done = _read_due(tracker, time.monotonic() + TURN_SECONDS)
    except (KeyRefused, TryLater) as error:
        _note_failing(service, error)
        return
    pause = tracker.rests_for or (_until_next(service.slug) if is_done else SOONEST)
    lease.finish(service, due_in=max(SOONEST, pause), last_good_at=Now(), failing_since=None)
    if service.failing_since is not None:
        close_work(Reason.TRACKING_SILENT, service)


def _longest_call() -> float:
    return settings.SUPPLIER_CONNECT_SECONDS + settings.SUPPLIER_READ_SECONDS


def _note_failing(service: TrackingService, error: KeyRefused | TryLater) -> None:
    """Give the service back after a failure: its growing pause is its breaker, for nobody else calls it."""
    why = f"{type(error).__name__}: {error}"
    since = service.failing_since or Now()
    lease.fail(service, why, retry_after=getattr(error, "retry_after", None), failing_since=since)
    if isinstance(error, KeyRefused):
        summary = f"{service} does not let us in ({error}). Parcels are followed by their suppliers' words alone."
        open_work(Reason.TRACKING_SILENT, service, order=None, summary=summary)


def _until_next(slug: str) -> float:
    """Return how many seconds there are until the next parcel is due, at most those between two looks."""
    due = ParcelWatch.objects.filter(service=slug).aggregate(due=Min("due_at"))["due"]
    most = float(settings.CARRIER_LOOK_SECONDS)
    return min(most, (due - timezone.now()).total_seconds()) if due else most


def _read_due(tracker: Tracker, until: float) -> bool:
    """Work through what is due; False if time or the service's patience ended before. Memory holds one batch."""
    while not is_over(until):
        asked_at = timezone.now()
        watches = _claim(tracker, asked_at)
        if not watches:
            return True
        _read_batch(tracker, watches, asked_at, until)
        if tracker.rests_for:
            return False
    return False


def _claim(tracker: Tracker, asked_at: datetime) -> list[ParcelWatch]:
    """Take the parcels that have been due for longest; nobody else gets them meanwhile."""
    with transaction.atomic():
        due = ParcelWatch.objects.filter(service=tracker.slug, due_at__lte=Now()).order_by("due_at", "pk")
        rows = due.select_related("shipment__order", "shipment__delivery")
        found = list(rows.select_for_update(skip_locked=True, of=("self",), no_key=True)[: tracker.batch])
        if found:
            taken = ParcelWatch.objects.filter(pk__in=[watch.pk for watch in found])
            taken.update(due_at=lease.db_now_plus(CLAIMED_SECONDS), asked_at=asked_at)
    return found


def _read_batch(tracker: Tracker, watches: Sequence[ParcelWatch], asked_at: datetime, until: float) -> None:
    """Ask about some parcels, with one call for all that are known there; what is left undone is due again at once."""
    done: list[ParcelWatch] = []
    try:
        known = [watch for watch in watches if watch.service_id]
        if known:
            _take_all(known, tracker.read_many([_bare(watch.tracking_number) for watch in known]), tracker.slug)
            done += known
        for watch in watches:
            if watch.service_id or (tracker.rests_for or is_over(until)):
                continue
            if _register(tracker, watch):
                done.append(watch)
    finally:
        _note_heard(done)
        _give_back(watches, done, asked_at)


def _bare(number: str) -> str:
    """Return a number as services keep it: suppliers print some with spaces."""
    return "".join(number.split())


def _note_heard(watches: Sequence[ParcelWatch]) -> None:
    """Note of parcels that their scans are told: from now on a silence of their carriers means something."""
    pks = [watch.shipment_id for watch in watches if watch.service_id and not watch.shipment.is_followed]
    if pks:
        Shipment.objects.filter(pk__in=pks).update(is_followed=True)


def _note_unheard(parcels: QuerySet[Shipment]) -> int:
    """Note of parcels that nobody tells their scans any more, unless their suppliers do: without any they are not late."""
    tellers = [supplier.pk for supplier in Supplier.objects.only("capabilities") if supplier.can("delivery_events")]
    told = SupplierShipment.objects.filter(shipment=OuterRef("pk"), supplier__in=tellers)
    return parcels.filter(~Exists(told), is_followed=True).update(is_followed=False)


def _take_all(watches: Sequence[ParcelWatch], copies: Sequence[Told | Strange], service: str) -> None:
    by_id: dict[str, Told | Strange] = {copy.service_id: copy for copy in copies}
    ours = {watch.service_id for watch in watches}
    for watch in watches:
        copy = by_id.get(watch.service_id)
        if copy is not None:
            take_copy(watch, copy)
            continue
        # The service has forgotten it: it is registered anew next time, and not sooner than any other failure.
        watch.failures += 1
        rows = ParcelWatch.objects.filter(pk=watch.pk, service_id=watch.service_id)
        rows.update(service_id="", failures=watch.failures, last_error="not known there any more")
    for copy in copies:
        # Another parcel's with the same number is none of ours.
        if isinstance(copy, Strange) and copy.service_id not in ours:
            note_nameless(service, copy)


def _register(tracker: Tracker, watch: ParcelWatch) -> bool:
    """Let a service follow a parcel; False if it cannot, and the next service is to be asked, or none."""
    order, shipment = watch.shipment.order, watch.shipment
    carrier = carrier_named(shipment.carrier_code, shipment.carrier_name) or carrier_of_number(watch.tracking_number)
    parcel = Parcel(str(shipment.pk), _bare(watch.tracking_number), carrier, str(order.country), order.postcode)
    mine = ParcelWatch.objects.filter(pk=watch.pk, tracking_number=watch.tracking_number, service=tracker.slug)
    try:
        copy = tracker.register(parcel)
    except KeyRefused:
        raise
    except Refused as refusal:
        others = services_in_use()
        following = others[others.index(tracker.slug) + 1 :]
        changes = _anew(following[0]) if following else {"refused_code": refusal.code[:40], "due_at": None}
        if mine.update(**changes) and not following:
            _note_unheard(Shipment.objects.filter(pk=shipment.pk))
        return False
    if not isinstance(copy, Strange):
        watch.service_id = copy.service_id
        mine.update(service_id=copy.service_id)
    take_copy(watch, copy)
    return True


def _give_back(watches: Sequence[ParcelWatch], done: Sequence[ParcelWatch], asked_at: datetime) -> None:
    """Write when each parcel is due next, in one statement; what was given another time meanwhile keeps that."""
    now, undone = timezone.now(), {watch.pk for watch in watches} - {watch.pk for watch in done}
    looks: dict[datetime | None, list[int]] = defaultdict(list)
    for watch in done:
        looks[next_look(watch.shipment, failures=watch.failures, now=now)].append(watch.pk)
    cases = [When(pk__in=pks, then=Value(at, DateTimeField())) for at, pks in looks.items()]
    mine = ParcelWatch.objects.filter(asked_at=asked_at)
    if cases:
        mine.filter(pk__in=[watch.pk for watch in done]).update(due_at=Case(*cases, output_field=DateTimeField()))
    if undone:
        # Those that no service follows have no due time any more.
        mine.filter(pk__in=undone).exclude(due_at=None).update(due_at=now)


# --- what the reader does not see


def tend_carriers(*, now: datetime) -> int:
    """Look after what no event does: services with a new key, parcels nobody follows, carriers fallen silent.

    Returns how many parcels are followed from now on. Safe to repeat and to run twice at once.
    """
    believe_suppliers(now=now)
    services = services_in_use()
    TrackingService.objects.exclude(slug__in=services).update(failing_since=None, due_at=None)
    for slug in services:
        TrackingService.objects.get_or_create(slug=slug, defaults={"due_at": now})
    TrackingService.objects.filter(slug__in=services, due_at=None, lease_until=None).update(due_at=now)
    # A service that has been away for longer tells nothing.
    away = TrackingService.objects.filter(failing_since__lt=now - AWAY_AFTER).values("slug")
    silent = ParcelWatch.objects.filter(~Q(service__in=services) | Q(service__in=away))
    _note_unheard(open_parcels(now).filter(pk__in=silent.values("shipment")))
    if not services:
        return 0
    # What a service without its key has followed goes to the first that has one.
    orphans = ParcelWatch.objects.exclude(service__in=services).filter(shipment__in=open_parcels(now))
    ParcelWatch.objects.filter(pk__in=orphans.values("pk")).update(**_anew(services[0]))
    return _find_unfollowed(services[0], now)


def open_parcels(now: datetime) -> QuerySet[Shipment]:
    """Return the parcels that may be on their way, but those that are a person's to find."""
    return Shipment.objects.exclude(status__in=OVER).filter(created_at__gt=now - GIVEN_UP)


def _find_unfollowed(service: str, now: datetime) -> int:
    found, last = 0, 0
    unfollowed = (
        open_parcels(now)
        .exclude(tracking_number="")
        .filter(~Exists(ParcelWatch.objects.filter(shipment=OuterRef("pk"))))
    )
    while found < MOST_FOUND:
        pairs = list(unfollowed.filter(pk__gt=last).order_by("pk").values_list("pk", "tracking_number")[:CHUNK])
        ParcelWatch.objects.bulk_create(
            [ParcelWatch(shipment_id=pk, service=service, tracking_number=number, due_at=now) for pk, number in pairs],
            ignore_conflicts=True,
        )
        found += len(pairs)
        if len(pairs) < CHUNK:
            break
        last = pairs[-1][0]
    return found
