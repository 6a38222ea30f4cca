"""Mail to the help address: a case for everybody, order data for nobody but whose order it is, no talk with machines."""

from __future__ import annotations

import base64
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings as live
from django.utils import timezone

from notifications.actions.feedback import forget_old_news
from notifications.inbound.stored import store
from notifications.models import Notification
from orders.models import IncomingEvent
from support.models import Attachment, Ticket, TicketMessage
from tests.factories import make_paid_order, make_person, make_supplier, make_variant
from tests.letters import HELP, a_letter, a_pdf, a_picture, hand_in
from tests.photos import ODD_TAGS, turned
from tests.postmaster import order_fixture  # noqa: F401

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _takes_mail(settings):
    settings.REPLY_ADDRESS = HELP


def noted() -> str:
    rows = TicketMessage.objects.filter(thread=TicketMessage.Thread.INTERNAL)
    return " ".join(rows.values_list("body", flat=True))


def sources() -> list[Path]:
    return list((Path(live.PRIVATE_ROOT) / "mails").glob("*.eml"))


def test_whoever_writes_to_us_gets_a_case_and_hears_that_we_have_it(relay, mailbox):
    done = hand_in(a_letter("Do you send to Malta?", From="Zoë <zoe@example.org>", Subject="Malta"), relay)
    ticket = Ticket.objects.get()
    assert done.outcome == f"written into {ticket.number}"
    assert (ticket.email, ticket.name, ticket.subject, ticket.source) == ("zoe@example.org", "Zoë", "Malta", "mail")
    (mail,) = mailbox()
    assert mail["To"] == "zoe@example.org"
    assert mail["Auto-Submitted"] == "auto-replied"
    assert mail["In-Reply-To"] == TicketMessage.objects.get().mail_id


def test_the_same_mail_by_two_ways_is_one_message(relay):
    mail = a_letter()
    hand_in(mail, relay)
    hand_in(mail, relay)
    assert hand_in(mail, relay, source="reply:imap").outcome.startswith("known")
    assert TicketMessage.objects.count() == 1
    assert len(sources()) == 1


def test_a_mail_with_the_id_of_another_does_not_take_its_place(relay):
    first = a_letter("Mine.", Message_ID="<same@example.com>")
    hand_in(a_letter("Forged.", Message_ID="<same@example.com>", From="eve@example.net"), relay)
    hand_in(first, relay)
    assert Ticket.objects.filter(email="alex@example.com").exists()


def test_an_answer_finds_its_case_by_the_mail_it_answers(relay):
    hand_in(a_letter("First."), relay)
    ticket = Ticket.objects.get()
    ours = Notification.objects.get(kind="ticket-opened").message_id
    hand_in(a_letter("Second.", In_Reply_To=ours), relay)
    theirs = TicketMessage.objects.order_by("pk")[0].mail_id
    hand_in(a_letter("Third.", References=f"<other@x.example> {theirs}"), relay)
    hand_in(a_letter("Fourth.", Subject=f"Re: about {ticket.number.lower()}"), relay)
    assert list(ticket.messages.values_list("body", flat=True)) == ["First.", "Second.", "Third.", "Fourth."]
    assert Ticket.objects.count() == 1
    assert noted() == ""


def test_an_orders_number_in_the_subject_counts_for_its_own_address_only(order, relay, mailbox, client):
    relay.run_until_idle()
    hand_in(a_letter("Where is it?", Subject=f"My order {order.number.lower()}", From="ALEX@Example.com"), relay)
    assert Ticket.objects.get().order == order
    hand_in(a_letter("Tell me all.", Subject=f"Order {order.number}", From="eve@example.net"), relay)
    strange = Ticket.objects.get(email="eve@example.net")
    assert strange.order is None
    assert f"about order {order.number}, but comes from eve@example.net" in noted()
    page = client.get(strange.get_absolute_url()).content.decode()
    assert order.token not in page
    assert "comes from" not in page
    told = [mail for mail in mailbox() if mail["To"] == "eve@example.net"]
    assert len(told) == 1
    text = told[0].get_body(("plain",)).get_content()
    assert order.lines.get().name not in text
    assert order.token not in text


def test_who_answers_somebody_elses_mail_gets_a_case_of_their_own(order, relay):
    relay.run_until_idle()
    confirmed = Notification.objects.get(kind="order-confirmed").message_id
    hand_in(a_letter("Send it to me.", From="eve@example.net", In_Reply_To=confirmed), relay)
    ticket = Ticket.objects.get()
    assert (ticket.order, ticket.email) == (None, "eve@example.net")
    assert f"about order {order.number}, but comes from" in noted()


def test_a_forged_sender_gets_nothing_for_the_answer_goes_to_whose_order_it_is(order, relay, mailbox):
    forged = a_letter("Refund to my new account", Subject=order.number, Reply_To="eve@example.net")
    forged["Authentication-Results"] = "mx.shop.example; dmarc=fail header.from=example.com"
    hand_in(forged, relay)
    assert {mail["To"] for mail in mailbox()} == {order.email}
    assert "DMARC failed" in noted()


def test_what_comes_long_after_a_case_was_solved_is_a_case_of_its_own_linked_to_it(relay):
    hand_in(a_letter("First."), relay)
    old = Ticket.objects.get()
    Ticket.objects.update(status="solved", status_changed_at=timezone.now() - timedelta(days=29))
    theirs = TicketMessage.objects.get().mail_id
    hand_in(a_letter("Again.", In_Reply_To=theirs), relay)
    old.refresh_from_db()
    assert old.status == "open"
    Ticket.objects.update(status="solved", status_changed_at=timezone.now() - timedelta(days=31))
    hand_in(a_letter("Much later.", In_Reply_To=theirs), relay)
    new = Ticket.objects.exclude(pk=old.pk).get()
    assert list(new.linked.all()) == [old]
    assert new.messages.get().body == "Much later."


def test_a_merged_case_goes_on_where_it_was_merged_into(relay):
    hand_in(a_letter("One."), relay)
    hand_in(a_letter("Two."), relay)
    first, second = Ticket.objects.order_by("pk")
    Ticket.objects.filter(pk=first.pk).update(status="solved", merged_into=second)
    hand_in(a_letter("Three.", In_Reply_To=first.messages.get().mail_id), relay)
    assert second.messages.filter(body="Three.").exists()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Auto-Submitted", "auto-replied"),
        ("Auto-Submitted", "auto-generated; x=1"),
        ("Precedence", "bulk"),
        ("X-Auto-Response-Suppress", "All"),
        ("X-Autoreply", "yes"),
        ("List-Id", "<news.example.com>"),
        ("List-Unsubscribe", "<https://example.com>"),
        ("Return-Path", "<>"),
        ("X-Failed-Recipients", "a@example.com"),
    ],
)
def test_machines_open_no_case_and_get_no_answer(relay, mailbox, name, value):
    mail = a_letter()
    mail[name] = value
    assert "written" not in hand_in(mail, relay).outcome
    assert not Ticket.objects.exists()
    assert mailbox() == []


@pytest.mark.parametrize(
    "sender",
    [
        "MAILER-DAEMON@example.com",
        "postmaster@example.com",
        "no-reply@shop.example",
        HELP,
        "help+t1-x@reply.shop.example",
    ],
)
def test_nobody_answers_daemons_nor_ourselves(relay, mailbox, sender):
    hand_in(a_letter(From=sender), relay)
    assert not Ticket.objects.exists()
    assert mailbox() == []


def test_our_own_mail_that_comes_back_stops_here(order, relay):
    relay.run_until_idle()
    ours = Notification.objects.get(kind="order-confirmed")
    done = hand_in(a_letter(Message_ID=ours.message_id), relay)
    assert done.outcome == "our own mail, come back"


def test_two_robots_that_answer_each_other_end(relay, mailbox):
    for number in range(45):
        hand_in(a_letter(f"I am away. {number}", From="robot@example.com", Subject=f"Away {number}"), relay)
    assert Ticket.objects.count() == 5
    assert len(mailbox()) == 5
    assert TicketMessage.objects.count() == 40
    last = IncomingEvent.objects.order_by("pk").last()
    assert last.outcome == "too many from this address within an hour: kept, not answered"
    hand_in(a_letter(From="alex@example.com"), relay)
    assert Ticket.objects.filter(email="alex@example.com").exists()


def test_photos_are_made_anew_pdfs_kept_and_all_else_named(relay, client):
    mail = a_letter()
    mail.add_attachment(a_picture(), maintype="image", subtype="jpeg", filename="dent.jpg")
    mail.add_attachment(a_pdf(), maintype="application", subtype="pdf", filename="receipt.pdf")
    mail.add_attachment(b"PK\x03\x04" + b"\0" * 99, maintype="application", subtype="zip", filename="all.zip")
    mail.add_attachment("<svg onload=alert(1)>", subtype="svg+xml", filename="logo.svg")
    hand_in(mail, relay)
    files = list(Attachment.objects.order_by("pk"))
    assert [file.original_name for file in files] == ["dent.jpg", "receipt.pdf"]
    with files[0].file.open("rb") as kept:
        assert b"SECRET PLACE" not in kept.read()
    assert "all.zip" in noted()
    assert "logo.svg" in noted()
    page = client.get(Ticket.objects.get().get_absolute_url()).content.decode()
    assert "dent.jpg" in page
    assert f"/support/files/{files[0].token}/small/" in page
    small = client.get(f"/support/files/{files[0].token}/small/")
    assert small["Content-Type"] == "image/jpeg"
    assert len(small.content) < files[0].size_bytes
    paper = client.get(f"/support/files/{files[1].token}/")
    assert paper["Content-Disposition"].startswith("attachment")
    assert "sandbox" in paper["Content-Security-Policy"]
    assert client.get(f"/support/files/{files[1].token}/small/").status_code == 404
    assert "all.zip" not in page


def test_a_turned_photo_with_odd_metadata_comes_in_with_its_mail(relay):
    mail = a_letter()
    mail.add_attachment(turned(tag=ODD_TAGS["below"]), maintype="image", subtype="jpeg", filename="dent.jpg")
    incoming = hand_in(mail, relay)
    incoming.refresh_from_db()
    assert incoming.outcome.startswith("written into")
    assert [file.original_name for file in Attachment.objects.all()] == ["dent.jpg"]


def test_more_files_than_a_page_takes_are_named(relay):
    mail = a_letter()
    for number in range(8):
        mail.add_attachment(a_pdf(), maintype="application", subtype="pdf", filename=f"{number}.pdf")
    hand_in(mail, relay)
    assert Attachment.objects.count() == 5
    assert "7.pdf: more than 5 files" in noted()


def test_a_mail_in_html_alone_is_read_as_text(relay, client):
    mail = a_letter()
    mail.set_content(
        "<html><head><style>p{}</style><script>alert(1)</script></head><body><p>The <b>lid</b> is missing.</p>"
        "<ul><li>one</li><li>two</li></ul><img src='https://spy.example/x.gif' onerror='alert(2)'>"
        "<a href='https://shop.example/x'>this</a><blockquote>what we wrote</blockquote></body></html>",
        subtype="html",
    )
    hand_in(mail, relay)
    message = TicketMessage.objects.get()
    assert message.body == "The lid is missing.\n\n- one\n- two\nthis (https://shop.example/x)"
    assert message.quoted == "> what we wrote"
    page = client.get(message.ticket.get_absolute_url()).content.decode()
    assert "spy.example" not in page
    assert "alert" not in page


def test_what_came_in_is_forgotten_with_its_source(relay):
    hand_in(a_letter(), relay)
    assert len(sources()) == 1
    forget_old_news(now=timezone.now() + timedelta(days=31))
    assert IncomingEvent.objects.count() == 0


def test_a_source_that_nobody_names_is_deleted_once_it_is_old(relay):
    store(a_letter().as_bytes(), source="reply:imap")
    IncomingEvent.objects.all().delete()
    forget_old_news(now=timezone.now() + timedelta(days=59))
    assert len(sources()) == 1
    forget_old_news(now=timezone.now() + timedelta(days=61))
    assert sources() == []


def test_an_internal_note_of_a_mail_reaches_no_customer(relay, client, mailbox):
    mail = a_letter()
    mail.add_attachment(b"MZ\x90", maintype="application", subtype="x-msdownload", filename="virus.exe")
    hand_in(mail, relay)
    page = client.get(Ticket.objects.get().get_absolute_url()).content.decode()
    assert "virus.exe" in noted()
    assert "virus.exe" not in page
    assert all("virus.exe" not in one.as_string() for one in mailbox())


def test_staff_find_what_could_not_be_read_among_what_was_told_us(relay, client):
    hand_in(b"\x00\xff garbage without any head", relay)
    row = IncomingEvent.objects.get()
    assert row.outcome == "from nobody: kept for a person to look at"
    client.force_login(make_person("boss@example.com", role="Store staff"))
    assert "kept for a person" in client.get("/admin/orders/incomingevent/").content.decode()
    page = client.get(f"/admin/orders/incomingevent/{row.pk}/change/").content.decode()
    assert "garbage" in page


def test_a_german_customer_is_answered_in_german(relay, mailbox):
    order = make_paid_order((make_variant(make_supplier()), 1))
    type(order).objects.filter(pk=order.pk).update(language="de", email="uwe@example.de")
    hand_in(a_letter("Wo?", From="uwe@example.de", Subject="Frage"), relay)
    assert Ticket.objects.get().language == "de"


def test_a_provider_that_gives_parts_instead_of_the_source_is_read_alike(client, relay, settings):
    settings.ANYMAIL = {"WEBHOOK_SECRET": "postmark:a-long-word"}
    from tests.test_replies import answer

    photo = {"Name": "dent.jpg", "ContentType": "image/jpeg", "Content": base64.b64encode(a_picture()).decode()}
    assert answer(client, HELP, "Look.", sender="zoe@example.org", Attachments=[photo]).status_code == 200
    relay.run_until_idle()
    assert Attachment.objects.get().original_name == "dent.jpg"
    assert Ticket.objects.get().email == "zoe@example.org"
