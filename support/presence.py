"""Who is in a case right now, so that two people do not answer the same customer."""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta

from django.utils import timezone

from shop.models import User
from support.models import Presence, Ticket

# Pages say that they are still open every 15 seconds; whoever was not heard of for so long has left.
SEEN_FOR = timedelta(seconds=60)
FORGOTTEN_AFTER = timedelta(days=1)


def note_presence(ticket: Ticket, user: User, *, is_writing: bool) -> None:
    """Note that somebody has a case open now."""
    facts = {"seen_at": timezone.now(), "is_writing": is_writing}
    mine = Presence(ticket=ticket, user=user, **facts)
    # One statement, whether they come or stay.
    Presence.objects.bulk_create(
        [mine], update_conflicts=True, unique_fields=["ticket", "user"], update_fields=list(facts)
    )


def forget_presence(user: User) -> None:
    """Delete where somebody was long ago: of no use to anybody, and else kept for ever."""
    Presence.objects.filter(user=user, seen_at__lt=timezone.now() - FORGOTTEN_AFTER).delete()


def who_is_in(ticket_ids: Collection[int], *, besides: User) -> dict[int, list[tuple[User, bool]]]:
    """Return who else has which case open, and whether they write; one query."""
    rows = Presence.objects.filter(ticket__in=ticket_ids, seen_at__gte=timezone.now() - SEEN_FOR)
    found: dict[int, list[tuple[User, bool]]] = {}
    for row in rows.exclude(user=besides).select_related("user").order_by("pk"):
        found.setdefault(row.ticket_id, []).append((row.user, row.is_writing))
    return found
