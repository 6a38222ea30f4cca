"""The German words themselves: whole, and with all that the English ones say."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po
from django.utils import translation
from django.utils.translation import gettext

from scripts import translations
from scripts.translations import collect, compile_changed

LANGUAGES = ["de"]
PLACEHOLDER = re.compile(r"%\(\w+\)[a-z]|%[sd](?![a-z])")
TAG = re.compile(r"</?\w+")
# Pages of people who work here.
STAFF = ("templates/admin", "templates/desk", "templates/base_desk", "templates/suppliers", "templates/styleguide")


@cache
def words_of(language: str) -> Catalog:
    file = translations.LOCALE / language / "LC_MESSAGES" / "django.po"
    with file.open("rb") as source:
        return read_po(source, locale=language)


def pairs(message: Message) -> Iterator[tuple[str, str]]:
    """Yield each form of a message with each form of its translation that says the same."""
    if isinstance(message.id, str):
        yield message.id, message.string
    else:
        one, many = message.id[0], message.id[-1]
        yield many, message.string[-1]
        # The singular may name the number or do without it, as each language likes.
        yield (one if set(marks(one)) == set(marks(message.string[0])) else many), message.string[0]


def marks(text: str) -> list[str]:
    return sorted([*PLACEHOLDER.findall(text), *TAG.findall(text)])


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_stands_in_a_text_stands_in_its_translation(language):
    wrong = {
        said: (wanted, said)
        for message in words_of(language)
        if message.id
        for wanted, said in pairs(message)
        if said and set(marks(wanted)) != set(marks(said))
    }
    assert wrong == {}


@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_that_customers_read_is_untranslated_or_a_guess(language):
    known, lacking = words_of(language), []
    for message in collect():
        places = [place for place, _line in message.locations]
        if not any(place.startswith("templates/") and not place.startswith(STAFF) for place in places):
            continue
        found = known.get(message.id, message.context)
        said = () if found is None else (found.string,) if isinstance(found.string, str) else found.string
        if not said or not all(said) or found.fuzzy:
            lacking.append((message.context, message.id))
    assert lacking == []


def test_a_planted_gap_is_found():
    message = Message("Order %(number)s", string="Bestellung %(nummer)s")
    assert [marks(wanted) == marks(said) for wanted, said in pairs(message)] == [False]
    plural = Message(("one item", "%(count)d items"), string=("ein Artikel", "%(count)d Artikel"))
    assert [marks(wanted) == marks(said) for wanted, said in pairs(plural)] == [True, True]


def test_one_english_word_with_two_meanings_has_two_german_ones():
    with translation.override("de"):
        assert gettext("State") == "Bundesstaat"
        assert translation.pgettext("how it stands", "State") == "Status"
        assert translation.pgettext("to open it", "Open") == "Öffnen"


def test_a_shop_without_compiled_files_speaks_english_and_compiling_makes_them_once(tmp_path, monkeypatch, settings):
    folder = tmp_path / "de" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    (folder / "django.po").write_text(
        'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=utf-8\\n"\n\nmsgid "Basket"\nmsgstr "Korb"\n'
    )
    monkeypatch.setattr(translations, "LOCALE", tmp_path)
    settings.LOCALE_PATHS = [tmp_path]
    catalogues = translation.trans_real._translations
    kept = dict(catalogues)
    try:
        catalogues.clear()
        with translation.override("de"):
            assert gettext("Basket") == "Basket"
        assert [file.name for file in compile_changed()] == ["django.po"]
        assert compile_changed() == []
        catalogues.clear()
        with translation.override("de"):
            assert gettext("Basket") == "Korb"
    finally:
        catalogues.clear()
        catalogues.update(kept)
