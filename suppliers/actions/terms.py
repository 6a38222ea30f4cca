"""Take in what a supplier's account says of its days."""

from __future__ import annotations

from datetime import time
from zoneinfo import available_timezones

from shop.models import DeliveryProfile
from suppliers.models import Supplier


def take_cutoff(supplier: Supplier, told: object) -> bool:
    """Write down until when orders leave the same working day, as the supplier tells it; False if it tells none.

    What makes no sense is passed over: staff have typed a time of their own then, or there is none.
    """
    if not isinstance(told, dict):
        return False
    zone = str(told.get("time_zone"))
    try:
        cutoff = time.fromisoformat(str(told.get("time")))
    except ValueError:
        return False
    if zone not in available_timezones() or cutoff.tzinfo is not None:
        return False
    DeliveryProfile.objects.filter(pk=supplier.delivery_profile_id).update(cutoff_time=cutoff, time_zone=zone)
    return True
