"""Money and dates in templates."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime

from django import template

from shop import returns, words
from shop.addresses import Postal, address_lines as lines_of
from shop.models import texts
from shop.money import Money

register = template.Library()


@register.filter
def money(minor: int, currency: str) -> str:
    """Write minor units with their currency: ``{{ order.total_minor|money:order.currency }}``."""
    return str(Money(minor, currency))


@register.filter
def day(when: date | None) -> str:
    """Write a day as “Thu 26 Nov”; empty for None."""
    return words.day(when) if when else ""


@register.filter
def whole_days(window: str) -> str:
    """Let an arrival window break between its two days only: on a narrow card “Mon 30 Nov –” and below it “Wed 2 Dec”."""
    return window.replace(" ", "\N{NO-BREAK SPACE}").replace("–\N{NO-BREAK SPACE}", "– ")


@register.filter
def moment(when: datetime | None) -> str:
    """Write a point in time as “Thu 26 Nov, 14:05”; empty for None."""
    return words.moment(when) if when else ""


@register.filter
def return_times(country: str) -> str:
    """Say how long there is to return things and to withdraw in a country; empty where neither is possible."""
    return returns.return_times(country)


@register.filter
def event_words(kind: str) -> str:
    """Write the kind of an event for people: “Supplier order: cancel requested”."""
    subject, _dot, happened = kind.replace("_", " ").partition(".")
    return f"{subject[:1].upper()}{subject[1:]}: {happened}"


@register.filter
def event_facts(facts: Mapping[str, object], currency: str = "") -> str:
    """Write the facts of an event for people: what is empty is left out, and amounts are money."""
    written = []
    for name, value in facts.items():
        is_money = name.endswith("_minor") and currency and isinstance(value, int)
        shown = Money(value, currency) if is_money else value
        if shown not in (None, "", [], {}):
            written.append(f"{name.removesuffix('_minor').replace('_', ' ')}: {shown}")
    return "; ".join(written)


@register.filter
def worded(text: str) -> str:
    """Write a short text of suppliers or staff in the language of the page; as it was written where there is none."""
    return texts.worded(text)


@register.filter
def address_lines(address: Postal) -> list[str]:
    """Return an address line by line as its country writes it."""
    return lines_of(address)


@register.filter
def since(when: datetime | None) -> str:
    """Write how long ago something was, as “12 min ago”; empty for None."""
    return words.since(when) if when else ""


@register.filter
def star_shapes(rating: float) -> list[str]:
    """Return five words for drawing a rating: "full", "half" or "empty" stars."""
    halves = round(float(rating) * 2)
    return ["full" if halves >= 2 * place else "half" if halves == 2 * place - 1 else "empty" for place in range(1, 6)]
