"""A supplier of constant latency that takes every order: what forwarding is measured against.

``python -m benchmarks.stub_supplier PORT`` answers POST <seconds>/v1/orders after so many seconds (``/0.05/v1/orders``)
with the contract's copy of the order, accepted in full, and tells at /log when each reference arrived first.
No framework: its own cost must not count.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

arrived: dict[str, float] = {}


def copy_of(order: dict[str, Any]) -> dict[str, Any]:
    """Return an order as the contract shows it, all of it accepted."""
    counters = ("pending", "backordered", "rejected", "cancelled", "shipped", "delivered", "returned")
    lines = [
        {"line_id": line["line_id"], "sku": line["sku"], "quantity": line["quantity"], "unit_cost": line["unit_cost"]}
        | {f"quantity_{name}": 0 for name in counters}
        | {"quantity_accepted": line["quantity"]}
        for line in order["lines"]
    ]
    number = f"S-{order['reference']}"
    return {
        "reference": order["reference"],
        "supplier_order_id": number,
        "version": 1,
        "updated_at": "2026-01-01T00:00:00Z",
        "status": "accepted",
        "currency": order["currency"],
        "hold": None,
        # Never later than what was promised, whatever day of the week it is: that would be other work.
        "eta": {"ship_by": None, "earliest": in_days(1), "latest": in_days(2), "source": "supplier"},
        "delay": None,
        "lines": lines,
    }


def in_days(count: int) -> str:
    """Return the date so many days from now."""
    return (datetime.now(UTC).date() + timedelta(days=count)).isoformat()


async def answer(method: str, path: str, body: bytes) -> tuple[int, Any]:
    """Return status and JSON for one request, after the seconds its path asks for."""
    parts = path.split("?")[0].strip("/").split("/")
    if parts == ["log"]:
        return 200, arrived
    if parts == ["forget"]:
        arrived.clear()
        return 200, {}
    if method == "POST" and parts[1:] in (["v1", "orders"], ["bare"]):
        order = json.loads(body)
        arrived.setdefault(order["reference"], time.time())
        await asyncio.sleep(float(parts[0]))
        return 201, copy_of(order) if parts[-1] == "orders" else {}
    if parts[-1] == "account":
        return 200, {"supplier_name": "Stub", "capabilities": []}
    return 200, {"data": [], "next_cursor": None, "as_of": "2026-01-01T00:00:00Z"}


async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer requests on one connection until it is closed."""
    with suppress(asyncio.IncompleteReadError, ConnectionError):
        while True:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            method, path, _version = head.split("\r\n", 1)[0].split(" ")
            length = next(
                (int(line[15:]) for line in head.lower().split("\r\n") if line.startswith("content-length:")), 0
            )
            status, found = await answer(method, path, await reader.readexactly(length))
            body = json.dumps(found).encode()
            writer.write(
                f"HTTP/1.1 {status} OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n".encode()
            )
            writer.write(body)
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
