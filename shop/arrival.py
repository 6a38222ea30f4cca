"""When a parcel arrives: from cut-off time, handling and transit, in working days."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from shop.models import DeliveryProfile, DeliveryService

SATURDAY = 5


@dataclass(frozen=True, slots=True)
class Window:
    """The days between which a parcel arrives, and the day it leaves at the latest."""

    earliest_on: date
    latest_on: date
    ship_by_on: date


def add_working_days(start: date, days: int) -> date:
    """Return the day so many working days (Monday to Friday) after ``start``."""
    current = start
    while days > 0:
        current += timedelta(days=1)
        if current.weekday() < SATURDAY:
            days -= 1
    return current


def start_day(profile: DeliveryProfile, now: datetime) -> date:
    """Return the day on which the clock starts for goods ordered ``now``.

    It is the next working day when the order comes after the profile's cut-off, in the time zone of the place the
    goods leave from.
    """
    local = now.astimezone(ZoneInfo(profile.time_zone))
    start = local.date()
    too_late = profile.cutoff_time is not None and local.time() >= profile.cutoff_time
    return add_working_days(start, 1) if too_late or start.weekday() >= SATURDAY else start


def arrival_window(
    profile: DeliveryProfile, service: DeliveryService, *, handling_min_days: int, handling_max_days: int, now: datetime
) -> Window:
    """Return the arrival window of goods ordered ``now``.

    All it takes from the moment is the day on which the clock starts. Public holidays are not known yet.
    """
    start = start_day(profile, now)
    ship_by = add_working_days(start, handling_max_days)
    earliest = add_working_days(start, handling_min_days + service.transit_min_days)
    return Window(earliest, add_working_days(ship_by, service.transit_max_days), ship_by)
