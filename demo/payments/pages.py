"""The hosted pay page: what the customer's browser is sent to. Works without JavaScript."""

from __future__ import annotations

import re
from html import escape
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from demo.payments.amounts import spoken
from demo.payments.cards import Card, known_card
from demo.payments.checkout import found_session
from demo.payments.errors import ApiError, Invalid, Refused
from demo.payments.forms import EMAIL
from demo.payments.messages import Answer, Request
from demo.payments.paying import email_of, pay_by_bank, pay_by_card
from demo.payments.sandbox import Sandbox

STYLE = (Path(__file__).parent / "pages.css").read_bytes()
HEADLINE = "Payment sandbox – no real money"
ADDRESS = re.compile(r"/pay/(\w+)(/authenticate)?")
THREE_D_SECURE = "4000002760003184"
# The outcomes offered below the form: what the button sends and says.
CARD_OUTCOMES = {
    "4000000000000002": "Card declined",
    "4000000000009995": "Card declined: insufficient funds",
    THREE_D_SECURE: "3-D Secure, then pay",
    "4000000000007726": "Pay; a refund takes its time",
    "4000000000005126": "Pay; a refund fails later",
}
BANK_OUTCOMES = {"bank_succeed": "Pay later by bank: succeeds", "bank_fail": "Pay later by bank: fails"}


def respond(sandbox: Sandbox, request: Request) -> Answer:
    """Show or take one of the pages under ``/pay/``."""
    if request.call == "GET /pay/style.css":
        return Answer(200, STYLE, {"Content-Type": "text/css; charset=utf-8", "Cache-Control": "max-age=300"})
    match = ADDRESS.fullmatch(request.path)
    try:
        session = found_session(sandbox, match[1] if match else "")
    except Invalid:
        return _page("No such payment", "<p>This payment link is not known here.</p>", status=404)
    is_authentication = bool(match and match[2])
    try:
        if session["status"] != "open":
            return _ended_page(session)
        if request.method == "POST":
            return _taken(sandbox, session, request, is_authentication=is_authentication)
        return _authentication_page(session) if is_authentication else _pay_page(sandbox, session)
    except Refused as error:
        # Somebody else, or the clock, was faster than this form.
        current = found_session(sandbox, session["id"])
        return (
            _pay_page(sandbox, current, problem=error.message) if current["status"] == "open" else _ended_page(current)
        )
    except ApiError as error:
        return _pay_page(sandbox, session, problem=error.message)


def _taken(sandbox: Sandbox, session: dict, request: Request, *, is_authentication: bool) -> Answer:
    typed = {name: values[0].strip() for name, values in parse_qs(request.body.decode(errors="replace")).items()}
    outcome = typed.get("outcome", "card")
    email = typed.get("email")
    if is_authentication:
        card = known_card(THREE_D_SECURE)
        return _by_card(sandbox, session, card, email=email, is_authenticated=outcome == "complete")
    if not EMAIL.match(email_of(session, email) or ""):
        return _pay_page(
            sandbox, session, problem="Please enter an e-mail address, such as name@example.com.", typed=typed
        )
    if outcome in BANK_OUTCOMES:
        pay_by_bank(sandbox, session["id"], email=email, succeeds=outcome == "bank_succeed")
        return _to_the_shop(session)
    if outcome == "card" and not (typed.get("expiry") and typed.get("cvc")):
        return _pay_page(
            sandbox, session, problem="Please enter the card's expiry date and security code.", typed=typed
        )
    number = outcome if outcome in CARD_OUTCOMES else typed.get("number", "")
    return _by_card(sandbox, session, known_card(number), email=email, is_authenticated=None)


def _by_card(
    sandbox: Sandbox, session: dict, card: Card, *, email: str | None, is_authenticated: bool | None
) -> Answer:
    outcome = pay_by_card(sandbox, session["id"], card, email=email, is_authenticated=is_authenticated)
    if outcome == "paid":
        return _to_the_shop(session)
    if outcome == "authenticate":
        return _authentication_page(session, email=email)
    tried = found_session(sandbox, session["id"])
    error = sandbox.ledger.find("payment_intent", tried["payment_intent"])["last_payment_error"]
    return _pay_page(sandbox, tried, problem=error["message"], typed={"email": email or ""})


def _to_the_shop(session: dict) -> Answer:
    address = session["success_url"].replace("{CHECKOUT_SESSION_ID}", session["id"])
    return Answer(303, b"", {"Location": address, **_security(session)})


def _pay_page(sandbox: Sandbox, session: dict, *, problem: str = "", typed: dict | None = None) -> Answer:
    typed = typed or {}
    total = spoken(session["amount_total"], session["currency"])
    content = f"""
{_reference(session)}
<ul class="lines">{_lines(sandbox.ledger.private(session["id"])["lines"])}</ul>
{f'<p class="problem" id="problem" role="alert">{escape(problem)}</p>' if problem else ""}
<form method="post" action="/pay/{session["id"]}">
{_email_field(session, typed.get("email", ""))}
<label for="number">Card number</label>
<input id="number" name="number" inputmode="numeric" autocomplete="off" value="{_typed(typed, "number", "4242 4242 4242 4242")}" required>
<div class="pair">
<div><label for="expiry">Expiry (MM / YY)</label>
<input id="expiry" name="expiry" inputmode="numeric" autocomplete="off" value="{_typed(typed, "expiry", "12 / 34")}" required></div>
<div><label for="cvc">CVC</label>
<input id="cvc" name="cvc" inputmode="numeric" autocomplete="off" value="{_typed(typed, "cvc", "123")}" required></div>
</div>
<button class="main" name="outcome" value="card">Pay {total}</button>
<h2>Try another outcome</h2>
{_outcome_buttons()}
</form>
{_cancel_link(session)}"""
    title = f"Pay {total}"
    return _page(title, content, status=402 if problem else 200, session=session)


def _typed(typed: dict, name: str, default: str) -> str:
    return escape(typed.get(name) or default)


def _reference(session: dict) -> str:
    reference = session["client_reference_id"]
    return f'<p class="quiet">Order {escape(reference)}</p>' if reference else ""


def _lines(lines: list[dict]) -> str:
    return "".join(
        f"<li><span>{line['quantity']} × {escape(line['description'])}</span>"
        f"<b>{spoken(line['amount_total'], line['currency'])}</b></li>"
        for line in lines
    )


def _email_field(session: dict, typed: str) -> str:
    if known := email_of(session):
        return f'<p class="quiet">{escape(known)}</p>'
    return (
        '<label for="email">E-mail</label>'
        f'<input id="email" name="email" type="email" autocomplete="email" value="{escape(typed)}" required>'
    )


def _outcome_buttons() -> str:
    return "".join(
        f'<button name="outcome" value="{value}">{label}</button>'
        for value, label in (CARD_OUTCOMES | BANK_OUTCOMES).items()
    )


def _cancel_link(session: dict) -> str:
    if not session["cancel_url"]:
        return ""
    return f'<a class="button" href="{escape(session["cancel_url"])}">Cancel and go back</a>'


def _authentication_page(session: dict, *, email: str | None = None) -> Answer:
    total = spoken(session["amount_total"], session["currency"])
    kept = f'<input type="hidden" name="email" value="{escape(email)}">' if email else ""
    content = f"""
<p>The bank of this card asks whether it is really you who pays {total}.</p>
<form method="post" action="/pay/{session["id"]}/authenticate">{kept}
<button class="main" name="outcome" value="complete">Complete authentication</button>
<button name="outcome" value="fail">Fail authentication</button>
</form>"""
    return _page("3-D Secure", content, session=session)


def _ended_page(session: dict) -> Answer:
    if session["status"] == "complete":
        address = session["success_url"].replace("{CHECKOUT_SESSION_ID}", session["id"])
        title, words = "This payment is complete", "Nothing more is to be paid here."
    else:
        address = session["cancel_url"]
        title, words = "This payment link has expired", "No money was taken. Go back to the shop to try again."
    link = f'<a class="button" href="{escape(address)}">Back to the shop</a>' if address else ""
    return _page(title, f"{_reference(session)}<p>{words}</p>{link}", session=session)


def _page(title: str, content: str, *, status: int = 200, session: dict | None = None) -> Answer:
    page = f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{title} – Payment sandbox</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="robots" content="noindex">
<link rel="stylesheet" href="/pay/style.css"></head>
<body><header>{HEADLINE}</header><main><h1>{title}</h1>{content}</main></body></html>
"""
    headers = {"Content-Type": "text/html; charset=utf-8", "Cache-Control": "no-store", **_security(session)}
    return Answer(status, page.encode(), headers)


def plain_page(title: str, content: str, *, status: int = 200) -> Answer:
    """Return a page of the sandbox that belongs to no session."""
    return _page(title, content, status=status)


def _security(session: dict | None) -> dict[str, str]:
    # Browsers hold a redirect after a form against form-action too, so the shop's origin must be in it.
    shop = _origin(session["success_url"]) if session else ""
    return {
        "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; "
        f"frame-ancestors 'none'; form-action 'self' {shop}".strip(),
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
    }


def _origin(address: str) -> str:
    parts = urlsplit(address)
    # Such characters would end the directive and begin another.
    return re.sub(r"[;,\s'\"]", "", f"{parts.scheme}://{parts.netloc}")
