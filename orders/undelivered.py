"""What a parcel's customer is told when it was not handed over, waits somewhere, or comes back: page and mail alike."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone
from django.utils.translation import gettext as _

from orders.models import OrderLine, Shipment, TrackingEvent
from orders.parcel_steps import shown_scans
from orders.states import ParcelStatus
from orders.words import NOT_HANDED_OVER_WORDS
from shop.words import day

COMING_BACK = {ParcelStatus.RETURNING, ParcelStatus.RETURNED}


@dataclass(frozen=True, slots=True)
class Undelivered:
    """What happened, and what the customer can do or await."""

    happened: list[str]
    then: list[str]

    def __str__(self) -> str:
        return " ".join([*self.happened, *self.then])


def words_of(shipment: Shipment | None, lines: Iterable[OrderLine]) -> Undelivered | None:
    """Return the words for the state a parcel is in; None if it is on its way, or there. ``lines`` is what is in it."""
    if shipment is None:
        return None
    if shipment.status == ParcelStatus.ATTEMPT_FAILED:
        return tried(shipment)
    if shipment.status == ParcelStatus.AVAILABLE_FOR_PICKUP:
        return waiting(shipment)
    return coming_back(shipment, lines) if shipment.status in COMING_BACK else None


def tried(shipment: Shipment) -> Undelivered:
    """Say when the carrier came in vain and why, and what it does next."""
    happened = [_tried_on(_of_state(shipment, ParcelStatus.ATTEMPT_FAILED), shipment), *_why(shipment)]
    if shipment.reason_code == "address_problem":
        return Undelivered(
            happened, [_("Please look at the address on your order page, and tell us at once if it is wrong.")]
        )
    return Undelivered(
        happened,
        [
            _(
                "As a rule the carrier comes again on the next working day, or takes it to where you can collect it; "
                "then we write to you again."
            ),
            _("Its note at your door, or its own page, says whether you can choose another day or place."),
        ],
    )


def waiting(shipment: Shipment) -> Undelivered:
    """Say where a parcel waits and since when, and what to bring."""
    scans = _of_state(shipment, ParcelStatus.AVAILABLE_FOR_PICKUP)
    place = next((scan.place for scan in scans if scan.place), "")
    came = _of_state(shipment, ParcelStatus.ATTEMPT_FAILED)
    since = waiting_since(shipment)
    return Undelivered(
        [
            *([_tried_on(came, shipment)] if came and came[0].occurred_at < since else []),
            _("It has waited to be collected since %(day)s.") % {"day": _day(since)},
            *([_("Where, as the carrier says: %(place)s") % {"place": place} + "."] if place else []),
        ],
        [
            _("The carrier keeps it for some days only; its note or its own page says where exactly, and until when."),
            _("Bring the tracking number and something with your name and photo on it."),
        ],
    )


def waiting_since(shipment: Shipment) -> datetime:
    """Return since when a parcel has waited where it waits now; a carrier's reminders are scans as well."""
    scans = _of_state(shipment, ParcelStatus.AVAILABLE_FOR_PICKUP)
    here = [scan.occurred_at for scan in scans if scan.place == scans[0].place]
    return min(here, default=shipment.status_changed_at)


def coming_back(shipment: Shipment, lines: Iterable[OrderLine]) -> Undelivered:
    """Say that a parcel goes back to its sender, who sees to it, and what the customer can choose."""
    what = (
        _("The carrier could not deliver it, and it is back with its sender.")
        if shipment.status == ParcelStatus.RETURNED
        else _("The carrier could not deliver it and takes it back to its sender.")
    )
    if is_paid_back(lines):
        return Undelivered([what, *_why(shipment)], [_("You have been paid back for it; you need do nothing.")])
    return Undelivered(
        [what, *_why(shipment)],
        [
            _("A colleague sees to it and pays you back what was in it; you need do nothing."),
            _("Would you rather have it sent once more, or to another address? Then tell us now."),
        ],
    )


def is_paid_back(lines: Iterable[OrderLine]) -> bool:
    """True if all units of these lines have been paid back: then nobody is asked about their parcel."""
    return all(line.refunded >= line.quantity for line in lines)


def _of_state(shipment: Shipment, status: ParcelStatus) -> list[TrackingEvent]:
    return [scan for scan in shown_scans(shipment) if scan.status == status]


def _tried_on(scans: list[TrackingEvent], shipment: Shipment) -> str:
    at = scans[0].occurred_at if scans else shipment.status_changed_at
    return _("The carrier tried to deliver it on %(day)s and could not hand it over.") % {"day": _day(at)}


def _why(shipment: Shipment) -> list[str]:
    reason = NOT_HANDED_OVER_WORDS.get(shipment.reason_code)
    return [_("The reason: %(reason)s.") % {"reason": reason}] if reason else []


def _day(at: datetime) -> str:
    return day(timezone.localdate(at))
