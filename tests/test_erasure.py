"""A person is erased altogether: searched for in every column of every table, and in every file, afterwards."""

from __future__ import annotations

import io
import json
from datetime import timedelta
from pathlib import Path

import pytest
from allauth.account.models import EmailAddress
from django.contrib.sessions.backends.db import SessionStore
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import TestCase
from django.utils import timezone

from config.audit import run_audit
from config.privacy import KEPT
from notifications.models import EventDelivery, Notification
from orders.models import Order, OrderLine, Paper, ProviderCustomer, Refund
from shop.actions.addresses import save_address
from shop.erasure import NotYet, erase_person, found_of
from shop.models import AccessLog, Product, Review, User
from shop.people import person_at
from shop.personal_data import exported
from shop.views.my_data import signed_address
from suppliers.models import SupplierOrder
from support.models import Attachment, Ticket
from tests.accounts import PASSWORD, deliver, make_customer
from tests.asking import a_case
from tests.factories import make_paid_order, make_person, make_supplier, make_variant
from tests.postmaster import provider_fixture  # noqa: F401
from tests.whole_life import EMAIL, FOREIGN, HOME, MARK, life_fixture  # noqa: F401

pytestmark = pytest.mark.django_db


def leftovers() -> set[tuple[str, str]]:
    """Return each (table, column) in which a mark or the telephone number still stands, of the whole database."""
    found = set()
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")
            columns = [column.name if hasattr(column, "name") else column[0] for column in cursor.description]
            for row in cursor.fetchall():
                found |= {
                    (table, name) for name, value in zip(columns, row, strict=True) if is_theirs(table, name, value)
                }
    return found


def is_theirs(table: str, column: str, value: object) -> bool:
    if (table, column) == ("django_session", "session_data"):
        # Packed and signed: what is in it does not show.
        value = SessionStore().decode(str(value))
    said = (value if isinstance(value, str) else json.dumps(value, default=str, ensure_ascii=False)).lower()
    escaped = json.dumps(FOREIGN)[1:-1].lower()
    return any(text in said for text in (MARK, FOREIGN, escaped, HOME.phone))


def files(*folders: Path) -> list[Path]:
    """Return the stored files that hold a mark, in their name or their bytes."""
    stored = [file for folder in folders for file in Path(folder).rglob("*") if file.is_file()]
    return [file for file in stored if MARK in file.name.lower() or MARK.encode() in file.read_bytes().lower()]


def allowed() -> set[tuple[str, str]]:
    return {(label.lower().replace(".", "_"), column) for label, column in KEPT}


def erase(email: str = EMAIL, **more: object) -> None:
    with TestCase.captureOnCommitCallbacks(execute=True):
        erase_person(person_at(email), **{"by": None} | more)


def test_a_person_leaves_nothing_behind_but_what_the_law_keeps(life, relay, settings):
    before = leftovers()
    # The search finds what is there, in all the places where something was left.
    for place in (
        ("orders_order", "email"), ("orders_event", "facts"), ("orders_incomingevent", "body"), ("orders_paper", "content"),
        ("orders_trackingevent", "place"), ("orders_hold", "note"), ("orders_refund", "note"), ("orders_refundrequest", "note"),
        ("suppliers_supplierorder", "request"), ("suppliers_supplierreturn", "last_copy"), ("support_return", "return_to"), ("support_returnline", "note"),
        ("support_returndecision", "text"), ("support_returndecision", "why"), ("support_ticketmessage", "body"),
        ("support_attachment", "original_name"), ("support_supplierquestion", "text"), ("support_supplierquestion", "answer"),
        ("notifications_notification", "text"), ("notifications_notification", "html"), ("notifications_notification", "recipient"),
        ("notifications_notification", "last_error"), ("notifications_correspondent", "phone"), ("notifications_suppression", "address"),
        ("shop_review", "text"), ("shop_product", "latest_reviews"), ("shop_stockwatch", "email"), ("django_session", "session_data"),
        ("django_admin_log", "object_repr"),
    ):  # fmt: skip
        assert place in before, place
    # Three photos, and two mails as they came.
    assert len(files(settings.PRIVATE_ROOT, settings.MEDIA_ROOT)) == 5

    erase()
    relay.run_until_idle()

    assert leftovers() - allowed() == set()
    # The list of what stays is no longer than it must be.
    assert ("orders_paper", "content") in leftovers()
    assert files(settings.PRIVATE_ROOT, settings.MEDIA_ROOT) == []


def test_what_is_kept_still_adds_up(life, relay):
    number, total, papers = life.number, life.total_minor, Paper.objects.count()
    before = {finding.check.name: len(finding.violations) for finding in run_audit()}
    erase()
    relay.run_until_idle()
    order = Order.objects.get()
    assert (order.number, order.total_minor, Paper.objects.count(), order.country.code) == (number, total, papers, "IE")
    assert Ticket.objects.exists()
    worse = [one.check.name for one in run_audit() if len(one.violations) > before[one.check.name]]
    assert worse == []
    # Done again, it finds nobody and changes nothing.
    erase()


def test_old_links_open_nothing_any_more(life, client):
    ticket = Ticket.objects.first()
    old = [life.get_absolute_url(), f"/support/files/{Attachment.objects.first().token}/"]
    assert [client.get(path).status_code for path in old] == [200, 200]
    erase()
    assert [client.get(path).status_code for path in old] == [404, 404]
    assert MARK not in client.get(ticket.get_absolute_url()).content.decode()


def test_nobody_else_loses_anything(life, relay):
    other = make_paid_order((make_variant(make_supplier("meridian")), 1))
    theirs = a_case(other, "Their words.")
    relay.run_until_idle()
    erase()
    other.refresh_from_db()
    theirs.refresh_from_db()
    assert (other.email, other.name, theirs.name) == ("alex@example.com", "Alex Byrne", "Alex Byrne")
    assert theirs.messages.get().body == "Their words."
    assert Notification.objects.filter(order=other).exclude(text="").exists()
    assert (
        SupplierOrder.objects.exclude(order=life).get().request.get("ship_to", {"name": "Alex Byrne"})["name"]
        == "Alex Byrne"
    )


def test_an_account_is_erased_with_its_orders_and_its_address_is_free_again(relay, client, settings):
    user = make_customer(EMAIL, name=HOME.name)
    save_address(user, {"name": HOME.name, "line1": HOME.line1, "city": "Cork", "country": "IE"})
    order = make_paid_order((make_variant(make_supplier()), 1), user=user, address=HOME)
    a_case(order, f"{MARK} here.")
    relay.run_until_idle()
    deliver(order)
    erase()
    relay.run_until_idle()
    assert leftovers() - allowed() == set()
    # The payment provider is asked a day later whether it knows them, and then that is gone too.
    customers = ProviderCustomer.objects.all()
    customers.update(created_at=timezone.now() - timedelta(days=3), email="", due_at=timezone.now(), lease_until=None)
    relay.run_until_idle()
    assert not customers.exists()
    assert not User.objects.get(pk=user.pk).is_active
    assert not EmailAddress.objects.exists()
    assert not client.login(email=EMAIL, password=PASSWORD)


def test_what_is_under_way_comes_first(life):
    OrderLine.objects.update(delivered=0)
    with pytest.raises(NotYet, match="is still under way"):
        erase()
    assert Order.objects.get().name == HOME.name
    OrderLine.objects.update(delivered=2)
    Refund.objects.update(status="requested")
    with pytest.raises(NotYet, match="on its way back"):
        erase()


def test_the_file_of_a_guest_holds_what_is_theirs_and_nothing_else(life, relay):
    other = make_paid_order((make_variant(make_supplier("meridian")), 1))
    told = json.loads("".join(exported(person_at(EMAIL))))
    assert [row["number"] for row in told["orders"]] == [life.number]
    assert [row["text"] for row in told["reviews"]] == [f"Says {MARK}."]
    assert told["stock_watches"][0]["email"] == EMAIL
    bodies = {message["body"] for case in told["cases"] for message in case["messages"]}
    assert f"I am {MARK}, it broke." in bodies
    # Neither notes nor what we asked of suppliers.
    assert f"{FOREIGN} sounds angry." not in json.dumps(told, ensure_ascii=False)
    assert other.number not in json.dumps(told)


def test_the_command_hands_out_says_what_it_would_do_and_erases(life):
    out = io.StringIO()
    call_command("personal_data", "export", EMAIL, stdout=out)
    assert json.loads(out.getvalue())["orders"][0]["number"] == life.number
    out = io.StringIO()
    call_command("personal_data", "erase", EMAIL, stdout=out)
    assert "Nothing was erased" in out.getvalue()
    assert "orders.Paper.content" in out.getvalue()
    assert Order.objects.get().email == EMAIL
    with TestCase.captureOnCommitCallbacks(execute=True):
        call_command("personal_data", "erase", EMAIL, "--yes", stdout=io.StringIO())
    assert leftovers() - allowed() == set()


def test_the_command_refuses_what_is_under_way(life):
    OrderLine.objects.update(delivered=0)
    with pytest.raises(CommandError, match="Not yet"):
        call_command("personal_data", "erase", EMAIL, "--yes", stdout=io.StringIO())


def test_staff_look_hand_out_and_erase_on_somebodys_behalf_and_each_is_noted(life, client):
    url, staff = "/admin/personal-data/", make_person(role="Store staff")
    client.force_login(make_person(role="Support agents", is_staff=True))
    assert client.get(url).status_code == 403
    client.force_login(staff)
    assert "Tax law" in client.get(url).content.decode() or "tax law" in client.get(url).content.decode()
    page = client.post(url, {"act": "look", "email": EMAIL.upper()}).content.decode()
    assert "Questions to suppliers" in page
    file = client.post(url, {"act": "export", "email": EMAIL})
    assert life.number in b"".join(file.streaming_content).decode()
    wrong = client.post(url, {"act": "erase", "email": EMAIL, "again": "x@example.com"})
    assert wrong.status_code == 422
    assert "That is another address. Nothing was erased." in wrong.content.decode()
    assert Order.objects.get().email == EMAIL
    with TestCase.captureOnCommitCallbacks(execute=True):
        done = client.post(url, {"act": "erase", "email": EMAIL, "again": f" {EMAIL}"})
    assert done.status_code == 302
    assert leftovers() - allowed() - {("django_session", "session_data")} == set()
    kinds = list(AccessLog.objects.filter(user=staff).order_by("pk").values_list("kind", flat=True))
    assert kinds == ["customer", "export", "erasure"]
    assert client.post(url, {"act": "look", "email": "x"}).status_code == 422


def test_a_guest_proves_their_address_by_a_link_and_does_it_alone(life, client, relay, mailbox):
    assert client.post("/my-data/", {"email": "x"}).status_code == 422
    known = client.post("/my-data/", {"email": EMAIL}, follow=True).content.decode()
    unknown = client.post("/my-data/", {"email": "nobody@example.com"}, follow=True).content.decode()
    assert "We have sent a link to that address." in known
    assert "We have sent a link to that address." in unknown
    relay.run_until_idle()
    mail = next(mail for mail in reversed(mailbox()) if mail["To"] == EMAIL and "Your data" in mail["Subject"])
    path = next(
        word
        for word in mail.get_body(("plain",)).get_content().split()
        if word.startswith("http://testserver/my-data/")
    ).removeprefix("http://testserver")
    page = client.get(path)
    assert "Orders: 1" in page.content.decode()
    assert page["Cache-Control"] == "private, no-store"
    file = client.post(f"{path}download/")
    assert life.number in b"".join(file.streaming_content).decode()
    assert client.get(f"{path}erase/").status_code == 405
    with TestCase.captureOnCommitCallbacks(execute=True):
        assert client.post(f"{path}erase/").status_code == 302
    relay.run_until_idle()
    assert leftovers() - allowed() == set()
    assert "Nothing: nobody bought" in client.get(path).content.decode()


def test_a_link_that_is_forged_or_old_shows_and_erases_nothing(life, client, monkeypatch):
    good = f"/my-data/{signed_address(EMAIL)}/"
    assert client.get(f"{good[:-3]}xx/").status_code == 410
    assert client.post(f"{good[:-3]}xx/erase/").status_code == 302
    from django.core import signing

    now = signing.time.time()
    monkeypatch.setattr(signing.time, "time", lambda: now + 25 * 3600)
    assert client.get(good).status_code == 410
    client.post(f"{good}erase/")
    client.post(f"{good}download/")
    assert Order.objects.get().email == EMAIL


def test_a_review_stays_as_stars_without_words(life):
    erase()
    review, product = Review.objects.get(), Product.objects.get()
    assert (review.rating, review.text, review.title, review.author) == (4, "", "", "")
    assert MARK not in json.dumps(product.latest_reviews)
    assert [label for label, _count in found_of(person_at(EMAIL))] == []
    assert EventDelivery.objects.get().body == "{}"
