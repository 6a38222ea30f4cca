"""What takes long goes on in steps, and stops between two of them when its time is up or its process is to end."""

from __future__ import annotations

import time
from threading import Event

# Set, once and for all, by the signal that asks a worker or the relay to end.
ENDING = Event()


def is_over(until: float) -> bool:
    """Return True if no further step should begin: it is ``until`` (by time.monotonic), or this process is to end."""
    return ENDING.is_set() or time.monotonic() >= until
