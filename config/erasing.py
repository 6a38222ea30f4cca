"""What machines wrote down of a person, wherever it is, let go of; see ``shop/erasure.py``.

Messages from outside, errors, work lists and facts of events have no column that is somebody's: what is theirs in them
is found by the texts and numbers that were theirs. That reads whole tables, so it takes its time in a large shop.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence

from django.apps import apps
from django.db import models
from django.db.models import Q, QuerySet, TextField
from django.db.models.functions import Cast
from django.utils import timezone

from notifications.inbound.stored import drop_sources
from orders.models import Event, IncomingEvent
from shop.erasure import ERASED, Erasure
from shop.people import Person

OURS = ("shop", "orders", "suppliers", "support", "notifications", "config")
# Columns in which machines write freely, in whatever model.
WRITTEN = {"last_error", "failure", "excerpt", "outcome", "summary", "answer", "raw", "detail", "says", "opened_reason"}
STRANGE = {"strange", "examples"}
# So many texts in one question to the database.
AT_ONCE = 40


def marks(person: Person) -> Iterator[str]:
    """What is theirs, other apps know."""
    yield from ()


def handles(person: Person) -> Iterator[str]:
    """What their rows are called, other apps know."""
    yield from ()


def waits(person: Person) -> Iterator[str]:
    """Nothing here has to be waited for."""
    yield from ()


def counts(person: Person) -> Iterator[tuple[str, int]]:
    """What there is shows only when it is searched for."""
    yield from ()


def erase(erasure: Erasure) -> None:
    """Empty what was told from outside about them, and every note of a machine that names them."""
    everything = sorted(erasure.marks | {name for name in erasure.handles if len(name) > 5})
    told = {"body": {}, "outcome": ERASED, "last_error": "", "due_at": None}
    for rows in holding(IncomingEvent.objects.all(), "body", everything):
        now = timezone.now()
        drop_sources(rows)
        rows.filter(done_at=None).update(done_at=now)
        rows.update(**told)
    own = sorted(erasure.marks)
    for rows in holding(Event.objects.all(), "facts", own):
        for event in rows:
            Event.objects.filter(pk=event.pk).update(facts=without(event.facts, own))
    for model, name in _written():
        for rows in holding(model._default_manager.all(), name, own):
            empty: object = "" if name in WRITTEN else None if model._meta.get_field(name).null else []
            rows.update(**{name: empty})


def _written() -> Iterator[tuple[type[models.Model], str]]:
    for app in OURS:
        for model in apps.get_app_config(app).get_models():
            yield from ((model, field.name) for field in model._meta.concrete_fields if field.name in WRITTEN | STRANGE)


def holding(rows: QuerySet, column: str, texts: Sequence[str]) -> Iterator[QuerySet]:
    """Yield the rows whose column holds one of some texts, in whatever case, a part of the texts at a time.

    A column of JSON is read as text, in which one database writes letters beyond ASCII as they are, and another
    escaped: both are looked for.
    """
    for start in range(0, len(texts), AT_ONCE):
        condition = Q()
        for text in texts[start : start + AT_ONCE]:
            for form in {text, json.dumps(text)[1:-1], json.dumps(text, ensure_ascii=False)[1:-1]}:
                condition |= Q(as_text__icontains=form)
        found = rows.alias(as_text=Cast(column, TextField())).filter(condition)
        # By their keys, for the column is about to change under the question.
        yield rows.model._default_manager.filter(pk__in=list(found.values_list("pk", flat=True)))


def without(facts: object, texts: Iterable[str]) -> object:
    """Return facts with every text emptied that holds one of some texts."""
    if isinstance(facts, dict):
        return {name: without(value, texts) for name, value in facts.items()}
    if isinstance(facts, list):
        return [without(value, texts) for value in facts]
    if isinstance(facts, str) and any(text.lower() in facts.lower() for text in texts):
        return ""
    return facts
