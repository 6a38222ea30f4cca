"""Medicines: what is said before they are bought, from which age on, and the way to the register."""

from __future__ import annotations

import re

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.utils import timezone
from environ import Env

from config.environment import read_pharmacy
from orders.actions.age import AgeNotConfirmed
from orders.actions.checkout import place_order
from orders.models import Order
from shop.actions.catalog import put_variant
from shop.models import Product
from shop.models.catalogue import Gate
from suppliers.actions.catalog import _entry
from tests.factories import ADDRESS as PLACE, make_basket, make_person, make_supplier, make_variant
from tests.journeys.buying import ADDRESS
from tests.products import entry, make_kettle, words_of
from tests.test_product_import import ITEM

pytestmark = pytest.mark.django_db
REGISTER = {"url": "https://register.example/larkfield", "country": "IE"}
MARK = 'class="register-mark" href="https://register.example/larkfield"'


def buy_area(client, product: Product) -> str:
    page = client.get(product.get_absolute_url()).content.decode()
    return page.split('id="buy"')[1].split('class="about"')[0]


def sold_from(age: int | None, **fields: object):
    """Put something on sale that asks for an age."""
    variant = make_variant(make_supplier())
    Product.objects.filter(pk=variant.product_id).update(minimum_age=age, **fields)
    variant.product.refresh_from_db()
    return variant


def begin(client, *variants) -> None:
    for variant in variants:
        client.post("/basket/add/", {"variant": variant.sku})


def checkout(client) -> str:
    return client.get("/checkout/").content.decode()


# --- the product's page


def test_a_medicine_says_what_is_in_it_how_many_and_why_no_more_and_links_its_leaflet(client):
    (kettle,) = make_kettle(
        make_supplier(),
        active_ingredient="Ibuprofen, 200 mg",
        leaflet_url="https://leaflets.example/1.pdf",
        max_per_order=2,
        limit_reason="Two packs last long enough.",
    )
    area = buy_area(client, kettle.product)
    said = words_of(area)
    assert "Active ingredient: Ibuprofen, 200 mg" in said
    assert "At most 2 in one order. Two packs last long enough." in said
    assert 'href="https://leaflets.example/1.pdf"' in area
    assert f'href="/support/?about={kettle.sku}">Ask a pharmacist before you buy' in area


def test_what_is_no_medicine_says_nothing_of_pharmacists(client):
    (kettle,) = make_kettle(make_supplier())
    assert "pharmacist" not in buy_area(client, kettle.product)


def test_a_medicine_is_found_by_its_active_ingredient(client):
    make_kettle(make_supplier(), name="Relief tablets", active_ingredient="Ibuprofen, 200 mg")
    assert "Relief tablets" in client.get("/search/?q=ibuprofen").content.decode()


def test_a_feed_tells_ingredient_limit_and_age_and_never_lowers_what_staff_ask_for():
    told = ITEM | {
        "attributes": {"Active ingredient": "Nicotine, 2 mg", "Limit reason": "Fewer each week."},
        "regulated": {"prescription_required": False, "minimum_age": 18},
    }
    product = put_variant(_entry(told)).product
    assert (product.active_ingredient, product.limit_reason) == ("Nicotine, 2 mg", "Fewer each week.")
    assert (product.minimum_age, product.gate) == (18, Gate.AGE)
    assert "Active ingredient" not in product.facts.values_list("name", flat=True)

    Product.objects.update(minimum_age=21)
    assert put_variant(_entry(told)).product.minimum_age == 21


@pytest.mark.parametrize("told", [None, "nonsense", {"minimum_age": "18"}, {"minimum_age": True}, {"minimum_age": -1}])
def test_an_age_that_is_none_is_not_kept(told):
    assert put_variant(_entry(ITEM | {"regulated": told})).product.minimum_age is None


# --- the age, at the checkout


def test_the_age_is_asked_once_named_and_never_ticked_beforehand(client):
    begin(client, sold_from(16), sold_from(18))
    page = checkout(client)
    boxes = re.findall(r'<input type="checkbox"[^>]*>', page)
    assert len(boxes) == 1
    assert 'name="of_age"' in boxes[0]
    assert "checked" not in boxes[0]
    assert "I am 18 or older." in page


def test_goods_for_everybody_ask_for_no_age(client):
    begin(client, make_variant(make_supplier()))
    assert "of_age" not in checkout(client)


def test_the_gate_of_age_without_a_number_asks_for_adults(client):
    begin(client, sold_from(None, gate=Gate.AGE))
    assert "I am 18 or older." in checkout(client)


def test_who_does_not_confirm_is_told_so_and_orders_nothing(client, sandbox):
    begin(client, sold_from(18))
    answer = client.post("/checkout/", ADDRESS)
    assert answer.status_code == 422
    page = answer.content.decode()
    assert "Confirm that you are 18 or older" in page
    assert f'value="{ADDRESS["line1"]}"' in page
    assert Order.objects.count() == 0


def test_a_look_at_the_sums_keeps_the_tick(client):
    begin(client, sold_from(18))
    box = re.compile(r'<input type="checkbox"[^>]*name="of_age"[^>]*>')
    for button in ("look", "apply_code", "drop_code"):
        page = client.post("/checkout/", ADDRESS | {"of_age": "on", button: "1"}).content.decode()
        assert "checked" in box.search(page).group(0), button
    assert "checked" not in box.search(client.post("/checkout/", ADDRESS | {"look": "1"}).content.decode()).group(0)


def test_what_was_confirmed_is_kept_with_the_order_and_asked_anew_for_the_next(client, sandbox):
    begin(client, sold_from(18))
    assert client.post("/checkout/", ADDRESS | {"of_age": "on"}).status_code == 303
    assert Order.objects.get().confirmed_age == 18
    assert "checked" not in re.search(r'<input type="checkbox"[^>]*name="of_age"[^>]*>', checkout(client)).group(0)
    boss = make_person(is_staff=True, is_superuser=True)
    client.force_login(boss)
    page = client.get(f"/admin/orders/order/{Order.objects.get().pk}/change/").content.decode()
    assert re.search(r"Age confirmed:.*?18", words_of(page))


def test_no_way_in_makes_an_order_without_the_age(client):
    basket = make_basket((sold_from(18), 1))
    for said in (0, 17):
        with pytest.raises(AgeNotConfirmed):
            place_order(basket, PLACE, user=None, now=timezone.now(), confirmed_age=said)
    assert Order.objects.count() == 0
    assert place_order(basket, PLACE, user=None, now=timezone.now(), confirmed_age=18).confirmed_age == 18


def test_an_open_order_that_confirmed_less_than_the_goods_ask_by_now_is_made_anew():
    variant = sold_from(16)
    basket = make_basket((variant, 1))
    first = place_order(basket, PLACE, user=None, now=timezone.now(), confirmed_age=16)
    assert place_order(basket, PLACE, user=None, now=timezone.now(), confirmed_age=16) == first
    Product.objects.update(minimum_age=18)

    second = place_order(basket, PLACE, user=None, now=timezone.now(), confirmed_age=18)

    assert (second.confirmed_age, second == first) == (18, False)


# --- the register


@pytest.fixture
def pharmacy(settings):
    settings.PHARMACY = REGISTER


def test_every_page_of_a_pharmacy_leads_to_its_entry_in_the_register(client, pharmacy):
    (kettle,) = make_kettle(make_supplier(), active_ingredient="Ibuprofen, 200 mg")
    begin(client, kettle)
    paths = ("/", kettle.product.get_absolute_url(), "/c/kitchen/", "/search/?q=kettle", "/basket/", "/checkout/")
    for path in paths:
        page = client.get(path).content.decode()
        assert MARK in page, path
        assert "Register of Ireland" in page
    assert MARK in buy_area(client, kettle.product)
    assert "a registered pharmacy" in client.get("/").content.decode()


def test_a_shop_without_a_register_shows_no_mark(client):
    (kettle,) = make_kettle(make_supplier(), active_ingredient="Ibuprofen, 200 mg")
    for path in ("/", kettle.product.get_absolute_url(), "/basket/"):
        assert "register-mark" not in client.get(path).content.decode()


@pytest.mark.parametrize(("country", "drawn"), [("IE", "#169b62"), ("DE", "#dd0000"), ("PT", ">PT</text>")])
def test_the_mark_carries_the_countrys_stripes_or_its_letters(client, settings, country, drawn):
    settings.PHARMACY = REGISTER | {"country": country}
    assert drawn in client.get("/").content.decode()


def test_the_register_is_read_from_the_environment_and_must_be_safe(monkeypatch):
    assert read_pharmacy(Env(), "IE") is None
    monkeypatch.setenv("PHARMACY_REGISTER_URL", "https://register.example/1")
    assert read_pharmacy(Env(), "IE") == {"url": "https://register.example/1", "country": "IE"}
    monkeypatch.setenv("PHARMACY_COUNTRY", "at")
    assert read_pharmacy(Env(), "IE") == {"url": "https://register.example/1", "country": "AT"}
    monkeypatch.setenv("PHARMACY_REGISTER_URL", "http://register.example/1")
    with pytest.raises(ImproperlyConfigured, match="https://"):
        read_pharmacy(Env(), "IE")


def test_staff_see_and_change_what_a_medicine_asks_for(client):
    put_variant(entry(active_ingredient="Ibuprofen, 200 mg"))
    client.force_login(make_person(is_staff=True, is_superuser=True))
    page = client.get(f"/admin/shop/product/{Product.objects.get().pk}/change/").content.decode()
    for name in ("minimum_age", "limit_reason", "active_ingredient"):
        assert f'name="{name}"' in page
