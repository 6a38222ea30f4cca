"""What is to be looked at before a case of a topic can be decided."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from support.models import Ticket, Topic


@dataclass(frozen=True, slots=True)
class Point:
    """One thing to look at."""

    key: str
    label: str | Promise


_PHOTOS = Point("photos", _("The photos show it"))
_BATCH = Point("batch", _("Batch or serial number is known"))
_IN_TIME = Point("in-time", _("Reported in time: the return says until when"))
_SUPPLIER = Point("supplier", _("The supplier's rule for it is known"))
_ADDRESS = Point("address", _("The customer has confirmed the address"))
CHECKLISTS: Mapping[str, list[Point]] = {
    Topic.DEFECTIVE: [_PHOTOS, _BATCH, _IN_TIME, _SUPPLIER],
    Topic.DAMAGED: [_PHOTOS, Point("packing", _("The packaging was kept or photographed")), _IN_TIME, _SUPPLIER],
    Topic.WRONG_ITEM: [_PHOTOS, Point("label", _("The parcel's label names this order")), _IN_TIME],
    Topic.NOT_ARRIVED: [
        Point("tracking", _("The carrier's last scan was read")),
        _ADDRESS,
        Point("neighbours", _("The customer has asked neighbours and household")),
    ],
    Topic.CHANGED_MIND: [_IN_TIME, Point("returnable", _("The goods may go back (no hygiene seal, no medicine)"))],
    Topic.CANCEL: [Point("unsent", _("Nothing of it has been sent"))],
    Topic.QUESTION: [],
}


def points_of(ticket: Ticket) -> list[Point]:
    """Return the points of a case's topic."""
    return CHECKLISTS[ticket.topic]
