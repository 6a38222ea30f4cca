"""The basket: what is said of each line, what can be undone, and what survives."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.utils import timezone

from orders.models import Order
from shop.actions.basket import SESSION_KEY
from shop.actions.catalog import refresh_products
from shop.models import Basket, BasketLine, ProductImage, Variant
from tests.factories import make_code, make_order, make_person, make_supplier, make_variant
from tests.journeys.buying import ADDRESS

pytestmark = pytest.mark.django_db


def add(client, *variants: Variant, quantity: int = 1) -> None:
    for variant in variants:
        client.post("/basket/add/", {"variant": variant.sku, "quantity": str(quantity)})


def shown(client, path: str = "/basket/") -> str:
    return client.get(path).content.decode()


def press(client, variant: Variant, **button: str):
    line = BasketLine.objects.get(variant=variant)
    return client.post(f"/basket/lines/{line.pk}/", button, follow=True)


def in_basket(client) -> dict[str, int]:
    page = client.get("/basket/").context["page"]
    return {view.line.variant.sku: view.line.quantity for _parcel, views in page.groups for view in views}


def test_a_line_that_was_removed_comes_back_as_it_was(client):
    kept, gone = make_variant(make_supplier()), make_variant(make_supplier("meridian"), name="Oak board")
    add(client, kept)
    add(client, gone, quantity=3)
    page = press(client, gone, remove="1").content.decode()
    assert "Removed: Oak board" in page
    assert in_basket(client) == {kept.sku: 1}

    client.post("/basket/undo/")
    assert in_basket(client) == {kept.sku: 1, gone.sku: 3}
    client.post("/basket/undo/")
    assert in_basket(client) == {kept.sku: 1, gone.sku: 3}


def test_a_typed_quantity_of_none_can_be_undone_too(client):
    variant = make_variant(make_supplier())
    add(client, variant)
    assert "Removed: " in press(client, variant, quantity="0").content.decode()


def test_what_is_saved_for_later_is_not_ordered_and_outlives_the_order(client, sandbox):
    bought, saved = make_variant(make_supplier()), make_variant(make_supplier("meridian"), name="Oak board")
    add(client, bought, saved)
    page = press(client, saved, save="1").content.decode()
    assert "Saved for later" in page
    assert in_basket(client) == {bought.sku: 1}

    client.post("/checkout/", ADDRESS)
    assert [line.sku for line in Order.objects.get().lines.all()] == [bought.sku]
    press(client, saved, take="1")
    assert in_basket(client) == {bought.sku: 1, saved.sku: 1}


def test_a_price_that_changed_stands_on_its_line_old_and_new(client):
    variant = make_variant(make_supplier(), price_minor=1250)
    add(client, variant)
    Variant.objects.filter(pk=variant.pk).update(price_minor=1400)
    page = shown(client)
    assert "it was €12.50, it is €14.00" in page
    assert re.search(r"<s><span class=\"visually-hidden\">Before </span>€12.50</s> €14.00", page)

    press(client, variant, quantity="2")
    assert "it was €12.50" not in shown(client)


def test_how_little_is_missing_for_free_delivery_is_said_while_it_is_true(client):
    variant = make_variant(make_supplier(), price_minor=4380)
    add(client, variant)
    assert "€6.20 more for free delivery" in shown(client)
    press(client, variant, quantity="2")
    assert "more for free delivery" not in shown(client)


def test_a_sold_out_line_stops_only_itself(client):
    good, gone = make_variant(make_supplier()), make_variant(make_supplier("meridian"), name="Oak board")
    add(client, good, gone)
    Variant.objects.filter(pk=gone.pk).update(stock_told=0)
    page = client.get("/basket/")
    assert [view.line.variant for view in page.context["page"].gone] == [gone]
    assert page.context["total"].minor == 1250 + 390
    assert "Go to checkout with the rest" in page.content.decode()

    checkout = client.post("/basket/go/", follow=True).content.decode()
    assert "Oak board is saved for later." in checkout
    assert "€16.40" in checkout
    assert "Oak board" in shown(client)


def test_of_what_is_short_the_customer_goes_on_with_what_there_is(client):
    variant = make_variant(make_supplier(), stock=5)
    add(client, variant, quantity=4)
    Variant.objects.filter(pk=variant.pk).update(stock_told=2)
    assert "Only 2 left." in shown(client)
    client.post("/basket/go/")
    assert in_basket(client) == {variant.sku: 2}


def test_more_than_there_are_is_answered_with_how_many_there_are(client):
    variant = make_variant(make_supplier(), stock=3)
    add(client, variant)
    assert "at most 3" in press(client, variant, quantity="8").content.decode()
    assert in_basket(client) == {variant.sku: 1}


def test_what_the_own_open_order_holds_is_not_sold_out_for_its_basket(client, sandbox):
    variant = make_variant(make_supplier(), stock=1)
    add(client, variant)
    client.post("/checkout/", ADDRESS)
    assert in_basket(client) == {variant.sku: 1}
    assert "Sold out" not in shown(client)

    assert client.post("/checkout/", ADDRESS | {"city": "Cork"}).status_code == 303
    assert Order.objects.filter(status="placed").count() == 1


def test_what_somebody_elses_order_holds_is_sold_out(client):
    variant = make_variant(make_supplier(), stock=1)
    add(client, variant)
    make_order((variant, 1))
    assert "Sold out" in shown(client)


def test_a_code_is_typed_in_the_basket_and_costs_the_same_at_the_checkout(client):
    make_code("TENOFF")
    add(client, make_variant(make_supplier(), price_minor=2000))
    folded = shown(client)
    assert re.search(r'<details class="details">\s*<summary>Discount code', folded)

    page = client.post("/basket/code/", {"code": " tenoff "}, follow=True).content.decode()
    assert "TENOFF" in page
    assert "€21.90" in page
    assert "€21.90" in shown(client, "/checkout/")
    client.post("/basket/code/", {"drop_code": "1"})
    assert "€21.90" not in shown(client)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"minimum_minor": 5000}, "€50.00"),
        (
            {"valid_from": timezone.now() - timedelta(days=3), "valid_until": timezone.now() - timedelta(days=1)},
            "valid until",
        ),
    ],
)
def test_a_code_that_does_not_apply_says_why_in_the_basket(client, fields, words):
    make_code("TENOFF", **fields)
    add(client, make_variant(make_supplier()))
    page = client.post("/basket/code/", {"code": "TENOFF"}, follow=True).content.decode()
    error = re.search(r'id="id_code_error"><li>([^<]+)', page)
    assert error
    assert words in error.group(1)
    assert client.get("/basket/").context["total"].minor == 1250 + 390


def test_a_guests_basket_comes_along_into_the_log_in_and_nothing_is_lost(client):
    supplier = make_supplier()
    old, both, new = (make_variant(supplier) for _number in range(3))
    person = make_person()
    own = Basket.objects.create(user=person)
    BasketLine.objects.create(basket=own, variant=old, quantity=1, price_seen_minor=1250)
    BasketLine.objects.create(basket=own, variant=both, quantity=3, price_seen_minor=1250)
    add(client, both, new)

    client.force_login(person)
    assert in_basket(client) == {old.sku: 1, both.sku: 3, new.sku: 1}

    client.post("/account/logout/")
    assert in_basket(client) == {}
    client.force_login(person)
    assert in_basket(client) == {old.sku: 1, both.sku: 3, new.sku: 1}


def test_an_order_begun_as_a_guest_is_the_same_one_after_the_log_in(client, sandbox):
    variant, person = make_variant(make_supplier(), stock=1), make_person()
    add(client, variant)
    client.post("/checkout/", ADDRESS)
    client.force_login(person)
    client.post("/checkout/", ADDRESS | {"email": person.email})
    assert Order.objects.filter(status="placed").count() == 1


def test_a_basket_is_kept_for_thirty_days_from_its_last_change(client):
    variant = make_variant(make_supplier())
    add(client, variant)
    client.session.set_expiry(None)
    session = client.session
    press(client, variant, quantity="2")
    left = client.session.get_expiry_date() - timezone.now()
    assert left > timedelta(days=29, hours=23)
    assert client.session[SESSION_KEY] == session[SESSION_KEY]
    assert client.cookies["session"]["max-age"] == 30 * 24 * 60 * 60


def test_an_empty_basket_shows_what_was_looked_at_last(client):
    supplier = make_supplier()
    seen = [make_variant(supplier, name=name) for name in ("Oak board", "Steel pan")]
    assert "You looked at" not in shown(client)
    for variant in seen:
        client.get(variant.product.get_absolute_url())

    page = shown(client)

    cards = page.split('id="seen"')[1]
    assert cards.index("Steel pan") < cards.index("Oak board")
    assert "Arrives " in cards
    add(client, seen[0])
    assert "You looked at" not in shown(client)


def test_an_empty_basket_says_so_and_shows_the_departments(client):
    variant = make_variant(make_supplier())
    ProductImage.objects.create(
        product=variant.product, position=0, alt="", small="s.webp", large="l.webp",
        small_width=4, small_height=5, large_width=8, large_height=10,
    )  # fmt: skip
    refresh_products([variant.product_id])
    page = shown(client)
    assert "Your basket is empty." in page
    assert re.search(r'<a class="department" href="/c/kitchen/">', page)


def test_the_basket_has_one_main_button_in_sight_of_the_heading(client):
    add(client, make_variant(make_supplier()))
    page = shown(client)
    strip = page[page.index("basket-go") : page.index("basket-parcel")]
    assert "Go to checkout" in strip


def test_enter_in_a_quantity_field_sets_it_and_takes_nothing_away(client):
    add(client, make_variant(make_supplier()))
    form = re.search(r'<form class="basket-line-controls".*?</form>', shown(client), re.DOTALL)
    assert form
    first = re.search(r"<button[^>]*>", form.group(0))
    assert first
    assert 'name="set"' in first.group(0)
