"""Walk through long lists page by page (section 4 of the contract)."""

from __future__ import annotations

import base64
import binascii
import json
import uuid
from datetime import datetime
from typing import Any

from demo.supplier.contract import contract, is_timestamp
from demo.supplier.ledger import as_stamp
from demo.supplier.messages import Request
from demo.supplier.problems import Problem
from demo.supplier.supplier import Supplier

DEFAULT_LIMIT = 100
MOST_NAMES = 100
CURSOR_SECONDS = 15 * 60
FORGOTTEN_SECONDS = 24 * 3600


def read_page(supplier: Supplier, request: Request, kind: str, names: str) -> dict[str, Any]:
    """Return one page; ``names`` is the query parameter that picks single items.

    Raises Problem ``invalid-request`` or ``cursor-expired``.
    """
    limit = limit_of(supplier, request)
    cursor = single(request, "cursor")
    if cursor is None:
        terms, after, token = begin_walk(supplier, request, kind, names), ["", ""], None
    else:
        terms, after, token = resume_walk(supplier, cursor, kind)
    rows = matching_rows(supplier, terms, after, limit + 1)
    page = [json.loads(row["document"]) for row in rows[:limit]]
    following = None
    if len(rows) > limit:
        last = rows[limit - 1]
        following = cursor_after(supplier, terms, token, [last["updated_at"], last["id"]])
    return {"data": page, "next_cursor": following, "as_of": terms["as_of"]}


def single(request: Request, name: str) -> str | None:
    """Read a parameter that may come once."""
    values = request.query.get(name, [])
    if len(values) > 1:
        raise Problem("invalid-request", f"{name} was sent more than once")
    return values[0] if values else None


def limit_of(supplier: Supplier, request: Request) -> int:
    """Read the page size."""
    text = single(request, "limit")
    if text is None:
        return min(DEFAULT_LIMIT, supplier.profile.max_page)
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= supplier.profile.max_page:
        raise Problem("invalid-request", f"limit must be 1 to {supplier.profile.max_page}")
    return int(text)


def begin_walk(supplier: Supplier, request: Request, kind: str, names: str) -> dict[str, Any]:
    """Fix what one walk returns, and the clock at its beginning."""
    since = single(request, "updated_since")
    if since is not None:
        since = since_of(since)
    wanted = request.query.get(names, [])
    if len(wanted) > MOST_NAMES:
        raise Problem("invalid-request", f"At most {MOST_NAMES} of {names}")
    return {"kind": kind, "since": since or "", "names": wanted, "as_of": supplier.ledger.stamp()}


def since_of(text: str) -> str:
    """Read ``updated_since`` in any precision."""
    try:
        fits = text.endswith("Z") and is_timestamp(text)
    except ValueError:
        fits = False
    if not fits:
        raise Problem("invalid-request", "updated_since must be an RFC 3339 time in UTC with a final Z")
    return as_stamp(datetime.fromisoformat(text))


def resume_walk(supplier: Supplier, cursor: str, kind: str) -> tuple[dict[str, Any], list[str], str]:
    """Find the walk that a cursor belongs to, and the place in it."""
    token, _dot, place = cursor.partition(".")
    rows = supplier.ledger.rows("SELECT * FROM walks WHERE token=?", token)
    try:
        after = json.loads(base64.urlsafe_b64decode(place.encode()))
    except (ValueError, binascii.Error) as error:
        raise Problem("invalid-request", "This is not a cursor of ours") from error
    terms = json.loads(rows[0]["terms"]) if rows else {}
    if terms.get("kind") != kind or not (isinstance(after, list) and len(after) == 2):
        raise Problem("invalid-request", "This is not a cursor of this list")
    if supplier.clock.now() - rows[0]["begun_at"] > CURSOR_SECONDS:
        raise Problem("cursor-expired", "A cursor lives 15 minutes")
    return terms, [str(part) for part in after], token


def cursor_after(supplier: Supplier, terms: dict[str, Any], token: str | None, after: list[str]) -> str:
    """Write the cursor of the next page; the walk's terms are stored, since they may be long."""
    ledger, now = supplier.ledger, supplier.clock.now()
    if token is None:
        token = uuid.uuid4().hex
        ledger.execute("DELETE FROM walks WHERE begun_at < ?", now - FORGOTTEN_SECONDS)
        sql = "INSERT INTO walks (token, terms, begun_at) VALUES (?,?,?)"
        ledger.execute(sql, token, json.dumps(terms), now)
    return f"{token}.{base64.urlsafe_b64encode(json.dumps(after).encode()).decode()}"


def matching_rows(supplier: Supplier, terms: dict[str, Any], after: list[str], count: int) -> list[dict[str, Any]]:
    """Read the next rows of a walk.

    There is no upper end: an item that changes during the walk moves behind the reader's place and comes again.
    """
    sql = "SELECT id, updated_at, document FROM documents WHERE kind=? AND updated_at>=? AND (updated_at, id) > (?,?)"
    values: list[object] = [terms["kind"], terms["since"], *after]
    if terms["names"]:
        sql += f" AND reference IN ({','.join('?' * len(terms['names']))})"
        values += terms["names"]
    return supplier.ledger.rows(f"{sql} ORDER BY updated_at, id LIMIT ?", *values, count)


def account(supplier: Supplier) -> dict[str, Any]:
    """Describe the account behind the key."""
    profile = supplier.profile
    return {
        "supplier_name": profile.name,
        "api_version": contract()["info"]["version"],
        "test": True,
        "default_currency": profile.currency,
        "capabilities": list(profile.capabilities),
        "order_cutoff": {"time": profile.cutoff, "time_zone": profile.time_zone},
        "limits": {"max_lines": profile.max_lines, "max_page": supplier.profile.max_page},
    }
