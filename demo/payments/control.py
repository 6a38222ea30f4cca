"""What tests and demonstrations ask of the sandbox, beside the API: faults, payments without a browser, the ledger."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import asdict
from urllib.parse import urlencode

from demo.payments import forms
from demo.payments.api import check_key
from demo.payments.capturing import cancel_intent, capture_intent
from demo.payments.cards import known_card
from demo.payments.checkout import found_session
from demo.payments.clock import do_job
from demo.payments.disputes import REASONS, close_dispute, found_dispute, open_dispute, submit_evidence
from demo.payments.errors import ApiError, Invalid, Refused
from demo.payments.faults import KINDS, Fault
from demo.payments.messages import Answer, Request, error_answer, json_answer
from demo.payments.paying import pay_by_bank, pay_by_card
from demo.payments.refunds import create_refund, found_charge, found_intent
from demo.payments.sandbox import Sandbox
from demo.payments.webhook_mode import MODES, WebhookMode
from demo.payments.webhooks import Deliverer

DEFAULT_CARD = "4242424242424242"


def respond(sandbox: Sandbox, deliverer: Deliverer, request: Request) -> Answer:
    """Answer one call of the control API; JSON in, JSON out."""
    try:
        check_key(sandbox, request)
        asked = json.loads(request.body) if request.body else {}
        return json_answer(_carried_out(sandbox, deliverer, request, asked))
    except ApiError as error:
        return error_answer(error)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        return error_answer(Invalid(f"The control API does not understand this: {error!r}"))


def _carried_out(sandbox: Sandbox, deliverer: Deliverer, request: Request, asked: dict | list) -> dict:
    pay = re.fullmatch(r"POST /_control/sessions/(\w+)/pay", request.call)
    if pay:
        return _pay(sandbox, asked, pay[1])
    calls: dict[str, Callable[[], dict]] = {
        "POST /_control/faults": lambda: _arm(sandbox, asked),
        "GET /_control/faults": lambda: {"armed": [asdict(fault) for fault in sandbox.faults.armed()]},
        "POST /_control/webhooks": lambda: _set_webhooks(sandbox, asked),
        "POST /_control/refunds": lambda: _refund(sandbox, asked),
        "POST /_control/disputes": lambda: _dispute(sandbox, asked),
        "POST /_control/capture": lambda: _decide(sandbox, asked, capture_intent),
        "POST /_control/cancel": lambda: _decide(sandbox, asked, cancel_intent),
        "POST /_control/deliver": lambda: {"tried": deliverer.send_everything()},
        "POST /_control/jobs": lambda: _hurry(sandbox, asked),
        "POST /_control/forget_keys": lambda: _forget_keys(sandbox),
        "POST /_control/reset": lambda: _reset(sandbox),
        "GET /_control/ledger": lambda: _everything(sandbox),
    }
    if request.call not in calls:
        raise Invalid(f"Unrecognized request URL ({request.method}: {request.path}).", status=404)
    return calls[request.call]()


def _arm(sandbox: Sandbox, asked: list) -> dict:
    faults = [Fault(**one) for one in asked]
    for fault in faults:
        if fault.kind not in KINDS:
            raise Invalid(f"Invalid kind: must be one of {', '.join(KINDS)}", param="kind")
    sandbox.faults.arm(faults)
    return {"armed": [asdict(fault) for fault in faults]}


def _set_webhooks(sandbox: Sandbox, asked: dict) -> dict:
    if asked.get("mode") == "duplicate":
        asked = {"copies": 2} | asked
    mode = WebhookMode(**asked)
    if mode.mode not in MODES:
        raise Invalid(f"Invalid mode: must be one of {', '.join(MODES)}", param="mode")
    sandbox.ledger.set_switch("webhooks", asdict(mode))
    return asdict(mode)


def _pay(sandbox: Sandbox, asked: dict, session_id: str) -> dict:
    """Pay as the hosted page would: ``card`` (a number), or ``bank`` (succeed, fail) with ``seconds``."""
    email = asked.get("email", "someone@example.com")
    if "bank" in asked:
        succeeds = forms.choice("succeed", "fail")(asked["bank"], "bank") == "succeed"
        outcome = pay_by_bank(sandbox, session_id, email=email, succeeds=succeeds, seconds=asked.get("seconds"))
    else:
        card = known_card(asked.get("card", DEFAULT_CARD))
        is_authenticated = asked.get("authenticated", True)
        outcome = pay_by_card(sandbox, session_id, card, email=email, is_authenticated=is_authenticated)
    return {"outcome": outcome, "session": found_session(sandbox, session_id)}


def _refund(sandbox: Sandbox, asked: dict) -> dict:
    """Refund as a person in the dashboard would; the parameters are those of the API."""
    with sandbox.ledger.change():
        return create_refund(sandbox, forms.decoded(urlencode(asked)))


def _dispute(sandbox: Sandbox, asked: dict) -> dict:
    """Open a dispute (``charge`` or ``payment_intent``, ``amount``, ``reason``), or close one (``dispute``, ``status``)."""
    with sandbox.ledger.change():
        if "dispute" in asked:
            status = forms.choice("won", "lost", "under_review")(asked.get("status"), "status")
            dispute = found_dispute(sandbox, asked["dispute"])
            if status == "under_review":
                return submit_evidence(sandbox, dispute)
            return close_dispute(sandbox, dispute, status=status, is_overturned=bool(asked.get("overturned")))
        charge_id = asked.get("charge") or found_intent(sandbox, asked["payment_intent"])["latest_charge"]
        charge = found_charge(sandbox, charge_id or "", param="charge")
        if not charge["captured"] or charge["disputed"]:
            raise Refused(f"Charge {charge['id']} cannot be disputed.", param="charge")
        reason = forms.choice(*REASONS)(asked.get("reason", "fraudulent"), "reason")
        return open_dispute(sandbox, charge, amount_minor=asked.get("amount", charge["amount"]), reason=reason)


def _decide(sandbox: Sandbox, asked: dict, act: Callable[..., dict]) -> dict:
    """Take, or let go, what is authorised, as a person in the dashboard would (``payment_intent``, ``amount``)."""
    raw = {"amount_to_capture": str(asked["amount"])} if "amount" in asked else {}
    with sandbox.ledger.change():
        return act(sandbox, raw, asked["payment_intent"])


def _hurry(sandbox: Sandbox, asked: dict) -> dict:
    """Let what ``subject`` (a session, a refund; without: all) waits for happen now: expiry, the bank's or card's answer."""
    done = []
    with sandbox.ledger.change():
        while job := sandbox.ledger.take_next_job(asked.get("subject")):
            do_job(sandbox, job)
            done.append(job.kind)
    return {"done": done}


def _forget_keys(sandbox: Sandbox) -> dict:
    """Prune every idempotency key, as Stripe may once it is a day old."""
    sandbox.ledger.run("DELETE FROM answers")
    return {"forgotten": True}


def _reset(sandbox: Sandbox) -> dict:
    sandbox.faults.arm([])
    sandbox.ledger.forget_everything()
    return {"reset": True}


def _everything(sandbox: Sandbox) -> dict:
    ledger = sandbox.ledger
    deliveries = [dict(row) for row in ledger.run("SELECT * FROM deliveries ORDER BY position")]
    by_event: dict[str, list[dict]] = {}
    for delivery in deliveries:
        by_event.setdefault(delivery["event_id"], []).append(delivery)
    events = [event | {"deliveries": by_event.get(event["id"], [])} for event in ledger.newest("event")]
    return {
        "sessions": ledger.newest("checkout.session"),
        "payment_intents": ledger.newest("payment_intent"),
        "charges": ledger.newest("charge"),
        "refunds": ledger.newest("refund"),
        "disputes": ledger.newest("dispute"),
        "customers": ledger.newest("customer"),
        "balance_transactions": ledger.newest("balance_transaction"),
        "events": events,
        "requests": [dict(row) for row in ledger.run("SELECT * FROM requests ORDER BY position")],
        "webhooks": asdict(sandbox.webhook_mode()),
    }
