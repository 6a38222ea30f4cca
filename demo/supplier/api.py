"""Answer the contract's paths."""

from __future__ import annotations

import hmac
import json
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NoReturn
from urllib.parse import unquote

from demo.supplier import contract
from demo.supplier.cancellations import cancel_order
from demo.supplier.changes import without_address
from demo.supplier.idempotency import key_of, replay, store
from demo.supplier.inquiries import take_inquiry
from demo.supplier.lists import account, read_page
from demo.supplier.messages import Answer, Request
from demo.supplier.orders import create_order, read_order, refuse_known_reference, turn_away_once
from demo.supplier.problems import Problem
from demo.supplier.quotes import quote_shipping
from demo.supplier.returns import cancel_return, create_return, read_return, refuse_known_return
from demo.supplier.shipments import read_shipment
from demo.supplier.stock import as_told
from demo.supplier.supplier import Supplier

Reply = Callable[..., Answer]
REFERENCE = r"([A-Za-z0-9][A-Za-z0-9_-]{0,31})"
SUPPLIER_ID = r"([A-Za-z0-9][A-Za-z0-9._:-]{0,63})"


@dataclass(frozen=True)
class Route:
    """Bind a method and path to the function that answers it.

    ``schema`` names the body's schema; a route with one that is not keyed (quotes) has no effect.
    """

    method: str
    path: str
    reply: Reply
    capability: str = ""
    schema: str = ""
    keyed: bool = False

    def match(self, request: Request) -> re.Match[str] | None:
        """Match a request's method and path."""
        return re.fullmatch(self.path, unquote(request.path)) if request.method == self.method else None


def listing(kind: str, names: str, show: Callable[[Supplier, dict[str, Any]], dict[str, Any]] | None = None) -> Reply:
    """Make the function that answers one list."""

    def reply(supplier: Supplier, request: Request) -> Answer:
        page = read_page(supplier, request, kind, names)
        if show:
            page["data"] = [show(supplier, document) for document in page["data"]]
        return Answer(200, page)

    return reply


def reading(read: Callable[[Supplier, str], Any]) -> Reply:
    """Make the function that answers one thing by its name."""
    return lambda supplier, _request, name: Answer(200, read(supplier, name).document)


ROUTES = (
    Route("GET", "/v1/account", lambda supplier, _request: Answer(200, account(supplier))),
    Route("GET", "/v1/catalog", listing("item", "sku")),
    Route("GET", "/v1/stock", listing("stock", "sku", as_told)),
    Route("POST", "/v1/shipping-quotes", quote_shipping, "shipping_quotes", "ShippingQuoteRequest"),
    Route("GET", "/v1/orders", listing("order", "reference", lambda _supplier, order: without_address(order))),
    Route("POST", "/v1/orders", create_order, schema="OrderCreate", keyed=True),
    Route("GET", f"/v1/orders/{REFERENCE}", reading(read_order)),
    Route("POST", f"/v1/orders/{REFERENCE}/cancel", cancel_order, "cancel", "CancelRequest", keyed=True),
    Route("POST", f"/v1/orders/{REFERENCE}/inquiries", take_inquiry, "inquiries", "InquiryCreate", keyed=True),
    Route("GET", "/v1/shipments", listing("shipment", "reference")),
    Route("GET", f"/v1/shipments/{SUPPLIER_ID}", reading(read_shipment)),
    Route("GET", "/v1/returns", listing("return", "reference"), "returns"),
    Route("POST", "/v1/returns", create_return, "returns", "ReturnCreate", keyed=True),
    Route("GET", f"/v1/returns/{REFERENCE}", reading(read_return), "returns"),
    Route("POST", f"/v1/returns/{REFERENCE}/cancel", cancel_return, "returns", "ReturnCancelRequest", keyed=True),
)
# What a known reference answers comes before the schema: "whatever the body".
KNOWN = {create_order: refuse_known_reference, create_return: refuse_known_return}


def check_key(supplier: Supplier, request: Request) -> None:
    """Check the API key before anything else.

    Raises Problem ``unauthorized`` or ``forbidden``.
    """
    if hmac.compare_digest(request.bearer.encode(), supplier.api_key.encode()):
        return
    reader = supplier.read_only_key
    if not reader or not hmac.compare_digest(request.bearer.encode(), reader.encode()):
        raise Problem("unauthorized")
    if request.method != "GET":
        raise Problem("forbidden", "This key may only read")


def respond(supplier: Supplier, request: Request) -> Answer:
    """Answer one request whose key was checked.

    Raises Problem.
    """
    route, names = find_route(supplier, request)
    if not route.schema:
        with supplier.ledger.transaction():
            return route.reply(supplier, request, *names)
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise Problem("unsupported-media-type")
    key = key_of(request) if route.keyed else ""
    request.json = parse(request.body)
    if not route.keyed:
        contract.check(route.schema, request.json)
        return route.reply(supplier, request, *names)
    with supplier.running.claim(request.operation, key):
        time.sleep(request.pause_seconds)
        return act_once(supplier, request, route, names, key)


def act_once(supplier: Supplier, request: Request, route: Route, names: tuple[str, ...], key: str) -> Answer:
    """Replay the key's answer, or do the work and store its answer in one transaction."""
    with supplier.ledger.transaction():
        stored = replay(supplier, request, key)
        if stored:
            return stored
        if route.reply in KNOWN:
            KNOWN[route.reply](supplier, request.json)
    contract.check(route.schema, request.json)
    if route.reply is create_order:
        turn_away_once(supplier, request.json)
    with supplier.ledger.transaction():
        # Asked again, because another key may have stored the same reference meanwhile.
        if route.reply in KNOWN:
            KNOWN[route.reply](supplier, request.json)
        answer = route.reply(supplier, request, *names)
        store(supplier, request, key, answer)
        return answer


def find_route(supplier: Supplier, request: Request) -> tuple[Route, tuple[str, ...]]:
    """Find who answers.

    Raises Problem ``not-found`` or ``not-supported``.
    """
    for route in ROUTES:
        match = route.match(request)
        if match:
            if route.capability and route.capability not in supplier.profile.capabilities:
                raise Problem("not-supported", f"This account does not offer {route.capability}")
            return route, match.groups()
    raise Problem("not-found", "No such path")


def parse(body: bytes) -> Any:
    """Read a JSON body strictly.

    Raises Problem ``invalid-request``.
    """

    def refuse(constant: str) -> NoReturn:
        raise ValueError(constant)

    try:
        return json.loads(body.decode("utf-8"), parse_constant=refuse)
    except (ValueError, RecursionError) as error:
        raise Problem("invalid-request", "The body is not JSON") from error
