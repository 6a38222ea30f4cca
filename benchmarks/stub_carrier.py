"""A tracking service of constant latency, in AfterShip's dialect: what polling is measured against.

``python -m benchmarks.stub_carrier PORT`` knows every number. Of each fifth parcel it tells a new scan every time it is
asked; of all others what it told before. No framework: its own cost must not count.
"""

from __future__ import annotations

import asyncio
import json
import sys
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

# When all that is old was told.
OLD = "2026-01-01T00:00:00+00:00"
NEWS_EVERY = 5
LATENCY = 0.05
asked = 0


def copy_of(number: str) -> dict[str, Any]:
    """Return the tracking of a number."""
    now = datetime.now(UTC).isoformat()
    is_news = int(number.removeprefix("N")) % NEWS_EVERY == 0
    times = [OLD, now] if is_news else [OLD]
    scans = [
        {"checkpoint_time": at, "tag": "InTransit", "subtag": "InTransit_001", "message": "Sorted", "city": "Cork",
         "country_region": "IRL", "hash": f"{number}-{at}"}
        for at in times
    ]  # fmt: skip
    return {
        "id": f"id-{number}", "tracking_number": number, "slug": "an-post", "tag": "InTransit", "subtag": "InTransit_001",
        "subtag_message": "On its way", "updated_at": times[-1], "checkpoints": scans,
    }  # fmt: skip


def answer(path: str) -> Any:
    """Return what a path asks for."""
    global asked
    if path == "/asked":
        return asked
    asked += 1
    numbers = parse_qs(urlsplit(path).query).get("tracking_numbers", [""])[0].split(",")
    return {"meta": {"code": 200}, "data": {"pagination": {}, "trackings": [copy_of(number) for number in numbers]}}


async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer requests on one connection until it is closed."""
    with suppress(asyncio.IncompleteReadError, ConnectionError):
        while True:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            await asyncio.sleep(LATENCY)
            body = json.dumps(answer(head.split(" ", 2)[1])).encode()
            lines = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
            writer.write(lines.encode() + body)
            await writer.drain()
    writer.close()


async def main(port: int) -> None:
    """Serve until killed."""
    server = await asyncio.start_server(serve, "127.0.0.1", port)
    print("listens", flush=True)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
