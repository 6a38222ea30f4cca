"""Read the mailbox of the help address: what customers write is stored, then flagged as read."""

from __future__ import annotations

import time
from datetime import datetime, timedelta

from django.conf import settings
from django.db import DatabaseError
from django.db.models import Q
from django.db.models.functions import Coalesce

from notifications.inbound.imap import ImapReader, MailboxFailed
from notifications.inbound.stored import store
from notifications.models import Mailbox
from shop.turns import is_over

SOURCE = "reply:imap"
# So many in one go, and not longer than this; the next go has the rest.
MOST, SECONDS = 50, 60
TAKEN = timedelta(minutes=5)
LARGEST = 36 * 1024 * 1024
TOO_LARGE = "It is larger than what we take: only its beginning was read."


def mailbox_name() -> str:
    """Return what staff know the mailbox by; no secret stands in it."""
    where = settings.INBOUND_IMAP
    return f"{where['user']} at {where['host']}, {where['folder']}"[:120]


def read_mailbox(*, now: datetime) -> int:
    """Store what nobody has read yet, each mail once, and flag it only then; return how many were stored.

    May run twice, and at once: a second reader finds the mailbox taken. What cannot be read now is read the next time;
    a mailbox that fails for long becomes work for a person (config/reaching.py). Talks to the network.
    """
    if not settings.INBOUND_IMAP:
        return 0
    row, _new = Mailbox.objects.get_or_create(name=mailbox_name())
    mine = Mailbox.objects.filter(pk=row.pk)
    if not mine.filter(Q(taken_until=None) | Q(taken_until__lt=now)).update(taken_until=now + TAKEN):
        return 0
    try:
        count = _read_all()
    except MailboxFailed as error:
        since = Coalesce("failing_since", now)
        mine.update(taken_until=None, failing_since=since, last_error=str(error)[:300])
        return 0
    except (OSError, DatabaseError):
        # Nowhere to store it: nothing is flagged, and the next go begins with the same mail.
        mine.update(taken_until=None)
        raise
    mine.update(taken_until=None, read_at=now, failing_since=None, last_error="")
    return count


def _read_all() -> int:
    until, count = time.monotonic() + SECONDS, 0
    with ImapReader(settings.INBOUND_IMAP) as mailbox:
        for uid in mailbox.unread(MOST):
            if is_over(until):
                break
            is_whole = mailbox.size(uid) <= LARGEST
            store(mailbox.fetch(uid, is_whole=is_whole), source=SOURCE, notes="" if is_whole else TOO_LARGE)
            mailbox.mark_read(uid)
            count += 1
    return count
