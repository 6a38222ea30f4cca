"""What somebody wants to be told: read and changed, for guests and accounts alike, by their address."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from notifications.kinds import BY_SMS, OPTIONAL, kind_of
from notifications.models import Channel, Correspondent, MessageChoice


class NotOptional(Exception):
    """What was to be stopped is part of the contract, or is no message at all."""


def correspondent_at(address: str) -> Correspondent:
    """Return the row of whoever has an address; made at the first time. Safe to repeat."""
    row, _new = Correspondent.objects.get_or_create(address=address.strip().lower())
    return row


def is_wanted(kind: str, address: str) -> bool:
    """True unless somebody has stopped a kind that may be stopped. One query for those kinds, none for others."""
    if not kind_of(kind).is_optional:
        return True
    said = MessageChoice.objects.filter(
        correspondent__address=address.lower(), channel=Channel.MAIL, kind=kind, is_wanted=False
    )
    return not said.exists()


def number_for(kind: str, address: str) -> str:
    """Return the number at which somebody wants a kind as a text message; empty: they do not. One query."""
    said = MessageChoice.objects.filter(
        correspondent__address=address.lower(), channel=Channel.SMS, kind=kind, is_wanted=True
    )
    return said.values_list("correspondent__phone", flat=True).first() or ""


def stop_kind(correspondent: Correspondent, kind: str) -> bool:
    """Stop one kind of mail for somebody; False if they had stopped it. Safe to repeat. Raises NotOptional."""
    if not kind_of(kind).is_optional:
        raise NotOptional(kind)
    return _say(correspondent, Channel.MAIL, kind, is_wanted=False)


def wants_anew(kind: str, address: str, *, asked_at: datetime) -> None:
    """Forget that somebody stopped a kind of mail, if they have asked for one of it since. Safe to repeat."""
    MessageChoice.objects.filter(
        correspondent__address=address.lower(), channel=Channel.MAIL, kind=kind, changed_at__lt=asked_at
    ).delete()


def stop_optional(address: str) -> int:
    """Stop every kind that may be stopped, for an address; return how many were not. Safe to repeat."""
    with transaction.atomic():
        correspondent = correspondent_at(address)
        return sum(stop_kind(correspondent, kind.slug) for kind in OPTIONAL)


def choose(correspondent: Correspondent, *, mails: Collection[str], texts: Collection[str], phone: str) -> None:
    """Note what somebody wants: of the optional kinds those in ``mails``, and as text messages those in ``texts``.

    ``phone`` is in E.164, or empty; without it no text message is sent, whatever is ticked. Safe to repeat.
    """
    with transaction.atomic():
        Correspondent.objects.filter(pk=correspondent.pk).update(phone=phone)
        for kind in OPTIONAL:
            _say(correspondent, Channel.MAIL, kind.slug, is_wanted=kind.slug in mails)
        for kind in BY_SMS:
            _say(correspondent, Channel.SMS, kind.slug, is_wanted=bool(phone) and kind.slug in texts)
    correspondent.refresh_from_db()


def choices_of(correspondent: Correspondent | None) -> dict[str, set[str]]:
    """Return the kinds somebody gets, by channel: optional mails, and text messages. None: nobody has said anything."""
    rows = correspondent.choices.all() if correspondent else ()
    said = {(row.channel, row.kind): row.is_wanted for row in rows}
    return {
        Channel.MAIL: {kind.slug for kind in OPTIONAL if said.get((Channel.MAIL, kind.slug), True)},
        Channel.SMS: {kind.slug for kind in BY_SMS if said.get((Channel.SMS, kind.slug), False)},
    }


def _say(correspondent: Correspondent, channel: Channel, kind: str, *, is_wanted: bool) -> bool:
    """Note one yes or no; True if that changes what is sent."""
    row, new = MessageChoice.objects.get_or_create(
        correspondent=correspondent, channel=channel, kind=kind, defaults={"is_wanted": is_wanted}
    )
    if new:
        # What nobody has spoken of is sent by mail, and not by text message.
        return is_wanted != (channel == Channel.MAIL)
    rows = MessageChoice.objects.filter(pk=row.pk, is_wanted=not is_wanted)
    return bool(rows.update(is_wanted=is_wanted, changed_at=timezone.now()))
