"""Text messages, through Twilio's Messages API; off as long as its account is not set.

The API knows no idempotency key: what was tried before and may have arrived is looked up first, by number and text,
and adopted. Rules from Twilio's reference "Messages resource" and "Validating requests are coming from Twilio".
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlencode, urlsplit

from django.conf import settings
from django.urls import reverse

from notifications.mail import Mail, absolute
from notifications.models import Notification
from notifications.verdict import Verdict
from suppliers import outbound

# No such number, no mobile telephone, whoever has it said STOP, no carrier knows it, a landline.
GONE_CODES = {21211, 21610, 21614, 30005, 30006}
OPTED_OUT_CODE = 21610
# Our account, our key, our number or how much we send: nothing about this message.
ABOUT_US = {401, 403, 404, 429}
# The sender's clock and ours.
CLOCKS = timedelta(minutes=2)
LONGEST = 480


class Refused(Exception):
    """Twilio says no; ``code`` is its own number of the reason, 0 if it gives none."""

    def __init__(self, status: int, code: int) -> None:
        super().__init__(f"{status}, code {code}")
        self.status, self.code = status, code


def is_on() -> bool:
    """True if there is an account to send with."""
    return bool(settings.SMS["account_sid"])


def text_of(mail: Mail) -> str:
    """Return a mail as a text message: who writes, the fact, the link."""
    said = f"{settings.SHOP_NAME}: {' '.join(mail.subject.split())}"
    return f"{said[: LONGEST - len(mail.url) - 1]} {mail.url}".strip()


def send(row: Notification) -> str:
    """Send one text message, or find the one that an earlier try sent; return Twilio's id of it.

    Talks to the network. Raises Refused, or what ``outbound.call`` raises.
    """
    if row.attempt > 1:
        known = _find(row)
        if known:
            return known
    ours = settings.SMS["from"]
    sender = {"MessagingServiceSid" if ours.startswith("MG") else "From": ours}
    form = {"To": row.recipient, "Body": row.text, "StatusCallback": callback_url()} | sender
    return str(_call("POST", form=form)["sid"])


def callback_url() -> str:
    """Return the address at which Twilio tells us what became of messages; it is part of what is signed."""
    return absolute(reverse("sms-webhook"))


def _find(row: Notification) -> str:
    # The newest of a number; with its own text, and not older than the row: that is this message.
    listed = _call("GET", params={"To": row.recipient, "PageSize": 20}).get("messages", [])
    for one in listed:
        made = _moment(str(one.get("date_created", "")))
        if one.get("body") == row.text and made is not None and made > row.created_at - CLOCKS:
            return str(one["sid"])
    return ""


def _moment(text: str) -> datetime | None:
    try:
        return parsedate_to_datetime(text)
    except ValueError:
        return None


def _call(method: str, *, form: Mapping[str, str] | None = None, params: Mapping[str, object] | None = None) -> Any:
    account, base = settings.SMS["account_sid"], settings.SMS["base"]
    key = base64.b64encode(f"{account}:{settings.SMS['auth_token']}".encode()).decode()
    answer = outbound.call(
        method,
        f"{base}/2010-04-01/Accounts/{account}/Messages.json",
        allowed_hosts=[urlsplit(base).hostname or ""],
        headers={"Authorization": f"Basic {key}", "Content-Type": "application/x-www-form-urlencoded"},
        raw_body=urlencode(form).encode() if form else None,
        params=params,
    )
    body = answer.json() if answer.body else {}
    if not answer.is_ok:
        raise Refused(answer.status, int(body.get("code") or 0) if isinstance(body, dict) else 0)
    return body


def verdict_of(error: Exception) -> Verdict:
    """Say what an exception of ``send`` means for the one number of a message."""
    if not isinstance(error, Refused) or error.status in ABOUT_US or error.status >= 500:
        return Verdict.LATER
    return Verdict.GONE if error.code in GONE_CODES else Verdict.REFUSED


def is_signed(form: Mapping[str, str], signature: str) -> bool:
    """True if a form comes from Twilio: it signs our address and every field, sorted by name, with our token."""
    text = callback_url() + "".join(f"{name}{form[name]}" for name in sorted(form))
    made = hmac.new(settings.SMS["auth_token"].encode(), text.encode(), hashlib.sha1).digest()
    return hmac.compare_digest(base64.b64encode(made), signature.encode("utf-8", "replace"))
