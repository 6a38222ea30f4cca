"""Who asks is told once when a thing can be bought again, and can stop it."""

from __future__ import annotations

import re

import pytest
from django.utils import timezone

from notifications.models import Notification
from orders.actions.stock_watch import note_what_is_back
from orders.models import Event
from shop.actions import stock_watch
from shop.models import StockWatch, Variant
from tests.factories import make_supplier
from tests.products import make_kettle

pytestmark = pytest.mark.django_db


@pytest.fixture
def gone() -> Variant:
    """A kettle that is sold out."""
    (made,) = make_kettle(make_supplier(), stock=0, options=[{"Colour": "Sage"}])
    return made


def ask(client, variant: Variant, **fields: str):
    path = f"{variant.product.get_absolute_url()}tell-me/"
    return client.post(path, {"variant": variant.sku, "email": "Mia@Example.com", **fields}, follow=True)


def restock(variant: Variant) -> None:
    Variant.objects.filter(pk=variant.pk).update(availability="in_stock", stock_told=5)


def test_only_what_is_gone_offers_to_tell(client, gone):
    path = gone.product.get_absolute_url()
    assert "Tell me when it is back" in client.get(path).content.decode()

    restock(gone)
    assert "Tell me when it is back" not in client.get(path).content.decode()


def test_who_asked_gets_one_mail_when_it_is_back_with_the_thing_the_price_and_the_way_out(client, gone, relay, mailbox):
    assert "We write to you once" in ask(client, gone).content.decode()
    ask(client, gone)
    assert StockWatch.objects.get().email == "mia@example.com"
    assert note_what_is_back() == 0

    restock(gone)
    assert (note_what_is_back(), note_what_is_back()) == (1, 0)
    relay.run_until_idle()
    relay.run_until_idle()

    (mail,) = mailbox()
    assert mail["To"] == "mia@example.com"
    assert mail["Subject"] == "Back in stock: Enamel kettle, Sage"
    text = mail.get_body(("plain",)).get_content()
    assert "€24.50" in text
    assert f"{gone.product.get_absolute_url()}?variant={gone.sku}" in text
    assert re.search(r"/back-in-stock/[\w-]{32}/stop/", text)


def test_it_counts_as_back_only_if_it_can_be_bought(gone):
    stock_watch.watch(gone, "mia@example.com")

    Variant.objects.update(availability="in_stock", stock_told=2, reserved=2)
    assert note_what_is_back() == 0
    Variant.objects.update(reserved=1, delivery_profile=None)
    assert note_what_is_back() == 0


def test_the_link_stops_every_wish_of_the_address_and_a_get_changes_nothing(client, gone):
    stock_watch.watch(gone, "mia@example.com")
    path = f"/back-in-stock/{StockWatch.objects.get().token}/stop/"

    assert "Stop these messages" in client.get(path).content.decode()
    assert StockWatch.objects.count() == 1
    assert "Done." in client.post(path).content.decode()
    assert StockWatch.objects.count() == 0
    # The same answer for a link that is nobody's.
    assert "Done." in client.post("/back-in-stock/none/stop/").content.decode()


def test_who_stopped_it_after_it_was_back_is_not_told(client, gone, relay):
    stock_watch.watch(gone, "mia@example.com")
    restock(gone)
    note_what_is_back()
    stock_watch.stop(StockWatch.objects.get().token)

    relay.run_until_idle()

    assert Event.objects.filter(kind="variant.back_in_stock", delivered_at__isnull=False).exists()
    assert not Notification.objects.filter(kind="back-in-stock").exists()


@pytest.mark.parametrize("email", ["", "nobody", "a@b", "x" * 300 + "@example.com"])
def test_an_address_that_is_none_is_named_and_kept(client, gone, email):
    answer = ask(client, gone, email=email)

    assert answer.status_code == 422
    assert "There is a problem" in answer.content.decode()
    assert not StockWatch.objects.exists()


def test_programs_and_floods_write_nothing_down(client, gone):
    assert "We write to you once" in ask(client, gone, website="http://spam.example").content.decode()
    assert not StockWatch.objects.exists()

    answers = [ask(client, gone, email=f"p{number}@example.com") for number in range(12)]
    assert answers[-1].status_code == 429
    assert StockWatch.objects.count() <= 10


def test_what_was_told_long_ago_is_forgotten(gone):
    stock_watch.watch(gone, "mia@example.com")
    StockWatch.objects.update(back_at=timezone.now() - stock_watch.KEPT)

    note_what_is_back()

    assert not StockWatch.objects.exists()


def test_a_loaded_mistake_leads_back_to_the_product(client, gone):
    answer = client.get(f"{gone.product.get_absolute_url()}tell-me/")

    assert answer.headers["Location"] == gone.product.get_absolute_url()
