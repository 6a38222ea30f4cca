"""What has happened to a case, in words, from its events."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.utils.functional import Promise
from django.utils.translation import gettext as _, gettext_lazy

from orders.events import key_of
from orders.models import Event
from support.models import Ticket, Topic
from support.states import TicketStatus

SHOWN = 50
_t = gettext_lazy
SENTENCES: Mapping[str, str | Promise] = {
    "opened": _t("Opened"),
    "replied": _t("The customer wrote"),
    "answered": _t("Answered"),
    "merged": _t("%(other)s was merged into it (%(messages)s messages)"),
    "merged_away": _t("Merged into %(into)s"),
    "split": _t("%(other)s was split off (%(messages)s messages)"),
    "split_off": _t("Split off %(other)s"),
    "linked": _t("Linked with %(other)s"),
    "unlinked": _t("No longer linked with %(other)s"),
    "macro_used": _t("Answered with :%(macro)s"),
}
FIELDS: Mapping[str, str | Promise] = {
    "owner": _t("agent"),
    "priority": _t("priority"),
    "topic": _t("topic"),
    "tags": _t("tags"),
}


@dataclass(frozen=True, slots=True)
class Happening:
    """One line of the history. ``who`` is empty for what happened by itself."""

    text: str
    who: str
    at: datetime


def history_of(ticket: Ticket) -> list[Happening]:
    """Return what has happened to a case, newest first; one query."""
    rows = Event.objects.filter(subject_key=key_of(ticket)).select_related("by")[:SHOWN]
    return [Happening(_words(one), one.by.get_short_name() if one.by else "", one.at) for one in rows]


def _words(event: Event) -> str:
    happened = event.kind.partition(".")[2]
    if happened == "changed":
        return "; ".join(_change(name, *pair) for name, pair in event.facts["changes"].items())
    if happened in TicketStatus.values:
        return _("State: %(state)s") % {"state": TicketStatus(happened).label}
    sentence = SENTENCES.get(happened)
    # Other apps' events about cases have no sentence of ours.
    return str(sentence) % event.facts if sentence else happened.replace("_", " ")


def _change(name: str, before: str, after: str) -> str:
    facts = {"what": FIELDS.get(name, name), "before": _value(name, before), "after": _value(name, after)}
    return _("%(what)s: %(before)s → %(after)s") % facts


def _value(name: str, value: str) -> str:
    labels = {"priority": dict(Ticket.Priority.choices), "topic": dict(Topic.choices)}.get(name, {})
    return str(labels.get(value, value)) or "–"
