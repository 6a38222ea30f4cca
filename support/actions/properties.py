"""Change what a case is about, whose it is, how urgent, and which words stand on it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone

from orders import events
from shop.models import User
from support.models import Tag, Ticket, Topic
from support.timers import COLUMNS, hurried


@dataclass(frozen=True, slots=True)
class Properties:
    """What agents set by hand of a case."""

    owner: User | None
    priority: Ticket.Priority
    topic: Topic
    tags: Sequence[str]


def set_priority(ticket: Ticket, priority: Ticket.Priority) -> None:
    """Write down how urgent a case is; it never has more time by that than it had. Call it inside a transaction."""
    times = hurried(Ticket.objects.values(*COLUMNS).get(pk=ticket.pk), priority, now=timezone.now())
    Ticket.objects.filter(pk=ticket.pk).update(priority=priority, **times)


def change_properties(ticket: Ticket, wanted: Properties, *, by: User) -> bool:
    """Set what is to be otherwise, with one line of history per thing; False if nothing is. Safe to repeat."""
    with transaction.atomic():
        mine = Ticket.objects.select_for_update(no_key=True, of=("self",)).select_related("owner").get(pk=ticket.pk)
        changes: dict[str, list[str]] = {}
        for name in ("owner", "priority", "topic"):
            before, after = getattr(mine, name), getattr(wanted, name)
            if before != after:
                changes[name] = [_told(before), _told(after)]
                setattr(mine, name, after)
        mine.save(update_fields=list(changes) or ["priority"])
        if "priority" in changes:
            set_priority(mine, wanted.priority)
        tags = _set_tags(mine, wanted.tags)
        if tags is not None:
            changes["tags"] = tags
        if not changes:
            return False
        events.record("ticket.changed", mine, by=by, changes=changes)
    ticket.refresh_from_db()
    return True


def _told(value: User | str | None) -> str:
    # History is read without looking anybody up.
    return value.get_short_name() if isinstance(value, User) else str(value or "")


def _set_tags(ticket: Ticket, names: Sequence[str]) -> list[str] | None:
    before = list(ticket.tags.values_list("name", flat=True))
    after = sorted({name.strip().lower()[:40] for name in names if name.strip()})
    if before == after:
        return None
    Tag.objects.bulk_create([Tag(name=name) for name in after], ignore_conflicts=True)
    ticket.tags.set(Tag.objects.filter(name__in=after))
    return [", ".join(before), ", ".join(after)]
