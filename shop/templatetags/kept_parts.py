"""Parts of pages that are the same for everybody who is shown the same: written once per process, language and content.

The key of a part is all that its template reads, so nothing has to be thrown away when a price, a name or a stock
changes: another content is another part. It gets neither the page's context nor the request, so that nothing of a
visitor can be in it.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import fields, is_dataclass
from datetime import date
from functools import lru_cache

from django import template
from django.conf import settings
from django.core.paginator import Page
from django.template.loader import render_to_string
from django.templatetags.static import static
from django.utils.functional import Promise
from django.utils.safestring import SafeString
from django.utils.translation import get_language

from shop.cards import Card
from shop.forms import CountryForm
from shop.paths import path_of

register = template.Library()
# How many each process keeps: some megabytes. A card takes one or two kilobytes, another part up to ten.
MOST_PARTS, MOST_CARDS = 3_000, 4_000
# Ten kilobytes each.
MOST_COUNTRIES = 50
MOST_ICONS = MOST_FILES = 200
# Compared by what they say. A row of the database is compared by its number, whatever has changed in it.
PLAIN = (str, int, float, date, type(None))


class NotPlain(TypeError):
    """A part was given something that does not compare by what it says."""


@register.simple_tag
def kept_part(name: str, **values: Hashable) -> SafeString:
    """Show a template that reads nothing but some values: ``{% kept_part "components/_nav.html" entries=entries %}``.

    Values are plain: texts, numbers, days, and tuples or frozen dataclasses of them. With anything else it is shown
    all the same, and not kept.
    """
    values = {name: _plain(value) for name, value in values.items()}
    # 1 and True, a text and one that is marked safe, are equal and are not written alike.
    try:
        return _part(name, _language(), tuple(values.items()), tuple(map(type, values.values())))
    except TypeError:
        return render_to_string(name, values)


@register.simple_tag
def path_to(page: str, name: str = "") -> str:
    """Write the path of a page: ``{% path_to "shop:page" "delivery" %}``; see ``shop.paths``."""
    return path_of(page, name)


@register.simple_tag
def path_of_file(name: str) -> str:
    """Write the path of a static file, with the mark of its content: ``{% path_of_file "css/shop.css" %}``."""
    return _file(name)


@register.simple_tag
def numbered_pages(page: Page, querystring: str = "") -> SafeString:
    """Show the numbers of the pages and the way to the next: ``{% numbered_pages page_obj querystring %}``.

    ``querystring`` are the other parameters of the address, encoded, without a question mark.
    """
    if not page.has_other_pages():
        return SafeString()
    return kept_part(
        "components/_pagination.html",
        number=page.number,
        # What is left out between them has no number.
        numbers=tuple(one if isinstance(one, int) else 0 for one in page.paginator.get_elided_page_range(page.number)),
        before=page.previous_page_number() if page.has_previous() else 0,
        after=page.next_page_number() if page.has_next() else 0,
        querystring=querystring,
    )


@register.simple_tag
def kept_card(card: Card, level: int = 3, *, eager: bool = False) -> SafeString:
    """Show a product's card; see ``components/_product_card.html``."""
    return _card(card, level, eager, _language())


@register.simple_tag
def icon(name: str, *, small: bool = False) -> SafeString:
    """Show an icon of the sprite, with a word next to it: ``{% icon "truck" %}``; see ``components/_icon.html``."""
    return _icon(name, small)


@register.simple_tag
def country_field(country: str) -> SafeString:
    """Show the field in which a visitor chooses where to send to, with the country of this moment."""
    return _country_field(country, _language())


def _language() -> str:
    return get_language() or settings.LANGUAGE_CODE


def _plain(value: object) -> object:
    # What is lazy would keep alive whatever it was to be read from; a list cannot be a key.
    if isinstance(value, Promise):
        return str(value)
    return tuple(value) if isinstance(value, tuple | list) else value


@lru_cache(maxsize=MOST_PARTS)
def _part(name: str, language: str, values: tuple[tuple[str, Hashable], ...], types: tuple[type, ...]) -> SafeString:
    # The language stands in the key, and render_to_string takes it from the thread.
    for _name, value in values:
        _check(value)
    return render_to_string(name, dict(values))


@lru_cache(maxsize=MOST_CARDS)
def _card(card: Card, level: int, eager: bool, language: str) -> SafeString:
    _check(card)
    return render_to_string("components/_product_card.html", {"product": card, "level": level, "eager": eager})


@lru_cache(maxsize=MOST_COUNTRIES)
def _country_field(country: str, language: str) -> SafeString:
    return CountryForm(initial={"country": country}, auto_id="to_%s")["country"].as_field_group()


@lru_cache(maxsize=MOST_FILES)
def _file(name: str) -> str:
    return static(name)


@lru_cache(maxsize=MOST_ICONS)
def _icon(name: str, small: bool) -> SafeString:
    return render_to_string("components/_icon.html", {"name": name, "small": small})


def _check(value: object) -> None:
    if isinstance(value, tuple):
        for one in value:
            _check(one)
    elif is_dataclass(value) and not isinstance(value, type):
        for field in fields(value):
            _check(getattr(value, field.name))
    elif not isinstance(value, PLAIN):
        raise NotPlain(f"{type(value).__name__} in a part that is kept")
