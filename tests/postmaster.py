"""What tests share about mails that do not arrive: the words of a mail provider, and a mail server that refuses."""

from __future__ import annotations

import base64
import json
from datetime import datetime

import pytest
from django.utils import timezone

from notifications.models import Notification
from orders.models import Order
from tests.chaos.smtp_sink import SmtpSink
from tests.factories import make_paid_order, make_supplier, make_variant

SECRET = "postmark:a-long-word"
URL = "/webhooks/mail/postmark/"


@pytest.fixture(name="order")
def order_fixture() -> Order:
    return make_paid_order((make_variant(make_supplier()), 2))


@pytest.fixture(name="provider")
def provider_fixture(settings):
    """Let a mail provider tell us what became of mails."""
    settings.ANYMAIL = {"WEBHOOK_SECRET": SECRET}


@pytest.fixture(name="mail_server")
def mail_server_fixture(settings):
    """Send through a mail server that can be told to refuse."""
    sink = SmtpSink()
    options = {"host": "127.0.0.1", "port": sink.port, "timeout": 5}
    settings.MAIL_TRANSPORT = {"backend": "django.core.mail.backends.smtp.EmailBackend", "options": options}
    yield sink
    sink.stop()


def tell(client, body: dict[str, object], *, secret: str = SECRET):
    """Post one piece of news as the provider does."""
    key = base64.b64encode(secret.encode()).decode()
    headers = {"Authorization": f"Basic {key}"}
    return client.post(URL, json.dumps(body), content_type="application/json", headers=headers)


def bounce(row: Notification, *, kind: str = "HardBounce", at: datetime | None = None, number: int = 1) -> dict:
    """Say in Postmark's words that a mail came back."""
    return {
        "RecordType": "SpamComplaint" if kind == "SpamComplaint" else "Bounce",
        "Type": kind,
        "ID": number,
        "Email": row.recipient,
        "MessageID": f"pm-{row.pk}",
        "Metadata": {"notification": str(row.pk)},
        "Details": "smtp;550 5.1.1 no such user" if kind == "HardBounce" else "smtp;452 4.2.2 mailbox full",
        "BouncedAt": (at or timezone.now()).isoformat(),
    }


def delivered(row: Notification) -> dict:
    """Say in Postmark's words that a mail has arrived."""
    return {
        "RecordType": "Delivery",
        "Recipient": row.recipient,
        "MessageID": f"pm-{row.pk}",
        "Metadata": {"notification": str(row.pk)},
        "DeliveredAt": timezone.now().isoformat(),
    }
