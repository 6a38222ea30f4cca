"""Lists: filters that widen and narrow, counts that are true, order, pages, and a way out of nothing."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from shop.actions import reviews
from shop.actions.delivery import ServiceTerms, ZoneTerms
from shop.lists import facets, pages, sample
from shop.models import DeliveryService, Review, Variant
from shop.words import day
from tests.factories import make_person, make_supplier, standard
from tests.products import make_review
from tests.shelf import boxes_on, chips_on, names_on, page_of, put, put_copies
from tests.test_queries import cost

pytestmark = pytest.mark.django_db
KITCHEN = "/c/kitchen/"


@pytest.fixture
def shelf():
    """Six things: two brands, two materials, three colours, five prices; one is sold out."""
    near = make_supplier("harbour")
    far = make_supplier("meridian", zones=(ZoneTerms("Ireland", ["IE"], [standard(390, None, 8, 12)]),))
    put(
        near, "Oak board", brand="Tolven", facts={"Material": "Oak, oiled"}, options={"Colour": "Sage"}, price_minor=900
    )
    put(near, "Oak tray", brand="Tolven", facts={"Material": "Oak"}, options={"Colour": "Brick"}, price_minor=2400)
    put(near, "Steel pan", brand="Cragside", facts={"Material": "Steel"}, options={"Colour": "Sage"}, price_minor=2500)
    put(
        far, "Steel kettle", brand="Cragside", facts={"Material": "Steel"}, options={"Colour": "Navy"}, price_minor=4800
    )
    put(near, "Steel jar", brand="Tolven", facts={"Material": "Steel"}, options={"Colour": "Brick"}, price_minor=12000)
    put(
        near,
        "Oak bowl",
        brand="Cragside",
        facts={"Material": "Oak"},
        options={"Colour": "Sage"},
        price_minor=3000,
        stock=0,
    )


def shown(client, **asked: object) -> set[str]:
    return set(names_on(page_of(client, KITCHEN, **asked)))


# --- filters


def test_values_of_one_filter_widen_and_filters_narrow_each_other(client, shelf):
    assert shown(client, brand="Tolven") == {"Oak board", "Oak tray", "Steel jar"}
    assert len(shown(client, brand=["Tolven", "Cragside"])) == 6
    assert shown(client, brand="Tolven", f="Material:Oak") == {"Oak board", "Oak tray"}
    assert shown(client, f=["Material:Oak", "Colour:Sage", "Colour:Brick"]) == {"Oak board", "Oak tray", "Oak bowl"}
    assert shown(client, f=["Material:Oak", "Material:Steel", "Colour:Navy"]) == {"Steel kettle"}


def test_a_filter_works_in_a_search_too(client, shelf):
    page = page_of(client, "/search/", q="oak", brand="Tolven", price="0-1000")
    assert names_on(page) == ["Oak board"]
    assert 'name="q" value="oak"' in page.split('id="filters"')[1]


def test_each_value_shows_how_many_it_would_find_and_keeps_its_place(client, shelf):
    before = boxes_on(page_of(client, KITCHEN))
    assert before["brand", "Tolven"] == "Tolven 3"
    assert before["f", "Material:Steel"] == "Steel 3"
    assert before["price", "1000-2500"] == "€10 to €25 1"
    page = page_of(client, KITCHEN, brand="Tolven")
    after = boxes_on(page)
    assert list(after) == list(before)
    # The other brand may still be ticked as well; the other filters count what is left.
    assert after["brand", "Tolven"] == "Tolven 3 checked"
    assert after["brand", "Cragside"] == "Cragside 3"
    assert after["f", "Material:Steel"] == "Steel 1"
    assert after["price", "1000-2500"] == "€10 to €25 1"


def test_what_would_find_nothing_is_disabled_and_stays_in_sight(client, shelf):
    boxes = boxes_on(page_of(client, KITCHEN, brand="Tolven"))
    assert boxes["f", "Colour:Navy"] == "Navy 0 disabled"
    both = boxes_on(page_of(client, KITCHEN, brand="Tolven", f="Colour:Navy"))
    assert both["f", "Colour:Navy"] == "Navy 0 checked"


def test_what_is_ticked_stands_above_the_list_and_each_can_be_removed_by_a_link(client, shelf):
    page = page_of(client, KITCHEN, brand=["Tolven", "Cragside"], f="Material:Oak", sort="price")
    chips = chips_on(page)
    assert set(chips) == {"Brand: Tolven", "Brand: Cragside", "Material: Oak"}
    assert chips["Brand: Tolven"] == "brand=Cragside&f=Material%3AOak&sort=price"
    assert '<a class="chip" href="?sort=price">Clear all</a>' in page
    without = page_of(client, f"{KITCHEN}?{chips['Material: Oak']}")
    assert set(chips_on(without)) == {"Brand: Tolven", "Brand: Cragside"}
    assert len(names_on(without)) == 6


def test_every_attribute_that_divides_the_list_can_be_filtered_and_those_that_do_not_cannot(client, shelf):
    supplier = make_supplier("kestrel")
    for number in range(8):
        put(supplier, f"Cup {number}", facts={"Serial": f"No. {number}", "Material": "Oak"})
    names = {value.partition(":")[0] for param, value in boxes_on(page_of(client, KITCHEN)) if param == "f"}
    assert names == {"Material", "Colour"}


def test_parts_of_a_department_and_in_a_search_departments_are_a_filter(client, shelf):
    supplier = make_supplier("kestrel")
    put(supplier, "Oak shelf", path=("Home", "Furniture"))
    put(supplier, "Oak spoon", path=("Kitchen", "Cutlery"))
    assert boxes_on(page_of(client, KITCHEN))["in", "kitchen-cutlery"] == "Cutlery 1"
    assert shown(client, **{"in": "kitchen-cutlery"}) == {"Oak spoon"}
    page = page_of(client, "/search/", q="oak")
    assert boxes_on(page)["in", "home"] == "Home 1"
    assert names_on(page_of(client, "/search/", q="oak", **{"in": "home"})) == ["Oak shelf"]


def test_three_filters_that_divide_the_list_best_are_links_above_it(client, shelf):
    page = page_of(client, KITCHEN)
    often = page.split('aria-label="Often chosen"')[1].split("</ul>")[0]
    assert often.count("<a ") == 3
    assert 'href="?brand=' in often or 'href="?f=' in often
    assert "Often chosen" not in page_of(client, KITCHEN, brand="Tolven")


def test_a_price_of_ones_own_stands_among_the_bands_by_both_its_ends(client, shelf):
    boxes = boxes_on(page_of(client, KITCHEN, price=["0-500", "1000-1200"]))
    prices = [value for param, value in boxes if param == "price"]
    assert prices == ["0-500", "0-1000", "1000-1200", "1000-2500", "2500-5000", "10000-"]


# --- rating


def rate(name: str, *stars: int) -> None:
    for rating in stars:
        make_review(Variant.objects.select_related("product").get(product__name=name), rating=rating)


def test_goods_are_filtered_by_what_their_buyers_think_as_it_is_shown(client, shelf):
    assert not [box for box in boxes_on(page_of(client, KITCHEN)) if box[0] == "rating"]
    rate("Oak board", 5, 4)
    rate("Steel pan", 3)
    # 3.95 is shown as 4.0.
    rate("Oak tray", *[4] * 19, 3)
    page = page_of(client, KITCHEN)
    assert boxes_on(page)["rating", "4"] == "4 stars and up 2"
    assert boxes_on(page)["rating", "3"] == "3 stars and up 3"
    assert shown(client, rating="4") == {"Oak board", "Oak tray"}
    assert shown(client, rating=["4", "3"]) == {"Oak board", "Oak tray", "Steel pan"}
    assert shown(client, rating="4", f="Material:Steel") == set()
    assert set(chips_on(page_of(client, KITCHEN, rating="4"))) == {"Rating: 4 stars and up"}


def test_a_review_that_is_taken_back_counts_no_more(client, shelf):
    rate("Steel pan", 5)
    assert shown(client, rating="4") == {"Steel pan"}
    reviews.refuse(Review.objects.get(), by=make_person(), reason="Not about the pan.")
    assert shown(client, rating="4") == set()


# --- arrival


def last_days(client) -> list[str]:
    return sorted(value for param, value in boxes_on(page_of(client, KITCHEN)) if param == "by")


def test_goods_are_filtered_by_the_day_by_which_they_are_there(client, shelf):
    soon, late = last_days(client)
    label = boxes_on(page_of(client, KITCHEN))["by", soon]
    assert label == f"by {day(date.fromisoformat(soon))} 4"
    assert shown(client, by=soon) == {"Oak board", "Oak tray", "Steel pan", "Steel jar"}
    assert shown(client, by=late) == {"Oak board", "Oak tray", "Steel pan", "Steel jar", "Steel kettle"}
    for card in page_of(client, KITCHEN, by=soon).split('class="arrival"')[1:]:
        assert f"– {day(date.fromisoformat(soon))}</p>" in card.replace("\N{NO-BREAK SPACE}", " ")


def test_the_days_are_those_of_the_visitors_country(client, shelf):
    client.post("/country/", {"country": "DE", "next": "/"})
    days = last_days(client)
    # Only one supplier sends to Germany.
    assert len(days) <= 1
    page = page_of(client, KITCHEN, by=(date.today() + timedelta(days=60)).isoformat())  # noqa: DTZ011
    assert set(names_on(page)) == {"Oak board", "Oak tray", "Steel pan", "Steel jar"}
    client.post("/country/", {"country": "US", "next": "/"})
    assert shown(client, by=(date.today() + timedelta(days=60)).isoformat()) == set()  # noqa: DTZ011


def test_goods_kept_out_of_a_country_do_not_arrive_there(client, shelf):
    from shop.actions.catalog import refresh_products

    pan = Variant.objects.get(product__name="Steel pan")
    Variant.objects.filter(pk=pan.pk).update(ships_to=["DE"])
    refresh_products([pan.product_id])
    assert "Steel pan" not in shown(client, by=last_days(client)[-1])
    assert "Steel pan" in shown(client)


def test_a_day_that_has_passed_finds_nothing_and_says_so(client, shelf):
    page = page_of(client, KITCHEN, by="2020-01-01")
    assert names_on(page) == []
    assert "Drop “by Wed 1 Jan 2020” and see 6 items" in page


def test_free_delivery_by_a_slower_service_decides_by_the_price_of_the_goods(client):
    slow_and_free = ServiceTerms("slow", "Slow", 900, 5000, 10, 10)
    quick = ServiceTerms("quick", "Quick", 500, None, 1, 1)
    supplier = make_supplier(zones=(ZoneTerms("Ireland", ["IE"], [slow_and_free, quick]),))
    put(supplier, "Cheap thing", price_minor=1000)
    put(supplier, "Dear thing", price_minor=9000)
    soon, _late = last_days(client)
    assert shown(client, by=soon) == {"Cheap thing"}
    assert names_on(page_of(client, KITCHEN, sort="soonest")) == ["Cheap thing", "Dear thing"]
    assert DeliveryService.objects.count() == 2


# --- order and pages


def test_orders_have_names_and_what_is_sold_out_comes_last_in_each(client, shelf):
    by_price = ["Oak board", "Oak tray", "Steel pan", "Steel kettle", "Steel jar", "Oak bowl"]
    page = page_of(client, KITCHEN, sort="price")
    assert names_on(page) == by_price
    assert '<option value="price" selected>Price, low to high</option>' in page
    assert names_on(page_of(client, KITCHEN, sort="price-down")) == [*by_price[-2::-1], "Oak bowl"]
    assert names_on(page_of(client, KITCHEN, sort="soonest"))[-2:] == ["Steel kettle", "Oak bowl"]
    newest = page_of(client, KITCHEN)
    assert names_on(newest) == ["Steel jar", "Steel kettle", "Steel pan", "Oak tray", "Oak board", "Oak bowl"]
    assert '<option value="new" selected>Newest first</option>' in newest
    assert "Sold out" in newest.split("Oak bowl</a>")[1]


@pytest.mark.parametrize("sort", ["price", "price-down", "soonest", "new"])
def test_a_search_has_the_same_orders_and_the_best_match_by_itself(client, shelf, sort):
    everything = page_of(client, "/search/", q="kitchen", sort=sort)
    assert names_on(everything) == names_on(page_of(client, KITCHEN, sort=sort))
    assert '<option value="relevance" selected>Best match</option>' in page_of(client, "/search/", q="oak")


def test_twenty_four_a_page_with_numbers_and_how_many_above_and_below(client):
    first = put(make_supplier(), "Mug", brand="Cragside")
    put_copies(first, 49, brand="Tolven")
    page = page_of(client, KITCHEN, page="2", sort="price")
    assert len(names_on(page)) == 24
    assert (
        page.index("50 items")
        < page.index('class="products"')
        < page.index("<span data-first>25</span> to 48 of 50 items")
    )
    assert '<link rel="prev" href="?sort=price&amp;page=1">' in page
    assert '<a rel="next" href="?sort=price&amp;page=3">' in page
    assert '<span aria-current="page">' in page
    last = page_of(client, KITCHEN, page="3")
    assert (len(names_on(last)), "<span data-first>49</span> to 50 of 50 items" in last) == (2, True)
    everything = {name for number in (1, 2, 3) for name in names_on(page_of(client, KITCHEN, page=number))}
    assert len(everything) == 50


def test_the_next_page_can_be_added_and_says_how_many_it_would_add(client):
    put_copies(put(make_supplier(), "Mug"), 49)
    first = page_of(client, KITCHEN, sort="price")
    assert 'href="?sort=price&amp;page=2" data-load-more hidden>Show 24 more</a>' in first
    assert "<span data-first>1</span> to 24 of 50 items" in first
    assert "data-load-more hidden>Show 2 more</a>" in page_of(client, KITCHEN, page="2")
    assert "data-load-more" not in page_of(client, KITCHEN, page="3")


def test_nobody_counts_further_than_a_thousand(client, monkeypatch):
    # By the modules themselves: one that is loaded first while another is patched would keep the five.
    for module in (sample, pages, facets):
        monkeypatch.setattr(module, "MOST", 5)
    supplier = make_supplier()
    put_copies(put(supplier, "Mug", brand="Cragside"), 2)
    put_copies(put(supplier, "Cup", brand="Tolven"), 4)
    page = page_of(client, KITCHEN)
    assert "1,000+ items" in page
    assert "Show 1,000+ items" in page
    # Five and one more were looked at: five of these eight are Tolven's, and there may be more of each.
    assert boxes_on(page)["brand", "Tolven"] == "Tolven 5+"
    assert boxes_on(page)["brand", "Cragside"] == "Cragside 1+"
    assert "1,000+" not in page_of(client, KITCHEN, brand="Cragside")


# --- phones, nothing found, nonsense


def test_on_a_phone_filters_are_folded_with_their_number_and_say_what_they_would_show(client, shelf):
    page = page_of(client, KITCHEN, brand="Tolven", f="Material:Oak")
    box = page.split('<details class="filters" id="filter-box">')[1].split("</details>")[0]
    assert '<span class="visually-hidden">applied: </span>2</span></summary>' in box
    assert '<button class="button" id="filters-show">Show 2 items</button>' in box
    assert '<form id="filters" method="get"' in box
    assert box.count("<legend>") >= 4


def test_where_nothing_fits_the_page_says_which_filter_to_drop_and_keeps_the_boxes(client, shelf):
    page = page_of(client, KITCHEN, brand="Tolven", f="Colour:Navy")
    assert names_on(page) == []
    assert '<a class="button button-quiet" href="?brand=Tolven">Drop “Navy” and see 3 items</a>' in page
    assert '<a class="button button-quiet" href="?f=Colour%3ANavy">Drop “Tolven” and see 1 item</a>' in page
    assert page.index("see 3 items") < page.index("see 1 item<")
    assert boxes_on(page)["brand", "Cragside"] == "Cragside 1"


def test_where_one_less_is_not_enough_it_says_which_to_keep(client, shelf):
    page = page_of(client, KITCHEN, brand="Tolven", f=["Colour:Navy", "Material:Glass"])
    assert '<a class="button button-quiet" href="?brand=Tolven">Keep only “Tolven”</a>' in page
    assert '<a class="button button-quiet" href="?f=Colour%3ANavy">Keep only “Navy”</a>' in page
    assert "Keep only “Glass”" not in page
    assert set(chips_on(page)) == {"Brand: Tolven", "Colour: Navy", "Material: Glass"}


@pytest.mark.parametrize(
    "asked",
    [
        {"price": "x"}, {"price": "9-1"}, {"price": "999999999-"}, {"price": "-"}, {"by": "2026-02-30"}, {"by": "soon"},
        {"by": "9999-12-31"}, {"by": "0001-01-01"}, {"brand": "'\"<b>"}, {"brand": ""}, {"f": "Colour"}, {"f": ":"},
        {"f": "a:" + "b" * 500}, {"in": "no-such-place"}, {"in": "../x"}, {"stock": "2"}, {"rating": "0"}, {"rating": "x"}, {"rating": ["5", "1"]}, {"sort": "x"}, {"sort": "relevance"},
        {"page": "0"}, {"page": "-1"}, {"page": "99999999999999999999"}, {"page": "x"}, {"page": "²"}, {"brand": ["x"] * 400},
        {"f": [f"n{number}:v" for number in range(60)]},
    ],
)  # fmt: skip
def test_no_filter_value_breaks_a_list(client, shelf, asked):
    for path, more in ((KITCHEN, {}), ("/search/", {"q": "oak"})):
        answer = client.get(path, asked | more)
        assert answer.status_code == 200
        assert "<b>" not in answer.content.decode().replace("<b>&", "")


def test_bands_of_prices_are_as_shown_where_tax_is_taken_out(client, shelf):
    """2,500 at home, tax in it, is 2,033 abroad; the band that a visitor ticks is the one of the price on the card."""
    client.post("/country/", {"country": "US", "next": "/"})
    page = page_of(client, KITCHEN, price="1000-2500")
    assert set(names_on(page)) == {"Oak tray", "Steel pan", "Oak bowl"}
    assert boxes_on(page)["price", "1000-2500"] == "€10 to €25 3 checked"


# --- what it costs


def statements(client, path: str) -> int:
    """Count what a page costs while the small tables, which change seldom, are kept in the process."""
    return cost(client, path)


PATHS = (
    KITCHEN, f"{KITCHEN}?sort=soonest&page=1", f"{KITCHEN}?brand=Tolven&f=Material:Oak&price=0-2500&stock=1",
    "/search/?q=mug", "/search/?q=mug&brand=Tolven&f=Material:Oak&sort=price",
)  # fmt: skip


def test_lists_and_searches_cost_two_statements_for_one_row_and_for_a_full_page(client):
    first = put(make_supplier(), "Mug", brand="Tolven", facts={"Material": "Oak"})
    few = [statements(client, path) for path in PATHS]
    put_copies(first, 23)
    assert page_of(client, PATHS[0]).count('class="card"') == 24
    many = [statements(client, path) for path in PATHS]
    assert (few, many) == ([2] * len(PATHS), [2] * len(PATHS))


def test_a_basket_adds_two_statements_to_a_list(client):
    variant = put(make_supplier(), "Mug")
    client.post("/basket/add/", {"variant": variant.sku})
    assert statements(client, KITCHEN) <= 2 + 2
    assert statements(client, "/search/?q=mug") <= 2 + 2


def test_a_mistyped_word_costs_two_statements_more(client):
    put(make_supplier(), "Stovetop kettle")
    assert statements(client, "/search/?q=ketle") == 2 + 2
