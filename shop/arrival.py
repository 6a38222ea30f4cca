"""When a parcel arrives: the one function that makes a promise. ``docs/promises.md`` says it in words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings

from shop.calendars import Calendar
from shop.models import DeliveryProfile, DeliveryService


@dataclass(frozen=True, slots=True)
class Window:
    """The days between which a parcel arrives, and the day it leaves at the latest.

    ``planned_latest_on`` is the last day as the terms say it; ``latest_on``, the one promised, adds the margin
    that the supplier's record asks for.
    """

    earliest_on: date
    latest_on: date
    ship_by_on: date
    planned_latest_on: date


def home_calendar(profile: DeliveryProfile) -> Calendar:
    """Return the days on which a supplier packs and hands over."""
    return Calendar(profile.country_code, profile.working_days, profile.closed_days)


def delivery_calendar(country: str, service: DeliveryService) -> Calendar:
    """Return the days on which a service delivers in a country; its transit days are counted in them."""
    return Calendar(country, service.delivery_days)


def start_day(profile: DeliveryProfile, now: datetime) -> date:
    """Return the day on which the clock starts for goods ordered ``now``.

    The supplier has the order when the time to change one's mind is over; after its cut-off, in the time
    zone of the place the goods leave from, or on a day it does not work, its clock starts on the next day it does.
    """
    handed = (now + timedelta(seconds=settings.FORWARD_GRACE_SECONDS)).astimezone(ZoneInfo(profile.time_zone))
    is_late = profile.cutoff_time is not None and handed.time() >= profile.cutoff_time
    return home_calendar(profile).first_open(handed.date() + timedelta(days=is_late))


def arrival_window(
    profile: DeliveryProfile,
    service: DeliveryService,
    country: str,
    *,
    handling_min_days: int,
    handling_max_days: int,
    now: datetime,
) -> Window:
    """Return the arrival window in a country of goods ordered ``now``.

    The supplier has the order when the time to change one's mind is over (``start_day``): all that it takes from the
    moment is the day on which the clock starts.
    """
    home, there = home_calendar(profile), delivery_calendar(country, service)
    start = start_day(profile, now)
    ship_by = home.add(start, handling_max_days)
    earliest = there.add(home.add(start, handling_min_days), service.transit_min_days)
    planned = there.add(ship_by, service.transit_max_days)
    return Window(
        # With no day in transit it arrives where it was packed, on a day that may be none of the service's.
        there.first_open(earliest),
        there.add(there.first_open(planned), profile.margin_days),
        ship_by,
        there.first_open(planned),
    )
