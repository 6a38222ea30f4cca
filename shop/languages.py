"""Which languages the shop speaks, and the addresses of a page in each: the address decides (docs/adr/0023)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest, QueryDict
from django.utils import translation
from django.utils.translation import get_language, get_language_info, to_locale

# Pages that have one address for all languages.
UNPREFIXED = ("/admin/", "/desk/", "/dev/", "/styleguide/")
# Before the path of a page in another language than the shop's own.
PREFIX = re.compile(r"/([a-z]{2,3}(?:-[a-z0-9]+)*)(?=/)")
# Parameters that hold the address of the next page.
NEXT = "next"
# What Open Graph calls a language that names no country itself.
TERRITORIES = {"de": "de_DE"}


def default_language() -> str:
    """Return the language whose addresses have no prefix, and that everything is written in first."""
    return settings.LANGUAGE_CODE


def known_languages() -> list[str]:
    """Return the codes of all languages, the default first."""
    codes = [code for code, _name in settings.LANGUAGES]
    return sorted(codes, key=lambda code: code != default_language())


def other_languages() -> list[str]:
    """Return the codes of the languages that texts are translated into."""
    return known_languages()[1:]


def known_or_default(language: str | None) -> str:
    """Return a language if the shop speaks it, else the default."""
    return language if any(code == language for code, _name in settings.LANGUAGES) else default_language()  # type: ignore[return-value]


def current_language() -> str:
    """Return the language that is spoken here and now; the default where none or an unknown one is."""
    return known_or_default(get_language())


def speaking(language: str) -> translation.override:
    """Speak a language for a while, as a context manager: for what is written to somebody outside their own request.

    The default takes the place of one that the shop does not speak any more, for its pages are gone.
    """
    return translation.override(known_or_default(language))


def split_language(path: str) -> tuple[str, str]:
    """Return the language that a path names, and the path without it: the page's address in the default language."""
    found = PREFIX.match(path)
    if found is None or found[1] not in other_languages():
        return default_language(), path
    return found[1], path[found.end() :]


def in_language(path: str, language: str) -> str:
    """Return the address of the same page in another language; whatever follows the path stays."""
    _language, rest = split_language(path)
    return rest if language == default_language() else f"/{language}{rest}"


@lru_cache(maxsize=20)
def language_tag(language: str) -> str:
    """Write a language as HTML does: ``en-GB``."""
    name, _dash, territory = language.partition("-")
    return f"{name}-{territory.upper()}" if territory else name


def social_locale(language: str) -> str:
    """Write a language as Open Graph does: ``en_GB``."""
    return TERRITORIES.get(language) or to_locale(language)


@dataclass(frozen=True, slots=True)
class LanguageLink:
    """The same page in one language. ``name`` is what that language calls itself."""

    code: str
    tag: str
    name: str
    url: str
    is_current: bool


def language_links(request: HttpRequest) -> list[LanguageLink]:
    """Return the links of the language chooser, the query included; none for pages with one address.

    Beside the answer to a form they lead to the page that the form stood on, for the form's own address
    may be one that nobody can look at.
    """
    if len(settings.LANGUAGES) < 2 or request.path.startswith(UNPREFIXED):
        return []
    current = current_language()
    return [
        LanguageLink(
            code, language_tag(code), get_language_info(code)["name_local"], _same_page(request, code), code == current
        )
        for code in known_languages()
    ]


def _same_page(request: HttpRequest, language: str) -> str:
    if request.method in {"GET", "HEAD"}:
        path, query = request.path, request.META.get("QUERY_STRING", "")
    else:
        came_from = urlsplit(request.headers.get("Referer", ""))
        is_ours = came_from.netloc == request.get_host() and came_from.path.startswith("/")
        path, query = (came_from.path, came_from.query) if is_ours else ("/", "")
    if f"{NEXT}=" in query:
        query = _next_in_language(query, language)
    return in_language(path, language) + (f"?{query}" if query else "")


def _next_in_language(query: str, language: str) -> str:
    asked = QueryDict(query, mutable=True)
    target = asked.get(NEXT, "")
    # Only paths of ours; what else stands there is judged by the page that reads it.
    if target.startswith("/") and not target.startswith("//"):
        asked[NEXT] = in_language(target, language)
    return asked.urlencode(safe="/")
