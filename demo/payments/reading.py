"""What reading has in common: pages of a list, and ``expand``."""

from __future__ import annotations

import operator

from demo.payments.errors import Invalid, missing
from demo.payments.sandbox import Sandbox

COMPARE = {"gt": operator.gt, "gte": operator.ge, "lt": operator.lt, "lte": operator.le}
# Per object: the fields that hold the id of another object, and its kind.
EXPANDABLE = {
    "checkout.session": {"payment_intent": "payment_intent", "customer": "customer"},
    "payment_intent": {"latest_charge": "charge", "customer": "customer"},
    "charge": {"payment_intent": "payment_intent", "balance_transaction": "balance_transaction"},
    "refund": {
        "payment_intent": "payment_intent",
        "charge": "charge",
        "balance_transaction": "balance_transaction",
    },
    "dispute": {"payment_intent": "payment_intent", "charge": "charge"},
}
DEEPEST = 4


def page_of(chosen: list[dict], asked: dict, *, url: str) -> dict:
    """Cut one page out of the objects chosen, which come in the order of the list."""
    bounds = asked.get("created", {})
    chosen = [one for one in chosen if all(COMPARE[bound](one["created"], second) for bound, second in bounds.items())]
    limit = asked.get("limit", 10)
    if "ending_before" in asked:
        before = chosen[: _position(chosen, asked["ending_before"], "ending_before")]
        return _list(before[-limit:], url=url, has_more=len(before) > limit)
    start = _position(chosen, asked["starting_after"], "starting_after") + 1 if "starting_after" in asked else 0
    return _list(chosen[start : start + limit], url=url, has_more=len(chosen) > start + limit)


def _position(chosen: list[dict], identifier: str, param: str) -> int:
    for position, one in enumerate(chosen):
        if one["id"] == identifier:
            return position
    raise missing("object", identifier, param=param)


def _list(page: list[dict], *, url: str, has_more: bool) -> dict:
    return {"object": "list", "data": page, "has_more": has_more, "url": url}


def expanded(sandbox: Sandbox, body: dict, paths: list[str]) -> dict:
    """Put whole objects in the place of their ids, as ``expand[]`` asks."""
    for path in paths:
        parts = path.split(".")
        if len(parts) > DEEPEST:
            raise Invalid(f"You cannot expand more than {DEEPEST} levels of a property: {path}", param="expand")
        _expand(sandbox, body, parts, path)
    return body


def _expand(sandbox: Sandbox, body: dict, parts: list[str], path: str) -> None:
    if not parts:
        return
    name, rest = parts[0], parts[1:]
    if body["object"] == "list" and name == "data":
        for one in body["data"]:
            _expand(sandbox, one, rest, path)
    elif name in EXPANDABLE.get(body["object"], {}):
        _expand_id(sandbox, body, parts, path)
    elif (body["object"], parts) == ("checkout.session", ["line_items"]):
        lines = sandbox.ledger.private(body["id"])["lines"]
        body["line_items"] = page_of(lines, {}, url=f"/v1/checkout/sessions/{body['id']}/line_items")
    elif body["object"] == "tax.calculation" and parts[0] == "line_items":
        # Our answer holds them always, as Stripe's does when asked.
        return
    elif (body["object"], parts) == ("charge", ["refunds"]):
        refunds = sandbox.ledger.newest("refund", parent=body["payment_intent"])
        body["refunds"] = page_of(refunds, {}, url=f"/v1/charges/{body['id']}/refunds")
    else:
        raise Invalid(f"This property cannot be expanded ({path}).", param="expand")


def _expand_id(sandbox: Sandbox, body: dict, parts: list[str], path: str) -> None:
    name, rest = parts[0], parts[1:]
    if isinstance(body[name], str):
        body[name] = sandbox.ledger.find(EXPANDABLE[body["object"]][name], body[name])
    if body[name] is not None:
        _expand(sandbox, body[name], rest, path)
