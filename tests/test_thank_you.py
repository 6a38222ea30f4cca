"""Right after paying: thanks with dates per parcel, also when we have not heard of the money; and a slip that is put right."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from config.audit import run_audit
from orders.actions.email_address import CORRECTABLE_FOR, MOST_CORRECTIONS
from orders.models import Order
from shop.models import User
from tests.accounts import make_customer
from tests.factories import make_paid_order, make_supplier, make_variant
from tests.test_checkout import TYPED, add

pytestmark = pytest.mark.django_db


@pytest.fixture
def bought(client, sandbox, settings):
    """Check out and pay; the visitor is about to come back from the pay page."""
    settings.FORWARD_GRACE_SECONDS = 600
    add(client, make_variant(make_supplier(), name="Oak board", stock=9))
    client.post("/checkout/", TYPED)
    order = Order.objects.get()
    sandbox.control(f"sessions/{order.sessions.get().stripe_id}/pay", {})
    return order


def come_back(client, order: Order):
    return client.get(f"/checkout/return/{order.token}/?session={order.sessions.get().stripe_id}")


def thanked(client, order: Order) -> str:
    answer = come_back(client, order)
    assert answer["Location"] == f"/orders/{order.token}/?thanks=1"
    return client.get(answer["Location"]).content.decode()


def test_thanks_name_everything_one_wants_to_know(client, bought):
    page = thanked(client, bought)
    for words in (
        f"Order {bought.number}",
        TYPED["email"],
        "What happens next",
        "Arrives",
        "Oak board",
        TYPED["line1"],
        "ending in 4242",
        str(bought.total),
        "Track your order",
        "Change the address",
        "Cancel order",
        'name="robots" content="noindex"',
    ):
        assert words in page, words
    assert f'href="/orders/{bought.token}/"' in page
    urls = re.findall(r'(?:href|action)="([^"]+)"', page)
    assert [url for url in urls if TYPED["email"] in url or "Byrne" in url] == []


def test_whoever_comes_later_or_from_elsewhere_sees_where_the_parcels_are(client, bought):
    thanked(client, bought)
    url = f"/orders/{bought.token}/"
    for answer in (client.get(url), Client().get(url), Client().get(f"{url}?thanks=1")):
        page = answer.content.decode()
        assert "What happens next" not in page
        assert 'aria-current="step"' in page


def test_thanks_are_said_for_half_an_hour(client, bought):
    thanked(client, bought)
    session = client.session
    session["thanks"] = {"order": bought.pk, "at": (timezone.now() - timedelta(minutes=31)).timestamp()}
    session.save()
    assert "What happens next" not in client.get(f"/orders/{bought.token}/?thanks=1").content.decode()


def test_whoever_has_paid_is_never_asked_to_pay_again_though_nothing_is_heard(client, bought, settings):
    settings.STRIPE_API_BASE = "http://127.0.0.1:9"
    page = thanked(client, bought)
    assert Order.objects.get().status == "placed"
    assert f"Payment received, order {bought.number}" in page
    assert "/pay/" not in page
    later = client.get(f"/orders/{bought.token}/").content.decode()
    assert f"Payment received, order {bought.number}" in later
    assert "/pay/" not in later


def test_a_made_up_return_claims_no_payment(client, bought, settings):
    settings.STRIPE_API_BASE = "http://127.0.0.1:9"
    for session in ("", "cs_test_made_up"):
        client.get(f"/checkout/return/{bought.token}/?session={session}")
        page = client.get(f"/orders/{bought.token}/?thanks=1").content.decode()
        assert "Payment received" not in page
        assert "/pay/" in page


def test_an_account_is_offered_with_one_field_and_not_to_those_who_have_one(client, bought, mailbox):
    page = thanked(client, bought)
    form = re.search(r'<form[^>]*action="/account/signup/".*?</form>', page, re.S).group()
    assert re.findall(r'<input type="(?!hidden)(\w+)"', form) == ["password"]
    assert f'name="email" value="{bought.email}"' in form
    client.force_login(make_customer("other@example.com"))
    assert "/account/signup/" not in thanked(client, bought)


def test_the_offered_account_shows_the_order_once_the_address_is_proved(client, bought, settings, relay, mailbox):
    settings.EMAIL_BACKEND = "notifications.backend.QueueingBackend"
    thanked(client, bought)
    client.post("/account/signup/", {"email": bought.email, "password1": ""})
    user = User.objects.get()
    client.force_login(user)
    assert bought.token not in client.get("/account/").content.decode()
    relay.run_until_idle()
    texts = [mail.get_body(("plain",)).get_content() for mail in mailbox()]
    (link,) = re.findall(r"(/account/confirm-email/\S+)", "\n".join(texts))
    client.post(link)
    client.force_login(user)
    assert bought.token in client.get("/account/").content.decode()


def correct(client, order: Order, email: str = "right@example.com"):
    return client.post(f"/orders/{order.token}/email/", {"email": email})


def test_a_wrong_address_is_corrected_and_both_hear_of_it(client, bought, relay, mailbox):
    assert "/email/" in thanked(client, bought)
    relay.run_until_idle()
    old = bought.token

    answer = correct(client, bought)
    relay.run_until_idle()

    bought.refresh_from_db()
    assert (bought.email, answer["Location"]) == ("right@example.com", f"/orders/{bought.token}/?thanks=1")
    assert client.get(f"/orders/{old}/").status_code == 404
    to_old = [mail for mail in mailbox() if mail["To"] == TYPED["email"]]
    to_new = [mail for mail in mailbox() if mail["To"] == "right@example.com"]
    assert len(to_old) == 2
    left = to_old[1].get_body(("plain",)).get_content()
    assert "/orders/" not in left
    assert "right@example.com" not in left
    (confirmed,) = to_new
    assert bought.token in confirmed.get_body(("plain",)).get_content()
    assert "Oak board" in confirmed.get_body(("plain",)).get_content()
    assert {finding.check.name for finding in run_audit() if finding.violations} == set()


def test_the_link_alone_corrects_nothing(client, bought):
    thanked(client, bought)
    stranger = Client()
    assert "/email/" not in stranger.get(f"/orders/{bought.token}/").content.decode()
    correct(stranger, bought, "thief@example.com")
    bought.refresh_from_db()
    assert bought.email == TYPED["email"]


def test_after_an_hour_the_address_stays(client, bought):
    thanked(client, bought)
    Order.objects.update(placed_at=timezone.now() - CORRECTABLE_FOR - timedelta(minutes=1))
    assert "/email/" not in client.get(f"/orders/{bought.token}/?thanks=1").content.decode()
    correct(client, bought)
    bought.refresh_from_db()
    assert bought.email == TYPED["email"]


def test_it_is_corrected_a_few_times_only_and_the_same_address_changes_nothing(client, bought):
    thanked(client, bought)
    token = bought.token
    correct(client, bought, TYPED["email"].upper())
    bought.refresh_from_db()
    assert bought.token == token
    for number in range(MOST_CORRECTIONS + 1):
        correct(client, bought, f"a{number}@example.com")
        bought.refresh_from_db()
    assert bought.email == f"a{MOST_CORRECTIONS - 1}@example.com"


def test_a_slip_in_the_correction_is_said_and_kept(client, bought):
    thanked(client, bought)
    answer = correct(client, bought, "right at example")
    assert answer.status_code == 422
    assert 'value="right at example"' in answer.content.decode()


def test_an_unpaid_order_keeps_its_address_and_link(client, sandbox):
    add(client, make_variant(make_supplier()))
    client.post("/checkout/", TYPED)
    order = Order.objects.get()
    correct(client, order)
    order.refresh_from_db()
    assert order.email == TYPED["email"]


def test_an_order_of_an_account_is_corrected_by_its_owner_only(client):
    owner = make_customer("owner@example.com")
    order = make_paid_order((make_variant(make_supplier()), 1), user=owner)
    client.force_login(make_customer("other@example.com"))
    correct(client, order)
    order.refresh_from_db()
    assert order.email == "alex@example.com"
    client.force_login(owner)
    correct(client, order)
    order.refresh_from_db()
    assert order.email == "right@example.com"
