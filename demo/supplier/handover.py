"""Tell the carriers of every parcel: their scanners see what the parcels' scripts say.

A stand-in for lorries and scanners. What cannot be told now is dropped: the next scan tells the whole story again.
"""

from __future__ import annotations

import http.client
import json
import queue
import threading
from typing import Any
from urllib.parse import urlsplit

MOST_WAITING = 10_000
ANSWER_SECONDS = 5


class Handover(threading.Thread):
    """Hand parcels over in a thread of its own, so that no supplier waits for a carrier."""

    def __init__(self, url: str, key: str) -> None:
        super().__init__(name="handover", daemon=True)
        self._address, self._key = urlsplit(url), key
        self._waiting: queue.Queue[bytes] = queue.Queue(MOST_WAITING)

    def tell(self, parcel: dict[str, Any]) -> None:
        """Let the carrier of a parcel know all its scans so far, and when it is to arrive."""
        names = {"number": "tracking_number", "events": "events", "eta": "eta", "delay": "delay"}
        body = json.dumps({theirs: parcel[ours] for theirs, ours in names.items()}).encode()
        if not self._waiting.full():
            self._waiting.put_nowait(body)

    def run(self) -> None:
        """Hand over what waits, oldest first, for ever."""
        headers = {"Content-Type": "application/json", "as-api-key": self._key}
        while True:
            body = self._waiting.get()
            connection = http.client.HTTPConnection(self._address.netloc, timeout=ANSWER_SECONDS)
            try:
                connection.request("POST", "/_control/parcel", body, headers)
                connection.getresponse().read()
            except (OSError, http.client.HTTPException):
                pass
            finally:
                connection.close()
