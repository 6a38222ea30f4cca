"""Until when goods of a return are to be handed in, and from when on it is too late."""

from __future__ import annotations

from datetime import date, timedelta

from django.utils import timezone

# Directive 2011/83/EU, article 14(1): sent back within fourteen days of the withdrawal. Others have as long.
HAND_IN_DAYS = 14
# Further away no supplier's last day counts: a date that never comes would switch off the reminder and the end.
FURTHEST = timedelta(days=180)
# So long after the last day a parcel may still have been handed in unseen.
GRACE = timedelta(days=7)


def last_day(named: date | None) -> date:
    """Return the last day to hand goods in: all the days of the law, and more where the supplier ``named`` a later one."""
    today = timezone.localdate()
    least = today + timedelta(days=HAND_IN_DAYS)
    return min(max(named or least, least), today + FURTHEST)


def is_past(return_by: date | None, *, grace: timedelta) -> bool:
    """True once the last day, and ``grace`` after it, are over; never where there is no last day."""
    return return_by is not None and timezone.localdate() > return_by + grace
