"""Sessions in the database, as Django keeps them, at one statement less for a new one."""

from __future__ import annotations

from django.contrib.sessions.backends.base import VALID_KEY_CHARS
from django.contrib.sessions.backends.db import SessionStore as DatabaseStore
from django.utils.crypto import get_random_string

KEY_LENGTH = 32


class SessionStore(DatabaseStore):
    """Django's, which does not look first whether a new random key is free: writing it tells, and then another is tried."""

    def _get_new_session_key(self) -> str:
        return get_random_string(KEY_LENGTH, VALID_KEY_CHARS)
