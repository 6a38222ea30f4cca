"""What makes no sense in a supplier's copies: where, and what stands there."""

from __future__ import annotations

from typing import Any

HUGE, LONG = 10**25, "x" * 100_000
OVERFLOWS = "0001-01-01T00:00:00+14:00"
Path = tuple[Any, ...]

# Where in a copy, and what stands there that makes no sense.
VERSIONS = [(("version",), odd) for odd in ("two", "2", 2.5, True, 0, -1, 2**31, HUGE, None, [2], {})]
ETAS = [
    *((("eta",), odd) for odd in ("soon", ["soon"], 7, True)),
    *((("delay",), odd) for odd in ("late", ["late"], 1.5, True)),
    *((("eta", "latest"), odd) for odd in ("0000-01-01", "99999-01-01", "9999-12-31", 20260206, ["2026-02-06"], True)),
    (("eta", "earliest"), "tomorrow"),
    (("delay", "detail"), {"text": "Snow."}),
    (("delay", "reason_code"), True),
]
ODD_ORDERS: list[tuple[Path, Any]] = [
    *VERSIONS,
    *ETAS,
    (("eta", "ship_by"), "0000-00-00"),
    *((("hold",), odd) for odd in ("yes", ["yes"], 1, True, {"code": ["yes"]}, {"code": True})),
    (("hold",), {"code": "address_check", "respond_by": OVERFLOWS}),
    *((("lines",), odd) for odd in ("none", {"a": 1}, [7], ["L1"], None, True, [])),
    *((("lines", 0, "reason"), odd) for odd in ("because", ["because"], 1, True, {"code": [1]})),
    *((("lines", 0, "unit_cost"), odd) for odd in ("5.00", 5, None, True, ["5.00"], {})),
    *((("lines", 0, "unit_cost", "amount"), odd) for odd in ("1e999999999", "Infinity", "free", [5], None, True)),
    *((("lines", 0, "quantity_accepted"), odd) for odd in (HUGE, "2", 2.5, True, -2, None)),
    *((("lines", 0, "quantity_cancel_requested"), odd) for odd in (HUGE, "1", True)),
    (("lines", 0, "line_id"), LONG),
    *((("status",), odd) for odd in (["accepted"], True, {})),
    *((("supplier_order_id",), odd) for odd in (None, LONG, ["S-1"], True)),
    (("currency",), ["EUR"]),
]
ODD_PARCELS: list[tuple[Path, Any]] = [
    *VERSIONS,
    *ETAS,
    *((("carrier",), odd) for odd in ("An Post", ["An Post"], 1, True, {"name": ["An Post"]})),
    *((("lines",), odd) for odd in ("none", {"a": 1}, [7], None, True, [])),
    *((("lines", 0, "quantity"), odd) for odd in (HUGE, "2", 1.5, True, 0, -1, None)),
    *((("shipment_id",), odd) for odd in (None, "", LONG, ["P-1"], True)),
    *((("tracking_number",), odd) for odd in (["AB123"], {"number": 1}, True)),
    (("tracking_url",), {"href": "x"}),
    (("kind",), ["outbound"]),
    (("status",), ["in_transit"]),
    *((("shipped_at",), odd) for odd in (OVERFLOWS, "0000-01-01T00:00:00Z", "99999-01-01T00:00:00Z", 1700000000, True)),
    *((("events",), odd) for odd in ("none", {"a": 1}, [7], True)),
    *((("events", 0, "occurred_at"), odd) for odd in (OVERFLOWS, "9999-12-31T23:59:59Z", 17, ["now"])),
    *((("events", 0, "event_id"), odd) for odd in (None, LONG, ["E-1"])),
    *((("events", 0, "location"), odd) for odd in ("Cork", ["Cork"], True)),
    (("events", 0, "description"), ["Left"]),
]
ODD_RETURNS: list[tuple[Path, Any]] = [
    *VERSIONS,
    *((("status",), odd) for odd in (["approved"], True, None, "mislaid", "to_ask", LONG)),
    *((("resolution",), odd) for odd in ("refund", ["refund"], 4, True, {"amount": "4.00"})),
]
# What may stand anywhere, and is odd nearly everywhere.
ODD_VALUES: list[Any] = [
    *("", "text", "a\0b", "\ud800", LONG, "0000-01-01", "99999-12-31", OVERFLOWS, "1e999999999"),
    *(0, -1, 1.5, HUGE, True, False, None, [], ["x"], [[]], {}, {"code": {}}, {"x\0": "\udfff"}),
]
