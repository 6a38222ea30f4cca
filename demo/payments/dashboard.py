"""The merchant's side of the sandbox, for people: payments, and what the provider's own dashboard can do to them.

Only for the machine it runs on: there is no log-in, so forms of other sites are refused by their origin.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from html import escape
from urllib.parse import parse_qs, urlsplit

from demo.payments.amounts import EXPONENT, spoken
from demo.payments.bookings import balance
from demo.payments.capturing import cancel_intent, capture_intent
from demo.payments.disputes import close_dispute, found_dispute, open_dispute, submit_evidence
from demo.payments.errors import ApiError, Invalid
from demo.payments.messages import Answer, Request
from demo.payments.pages import plain_page
from demo.payments.refunds import create_refund, found_charge
from demo.payments.sandbox import Sandbox

MOST_SHOWN = 50


def respond(sandbox: Sandbox, request: Request) -> Answer:
    """Show the payments, or do what a button asks for."""
    if request.call == "GET /dashboard/":
        return plain_page("Dashboard", _content(sandbox))
    if request.call != "POST /dashboard/":
        return plain_page("Not here", "<p>There is no such page.</p>", status=404)
    try:
        _check_origin(request)
        typed = {name: values[0].strip() for name, values in parse_qs(request.body.decode(errors="replace")).items()}
        with sandbox.ledger.change():
            _act(sandbox, typed)
    except (ApiError, KeyError, ValueError) as error:
        text = error.message if isinstance(error, ApiError) else "That form was not complete."
        problem = f'<p class="problem" role="alert">{escape(text)}</p>'
        return plain_page("Dashboard", problem + _content(sandbox), status=400)
    return Answer(303, b"", {"Location": "/dashboard/"})


def _check_origin(request: Request) -> None:
    origin = request.headers.get("Origin")
    if origin and urlsplit(origin).netloc != request.headers.get("Host"):
        raise Invalid("That form came from another site.")


def _act(sandbox: Sandbox, typed: dict[str, str]) -> None:
    acts: dict[str, Callable[[Sandbox, dict[str, str]], object]] = {
        "refund": _refund,
        "dispute": _dispute,
        "evidence": lambda sandbox, typed: submit_evidence(sandbox, found_dispute(sandbox, typed["dispute"])),
        "won": _close,
        "lost": _close,
        "capture": lambda sandbox, typed: capture_intent(sandbox, {}, typed["intent"]),
        "cancel": lambda sandbox, typed: cancel_intent(sandbox, {}, typed["intent"]),
    }
    acts[typed["act"]](sandbox, typed)


def _refund(sandbox: Sandbox, typed: dict[str, str]) -> None:
    charge = found_charge(sandbox, typed["charge"])
    asked = {"charge": charge["id"]}
    if typed.get("amount"):
        asked["amount"] = str(_minor(typed["amount"], charge["currency"]))
    create_refund(sandbox, asked)


def _minor(typed: str, currency: str) -> int:
    places = EXPONENT.get(currency, 2)
    whole, _point, rest = typed.replace(",", ".").partition(".")
    if not (whole + rest).isdecimal() or len(rest) > places:
        raise Invalid(f"Please type an amount in {currency.upper()}.")
    return int(whole + rest.ljust(places, "0"))


def _dispute(sandbox: Sandbox, typed: dict[str, str]) -> None:
    charge = found_charge(sandbox, typed["charge"])
    if not charge["captured"] or charge["disputed"]:
        raise Invalid(f"Charge {charge['id']} cannot be disputed.")
    open_dispute(sandbox, charge, amount_minor=charge["amount_captured"], reason="product_not_received")


def _close(sandbox: Sandbox, typed: dict[str, str]) -> None:
    close_dispute(sandbox, found_dispute(sandbox, typed["dispute"]), status=typed["act"])


def _content(sandbox: Sandbox) -> str:
    sums = ", ".join(spoken(minor, currency) for currency, minor in balance(sandbox).items()) or "nothing"
    rows = [_row(sandbox, charge) for charge in sandbox.ledger.newest("charge")[:MOST_SHOWN] if charge["paid"]]
    return f"<p>On the account, after fees: <b>{sums}</b></p>" + ("".join(rows) or "<p>No payments yet.</p>")


def _row(sandbox: Sandbox, charge: dict) -> str:
    order = escape(charge["metadata"].get("order", charge["id"]))
    currency = charge["currency"]
    facts = [spoken(charge["amount"], currency)]
    if charge["amount_captured"]:
        facts.append(f"taken {spoken(charge['amount_captured'], currency)}")
    if charge["amount_refunded"]:
        facts.append(f"back {spoken(charge['amount_refunded'], currency)}")
    return f"<section><h2>{order}</h2><p>{', '.join(facts)}</p>{_buttons(sandbox, charge)}</section>"


def _buttons(sandbox: Sandbox, charge: dict) -> str:
    intent = sandbox.ledger.find("payment_intent", charge["payment_intent"])
    disputes = sandbox.ledger.newest("dispute", parent=charge["payment_intent"])
    parts = [_dispute_part(dispute) for dispute in disputes]
    if intent["status"] == "requires_capture":
        parts.append(_form("intent", intent["id"], ("capture", "Take it all"), ("cancel", "Let it go")))
    elif charge["captured"] and not charge["disputed"]:
        field = '<label>Amount (empty: all that is left) <input name="amount" inputmode="decimal"></label>'
        buttons = (("refund", "Refund"), ("dispute", "Let the customer dispute it"))
        parts.append(_form("charge", charge["id"], *buttons, field=field))
    return "".join(parts)


def _dispute_part(dispute: dict) -> str:
    until = datetime.fromtimestamp(dispute["evidence_details"]["due_by"], UTC)
    words = dispute["status"].replace("_", " ")
    text = f"<p>Dispute over {spoken(dispute['amount'], dispute['currency'])}: {words}, evidence until {until:%d %b %H:%M} UTC</p>"
    if dispute["status"] in {"won", "lost"}:
        return text
    evidence = [("evidence", "Send evidence")] if dispute["status"] == "needs_response" else []
    buttons = [*evidence, ("won", "The bank decides for the shop"), ("lost", "For the customer")]
    return text + _form("dispute", dispute["id"], *buttons)


def _form(name: str, identifier: str, *buttons: tuple[str, str], field: str = "") -> str:
    made = "".join(f'<button name="act" value="{act}">{label}</button>' for act, label in buttons)
    hidden = f'<input type="hidden" name="{name}" value="{identifier}">'
    return f'<form method="post" action="/dashboard/">{hidden}{field}{made}</form>'
