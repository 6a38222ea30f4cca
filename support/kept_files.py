"""Files of a form that must be sent once more: no browser chooses them again by itself, so they wait here.

A kept file rests in the private storage under a random name. The next form brings it back by a signed word, which
names the file. The word is as good as the file: whoever has it can send the file with a form of their own, so it
stands only on pages that nobody caches. Whatever has waited for a day is gone.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime, timedelta
from uuid import uuid4

from django.core import signing
from django.core.files.base import ContentFile

from support.models.attachment import private_storage
from support.uploads import Photo

LIFE = timedelta(days=1)
FOLDER = "kept"
SALT = "support.kept-files"
# So many wait, and so many bytes, if somebody sends wrong forms on purpose; then files must be chosen once more.
MOST, MOST_BYTES = 500, 500_000_000


def has_room() -> bool:
    """Return False while as much waits as may."""
    storage, names = private_storage(), _waiting()
    return len(names) < MOST and sum(storage.size(name) for name in names) < MOST_BYTES


def keep(photo: Photo) -> str:
    """Store a checked file; return the word that brings it back. Raises OSError where the disk takes nothing."""
    name = private_storage().save(f"{FOLDER}/{uuid4().hex}", ContentFile(photo.content))
    return signing.dumps([name, photo.name, photo.content_type], salt=SALT)


def name_behind(word: str) -> str:
    """Return the name under which a kept file was sent; empty for a word that is none of ours, or too old."""
    return _read(word)[1]


def kept_file(word: str) -> Photo | None:
    """Return a kept file; None if its word is none of ours, or it is gone."""
    file, name, kind = _read(word)
    try:
        with private_storage().open(file) as opened:
            return Photo(name, opened.read(), kind)
    except OSError:
        return None


def forget_kept_files(now: datetime) -> int:
    """Delete what has waited longer than LIFE; return how many that were. Safe to repeat."""
    storage, gone = private_storage(), 0
    for name in _waiting():
        # Another sweep may have been quicker.
        with suppress(FileNotFoundError):
            if storage.get_modified_time(name) < now - LIFE:
                storage.delete(name)
                gone += 1
    return gone


def _read(word: str) -> tuple[str, str, str]:
    try:
        file, name, kind = signing.loads(word, salt=SALT, max_age=LIFE)
    except (signing.BadSignature, ValueError):
        return f"{FOLDER}/none", "", ""
    return file, name, kind


def _waiting() -> list[str]:
    try:
        return [f"{FOLDER}/{name}" for name in private_storage().listdir(FOLDER)[1]]
    except FileNotFoundError:
        return []
