"""What happened in a run, as it happened: one line of JSON per fact, safe to write from any thread."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any


class Journal:
    """Keeps facts by kind, in memory and in a file."""

    def __init__(self, file: Path) -> None:
        self.began = time.time()
        self._file = file.open("a")
        self._lock = threading.Lock()
        self._facts: dict[str, list[dict[str, Any]]] = {}

    def note(self, what: str, **facts: Any) -> None:
        """Write down one fact."""
        fact = {"at": round(time.time(), 3), **facts}
        with self._lock:
            self._facts.setdefault(what, []).append(fact)
            self._file.write(json.dumps({"what": what} | fact) + "\n")
            self._file.flush()

    def all(self, what: str) -> list[dict[str, Any]]:
        """Return the facts of one kind, in the order they came."""
        with self._lock:
            return list(self._facts.get(what, []))

    def close(self) -> None:
        """Close the file; what is in memory stays."""
        self._file.close()

    @contextmanager
    def window(self, what: str) -> Iterator[None]:
        """Note from when to when something of ours was meant to be away: ``web`` or ``database``."""
        begins = time.time()
        try:
            yield
        finally:
            self.note("window", of=what, begins=begins, ends=time.time())
