"""Style, scripts and icons: where they are, worked out once."""

from __future__ import annotations

from typing import Any

from whitenoise.storage import CompressedManifestStaticFilesStorage


class RememberingStaticFilesStorage(CompressedManifestStaticFilesStorage):
    """WhiteNoise's storage, which knows the address of a file once it was asked for it.

    Django looks it up and takes it apart each time a page names it, some twenty times on a page. What the manifest
    says is read when a process begins and never changes while it lives.
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._addresses: dict[str, str] = {}

    def url(self, name: str, force: bool = False) -> str:
        """Return the address of a file, by its contents with DEBUG as well. Raises ValueError if it was not collected."""
        known = self._addresses.get(name)
        if known is None:
            known = self._addresses[name] = super().url(name, force=True)
        return known
