"""How far one parcel is: its five steps, its scans in our words, and what is said where nothing is heard."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _, gettext_lazy

from orders.models import Order, OrderDelivery, Shipment, TrackingEvent
from orders.states import ParcelStatus
from orders.words import PARCEL_WORDS
from shop.words import day

STEP_LABELS = (
    gettext_lazy("Ordered"),
    gettext_lazy("Confirmed"),
    gettext_lazy("Sent"),
    gettext_lazy("Out for delivery"),
    gettext_lazy("Delivered"),
)
ON_THE_WAY = {ParcelStatus.OUT_FOR_DELIVERY, ParcelStatus.AVAILABLE_FOR_PICKUP, ParcelStatus.ATTEMPT_FAILED}
TROUBLE = {ParcelStatus.EXCEPTION, ParcelStatus.ATTEMPT_FAILED, ParcelStatus.RETURNING, ParcelStatus.RETURNED}
NOT_GONE = {ParcelStatus.PENDING, ParcelStatus.LABEL_CREATED}
# A parcel on its way that is not heard of for so long is said to be quiet; a person asks after the second time
# (the entry "moving" of config/deadlines.py).
QUIET, ASKED_AFTER = timedelta(days=4), timedelta(days=10)


@dataclass(frozen=True, slots=True)
class Step:
    """One of the five steps: ``done``, ``current`` or ``todo``."""

    label: str | Promise
    state: str
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """One scan in our words; the names that ``components/_timeline.html`` reads. ``raw`` is the carrier's own text."""

    text: str
    at: datetime
    place: str
    problem: bool
    raw: str = ""


def steps_of(order: Order, shipment: Shipment | None, *, is_confirmed: bool) -> list[Step]:
    """Return the five steps of a parcel, or of goods that are in none yet."""
    reached: list[tuple[bool, datetime | None]] = [
        (True, order.placed_at),
        (bool(shipment) or is_confirmed, shipment.created_at if shipment else None),
        sent(shipment),
        _near(shipment),
        (bool(shipment and shipment.delivered_at), shipment.delivered_at if shipment else None),
    ]
    last = max(place for place, (is_reached, _at) in enumerate(reached) if is_reached)
    ended = last == len(reached) - 1
    steps = []
    for place, (label, (_reached, at)) in enumerate(zip(STEP_LABELS, reached, strict=True)):
        state = "done" if place < last or ended else "current" if place == last else "todo"
        steps.append(Step(label, state, at if place <= last else None))
    return steps


def sent(shipment: Shipment | None) -> tuple[bool, datetime | None]:
    """Return whether a parcel has left, and when if that was told."""
    if shipment is None or shipment.status in NOT_GONE:
        return False, None
    return True, shipment.shipped_at


def _near(shipment: Shipment | None) -> tuple[bool, datetime | None]:
    if shipment is None:
        return False, None
    if shipment.status == ParcelStatus.IN_TRANSIT:
        # It was at the door, and the carrier has taken it back to its depot.
        return False, None
    seen = [event.occurred_at for event in shown_scans(shipment) if event.status in ON_THE_WAY]
    return (bool(seen) or shipment.status in ON_THE_WAY), min(seen, default=None)


def shown_scans(shipment: Shipment) -> list[TrackingEvent]:
    """Return a parcel's scans, newest first, each once: of a state that the carrier tells, its own scans only.

    Its supplier passes on the same scans, in other words and with other times.
    """
    scans = list(shipment.tracking_events.all())
    told = {scan.status for scan in scans if scan.source == TrackingEvent.Source.CARRIER}
    return [scan for scan in scans if scan.source == TrackingEvent.Source.CARRIER or scan.status not in told]


def entries_of(shipment: Shipment | None) -> list[Entry]:
    """Return a parcel's scans, newest first. The carrier's own words may name people: they are for agents."""
    if shipment is None:
        return []
    scans = shown_scans(shipment)
    made = []
    for place, scan in enumerate(scans):
        is_further = any(older.status == scan.status for older in scans[place + 1 :])
        made.append(
            Entry(_scan_words(scan, is_further), scan.occurred_at, scan.place, scan.status in TROUBLE, scan.description)
        )
    return made


def _scan_words(scan: TrackingEvent, is_further: bool) -> str:
    if scan.status == ParcelStatus.IN_TRANSIT and is_further:
        return _("On its way")
    return str(PARCEL_WORDS[scan.status].text)


def place_left(shipment: Shipment | None) -> str:
    """Return where the carrier says it left a parcel; empty where it did not, or said nothing."""
    if shipment is None or shipment.status != ParcelStatus.DELIVERED:
        return ""
    scans = shown_scans(shipment)
    return next((scan.place for scan in scans if scan.status == ParcelStatus.DELIVERED and scan.place), "")


def note_of(order: Order, delivery: OrderDelivery, shipment: Shipment | None, *, is_confirmed: bool) -> str:
    """Say what happens next where the page would be silent: before it leaves, and when nobody has heard of it."""
    if not order.is_paid:
        return ""
    if not sent(shipment)[0]:
        return _packing(delivery, is_confirmed=is_confirmed or shipment is not None)
    assert shipment is not None
    if shipment.status != ParcelStatus.IN_TRANSIT or timezone.now() - shipment.updated_at < QUIET:
        return ""
    heard, asked = timezone.localtime(shipment.updated_at), timezone.localtime(shipment.updated_at + ASKED_AFTER)
    if asked < timezone.now():
        text = _("Nothing was heard of it since %(heard)s. We are asking the carrier; you need do nothing.")
        return text % {"heard": day(heard.date())}
    text = _(
        "Nothing was heard of it since %(heard)s. If that is still so on %(asked)s, we ask the carrier; you need do nothing."
    )
    return text % {"heard": day(heard.date()), "asked": day(asked.date())}


def asked_of(delivery: OrderDelivery, shipment: Shipment | None) -> str:
    """Say when we have asked the supplier about goods that come late, and until when it should answer."""
    if not delivery.late_kind or delivery.asked_at is None or delivery.answer_by is None:
        return ""
    if shipment is not None and shipment.delivered_at is not None:
        return ""
    asked, until = timezone.localtime(delivery.asked_at), timezone.localtime(delivery.answer_by - timedelta(minutes=1))
    facts = {"asked": day(asked.date()), "until": day(until.date())}
    if delivery.answer_by < timezone.now():
        return _("We asked the supplier on %(asked)s and had no answer by %(until)s. A colleague sees to it.") % facts
    return _("We asked the supplier on %(asked)s; the answer is due by %(until)s.") % facts


def _packing(delivery: OrderDelivery, *, is_confirmed: bool) -> str:
    if not is_confirmed:
        return _("We have asked the supplier, who confirms within a day.")
    if delivery.ship_by_on is None:
        return _("The supplier is packing it.")
    return _("The supplier is packing it. It leaves by %(day)s at the latest.") % {"day": day(delivery.ship_by_on)}
