"""Find prepared answers, fit them to a case, and put them into what is being written."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from django.utils.translation import get_language, gettext as _

from shop.kept import Kept
from shop.languages import default_language
from shop.models import User
from support.models import Macro, MacroText, Ticket
from support.placeholders import fill
from support.states import TicketStatus

# ":late" alone or between spaces, at the beginning or end of a line; never inside a word, a time or a link.
SHORTCUT = re.compile(r"(?<!\S):([a-z0-9][a-z0-9-]{0,29})(?![\w-])")
SUGGESTED = 3


def _load() -> list[Macro]:
    return list(Macro.objects.filter(is_active=True).prefetch_related("texts", "tags"))


# Every case's page offers them. What is inserted and sent is read anew.
KEPT = Kept(_load)


def kept_macro(shortcut: str) -> Macro | None:
    """Return the macro of a shortcut as pages show it."""
    return next((macro for macro in KEPT.get() if macro.shortcut == shortcut), None)


@dataclass(frozen=True, slots=True)
class Offer:
    """A macro as the list shows it."""

    shortcut: str
    name: str
    body: str
    effects: list[str]
    is_suggested: bool


def offers(ticket: Ticket, situations: Collection[str], *, find: str = "") -> list[Offer]:
    """Return the macros for a case, those that fit it best first."""
    rows = KEPT.get()
    fitting = {pk for _score, pk in _best(rows, ticket, situations)}
    words = find.lower().removeprefix(":").split()
    found = []
    for macro in rows:
        text = text_of(macro, ticket.language)
        if text is None:
            continue
        name = (text_of(macro, get_language() or "") or text).name
        said = f"{macro.shortcut} {name} {text.name} {text.body}".lower()
        if all(word in said for word in words):
            found.append(Offer(macro.shortcut, name, text.body, effects_of(macro), macro.pk in fitting))
    return sorted(found, key=lambda offer: not offer.is_suggested)


def _best(rows: Sequence[Macro], ticket: Ticket, situations: Collection[str]) -> list[tuple[int, int]]:
    """Return the few that fit: by how the goods stand and by the topic, never against one of them."""
    scored = []
    for macro in rows:
        wanted = ((macro.situation, situations, 2), (macro.topic, {ticket.topic}, 1))
        if any(rule and rule not in facts for rule, facts, _weight in wanted):
            continue
        score = sum(weight for rule, _facts, weight in wanted if rule)
        scored += [(-score, macro.pk)] if score else []
    return sorted(scored)[:SUGGESTED]


def text_of(macro: Macro, language: str) -> MacroText | None:
    """Return a macro's text in a language, else in the shop's own, else None."""
    by_language = {text.language: text for text in macro.texts.all()}
    return by_language.get(language) or by_language.get(default_language())


def name_of(macro: Macro) -> str:
    """Return what a macro is called in the language that is spoken."""
    text = text_of(macro, get_language() or "")
    return text.name if text else macro.shortcut


def effects_of(macro: Macro) -> list[str]:
    """Say what becomes of a case once an answer with this macro has gone out."""
    told = [_("state: %(state)s") % {"state": TicketStatus(macro.status_after).label}]
    if macro.wait_days:
        told.append(_("the customer reads that we wait %(days)d days") % {"days": macro.wait_days})
    tags = ", ".join(tag.name for tag in macro.tags.all())
    if tags:
        told.append(_("tags: %(tags)s") % {"tags": tags})
    if macro.action:
        told.append(str(Macro.Action(macro.action).label))
    return told


def by_shortcut(shortcut: str) -> Macro | None:
    """Return the macro that agents call by a shortcut, with or without its colon."""
    rows = Macro.objects.filter(is_active=True).prefetch_related("texts", "tags")
    return rows.filter(shortcut=shortcut.strip().lower().removeprefix(":")).first()


@dataclass(frozen=True, slots=True)
class Written:
    """A text after macros were put into it; ``macro`` is the last of them."""

    text: str
    macro: Macro | None
    is_changed: bool


def insert(text: str, macro: Macro, ticket: Ticket, agent: User) -> Written:
    """Put a macro under what stands there, filled with what the case knows."""
    found = text_of(macro, ticket.language)
    if found is None:
        return Written(text, None, False)
    body = fill(found.body, ticket, agent).text
    return Written(f"{text.rstrip()}\n\n{body}" if text.strip() else body, macro, True)


def expand(text: str, ticket: Ticket, agent: User) -> Written:
    """Put macros where their shortcuts stand, and fill in what was typed by hand."""
    last: Macro | None = None

    def put(found: re.Match[str]) -> str:
        nonlocal last
        macro = by_shortcut(found[1])
        body = text_of(macro, ticket.language) if macro else None
        if macro is None or body is None:
            return found[0]
        last = macro
        return body.body

    filled = fill(SHORTCUT.sub(put, text), ticket, agent).text
    return Written(filled, last, filled != text)
