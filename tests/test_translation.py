"""Every visible string can be translated, and a compiled language takes effect."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from babel.messages.mofile import write_mo
from django.utils import translation
from django.utils.translation import trans_real

from scripts.translations import collect, template_strings, update

ROOT = Path(__file__).resolve().parent.parent
# Stands alone when everything else is broken, or shows developers' samples.
EXEMPT = {"styleguide"}
BLOCKS = re.compile(
    r"{%\s*blocktranslate.*?endblocktranslate\s*%}|{%\s*block \w*class\s*%}.*?{%\s*endblock\s*%}|{%\s*comment.*?endcomment\s*%}",
    re.S,
)
CODE = re.compile(r"{%.*?%}|{{.*?}}|{#.*?#}", re.S)
MARKUP = re.compile(r"<!--.*?-->|<style.*?</style>|<[^>]*>|&[a-z]+;", re.S)


def bare_text(source: str) -> list[str]:
    """Return the words a template shows without gettext."""
    left = MARKUP.sub(" ", CODE.sub(" ", BLOCKS.sub(" ", source)))
    return [line.strip() for line in left.splitlines() if re.search(r"[A-Za-z]{2,}", line)]


def test_no_template_shows_words_that_cannot_be_translated():
    found = {}
    for file in (ROOT / "templates").rglob("*.html"):
        if not EXEMPT & set(file.parts):
            words = bare_text(file.read_text())
            if words:
                found[str(file.relative_to(ROOT))] = words
    assert found == {}


def test_a_planted_bare_word_is_found():
    assert bare_text("<p>{% translate 'Fine' %} Hello {{ name }}</p>") == ["Hello"]


def test_the_collection_holds_strings_of_code_templates_and_plurals():
    catalog = collect()
    for message in ("Basket", "Add to basket", "Type the town.", "Needs a person"):
        assert message in catalog, message
    assert len(catalog) > 500
    template = "{% translate 'Hello' %}\n{% blocktranslate %}Dear {{ name }}{% endblocktranslate %}\n{% translate 'Open' context 'verb' %}"
    assert list(template_strings(template)) == [(1, "Hello", None), (2, "Dear %(name)s", None), (3, "Open", "verb")]
    handed_on = """{% include "x.html" with text=_("It is empty.") only %}{{ name|default:_('Somebody') }}"""
    assert list(template_strings(handed_on)) == [(1, "It is empty.", None), (1, "Somebody", None)]


@pytest.mark.django_db
def test_a_compiled_language_takes_effect(tmp_path, settings, monkeypatch, client):
    monkeypatch.setattr("scripts.translations.LOCALE", tmp_path)
    template = collect()
    update("de", template)
    template.get("Basket").string = "Warenkorb"
    with (tmp_path / "de" / "LC_MESSAGES" / "django.mo").open("wb") as target:
        write_mo(target, template)
    settings.LANGUAGES = [("en-gb", "English"), ("de", "Deutsch")]
    settings.LOCALE_PATHS = [tmp_path]
    trans_real._translations.clear()
    try:
        assert "<h1>Warenkorb</h1>" in client.get("/de/basket/").content.decode()
    finally:
        trans_real._translations.clear()
        translation.activate("en-gb")
