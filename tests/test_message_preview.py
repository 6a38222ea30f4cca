"""Staff look at every kind of message before a customer does, and send one once more to an address they can change."""

from __future__ import annotations

import re

import pytest
from django.utils import timezone

from notifications.kinds import KINDS
from notifications.models import Notification, Suppression
from notifications.preview.kinds import PREVIEWS
from notifications.preview.render import as_seen, rendered_sample
from orders.models import Event, Order
from shop.models import Product
from tests.factories import make_person
from tests.postmaster import order_fixture  # noqa: F401

pytestmark = pytest.mark.django_db
PAGE = "/admin/notifications/notification/preview/"


@pytest.fixture
def staff(client):
    person = make_person(role="Store staff")
    client.force_login(person)
    return person


def test_there_is_a_preview_of_every_kind_that_we_write_ourselves():
    # What is about an account is written by the library that signs people in.
    assert set(PREVIEWS) == set(KINDS) - {"mail"}


@pytest.mark.parametrize("kind", sorted(PREVIEWS))
def test_each_kind_is_seen_with_made_up_data_of_which_nothing_stays(kind):
    found = rendered_sample(kind, language="en-gb")
    assert found.subject
    assert found.text.startswith(re.search(r"<h1[^>]*>(.*?)</h1>", found.html).group(1).replace("&#x27;", "'"))
    assert len(found.html.encode()) < 60_000
    assert [Order.objects.count(), Product.objects.count(), Notification.objects.count(), Event.objects.count()] == [
        0
    ] * 4


def test_what_does_not_come_is_not_among_what_comes_as_planned():
    gone, _heading, coming = rendered_sample("lines-cancelled", language="en-gb").text.partition("Comes as planned")
    lines = {line.strip() for line in coming.splitlines() if "×" in line}
    assert lines
    assert not lines & {line.strip() for line in gone.splitlines()}


def test_light_and_dark_are_shown_whatever_the_readers_own_machine_is_set_to():
    html = rendered_sample("order-confirmed", language="en-gb").html
    assert "@media all" in as_seen(html, is_dark=True)
    assert "@media not all" in as_seen(html, is_dark=False)
    assert "prefers-color-scheme" not in as_seen(html, is_dark=True).partition("<style")[2]


def test_the_page_shows_the_form_and_the_mail_in_a_frame_of_our_own(client, staff):
    page = client.get(PAGE, {"kind": "parcel-sent", "theme": "dark"})
    assert "Sent: arrives" in page.content.decode()
    assert "frame-src 'self'" in page.headers["Content-Security-Policy"]
    html = client.get(f"{PAGE}html/", {"kind": "parcel-sent", "theme": "dark"})
    assert html.headers["X-Frame-Options"] == "SAMEORIGIN"
    assert "frame-ancestors 'self'" in html.headers["Content-Security-Policy"]
    assert "script-src 'self'" in html.headers["Content-Security-Policy"]
    text = client.get(PAGE, {"kind": "parcel-sent", "part": "text"}).content.decode()
    assert "In this parcel" in text
    assert "<iframe" not in text


def test_with_an_orders_number_it_shows_that_orders_own_data(client, staff, order):
    page = client.get(
        PAGE, {"kind": "order-confirmed", "part": "text", "number": order.number.lower()}
    ).content.decode()
    assert order.lines.get().name in page
    missing = client.get(PAGE, {"kind": "parcel-sent", "number": order.number})
    assert (missing.status_code, "nothing that this message" in missing.content.decode()) == (422, True)
    assert "no order of that number" in client.get(PAGE, {"number": "nope"}).content.decode()


def test_only_who_may_see_messages_and_orders_sees_it(client):
    client.force_login(make_person(role="Support agents", is_staff=True))
    assert client.get(PAGE).status_code == 403
    assert client.get(f"{PAGE}html/").status_code == 403


def resend(client, row: Notification, **fields: object):
    return client.post(f"/admin/notifications/notification/{row.pk}/resend/", fields, follow=True)


def test_a_message_is_sent_again_as_one_of_its_own_with_who_wished_it(client, staff, order, relay, mailbox):
    relay.run_until_idle()
    row = Notification.objects.get()
    assert row.subject in client.get(f"/admin/notifications/notification/{row.pk}/resend/").content.decode()
    resend(client, row, recipient="alex.byrne@example.com")
    relay.run_until_idle()
    copy = Notification.objects.exclude(pk=row.pk).get()
    assert copy.key.startswith(f"{row.key}:again-")
    assert (copy.recipient, copy.wished_by, copy.status) == ("alex.byrne@example.com", staff, "sent")
    assert [mail["To"] for mail in mailbox()] == [order.email, "alex.byrne@example.com"]
    assert len({mail["Message-ID"] for mail in mailbox()}) == 2
    order.refresh_from_db()
    assert order.email == "alex@example.com"


def test_the_whole_order_can_be_moved_to_the_address_at_the_same_time(client, staff, order, relay, mailbox):
    relay.run_until_idle()
    row, before = Notification.objects.get(), order.token
    resend(client, row, recipient="alex.byrne@example.com", corrects="on")
    relay.run_until_idle()
    order.refresh_from_db()
    assert order.email == "alex.byrne@example.com"
    again = Notification.objects.get(key__contains=":again-", wished_by=staff)
    assert order.token in again.text
    assert before not in again.text + again.html


def test_what_was_never_sent_goes_out_as_itself(client, staff, order, relay, mailbox):
    Notification.objects.all().delete()
    relay.run_until_idle()
    row = Notification.objects.get()
    Notification.objects.update(status="failed", due_at=None)
    resend(client, row, recipient=row.recipient)
    assert Notification.objects.get().status == "queued"


def test_to_an_address_that_takes_no_mail_nothing_goes_whoever_wishes_it(client, staff, order, relay, mailbox):
    relay.run_until_idle()
    Suppression.objects.create(address=order.email, source="staff", since=timezone.now())
    resend(client, Notification.objects.get(), recipient=order.email)
    relay.run_until_idle()
    assert Notification.objects.get(key__contains=":again-").status == "suppressed"
    assert len(mailbox()) == 1
