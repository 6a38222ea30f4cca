"""A person's data: handed out whole and to nobody else, and let go of with the account, except what the law keeps."""

from __future__ import annotations

import uuid
from datetime import timedelta
from pathlib import Path

import pytest
from allauth.account.models import EmailAddress
from django.contrib.sessions.models import Session
from django.test import TestCase
from django.utils import timezone

from config.audit import run_audit
from config.tasks import forget_old_visits
from notifications.models import Notification
from orders.actions.address import change_address
from orders.actions.line_review import review_line
from orders.models import Order, ProviderCustomer, WorkItem
from shop.actions.addresses import save_address
from shop.actions.reviews import approve
from shop.actions.stock_watch import watch
from shop.models import Product, Review, SavedAddress, StockWatch, User
from support.actions.ticket import add_note, open_ticket
from support.models import Attachment, Ticket, Topic
from support.uploads import Photo
from tests.accounts import deliver, downloaded, guest_order, make_customer, prove
from tests.factories import make_paid_order, make_person, make_supplier, make_variant

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def real_mail(settings):
    """Let mails about accounts go the way they do in the shop."""
    settings.EMAIL_BACKEND = "notifications.backend.QueueingBackend"


CORK = {"name": "Alex Byrne", "line1": "1 Mill Lane", "city": "Cork", "country": "IE"}


def case(order: Order, body: str, user: User | None = None) -> Ticket:
    return open_ticket(
        order=order, email=order.email, name="A", topic=Topic.QUESTION, subject="s", body=body, form_key=uuid.uuid4(),
        user=user,
    )  # fmt: skip


@pytest.fixture
def alex(relay):
    user = make_customer(name="Alex Byrne")
    save_address(user, CORK)
    order = make_paid_order((make_variant(make_supplier()), 1), user=user)
    case(order, "It has a crack.", user)
    relay.run_until_idle()
    return user


def test_the_file_holds_everything_of_the_person(client, alex):
    guest = guest_order(alex.email)
    prove(client, alex)
    data = downloaded(client)
    assert data["account"][0]["email"] == alex.email
    assert data["addresses"][0]["line1"] == "1 Mill Lane"
    assert {order["number"] for order in data["orders"]} == {order.number for order in Order.objects.all()}
    assert guest.number in {order["number"] for order in data["orders"]}
    assert data["orders"][0]["payments"][0]["card_last4"] == "4242"
    assert data["cases"][0]["messages"][0]["body"] == "It has a crack."
    assert [message for message in data["messages"] if "confirmed" in message["subject"]]


def test_the_file_holds_nothing_of_others_and_no_note_of_ours(client, alex, relay):
    other = make_customer("other@example.com", name="Oscar Other")
    save_address(other, CORK | {"line1": "9 Secret Street"})
    theirs = make_paid_order((make_variant(make_supplier("meridian")), 1), user=other)
    case(theirs, "Their words.", other)
    add_note(Ticket.objects.get(user=alex), "OUR NOTE", by=make_person(role="Support agents"), form_key=uuid.uuid4())
    relay.run_until_idle()
    prove(client, alex)
    text = b"".join(client.get("/account/data/").streaming_content).decode()
    for secret in (theirs.number, theirs.token, "9 Secret Street", "Oscar Other", "Their words.", "OUR NOTE"):
        assert secret not in text, secret


def test_the_file_is_for_downloading_and_is_kept_in_no_cache(client, alex):
    prove(client, alex)
    answer = client.get("/account/data/")
    assert answer.streaming
    assert answer["Content-Disposition"].startswith("attachment")
    assert answer["Cache-Control"] == "no-store"
    for _time in range(4):
        client.get("/account/data/")
    assert client.get("/account/data/")["Location"] == "/account/details/"


def test_deleting_names_the_account_and_says_which_orders_go_on(client, alex):
    prove(client, alex)
    page = client.get("/account/delete/").content.decode()
    assert "One order is still under way" in page
    assert Order.objects.get().get_absolute_url() in page
    for text in ("", "yes", "other@example.com"):
        assert client.post("/account/delete/", {"email": text}).status_code == 422
    assert User.objects.get(pk=alex.pk).is_active


def test_a_deleted_account_leaves_nothing_of_the_person_but_orders_and_cases(client, alex, relay, mailbox):
    order = Order.objects.get()
    deliver(order)
    prove(client, alex)

    answer = client.post("/account/delete/", {"email": " ALEX@example.com "})
    relay.run_until_idle()

    assert answer["Location"] == "/"
    assert client.get("/account/").status_code == 302
    gone = User.objects.get(pk=alex.pk)
    assert (gone.is_active, gone.name, gone.has_usable_password()) == (False, "", False)
    assert "alex" not in gone.email
    assert (SavedAddress.objects.count(), EmailAddress.objects.count()) == (0, 0)
    order.refresh_from_db()
    assert (order.user, order.email, order.papers.count()) == (None, "alex@example.com", 1)
    assert Ticket.objects.get().user is None
    assert client.get(order.get_absolute_url()).status_code == 200
    assert "Your account is deleted" in [mail["Subject"] for mail in mailbox()]


def test_the_file_names_reviews_wishes_corrections_and_the_payment_page(client, alex):
    Order.objects.update(address_fixed_at=None)
    order = Order.objects.get()
    change_address(order, {"line1": "9 New Street"}, by=alex)
    Order.objects.update(invoice_to="Byrne Ltd")
    deliver(order)
    variant = order.lines.get().variant
    review_line(order.lines.get(), rating=4, author="Alex B.", text="Fine.")
    watch(variant, alex.email)
    watch(variant, "other@example.com")
    told = {"stripe_id": "cus_1", "email": alex.email, "idempotency_key": "c"}
    ProviderCustomer.objects.update_or_create(user=alex, defaults=told)
    prove(client, alex)
    data = downloaded(client)
    assert [(row["author"], row["text"]) for row in data["reviews"]] == [("Alex B.", "Fine.")]
    assert [(row["sku"], row["email"]) for row in data["stock_watches"]] == [(variant.sku, alex.email)]
    assert data["payment_page"][0]["stripe_id"] == "cus_1"
    assert data["orders"][0]["invoice_to"] == "Byrne Ltd"
    (corrected,) = data["orders"][0]["corrections"]
    assert "12 Main Street" in corrected["before"]
    assert "9 New Street" in corrected["now"]


def test_a_deleted_person_is_nowhere_but_in_what_the_law_keeps(client, alex, relay):
    order = Order.objects.get()
    deliver(order)
    variant = order.lines.get().variant
    approve(review_line(order.lines.get(), rating=4, author="Alex B.", text="Fine."), by=make_person())
    watch(variant, alex.email)
    watch(variant, "other@example.com")
    alone = open_ticket(
        order=None, email=alex.email, name="Alex", topic=Topic.QUESTION, subject="s", body="Do you have it in red?",
        form_key=uuid.uuid4(), user=alex, photos=[Photo("red.png", b"x", "image/png")],
    )  # fmt: skip
    stored = Path(Attachment.objects.get().file.path)
    prove(client, alex)
    page = client.get("/account/delete/").content.decode()
    assert "Your reviews stay without your name." in page

    with TestCase.captureOnCommitCallbacks(execute=True):
        client.post("/account/delete/", {"email": alex.email})
    relay.run_until_idle()

    product = Product.objects.get(pk=variant.product_id)
    assert (Review.objects.get().author, product.latest_reviews[0]["author"]) == ("", "")
    shown = client.get(product.get_absolute_url()).content.decode()
    assert "A customer" in shown
    assert "Alex B." not in shown
    assert [row.email for row in StockWatch.objects.all()] == ["other@example.com"]
    assert not Ticket.objects.filter(pk=alone.pk).exists()
    assert not stored.exists()
    assert Ticket.objects.get().order == order
    assert not WorkItem.objects.filter(closed_at=None).exists()
    wrong = [finding.check.name for finding in run_audit() if finding.violations]
    assert [name for name in wrong if name.startswith("V08")] == []


def test_visits_that_have_ended_by_their_age_are_deleted_with_what_was_typed_in_them():
    for key, ends in (("old", timedelta(days=-1)), ("new", timedelta(days=1))):
        Session.objects.create(session_key=key, session_data="x", expire_date=timezone.now() + ends)
    forget_old_visits()
    assert [row.session_key for row in Session.objects.all()] == ["new"]


def test_all_other_sessions_end_with_the_account(client, alex):
    from django.test import Client

    elsewhere = Client()
    elsewhere.force_login(alex)
    prove(client, alex)
    client.post("/account/delete/", {"email": alex.email})
    assert elsewhere.get("/account/").status_code == 302


def test_messages_about_the_account_go_and_those_about_orders_stay(client, alex, relay):
    client.post("/account/password/reset/", {"email": alex.email})
    relay.run_until_idle()
    assert Notification.objects.filter(order=None, recipient=alex.email).exists()
    prove(client, alex)
    client.post("/account/delete/", {"email": alex.email})
    left = Notification.objects.filter(recipient=alex.email)
    assert [row.subject for row in left.filter(order=None)] == ["Your account is deleted"]
    assert left.filter(kind="order-confirmed").count() == 1


def test_the_same_address_may_begin_anew(client, alex, relay):
    prove(client, alex)
    client.post("/account/delete/", {"email": alex.email})
    answer = client.post("/account/signup/", {"email": alex.email, "password1": "another long phrase"})
    assert answer.status_code == 302
    assert User.objects.get(email=alex.email).pk != alex.pk


def test_whoever_works_here_is_not_deleted_by_themselves(client):
    staff = make_person("ada@example.com", role="Store staff")
    prove(client, staff)
    answer = client.post("/account/delete/", {"email": staff.email})
    assert "An administrator closes it" in answer.content.decode()
    assert User.objects.get(pk=staff.pk).email == staff.email
