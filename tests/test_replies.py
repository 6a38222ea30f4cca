"""What customers answer to our mails becomes a message in their case, and nobody writes into somebody else's."""

from __future__ import annotations

import base64
import json
from datetime import timedelta

import pytest
from django.utils import timezone

from notifications.actions.feedback import forget_old_news
from notifications.inbound.plain import own_and_quoted
from notifications.models import Notification
from notifications.replies import reply_address, subject_of
from orders.actions.email_address import correct_email
from orders.models import IncomingEvent, Order
from support.models import Ticket, TicketMessage
from tests.postmaster import SECRET, order_fixture, provider_fixture  # noqa: F401

pytestmark = pytest.mark.django_db
URL = "/webhooks/mail/postmark/replies/"
QUOTED = "\n\nOn Tue, 24 Nov 2026 at 09:00, Larkfield <hello@larkfield.example> wrote:\n> Thank you, Alex."


@pytest.fixture(autouse=True)
def _takes_answers(settings, provider):
    settings.REPLY_ADDRESS = "help@reply.shop.example"


def answer(client, to: str, text: str = "The lid is missing.", *, secret: str = SECRET, **more: object):
    """Post one answer in Postmark's words."""
    headers = [{"Name": "Message-ID", "Value": more.pop("message_id", "<a1@example.com>")}, *more.pop("headers", [])]
    mail = {
        "FromFull": {"Email": more.pop("sender", "alex@example.com"), "Name": "Alex"},
        "ToFull": [{"Email": to, "Name": ""}],
        "Subject": "Re: Order confirmed",
        "TextBody": text,
        "Headers": headers,
    }
    key = base64.b64encode(secret.encode()).decode()
    return client.post(
        URL, json.dumps(mail | more), content_type="application/json", headers={"Authorization": f"Basic {key}"}
    )


def said() -> list[str]:
    thread = TicketMessage.Thread.CUSTOMER
    return list(TicketMessage.objects.filter(thread=thread).order_by("pk").values_list("body", flat=True))


def noted() -> list[str]:
    return list(TicketMessage.objects.filter(thread=TicketMessage.Thread.INTERNAL).values_list("body", flat=True))


def test_an_answer_to_an_orders_mail_opens_a_case_once_and_further_ones_go_into_it(client, order, relay, mailbox):
    relay.run_until_idle()
    (confirmed,) = mailbox()
    to = confirmed["Reply-To"]
    assert to == reply_address(order)
    for _time in range(2):
        assert answer(client, to, "The lid is missing." + QUOTED).status_code == 200
        relay.run_until_idle()
    ticket = Ticket.objects.get()
    assert (ticket.order, ticket.email, said()) == (order, order.email, ["The lid is missing."])

    # The case confirms itself; whoever answers that writes into it.
    to_case = Notification.objects.get(kind="ticket-opened").headers["Reply-To"]
    assert subject_of(to_case) == ticket
    answer(client, to, "And the handle.", message_id="<a2@example.com>")
    answer(client, to_case.upper(), "Also a dent.", message_id="<a3@example.com>")
    relay.run_until_idle()
    assert Ticket.objects.count() == 1
    assert said() == ["The lid is missing.", "And the handle.", "Also a dent."]
    assert noted() == []


def test_an_answer_opens_a_solved_case_again(client, order, relay):
    answer(client, reply_address(order))
    relay.run_until_idle()
    Ticket.objects.update(status="solved")
    answer(client, reply_address(Ticket.objects.get()), "Not quite.", message_id="<a2@example.com>")
    relay.run_until_idle()
    assert Ticket.objects.get().status == "open"


def test_only_who_knows_the_secret_is_heard_and_without_an_address_there_is_no_page(client, order, settings):
    assert answer(client, reply_address(order), secret="postmark:guessed").status_code == 400
    assert client.post(URL, "{}", content_type="application/json").status_code == 400
    to = reply_address(order)
    settings.REPLY_ADDRESS = ""
    assert answer(client, to).status_code == 404
    assert reply_address(order) == ""
    assert IncomingEvent.objects.count() == 0


@pytest.mark.parametrize("forged", ["help@reply.shop.example", "help+o1-" + "0" * 32 + "@reply.shop.example"])
def test_an_address_that_we_did_not_make_reaches_no_order(client, order, relay, forged):
    assert answer(client, forged).status_code == 200
    relay.run_until_idle()
    assert Ticket.objects.get().order is None


def test_what_was_not_written_to_us_reaches_nobody(client, order, relay):
    assert answer(client, "a@b.example").status_code == 200
    relay.run_until_idle()
    assert IncomingEvent.objects.get().outcome == "about nothing of ours"
    assert not Ticket.objects.exists()


def test_the_tag_of_one_order_does_not_open_another(order):
    own = reply_address(order)
    assert subject_of(own) == order
    assert subject_of(own.replace(f"+o{order.pk}-", f"+o{order.pk + 1}-")) is None
    assert subject_of(own.replace("+o", "+t")) is None


def test_whoever_had_the_address_before_it_was_corrected_writes_into_it_no_more(client, order, relay):
    before = reply_address(order)
    correct_email(order, "right@example.com", now=timezone.now(), by=None)
    relay.run_until_idle()
    answer(client, before)
    relay.run_until_idle()
    assert Ticket.objects.get().order is None
    assert "Reply-To" not in Notification.objects.get(kind="email-left").headers
    order = Order.objects.get(pk=order.pk)
    assert Notification.objects.get(kind="email-corrected").headers["Reply-To"] == reply_address(order)


def test_agents_see_who_wrote_from_elsewhere_and_which_files_were_not_taken(client, order, relay):
    photo = {"Name": "dent.jpg", "ContentType": "image/jpeg", "Content": base64.b64encode(b"x" * 2_000_000).decode()}
    sent = answer(client, reply_address(order), sender="mia@example.net", Attachments=[photo])
    assert sent.status_code == 200
    relay.run_until_idle()
    (note,) = noted()
    assert "mia@example.net" in note
    assert "dent.jpg is not a photo we can read" in note
    assert len(json.dumps(IncomingEvent.objects.get().body)) < 1000


@pytest.mark.parametrize("name", ["Auto-Submitted", "X-Autoreply"])
def test_machines_open_no_case(client, order, relay, name):
    answer(client, reply_address(order), headers=[{"Name": name, "Value": "auto-replied"}])
    relay.run_until_idle()
    assert IncomingEvent.objects.get().outcome == "an automatic answer"
    assert not Ticket.objects.exists()


def test_what_came_in_is_forgotten_and_the_case_stays(client, order, relay):
    answer(client, reply_address(order))
    relay.run_until_idle()
    forget_old_news(now=timezone.now() + timedelta(days=31))
    assert (IncomingEvent.objects.count(), len(said())) == (0, 1)


@pytest.mark.parametrize(
    ("text", "own"),
    [
        ("Hello" + QUOTED, "Hello"),
        ("Hallo\r\n\r\nAm Di., 24. Nov. 2026 um 09:00 Uhr schrieb Larkfield\r\n<hello@x.example>:\r\n> Danke", "Hallo"),
        ("Hello\n-- \nAlex", "Hello"),
        ("On Tuesday it came.\nThe lid is missing.", "On Tuesday it came.\nThe lid is missing."),
        ("> only a quotation", "> only a quotation"),
        ("a\x00b", "ab"),
        ("x" * 30_000, "x" * 20_000),
    ],
)
def test_of_an_answer_only_what_its_writer_wrote_is_kept(text, own):
    assert own_and_quoted(text)[0] == own


def test_what_an_answer_quotes_is_kept_apart(client, order, relay):
    answer(client, reply_address(order), "The lid is missing." + QUOTED)
    relay.run_until_idle()
    message = TicketMessage.objects.get(thread=TicketMessage.Thread.CUSTOMER)
    assert message.body == "The lid is missing."
    assert message.quoted.endswith("> Thank you, Alex.")
    page = client.get(message.ticket.get_absolute_url()).content.decode()
    assert "<summary>Quoted text</summary>" in page
