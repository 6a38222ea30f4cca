"""Text messages: only for what somebody ticked, once each, and what became of them is known."""

from __future__ import annotations

import base64
import hashlib
import hmac
from email.utils import format_datetime
from urllib.parse import parse_qs, urlsplit

import pytest
from django.utils import timezone

from config.audit import run_audit
from config.environment import read_environment
from config.senders import read_sms
from notifications.actions.choices import choices_of, correspondent_at
from notifications.models import Notification, Suppression
from orders.actions.shipping import ParcelNews, record_parcel
from orders.models import IncomingEvent, Order, WorkItem
from orders.states import ParcelStatus
from tests.listener import Heard, Listener
from tests.postmaster import order_fixture  # noqa: F401

pytestmark = pytest.mark.django_db
NUMBER, TOKEN = "+353861234567", "auth-token"


class Twilio(Listener):
    """Speaks Twilio's Messages API: takes forms, lists what it took, and refuses with its own codes."""

    def __init__(self) -> None:
        self.sent: list[dict[str, str]] = []
        # A code to refuse with; or "lost": taken, and the answer never comes.
        self.next = ""
        super().__init__(self.speak)

    def speak(self, heard: Heard) -> tuple[int, dict[str, str], bytes]:
        key = base64.b64encode(f"AC1:{TOKEN}".encode()).decode()
        if heard.headers.get("authorization") != f"Basic {key}":
            return self.json(401, {"code": 20003, "message": "Authenticate", "status": 401})
        parts = urlsplit(heard.path)
        if parts.path != "/2010-04-01/Accounts/AC1/Messages.json":
            return self.json(404, {"code": 20404, "status": 404})
        if heard.method == "GET":
            to = parse_qs(parts.query)["To"][0]
            return self.json(200, {"messages": [one for one in reversed(self.sent) if one["to"] == to]})
        return self._take({name: values[0] for name, values in parse_qs(heard.body.decode()).items()})

    def _take(self, form: dict[str, str]) -> tuple[int, dict[str, str], bytes]:
        how, self.next = self.next, ""
        if how.isdecimal():
            return self.json(400, {"code": int(how), "message": "no", "status": 400})
        made = {"sid": f"SM{len(self.sent) + 1}", "to": form["To"], "body": form["Body"], "status": "queued"}
        self.sent.append(made | {"date_created": format_datetime(timezone.now()), "from": form["From"]})
        # What is no JSON leaves the caller in doubt, as a line that is cut does.
        return (500, {}, b"") if how == "lost" else self.json(201, made)


@pytest.fixture
def twilio(settings):
    listening = Twilio()
    settings.SMS = {"account_sid": "AC1", "auth_token": TOKEN, "from": "+15005550006", "base": listening.base}
    yield listening
    listening.close()


def send_off(order: Order) -> None:
    line = order.lines.get()
    news = ParcelNews(
        lines={line.pk: line.quantity},
        status=ParcelStatus.IN_TRANSIT,
        carrier_name="An Post",
        tracking_number="IE1",
        scans=(),
    )
    record_parcel(order, line.delivery, None, news)


def ask_for_texts(client, order: Order, **fields: object):
    page = f"{order.get_absolute_url()}messages/"
    return client.post(page, {"mails": [], "texts": ["parcel-sent"], "phone": "086 123 4567"} | fields)


def texts() -> list[Notification]:
    return list(Notification.objects.filter(channel="sms").order_by("pk"))


def test_without_an_account_nothing_offers_text_messages(client, order, relay):
    page = client.get(f"{order.get_absolute_url()}messages/").content.decode()
    assert "text message" not in page
    ask_for_texts(client, order)
    send_off(order)
    relay.run_until_idle()
    assert texts() == []


def test_only_what_was_ticked_comes_as_a_text_message_beside_its_mail(client, order, relay, mailbox, twilio):
    assert ask_for_texts(client, order).status_code == 302
    send_off(order)
    relay.run_until_idle()
    relay.run_until_idle()
    (text,) = twilio.sent
    assert (text["to"], text["from"]) == (NUMBER, "+15005550006")
    assert text["body"].startswith("Larkfield: Sent: arrives")
    assert text["body"].endswith(order.get_absolute_url())
    (row,) = texts()
    assert (row.status, row.carrier_id, row.kind) == ("sent", "SM1", "parcel-sent")
    assert len(mailbox()) == 2
    broken = {finding.check.name for finding in run_audit() if finding.violations}
    assert not broken & {"V08 once", "V08 addresses", "V08 wishes", "V08 told"}


def test_a_tick_needs_a_number_and_the_number_must_exist(client, order, twilio):
    assert "Type the number" in ask_for_texts(client, order, phone="").content.decode()
    assert "does not work" in ask_for_texts(client, order, phone="12").content.decode()
    ask_for_texts(client, order)
    ask_for_texts(client, order, phone="", texts=[])
    assert choices_of(correspondent_at(order.email))["sms"] == set()


def test_one_whose_answer_was_lost_is_looked_up_and_not_sent_twice(client, order, relay, twilio):
    ask_for_texts(client, order)
    twilio.next = "lost"
    send_off(order)
    relay.run_until_idle()
    (row,) = texts()
    assert (row.status, row.failures) == ("queued", 1)
    Notification.objects.filter(pk=row.pk).update(due_at=timezone.now())
    relay.run_until_idle()
    (row,) = texts()
    assert (row.status, row.carrier_id, len(twilio.sent)) == ("sent", "SM1", 1)


def test_who_answered_stop_gets_no_more(client, order, relay, twilio):
    ask_for_texts(client, order)
    twilio.next = "21610"
    send_off(order)
    relay.run_until_idle()
    (row,) = texts()
    assert (row.status, row.delivery) == ("suppressed", "bounced")
    assert (Suppression.objects.get().address, Suppression.objects.get().reason) == (NUMBER, "opted_out")
    order.refresh_from_db()
    # Their mails arrive: nothing is said on the page, and nobody is asked.
    assert order.email_failed_at is None
    assert not WorkItem.objects.exists()


def test_a_text_that_is_refused_for_itself_goes_to_a_person(client, order, relay, twilio):
    ask_for_texts(client, order)
    twilio.next = "21408"
    send_off(order)
    relay.run_until_idle()
    assert texts()[0].status == "failed"
    assert WorkItem.objects.filter(reason="mail_failed", closed_at=None).count() == 1
    assert not Suppression.objects.exists()


def tell(client, form: dict[str, str], *, token: str = TOKEN):
    text = "http://testserver/webhooks/sms/" + "".join(f"{name}{form[name]}" for name in sorted(form))
    made = base64.b64encode(hmac.new(token.encode(), text.encode(), hashlib.sha1).digest()).decode()
    return client.post("/webhooks/sms/", form, headers={"X-Twilio-Signature": made})


def test_what_became_of_it_is_taken_from_twilio_alone_and_once(client, order, relay, twilio):
    ask_for_texts(client, order)
    send_off(order)
    relay.run_until_idle()
    form = {"MessageSid": "SM1", "MessageStatus": "delivered", "To": NUMBER, "AccountSid": "AC1"}
    assert tell(client, form, token="another").status_code == 403
    assert client.post("/webhooks/sms/", form).status_code == 403
    assert IncomingEvent.objects.count() == 0
    for _time in range(2):
        assert tell(client, form).status_code == 204
        relay.run_until_idle()
    assert IncomingEvent.objects.count() == 1
    assert texts()[0].delivery == "delivered"
    # Late news never take a message back.
    tell(client, form | {"MessageStatus": "sent"})
    relay.run_until_idle()
    assert texts()[0].delivery == "delivered"


def test_a_number_that_no_carrier_knows_is_left_alone(client, order, relay, twilio):
    ask_for_texts(client, order)
    send_off(order)
    relay.run_until_idle()
    tell(client, {"MessageSid": "SM1", "MessageStatus": "undelivered", "To": NUMBER, "ErrorCode": "30005"})
    relay.run_until_idle()
    assert texts()[0].delivery == "bounced"
    assert Suppression.objects.get().address == NUMBER


def test_half_an_account_is_no_account(monkeypatch):
    from django.core.exceptions import ImproperlyConfigured

    monkeypatch.setenv("TWILIO_ACCOUNT_SID", "AC1")
    with pytest.raises(ImproperlyConfigured, match="TWILIO_AUTH_TOKEN"):
        read_sms(read_environment())
