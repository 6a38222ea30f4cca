"""What somebody has begun to write: one text per case, person and audience."""

from __future__ import annotations

from django.utils import timezone

from shop.models import User
from support.models import Audience, Draft, Macro, Ticket


def keep_draft(
    ticket: Ticket, by: User, audience: Audience, body: str, *, macro: Macro | None = None, is_added: bool = False
) -> None:
    """Keep what somebody has written so far; nothing is kept of an empty text.

    With ``is_added`` it is put above what is kept already, so that neither is lost.
    """
    if is_added:
        known = draft_of(ticket, by, audience)
        body = "\n\n".join(part for part in (body, known.body if known else "") if part.strip())
    if not body.strip() and macro is None:
        drop_draft(ticket, by, audience)
        return
    Draft.objects.update_or_create(
        ticket=ticket,
        user=by,
        audience=audience,
        defaults={"body": body[:4000], "macro": macro, "saved_at": timezone.now()},
    )


def draft_of(ticket: Ticket, by: User, audience: Audience) -> Draft | None:
    """Return what somebody has begun to write to an audience."""
    return Draft.objects.filter(ticket=ticket, user=by, audience=audience).select_related("macro").first()


def drop_draft(ticket: Ticket, by: User, audience: Audience) -> None:
    """Forget a draft: it was sent, or emptied."""
    Draft.objects.filter(ticket=ticket, user=by, audience=audience).delete()
