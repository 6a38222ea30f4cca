"""Measure how punctual a supplier's parcels are, and let its promises have the margin that they need."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from math import ceil

from django.utils import timezone

from orders.models import Shipment
from shop.calendars import Calendar
from shop.models import DeliveryProfile
from shop.models.delivery import MOST_MARGIN_DAYS
from suppliers.models import Supplier, SupplierShipment

# The last parcels that came count, as long as they are no older than this; fewer than the least say nothing.
LAST, LEAST, SINCE = 100, 20, timedelta(days=180)
# So many percent of parcels shall come within the window.
SHALL_COME = 90


def measure_punctuality(*, now: datetime) -> int:
    """Write on each supplier's profile how many of its parcels came in time, and its margin; return how many changed.

    One query per supplier, and no more rows in memory than LAST. Safe to repeat.
    """
    changed = 0
    for supplier in Supplier.objects.filter(is_active=True).select_related("delivery_profile"):
        late = lateness_of(supplier, now=now)
        facts = {"measured_parcels": len(late), "on_time_percent": None, "margin_days": 0}
        if len(late) >= LEAST:
            facts["on_time_percent"] = 100 * sum(days <= 0 for days in late) // len(late)
            facts["margin_days"] = margin_for(late)
        profile = supplier.delivery_profile
        changed += profile.margin_days != facts["margin_days"]
        DeliveryProfile.objects.filter(pk=profile.pk).update(**facts, measured_at=now)
    return changed


def margin_for(late: Sequence[int]) -> int:
    """Return how many days a promise must be longer, so that SHALL_COME percent of such parcels come within it.

    Early parcels shorten nothing. At most MOST_MARGIN_DAYS: a window without end would promise nothing.
    """
    place = ceil(len(late) * SHALL_COME / 100) - 1
    return min(max(sorted(late)[place], 0), MOST_MARGIN_DAYS)


def lateness_of(supplier: Supplier, *, now: datetime) -> list[int]:
    """Return by how many delivery days the last parcels came after what was planned; below zero: before. One query.

    Against the plan, not the promise: measured against a promise with the margin in it, a good margin would
    undo itself.
    """
    rows = SupplierShipment.objects.filter(
        supplier=supplier,
        shipment__delivered_at__gt=now - SINCE,
        shipment__kind=Shipment.Kind.OUTBOUND,
        shipment__delivery__isnull=False,
    )
    facts = rows.order_by("-shipment__delivered_at").values_list(
        "shipment__delivered_at",
        "shipment__delivery__planned_latest_on",
        "shipment__delivery__promised_latest_on",
        "shipment__order__country",
    )
    return [
        Calendar(country).between(planned or promised, timezone.localtime(came).date())
        for came, planned, promised, country in facts[:LAST]
    ]
