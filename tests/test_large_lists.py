"""A large list is found and counted once in a while; what its cards say is never old (docs/adr/0024)."""

from __future__ import annotations

from urllib.parse import urlencode

import pytest

from shop.actions.catalog import refresh_products
from shop.kept import Recently
from shop.lists import large
from shop.models import Product, Variant
from suppliers.actions.catalog import write_best_offers
from suppliers.models import Offer, Supplier
from tests.factories import make_supplier
from tests.shelf import boxes_on, names_on, page_of, put
from tests.test_queries import cost

pytestmark = pytest.mark.django_db
LISTS = {"category": ("/c/kitchen/", {}), "search": ("/search/", {"q": "mug"})}


@pytest.fixture
def mugs(monkeypatch) -> list[Variant]:
    """Three mugs, which is a large list here."""
    monkeypatch.setattr(large, "FEW", 2)
    near = make_supplier()
    return [
        put(near, f"{name} mug", price_minor=price) for name, price in (("Red", 900), ("Blue", 1500), ("Sage", 2500))
    ]


def offered(variant: Variant, **fields: object) -> None:
    Offer.objects.filter(variant=variant).update(**fields)
    write_best_offers([variant.pk])


def another() -> Variant:
    return put(Supplier.objects.get(), "Green mug")


def look(client, where: str, **asked: object) -> str:
    path, usual = LISTS[where]
    return page_of(client, path, **usual | asked)


def named(client, where: str, **asked: object) -> list[str]:
    return names_on(look(client, where, **asked))


@pytest.mark.parametrize("where", LISTS)
def test_what_another_process_puts_in_is_there_within_a_minute(client, clock, mugs, where):
    assert len(named(client, where)) == 3
    another()
    assert len(named(client, where)) == 3
    clock.now += large.SECONDS + 0.1
    assert sorted(named(client, where)) == ["Blue mug", "Green mug", "Red mug", "Sage mug"]


@pytest.mark.parametrize("where", LISTS)
def test_a_price_a_name_and_what_is_gone_show_at_once_whoever_changes_them(client, clock, mugs, where):
    red, blue, sage = mugs
    look(client, where)
    offered(red, recommended_minor=1234)
    offered(blue, stock=0, availability="out_of_stock")
    Product.objects.filter(pk=sage.product_id).update(name="Olive mug")
    refresh_products([sage.product_id])
    page = look(client, where)
    assert "€12.34" in page
    assert "€9.00" not in page
    assert "Sold out" in page
    assert "Olive mug" in names_on(page)


@pytest.mark.parametrize("where", LISTS)
def test_what_is_taken_down_by_another_process_is_on_no_page_any_more(client, clock, mugs, where):
    assert "Red mug" in named(client, where)
    Product.objects.filter(pk=mugs[0].product_id).update(is_published=False)
    refresh_products([mugs[0].product_id])
    assert sorted(named(client, where)) == ["Blue mug", "Sage mug"]


@pytest.mark.parametrize("where", LISTS)
def test_who_changes_the_goods_here_sees_the_list_anew_at_once(client, mugs, where):
    look(client, where)
    another()
    offered(mugs[0], recommended_minor=9900)
    page = look(client, where, sort="price-down")
    assert names_on(page) == ["Red mug", "Sage mug", "Blue mug", "Green mug"]
    assert "4 items" in page


@pytest.mark.parametrize("where", LISTS)
def test_a_small_list_is_read_anew_each_time(client, clock, mugs, monkeypatch, where):
    monkeypatch.setattr(large, "FEW", 3)
    look(client, where)
    another()
    assert "Green mug" in named(client, where)


@pytest.mark.parametrize(("goods", "is_kept"), [(2, True), (3, False)], ids=["large shop", "small shop"])
def test_a_search_that_finds_little_is_kept_in_a_large_shop_only(client, clock, mugs, monkeypatch, goods, is_kept):
    monkeypatch.setattr(large, "FEW", 3)
    monkeypatch.setattr(large, "LARGE_SHOP", goods)
    look(client, "search")
    another()
    assert ("Green mug" in named(client, "search")) is not is_kept
    clock.now += large.SECONDS + 0.1
    assert "Green mug" in named(client, "search")


@pytest.mark.parametrize("where", LISTS)
def test_what_is_filtered_is_read_anew_each_time(client, clock, mugs, where):
    look(client, where)
    assert sorted(named(client, where, price="0-2000")) == ["Blue mug", "Red mug"]
    offered(mugs[0], recommended_minor=5000)
    assert named(client, where, price="0-2000") == ["Blue mug"]


@pytest.mark.parametrize("where", LISTS)
def test_each_order_is_kept_for_itself(client, clock, mugs, where):
    orders = {sort: named(client, where, sort=sort) for sort in ("price", "price-down", "new", "price")}
    assert orders["price"] == ["Red mug", "Blue mug", "Sage mug"] == orders["price-down"][::-1]


@pytest.mark.parametrize("where", LISTS)
def test_countries_share_no_counts(client, clock, mugs, where):
    offered(mugs[0], stock=0, availability="out_of_stock")
    here = boxes_on(look(client, where))
    client.post("/country/", {"country": "US", "next": "/"})
    there = boxes_on(look(client, where))
    assert any(key[0] == "by" for key in here)
    assert here != there


@pytest.mark.parametrize("where", LISTS)
def test_a_large_list_costs_one_statement_once_it_was_found(client, mugs, where):
    path, asked = LISTS[where]
    assert cost(client, f"{path}?{urlencode(asked)}") == 1


def test_what_is_forgotten_while_it_is_looked_for_is_looked_for_again():
    kept: Recently[str, int] = Recently(10, seconds=60, is_worth_it=bool)
    answers = iter((1, 2, 3))

    def find() -> int:
        found = next(answers)
        if found == 1:
            # A change comes in just after the look.
            kept.forget()
        return found

    assert [kept.get("mug", find) for _time in range(3)] == [1, 2, 2]
