"""What somebody wants to be told: they choose by kind, with and without an account; the contract is told anyway."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
from django.utils import timezone

from notifications.actions import digest, reviews, tell, tell_returns
from notifications.actions.choices import correspondent_at, is_wanted
from notifications.kinds import KINDS, OPTIONAL
from notifications.links import choices_path, stop_path
from notifications.models import Correspondent, MessageChoice, Notification
from orders.actions.shipping import ParcelNews, record_parcel
from orders.models import Order
from orders.states import ParcelStatus
from shop.people import person_of
from tests.factories import make_person, make_supplier
from tests.postmaster import order_fixture  # noqa: F401

pytestmark = pytest.mark.django_db


def deliver(order: Order) -> None:
    line = order.lines.get()
    news = ParcelNews(
        lines={line.pk: line.quantity},
        status=ParcelStatus.DELIVERED,
        carrier_name="An Post",
        tracking_number="IE1",
        scans=(),
    )
    record_parcel(order, line.delivery, None, news)


def kinds_of(mailbox) -> list[str]:
    ids = [mail["Message-ID"] for mail in mailbox()]
    return sorted(Notification.objects.filter(message_id__in=ids).values_list("kind", flat=True))


def announced() -> set[str]:
    """Return the kinds that the code announces from an event: the first text in each call that does."""
    trees = [ast.parse(Path(module.__file__).read_text()) for module in (tell, tell_returns)]
    nodes = [node for tree in trees for node in ast.walk(tree)]
    calls = [node for node in nodes if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)]
    ways = {"_about_order", "_about_ticket", "_about_return", "_to_customer", "announce"}
    said = [call.args[0] for call in calls if call.func.id in ways and call.args]
    return {arg.value for arg in said if isinstance(arg, ast.Constant)}


def test_every_kind_that_is_announced_has_a_name_and_a_decision_whether_it_may_be_stopped():
    by_the_clock = {reviews.KIND, digest.KIND}
    assert announced() | by_the_clock | {"mail"} == set(KINDS)
    optional = {"parcel-number", "parcel-delivered", "arrival-changed", "review-request", "back-in-stock"}
    optional |= {"ticket-solved"}
    assert {kind.slug for kind in OPTIONAL} == optional


def test_a_kind_that_was_stopped_is_written_down_and_not_sent_and_all_else_is(client, order, relay, mailbox):
    page = f"{order.get_absolute_url()}messages/"
    assert client.post(page, {"mails": ["back-in-stock"]}).status_code == 302
    deliver(order)
    relay.run_until_idle()
    assert Notification.objects.get(kind="parcel-delivered").status == "declined"
    assert kinds_of(mailbox) == ["order-confirmed", "parcel-sent"]


def test_it_counts_until_the_moment_of_sending(client, order, relay, mailbox, settings):
    relay.run_until_idle()
    transport = settings.MAIL_TRANSPORT
    settings.MAIL_TRANSPORT = {
        "backend": "django.core.mail.backends.smtp.EmailBackend",
        "options": {"host": "127.0.0.1", "port": 9, "timeout": 1},
    }
    deliver(order)
    relay.run_until_idle()
    client.post(stop_path(correspondent_at(order.email), "parcel-delivered"))
    settings.MAIL_TRANSPORT = transport
    Notification.objects.filter(status="queued").update(due_at=timezone.now())
    relay.run_until_idle()
    assert kinds_of(mailbox) == ["order-confirmed", "parcel-sent"]


def test_looking_at_the_page_changes_nothing_and_says_what_is_always_told(client, order):
    page = client.get(f"{order.get_absolute_url()}messages/")
    assert "What we always tell you" in page.content.decode()
    assert Correspondent.objects.count() == 0
    link = f'href="{order.get_absolute_url()}messages/"'
    assert link in client.get(order.get_absolute_url()).content.decode()


def test_whoever_has_an_account_finds_it_there(client, order):
    person = make_person("alex@example.com")
    client.force_login(person)
    page = client.get("/account/messages/").content.decode()
    assert "alex@example.com" in page
    client.post("/account/messages/", {"mails": []})
    assert not is_wanted("parcel-delivered", "Alex@example.com")
    client.logout()
    assert client.get("/account/messages/").status_code == 302


def test_only_optional_kinds_carry_the_one_click_header_and_the_link_to_stop(client, order, relay, mailbox):
    deliver(order)
    relay.run_until_idle()
    by_kind = {Notification.objects.get(message_id=mail["Message-ID"]).kind: mail for mail in mailbox()}
    confirmed, arrived = by_kind["order-confirmed"], by_kind["parcel-delivered"]
    assert confirmed["List-Unsubscribe"] is None
    assert "Choose what we write to you about" in confirmed.get_body(("plain",)).get_content()
    assert arrived["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    (url,) = re.findall(r"<(http://testserver/messages/[^>]+)>", arrived["List-Unsubscribe"])
    for part in ("plain", "html"):
        assert url in arrived.get_body((part,)).get_content()
    assert order.email not in url


def test_one_click_stops_it_without_cookie_or_page_and_a_look_at_the_link_does_not(order):
    from django.test import Client

    client = Client(enforce_csrf_checks=True)
    path = stop_path(correspondent_at(order.email), "parcel-delivered")
    assert "<form" in client.get(path).content.decode()
    assert is_wanted("parcel-delivered", order.email)
    for _time in range(2):
        assert client.post(path, {"List-Unsubscribe": "One-Click"}).status_code == 200
    assert not is_wanted("parcel-delivered", order.email)
    assert MessageChoice.objects.count() == 1


def test_nobody_stops_what_belongs_to_the_contract(client, order):
    path = stop_path(correspondent_at(order.email), "arrival-delayed")
    assert client.post(path).status_code == 404
    assert "<form" not in client.get(path).content.decode().partition("<main")[2].partition("</main")[0]
    assert MessageChoice.objects.count() == 0


def test_a_link_that_we_have_not_signed_opens_nothing(client, order):
    known = correspondent_at(order.email)
    for path in (choices_path(known), stop_path(known, "parcel-delivered")):
        assert client.get(path).status_code == 200
        forged = path.replace(f"/{known.pk}~", f"/{known.pk + 1}~")
        assert client.get(forged).status_code == 404
    assert client.post(stop_path(known, "parcel-delivered").replace("~", "~A")).status_code == 404
    assert client.get(stop_path(known, "your-account-is-closed")).status_code == 404
    assert MessageChoice.objects.count() == 0


def test_who_asks_anew_for_goods_that_are_gone_is_told_although_they_had_stopped_it(client, relay, mailbox):
    from orders.actions.stock_watch import note_what_is_back
    from shop.actions import stock_watch
    from shop.models import Variant
    from tests.products import make_kettle

    (gone,) = make_kettle(make_supplier(), stock=0, options=[{"Colour": "Sage"}])
    client.post(stop_path(correspondent_at("mia@example.com"), "back-in-stock"))
    stock_watch.watch(gone, "mia@example.com")
    Variant.objects.filter(pk=gone.pk).update(availability="in_stock", stock_told=5)
    note_what_is_back()
    relay.run_until_idle()
    assert [mail["To"] for mail in mailbox()] == ["mia@example.com"]


def test_the_file_of_ones_data_has_the_choices_and_they_go_with_the_account(client, order, relay):
    person = make_person("alex@example.com")
    client.force_login(person)
    client.post("/account/messages/", {"mails": []})
    from notifications.personal_data import export, forget

    found = {name: list(rows) for name, rows in export(person_of(person))}
    assert len(found["message_choices"][0]["choices"]) >= 3
    forget(person)
    assert Correspondent.objects.count() == 0


def test_a_german_customer_gets_the_links_and_the_pages_in_german(client, order, relay):
    Order.objects.update(language="de")
    deliver(order)
    relay.run_until_idle()
    row = Notification.objects.get(kind="parcel-delivered")
    (url,) = re.findall(r"<http://testserver(/de/messages/[^>]+)>", row.headers["List-Unsubscribe"])
    assert "Nachrichten dieser Art abbestellen" in row.text
    assert "Ein Paket wurde zugestellt" in client.get(url).content.decode()
    assert "Wozu wir Ihnen schreiben" in client.get(f"/de/orders/{order.token}/messages/").content.decode()


def test_a_mail_to_a_supplier_offers_no_choices(relay):
    from notifications.preview.render import rendered_sample

    mail = rendered_sample("supplier-chased", language="en-gb")
    assert "Choose what we write to you about" not in mail.text + mail.html
    assert "Choose what we write to you about" in rendered_sample("parcel-sent", language="en-gb").text
