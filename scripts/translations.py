"""Translations with Babel, no system packages needed.

``python scripts/translations.py extract`` writes every visible string of code and templates to
``locale/django.pot``; ``update de`` makes or updates a language; ``compile`` makes the ``.mo`` files Django reads,
which are never committed: ``./run``, ``./test`` and the Dockerfile make them.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.conf import settings
from django.utils.translation.template import templatize

ROOT = Path(__file__).resolve().parent.parent
LOCALE = ROOT / "locale"
APPS = ("shop", "orders", "suppliers", "support", "notifications", "config")
KEYWORDS = {
    "_": None,
    "_t": None,
    "gettext": None,
    "gettext_lazy": None,
    "ngettext": (1, 2),
    "pgettext": ((1, "c"), 2),
    "pgettext_lazy": ((1, "c"), 2),
}
# What ``templatize`` turns a template's tags into; everything else it blanks out.
CALL = re.compile(
    r"""\b(gettext|ngettext|pgettext|_)\((u?r?(?:'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")(?:,\s*u?r?(?:'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"))?[^)]*)\)"""
)


def template_strings(text: str) -> Iterator[tuple[int, object, str | None]]:
    """Yield (line, message, context) of one template."""
    source = templatize(text)
    for call in CALL.finditer(source):
        line = source.count("\n", 0, call.start()) + 1
        code = f"{call.group(0)}\n".encode()
        for _line, message, _comments, context in extract("python", BytesIO(code), KEYWORDS):
            yield line, message, context


def collect() -> Catalog:
    """Return every visible string with the places it stands."""
    catalog = Catalog(project="waybill", charset="utf-8")
    for app in APPS:
        for file in sorted((ROOT / app).rglob("*.py")):
            with file.open("rb") as source:
                for line, message, _comments, context in extract("python", source, KEYWORDS):
                    catalog.add(message, locations=[(str(file.relative_to(ROOT)), line)], context=context)
    for file in sorted((ROOT / "templates").rglob("*.*")):
        if file.suffix in {".html", ".txt"} and "styleguide" not in file.parts:
            for line, message, context in template_strings(file.read_text()):
                catalog.add(message, locations=[(str(file.relative_to(ROOT)), line)], context=context)
    return catalog


def main(words: list[str]) -> int:
    """Run one command; return the exit code."""
    if not settings.configured:
        settings.configure(USE_I18N=True)
    if words == ["extract"] or words[:1] == ["update"]:
        LOCALE.mkdir(exist_ok=True)
        catalog = collect()
        with (LOCALE / "django.pot").open("wb") as target:
            write_po(target, catalog, width=100, omit_header=True)
        for language in words[1:]:
            update(language, catalog)
        print(f"{len(catalog)} strings")
        return 0
    if words == ["compile"]:
        for file in compile_changed():
            print(f"compiled {file.relative_to(ROOT)}")
        return 0
    print(__doc__)
    return 2


def compile_changed() -> list[Path]:
    """Make the ``.mo`` files that are missing or older than what they are made of, and return their sources.

    Safe to run twice at once: a file is put in its place whole.
    """
    made = []
    for file in sorted(LOCALE.glob("*/LC_MESSAGES/*.po")):
        target = file.with_suffix(".mo")
        if target.exists() and target.stat().st_mtime >= file.stat().st_mtime:
            continue
        draft = target.with_suffix(f".{os.getpid()}.tmp")
        with file.open("rb") as source, draft.open("wb") as written:
            write_mo(written, read_po(source))
        draft.replace(target)
        made.append(file)
    return made


def update(language: str, template: Catalog) -> None:
    """Make a language's file, or bring it up to date without losing what was translated."""
    file = LOCALE / language / "LC_MESSAGES" / "django.po"
    file.parent.mkdir(parents=True, exist_ok=True)
    known = Catalog(locale=language)
    if file.exists():
        with file.open("rb") as source:
            known = read_po(source, locale=language)
    known.update(template)
    with file.open("wb") as target:
        write_po(target, known, width=100)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
