"""Dates and money in the customer's words, the same on pages and in mails."""

from __future__ import annotations

from datetime import date, datetime
from functools import lru_cache

from babel.dates import format_date, format_interval, format_skeleton, format_time
from babel.numbers import format_decimal, get_decimal_symbol
from django.utils import timezone
from django.utils.translation import get_language, gettext as _, ngettext, to_locale
from django_countries import countries


def _locale() -> str:
    return to_locale(get_language() or "en-gb")


def day(when: date) -> str:
    """Write a day as “Thu 26 Nov” or “Do., 26. Nov.”, with the year when it is another than this one."""
    return _written(when, timezone.localdate().year, _locale())


def day_range(earliest: date, latest: date) -> str:
    """Write an arrival window as “Thu 26 – Sat 28 Nov” or “Do., 26. – Sa., 28. Nov.”; one day if both are the same."""
    if earliest == latest:
        return day(latest)
    return _range_written(earliest, latest, timezone.localdate().year, _locale())


# A list writes the same few days again and again, and reading the patterns takes longer than all else.
@lru_cache(maxsize=1000)
def _written(when: date, year: int, locale: str) -> str:
    if locale.startswith("en"):
        # Shorter than Unicode's form, which has commas.
        return format_date(when, "EEE d MMM" if when.year == year else "EEE d MMM y", locale=locale).replace(",", "")
    return format_skeleton("MMMEd" if when.year == year else "yMMMEd", when, locale=locale)


@lru_cache(maxsize=1000)
def _range_written(earliest: date, latest: date, year: int, locale: str) -> str:
    if locale.startswith("en"):
        same_month = (earliest.year, earliest.month) == (latest.year, latest.month)
        first = format_date(earliest, "EEE d", locale=locale) if same_month else _written(earliest, year, locale)
        return f"{first} – {_written(latest, year, locale)}"
    return format_interval(
        earliest, latest, "MMMEd" if earliest.year == latest.year == year else "yMMMEd", locale=locale
    )


def month(when: date) -> str:
    """Write a month as “Nov 2026”."""
    return format_skeleton("yMMM", when, locale=_locale())


def moment(when: datetime) -> str:
    """Write a point in time as “Thu 26 Nov, 14:05”, in the shop's time zone."""
    local = timezone.localtime(when)
    return _("%(day)s, %(time)s") % {"day": day(local.date()), "time": format_time(local, "HH:mm", locale=_locale())}


def exact_moment(when: datetime) -> str:
    """Write a point in time as a receipt does: with the year and the time zone, as “29 November 2026, 14:05 GMT”."""
    local = timezone.localtime(when)
    facts = {"day": format_date(local, "long", locale=_locale()), "time": format_time(local, "HH:mm", locale=_locale())}
    return _("%(day)s, %(time)s %(zone)s") % {**facts, "zone": local.tzname()}


def number(amount: float, pattern: str) -> str:
    """Write a number as the language does; ``pattern`` says how many digits stand behind the point, as in ``0.##``."""
    return format_decimal(amount, pattern, locale=_locale())


def decimal_sign() -> str:
    """Return what the language writes before the decimals of a number."""
    return get_decimal_symbol(_locale())


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


def in_a_sentence(text: str, *, begins_with_noun: bool = True) -> str:
    """Write the beginning of a text as it stands inside a sentence: small, but for the nouns of German."""
    return text if begins_with_noun and _locale().startswith("de") else text[:1].lower() + text[1:]


def country_name(code: str) -> str:
    """Write a country by its code (ISO 3166-1 alpha-2) as “Ireland”."""
    return _country_written(code, get_language())


# It takes several translations to find a name, and a page names the country three times.
@lru_cache(maxsize=1000)
def _country_written(code: str, language: str | None) -> str:
    return str(countries.name(code))
