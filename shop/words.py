"""Dates and money in the customer's words, the same on pages and in mails."""

from __future__ import annotations

from datetime import date, datetime
from functools import lru_cache

from babel.dates import format_date, format_time
from django.utils import timezone
from django.utils.translation import get_language, gettext as _, ngettext, to_locale
from django_countries import countries


def _locale() -> str:
    return to_locale(get_language() or "en-gb")


def day(when: date) -> str:
    """Write a day as “Thu 26 Nov”, with the year when it is another than this one."""
    pattern = "EEE d MMM" if when.year == timezone.localdate().year else "EEE d MMM y"
    return _written(when, pattern, _locale())


@lru_cache(maxsize=1000)
def _written(when: date, pattern: str, locale: str) -> str:
    # A list writes the same few days again and again, and reading the pattern takes longer than all else.
    return format_date(when, pattern, locale=locale).replace(",", "")


def day_range(earliest: date, latest: date) -> str:
    """Write an arrival window as “Thu 26 – Sat 28 Nov”; one day if both are the same."""
    if earliest == latest:
        return day(latest)
    same_month = (earliest.year, earliest.month) == (latest.year, latest.month)
    first = _written(earliest, "EEE d", _locale()) if same_month else day(earliest)
    return f"{first} – {day(latest)}"


def moment(when: datetime) -> str:
    """Write a point in time as “Thu 26 Nov, 14:05”, in the shop's time zone."""
    local = timezone.localtime(when)
    return _("%(day)s, %(time)s") % {"day": day(local.date()), "time": format_time(local, "HH:mm", locale=_locale())}


def since(when: datetime) -> str:
    """Write how long ago something was, as “12 min ago”; what is older than a day as its day and time."""
    minutes = int((timezone.now() - when).total_seconds() // 60)
    if minutes < 1:
        return _("just now")
    if minutes < 60:
        return _("%(count)d min ago") % {"count": minutes}
    if minutes < 24 * 60:
        hours = minutes // 60
        return ngettext("%(count)d hour ago", "%(count)d hours ago", hours) % {"count": hours}
    return moment(when)


def country_name(code: str) -> str:
    """Write a country by its code (ISO 3166-1 alpha-2) as “Ireland”."""
    return str(countries.name(code))
