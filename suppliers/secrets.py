"""Credentials at rest: encrypted, write-only for people."""

from __future__ import annotations

from functools import lru_cache

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.db import models


class CannotDecrypt(Exception):
    """The stored secret was written under a key that FIELD_ENCRYPTION_KEY no longer holds."""


@lru_cache(maxsize=4)
def _box(keys: str) -> MultiFernet:
    # The first key writes; all of them read. To rotate, put the new one in front.
    return MultiFernet([Fernet(key.strip()) for key in keys.split(",") if key.strip()])


class EncryptedTextField(models.TextField):
    """Text that the database holds encrypted under FIELD_ENCRYPTION_KEY (Fernet)."""

    def get_prep_value(self, value: str | None) -> str | None:
        """Encrypt on the way in; empty stays empty."""
        return _box(settings.FIELD_ENCRYPTION_KEY).encrypt(value.encode()).decode() if value else value

    def from_db_value(self, value: str | None, expression: object, connection: object) -> str | None:
        """Decrypt on the way out. Raises CannotDecrypt."""
        if not value:
            return value
        try:
            return _box(settings.FIELD_ENCRYPTION_KEY).decrypt(value.encode()).decode()
        except InvalidToken as error:
            raise CannotDecrypt(self.name) from error
