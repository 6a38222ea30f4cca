"""Keep the source of a mail, once, until it is old; and the news of it in the one inbox."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from functools import partial

from django.core.files.base import ContentFile
from django.db import transaction
from django.utils import timezone

from notifications.inbound.letter import Letter, read_letter
from orders.models import IncomingEvent
from support.models import private_storage

FOLDER = "mails"
KIND = "reply"
# What staff see of a mail before anybody has worked on it, or that nobody can work on.
BEGINNING = 200


def store(raw: bytes, *, source: str, envelope: str = "", notes: str = "") -> str:
    """Store a mail's source and owe the work on it; return its digest. The same mail is stored once per source.

    ``envelope`` is the address it was handed over for, ``notes`` what the reader has to say of it. Raises OSError or
    DatabaseError where it cannot be stored: then it is nowhere, and whoever brought it must bring it again.
    """
    letter = read_letter(raw)
    digest = letter.digest
    name = f"{FOLDER}/{digest}.eml"
    storage = private_storage()
    if not storage.exists(name):
        storage.save(name, ContentFile(raw))
    body = {
        "id": letter.message_id,
        # By this name what stands here is handed out, and goes, with an account (notifications.personal_data).
        "recipient": letter.sender,
        "to": " ".join(dict.fromkeys([envelope.lower(), *letter.written_to[:10]])).strip(),
        "subject": letter.subject,
        "begins": letter.text[:BEGINNING],
        "unread": letter.unread,
        "notes": notes,
        "file": name,
    }
    IncomingEvent.objects.store(source=source, event_id=digest, kind=KIND, body=body, due_at=timezone.now())
    return digest


def letter_of(incoming: IncomingEvent) -> Letter | None:
    """Read a stored mail again; None once its source is gone."""
    try:
        with private_storage().open(str(incoming.body["file"]), "rb") as opened:
            return read_letter(opened.read())
    except FileNotFoundError:
        return None


def drop_sources(rows: Iterable[IncomingEvent]) -> None:
    """Delete the sources of some mails, once it is sure that nothing names them any more."""
    names = [str(row.body["file"]) for row in rows if row.source.startswith("reply:") and row.body.get("file")]
    transaction.on_commit(partial(_delete, names))


def drop_old_sources(*, now: datetime, kept: timedelta) -> int:
    """Delete sources that are older than anything that may name them; return how many. Safe to repeat."""
    storage = private_storage()
    if not storage.exists(FOLDER):
        return 0
    names = [f"{FOLDER}/{file}" for file in storage.listdir(FOLDER)[1]]
    old = [name for name in names if storage.get_modified_time(name) < now - kept]
    _delete(old)
    return len(old)


def _delete(names: Iterable[str]) -> None:
    for name in names:
        private_storage().delete(name)
