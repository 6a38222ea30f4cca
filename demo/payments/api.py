"""The API side: who asks, which endpoint, once per key, and the faults that tests arm."""

from __future__ import annotations

import base64
import hmac
import re
import time
from collections.abc import Callable

from demo.payments import bookings, capturing, checkout, customers, lookups, refunds, tax
from demo.payments.errors import ApiError, Invalid
from demo.payments.faults import Fault
from demo.payments.forms import decoded, sequence, text
from demo.payments.keys import claimed, keep_answer, kept_answer
from demo.payments.ledger import new_id
from demo.payments.messages import Answer, Request, error_answer, json_answer
from demo.payments.reading import expanded
from demo.payments.sandbox import API_VERSION, Sandbox, current_request

Endpoint = Callable[..., dict]

ENDPOINTS: dict[str, Endpoint] = {
    "POST /v1/checkout/sessions": checkout.create_session,
    "GET /v1/checkout/sessions": checkout.list_sessions,
    "GET /v1/checkout/sessions/{id}": checkout.retrieve_session,
    "POST /v1/checkout/sessions/{id}/expire": checkout.expire_session,
    "GET /v1/checkout/sessions/{id}/line_items": checkout.list_lines,
    "POST /v1/customers": customers.create_customer,
    "GET /v1/customers": customers.list_customers,
    "GET /v1/customers/{id}": customers.retrieve_customer,
    "DELETE /v1/customers/{id}": customers.delete_customer,
    "POST /v1/payment_intents/{id}/capture": capturing.capture_intent,
    "POST /v1/payment_intents/{id}/cancel": capturing.cancel_intent,
    "GET /v1/balance_transactions": bookings.list_bookings,
    "GET /v1/balance_transactions/{id}": bookings.retrieve_booking,
    "GET /v1/payment_intents": lookups.list_intents,
    "GET /v1/payment_intents/{id}": lookups.retrieve_intent,
    "GET /v1/charges": lookups.list_charges,
    "GET /v1/charges/{id}": lookups.retrieve_charge,
    "POST /v1/refunds": refunds.create_refund,
    "GET /v1/refunds": refunds.list_refunds,
    "GET /v1/refunds/{id}": refunds.retrieve_refund,
    "GET /v1/disputes": lookups.list_disputes,
    "GET /v1/disputes/{id}": lookups.retrieve_dispute,
    "GET /v1/events": lookups.list_events,
    "GET /v1/events/{id}": lookups.retrieve_event,
    "POST /v1/tax/calculations": tax.create_calculation,
    "GET /v1/balance": lookups.retrieve_balance,
}
ROUTES = [(re.compile(pattern.replace("{id}", "([A-Za-z0-9_]+)")), endpoint) for pattern, endpoint in ENDPOINTS.items()]
EXPAND = sequence(text(200), longest=20)
VERSION = re.compile(r"20\d\d-\d\d-\d\d(\.[a-z]+)?")
OUR_FAULT = ApiError("An unknown error occurred", status=500, kind="api_error")


def respond(sandbox: Sandbox, request: Request) -> Answer:
    """Answer one API call, as Stripe would or as an armed fault wants it."""
    request_id = new_id("req", length=14)
    key = request.headers.get("Idempotency-Key")
    emptied = sandbox.ledger.emptied
    token = current_request.set({"id": request_id, "idempotency_key": key})
    try:
        answer = _answer(sandbox, request, key)
    finally:
        current_request.reset(token)
    sandbox.ledger.note_request(
        emptied,
        id=request_id,
        at=time.time(),
        method=request.method,
        path=request.path,
        status=answer.status,
        idempotency_key=key,
        stripe_version=request.headers.get("Stripe-Version"),
    )
    version = request.headers.get("Stripe-Version") or API_VERSION
    headers = {"Request-Id": request_id, "Stripe-Version": version} | answer.headers
    return Answer(answer.status, answer.body, headers, answer.is_dropped)


def _answer(sandbox: Sandbox, request: Request, key: str | None) -> Answer:
    try:
        check_key(sandbox, request)
        _check_version(request)
        endpoint, identifiers = _endpoint(request)
    except ApiError as error:
        return error_answer(error)
    fault = sandbox.faults.take(request.call)

    def work() -> Answer:
        return _work(sandbox, request, lambda raw: endpoint(sandbox, raw, *identifiers), fault)

    answer = work() if request.method == "GET" or not key else _once(sandbox, request, key, work)
    if fault and fault.kind == "hang":
        sandbox.stopping.wait(fault.seconds)
    is_dropped = fault is not None and fault.kind in {"hang", "drop_after"}
    return Answer(answer.status, answer.body, answer.headers, is_dropped)


def _once(sandbox: Sandbox, request: Request, key: str, work: Callable[[], Answer]) -> Answer:
    try:
        with claimed(sandbox, key):
            return kept_answer(sandbox, key, request) or work()
    except ApiError as error:
        return error_answer(error)


def _work(sandbox: Sandbox, request: Request, endpoint: Callable[[dict], dict], fault: Fault | None) -> Answer:
    kind = fault.kind if fault else None
    if fault and kind == "latency":
        sandbox.stopping.wait(fault.seconds)
    try:
        with sandbox.ledger.change():
            if kind == "error_500_before":
                answer = error_answer(OUR_FAULT)
            else:
                answer = json_answer(_carried_out(sandbox, request, endpoint))
            if kind == "error_500_after":
                answer = error_answer(OUR_FAULT)
            _keep(sandbox, request, answer)
    except ApiError as error:
        answer = error_answer(error)
        if error.is_kept:
            _keep(sandbox, request, answer)
    return answer


def _carried_out(sandbox: Sandbox, request: Request, endpoint: Callable[[dict], dict]) -> dict:
    raw = decoded(_parameters(request))
    paths = EXPAND(raw.pop("expand"), "expand") if "expand" in raw else []
    return expanded(sandbox, endpoint(raw), paths)


def _keep(sandbox: Sandbox, request: Request, answer: Answer) -> None:
    key = request.headers.get("Idempotency-Key")
    if key and request.method == "POST":
        keep_answer(sandbox, key, request, answer)


def _parameters(request: Request) -> str:
    if request.method == "GET":
        return request.query
    if request.body and "json" in request.headers.get("Content-Type", ""):
        raise Invalid("Invalid request: send parameters form-encoded (application/x-www-form-urlencoded), not as JSON.")
    try:
        return request.body.decode()
    except UnicodeDecodeError as error:
        raise Invalid("Invalid request: the body is not UTF-8.") from error


def check_key(sandbox: Sandbox, request: Request) -> None:
    """Raise Invalid (401) unless the request carries the sandbox's secret key, as bearer or as user name."""
    scheme, _space, credentials = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "basic":
        try:
            credentials = base64.b64decode(credentials, validate=True).decode().partition(":")[0]
        except ValueError:
            credentials = ""
    if not credentials:
        raise Invalid(
            "You did not provide an API key. You need to provide your API key in the Authorization header, "
            "using Bearer auth (e.g. 'Authorization: Bearer YOUR_SECRET_KEY').",
            status=401,
        )
    if not hmac.compare_digest(credentials.encode(), sandbox.options.secret_key.encode()):
        raise Invalid(f"Invalid API Key provided: {credentials[:8]}***{credentials[-4:]}", status=401)


def _check_version(request: Request) -> None:
    version = request.headers.get("Stripe-Version")
    if version and not VERSION.fullmatch(version):
        raise Invalid(f"Invalid Stripe API version: {version}")


def _endpoint(request: Request) -> tuple[Endpoint, tuple[str, ...]]:
    for pattern, endpoint in ROUTES:
        match = pattern.fullmatch(request.call)
        if match:
            return endpoint, match.groups()
    raise Invalid(
        f"Unrecognized request URL ({request.method}: {request.path}). The sandbox speaks only the part of Stripe's "
        "API that the shop uses.",
        status=404,
    )
