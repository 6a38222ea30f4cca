"""Mail that does not arrive is known, shown, asked about, and sent again once there is an address that works."""

from __future__ import annotations

import hashlib
import hmac
import json
from datetime import timedelta

import pytest
from django.utils import timezone

from config.audit import run_audit
from notifications.actions.addresses import lift_suppression
from notifications.models import Notification, Suppression
from orders.actions.cancel import cancel_units
from orders.actions.holds import place_hold
from orders.models import Hold, IncomingEvent, Order, Refund, WorkItem
from shop.actions.basket import SESSION_KEY as BASKET
from tests.factories import make_person
from tests.postmaster import URL, bounce, delivered, mail_server_fixture, order_fixture, provider_fixture, tell  # noqa: F401

pytestmark = pytest.mark.django_db


def confirmed() -> Notification:
    return Notification.objects.get(kind="order-confirmed")


def unexplained() -> dict[str, list[str]]:
    return {finding.check.name: finding.violations for finding in run_audit() if finding.violations}


def test_news_of_mails_are_taken_from_whoever_knows_the_secret_and_nobody_else(
    client, provider, order, relay, settings
):
    relay.run_until_idle()
    told = bounce(confirmed())
    assert tell(client, told, secret="postmark:guessed").status_code == 400
    assert client.post(URL, json.dumps(told), content_type="application/json").status_code == 400
    assert client.head("/webhooks/mail/nobody/").status_code == 404
    settings.ANYMAIL = {}
    assert tell(client, told).status_code == 404
    assert IncomingEvent.objects.count() == 0


def test_a_providers_own_signature_is_checked_on_top_where_its_key_is_set(client, settings):
    settings.ANYMAIL = {"WEBHOOK_SECRET": "mailgun:word", "MAILGUN_WEBHOOK_SIGNING_KEY": "key"}
    stamp = {"timestamp": "1764340000", "token": "t" * 50}
    made = hmac.new(b"key", f"{stamp['timestamp']}{stamp['token']}".encode(), hashlib.sha256).hexdigest()
    event = {
        "event": "delivered",
        "id": "e1",
        "timestamp": 1764340000.0,
        "recipient": "a@example.com",
        "message": {"headers": {"message-id": "x"}},
    }

    def post(signature: str):
        body = json.dumps({"signature": stamp | {"signature": signature}, "event-data": event})
        headers = {"Authorization": "Basic bWFpbGd1bjp3b3Jk"}
        return client.post(
            "/webhooks/mail/mailgun/", body, content_type="application/json", headers=headers
        ).status_code

    assert (post("0" * 64), IncomingEvent.objects.count()) == (400, 0)
    assert (post(made), post(made), IncomingEvent.objects.count()) == (200, 200, 1)


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b'{"RecordType": 7, "Type": []}', b"\xff\xfe"])
def test_what_cannot_be_read_is_refused_or_stored_and_never_an_error_of_ours(client, provider, body):
    answer = client.post(
        URL, body, content_type="application/json", headers={"Authorization": "Basic cG9zdG1hcms6YS1sb25nLXdvcmQ="}
    )
    assert answer.status_code in {200, 400}


def test_a_mail_that_came_back_marks_its_address_once_and_everybody_who_must_know_knows(client, provider, order, relay):
    relay.run_until_idle()
    row = confirmed()
    for _time in range(3):
        assert tell(client, bounce(row)).status_code == 200
        relay.run_until_idle()
    row.refresh_from_db()
    order.refresh_from_db()
    marked = Suppression.objects.get()
    assert (marked.address, marked.reason, marked.source) == (order.email, "bounced", "mail:postmark")
    assert (row.delivery, row.status) == ("bounced", "sent")
    item = WorkItem.objects.get(reason="unreachable")
    assert (item.order, item.closed_at) == (order, None)
    assert order.email not in item.summary
    page = client.get(order.get_absolute_url()).content.decode()
    assert f"We could not reach you at {order.email}" in page
    assert IncomingEvent.objects.count() == 1


def test_a_marked_address_is_not_written_to_and_the_audit_knows_why(client, provider, order, relay, mailbox, settings):
    place_hold(order, Hold.Reason.MANUAL, by=None)
    relay.run_until_idle()
    tell(client, bounce(confirmed()))
    relay.run_until_idle()
    cancel_units(order, {order.lines.get().pk: 1}, reason=Refund.Reason.CANCELLED, by=None, key="k")
    relay.run_until_idle()
    row = Notification.objects.get(kind="lines-cancelled")
    assert (row.status, row.due_at, row.sent_at) == ("suppressed", None, None)
    assert len(mailbox()) == 1
    assert not unexplained().keys() & {"V08 told", "V08 once", "V08 addresses", "V09 reach", "V09 given up", "V10 due"}


def test_once_the_customer_has_corrected_the_address_what_was_missed_goes_to_the_new_one(
    client, provider, order, relay, mailbox
):
    place_hold(order, Hold.Reason.MANUAL, by=None)
    relay.run_until_idle()
    tell(client, bounce(confirmed()))
    relay.run_until_idle()
    line = order.lines.get()
    cancel_units(order, {line.pk: 1}, reason=Refund.Reason.CANCELLED, by=None, key="k")
    relay.run_until_idle()
    # Days later, and still in the browser that placed it.
    Order.objects.filter(pk=order.pk).update(placed_at=timezone.now() - timedelta(days=3))
    session = client.session
    session[BASKET] = order.basket_id
    session.save()
    assert "Correct the address" in client.get(order.get_absolute_url()).content.decode()

    client.post(f"{order.get_absolute_url()}email/", {"email": "right@example.com"})
    relay.run_until_idle()

    order.refresh_from_db()
    assert (order.email, order.email_failed_at) == ("right@example.com", None)
    to_new = [mail for mail in mailbox() if mail["To"] == "right@example.com"]
    assert len(to_new) == 2
    # The link in what was written before is a new one.
    for mail in to_new:
        assert order.token in mail.get_body(("plain",)).get_content()
    assert WorkItem.objects.filter(reason="unreachable", closed_at=None).count() == 1
    relay.run_until_idle(with_periodic=True)
    assert WorkItem.objects.filter(reason="unreachable", closed_at=None).count() == 0
    assert "We could not reach you" not in client.get(order.get_absolute_url()).content.decode()
    assert not unexplained().keys() & {"V08 told", "V08 once", "V08 addresses", "V09 reach"}


def test_a_mail_not_taken_for_now_goes_out_again_and_the_third_time_marks_the_address(
    client, provider, order, relay, mailbox
):
    relay.run_until_idle()
    row = confirmed()
    for count in (1, 2):
        tell(client, bounce(row, kind="SoftBounce", number=count))
        relay.run_until_idle()
        row.refresh_from_db()
        assert (row.status, row.delivery, row.soft_bounces) == ("queued", "soft_bounced", count)
        assert row.due_at > timezone.now() + timedelta(minutes=59)
        assert not Suppression.objects.exists()
        Notification.objects.update(due_at=timezone.now())
        relay.run_until_idle()
    tell(client, bounce(row, kind="SoftBounce", number=3))
    relay.run_until_idle()
    row.refresh_from_db()
    assert (row.status, row.delivery) == ("sent", "bounced")
    assert Suppression.objects.get().reason == "full"
    # It is one message: the same Message-ID each time.
    assert len(mailbox()) == 1


def test_what_arrived_in_the_end_counts_nothing_against_its_address(client, provider, order, relay):
    relay.run_until_idle()
    row = confirmed()
    tell(client, bounce(row, kind="SoftBounce"))
    relay.run_until_idle()
    tell(client, delivered(row))
    relay.run_until_idle()
    # Late news of before.
    tell(client, bounce(row, kind="SoftBounce", number=2))
    relay.run_until_idle()
    row.refresh_from_db()
    assert (row.delivery, row.soft_bounces) == ("delivered", 1)
    # And it does not go out once more.
    assert (row.status, row.due_at) == ("sent", None)


def test_a_complaint_marks_the_address_and_says_so(client, provider, order, relay):
    relay.run_until_idle()
    tell(client, bounce(confirmed(), kind="SpamComplaint"))
    relay.run_until_idle()
    assert Suppression.objects.get().reason == "complained"
    assert confirmed().delivery == "complained"


def test_news_older_than_the_lifting_of_a_mark_change_nothing(client, provider, order, relay):
    relay.run_until_idle()
    before = timezone.now()
    tell(client, bounce(confirmed(), at=before))
    relay.run_until_idle()
    lift_suppression(Suppression.objects.get(), why="their mailbox was full", by=make_person())
    tell(client, bounce(confirmed(), at=before, number=2))
    relay.run_until_idle()
    assert Suppression.objects.filter(lifted_at=None).count() == 0


def test_news_of_a_mail_that_is_not_ours_mark_nobody_elses_mail(client, provider, order, relay):
    relay.run_until_idle()
    told = bounce(confirmed()) | {"Email": "stranger@example.com"}
    tell(client, told)
    relay.run_until_idle()
    assert confirmed().delivery == ""
    assert [row.address for row in Suppression.objects.all()] == ["stranger@example.com"]
    order.refresh_from_db()
    assert order.email_failed_at is None


def test_staff_lift_a_mark_for_a_reason_and_what_was_missed_goes_out(client, provider, order, relay, mailbox):
    relay.run_until_idle()
    tell(client, bounce(confirmed()))
    relay.run_until_idle()
    Notification.objects.filter(kind="order-confirmed").update(status="suppressed")
    client.force_login(make_person(role="Store staff"))
    url = f"/admin/notifications/suppression/{Suppression.objects.get().pk}/change/"
    assert "This field is required" in client.post(url, {"lifted_why": ""}).content.decode()
    assert Suppression.objects.get().lifted_at is None

    client.post(url, {"lifted_why": "Telephoned: the mailbox works again"})
    relay.run_until_idle()

    marked = Suppression.objects.get()
    assert (marked.lifted_by.is_staff, marked.lifted_why) == (True, "Telephoned: the mailbox works again")
    order.refresh_from_db()
    assert order.email_failed_at is None
    assert WorkItem.objects.filter(reason="unreachable", closed_at=None).count() == 0
    assert confirmed().status == "sent"


def test_staff_note_an_address_by_hand(client, order):
    client.force_login(make_person(role="Store staff"))
    client.post("/admin/notifications/suppression/add/", {"address": order.email.upper(), "detail": "She told us"})
    marked = Suppression.objects.get()
    assert (marked.address, marked.reason, marked.source) == (order.email, "by_hand", "staff")
    order.refresh_from_db()
    assert order.email_failed_at is not None


@pytest.mark.parametrize("mode", ["no_such_user", "plain_550"])
def test_a_mail_server_that_knows_no_such_user_marks_the_address_at_once(order, relay, mail_server, mode):
    mail_server.misbehave(mode, 1)
    relay.run_until_idle()
    row = confirmed()
    assert (row.status, row.delivery, row.due_at) == ("suppressed", "bounced", None)
    assert (Suppression.objects.get().reason, Suppression.objects.get().source) == ("refused", "sending")
    order.refresh_from_db()
    assert order.email_failed_at is not None
    assert WorkItem.objects.filter(reason="unreachable", order=order).count() == 1


def test_a_full_mailbox_is_tried_again_after_hours_and_marks_nobody_at_once(order, relay, mail_server):
    mail_server.misbehave("mailbox_full", 1)
    relay.run_until_idle()
    row = confirmed()
    assert (row.status, row.delivery, row.soft_bounces) == ("queued", "soft_bounced", 1)
    assert not Suppression.objects.exists()
    Notification.objects.update(due_at=timezone.now())
    relay.run_until_idle()
    assert confirmed().status == "sent"
    assert len(mail_server.received) == 1


def test_a_refusal_that_is_about_us_is_tried_again_and_marks_nobody(order, relay, mail_server):
    mail_server.misbehave("not_relaying", 1)
    relay.run_until_idle()
    assert (confirmed().status, confirmed().failures) == ("queued", 1)
    assert not Suppression.objects.exists()


def test_a_mail_that_is_refused_for_what_it_says_goes_to_a_person_at_once(order, relay, mail_server):
    mail_server.misbehave("spam", 1)
    relay.run_until_idle()
    assert confirmed().status == "failed"
    assert WorkItem.objects.filter(reason="mail_failed", closed_at=None).count() == 1
    assert not Suppression.objects.exists()
