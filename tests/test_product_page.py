"""A product's page answers what people ask before they buy, with and without script."""

from __future__ import annotations

import re
from types import SimpleNamespace

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from shop.actions.catalog import put_variant
from shop.models import DeliveryProfile, Product, Variant
from shop.models.catalogue import Gate
from tests.factories import add_offer, make_supplier, make_variant
from tests.products import entry, make_kettle, make_review, words_of

pytestmark = pytest.mark.django_db
COLOURS = [{"Colour": "Sage"}, {"Colour": "Ochre"}]
GRID = [{"Colour": "Sage", "Size": "1 l"}, {"Colour": "Sage", "Size": "2 l"}, {"Colour": "Ochre", "Size": "1 l"}]


def show(client, shown: Variant, **query: str) -> str:
    answer = client.get(shown.product.get_absolute_url(), query)
    assert answer.status_code == 200
    return answer.content.decode()


def buy_area(page: str) -> str:
    return words_of(page.split('id="buy"')[1].split('class="about"')[0])


def test_price_delivery_and_days_of_arrival_stand_in_the_buy_area(client):
    (kettle,) = make_kettle(make_supplier())

    said = buy_area(show(client, kettle))

    assert "€24.50 incl. VAT" in said
    assert "Delivery €3.90, free from €50.00 per parcel" in said
    assert re.search(r"Arrives \w{3} \d+( \w{3})? – \w{3} \d+ \w{3}", said)
    assert "business days" not in said


def test_who_sends_it_where_it_goes_back_to_and_who_pays_is_said_beside_the_button(client):
    (kettle,) = make_kettle(make_supplier())

    said = buy_area(show(client, kettle))

    assert "Sent from Cork, Ireland, by one of our suppliers" in said
    assert "30 days to return, to Ireland; you pay the postage unless it is our fault" in said
    DeliveryProfile.objects.update(returns_paid_by_shop=True)
    assert "30 days to return, free, to Ireland" in buy_area(show(client, kettle))


def test_what_crosses_a_customs_border_says_that_duty_may_be_due(client):
    (kettle,) = make_kettle(make_supplier(country="GB"))

    assert "Import duty, tax and a handling fee may be due" in buy_area(show(client, kettle))


def test_options_are_radio_buttons_that_a_submit_without_script_follows(client):
    sage, ochre = make_kettle(make_supplier(), options=COLOURS)

    page = show(client, sage)
    assert re.search(r"<legend>Colour</legend>", page)
    assert re.search(r'type="radio"[^>]*name="o0" value="Sage" checked', page)

    chosen = show(client, sage, variant=sage.sku, o0="Ochre")
    assert re.search(r'name="o0" value="Ochre" checked', chosen)
    assert f'name="variant" value="{ochre.sku}"' in chosen


def test_what_is_sold_out_can_be_looked_at_and_says_so(client):
    supplier = make_supplier()
    sage, ochre = make_kettle(supplier, options=COLOURS)
    Variant.objects.filter(pk=ochre.pk).update(availability="out_of_stock")

    page = show(client, sage)

    assert "Ochre Sold out" in words_of(page)
    assert "disabled" not in page.split('id="options"')[1].split("</form>")[0]
    assert "Add to basket" not in show(client, sage, variant=ochre.sku)


@pytest.mark.parametrize(
    ("before", "picked", "found"),
    [
        (0, {"o0": "Sage", "o1": "2 l"}, 1),
        (0, {"o0": "Ochre", "o1": "1 l"}, 2),
        # There is no large ochre one: what was changed last counts.
        (1, {"o0": "Ochre", "o1": "2 l"}, 2),
        (2, {"o0": "Ochre", "o1": "2 l"}, 1),
        (0, {"o0": "nonsense", "o1": ""}, 0),
    ],
)
def test_two_questions_lead_to_the_variant_that_answers_what_was_changed(client, before, picked, found):
    variants = make_kettle(make_supplier(), options=GRID)

    page = show(client, variants[0], variant=variants[before].sku, **picked)

    assert f'name="variant" value="{variants[found].sku}"' in page


def test_a_combination_nobody_makes_is_explained(client):
    variants = make_kettle(make_supplier(), options=GRID)

    assert "2 l not as Ochre" in words_of(show(client, variants[2], variant=variants[2].sku))


def test_the_quantity_ends_at_the_stock_or_at_the_limit(client):
    (kettle,) = make_kettle(make_supplier(), stock=3)
    assert re.search(r'name="quantity" value="1" min="1" max="3"', show(client, kettle))
    assert "Only 3 left" in buy_area(show(client, kettle))

    Product.objects.update(max_per_order=2)
    page = show(client, kettle)
    assert re.search(r'name="quantity" value="1" min="1" max="2"', page)
    assert "At most 2 in one order." in buy_area(page)


def test_plus_and_minus_count_without_script_and_add_nothing(client):
    (kettle,) = make_kettle(make_supplier())

    answer = client.post("/basket/add/", {"variant": kettle.sku, "quantity": "2", "change": "more"}, follow=True)

    assert 'name="quantity" value="3"' in answer.content.decode()
    assert "Your basket is empty" in client.get("/basket/").content.decode()


def test_facts_come_from_the_feed_and_empty_ones_are_not_shown(client):
    (kettle,) = make_kettle(make_supplier())

    facts = show(client, kettle).split('class="facts"')[1].split("</dl>")[0]

    said = words_of(facts)
    assert "Material Enamelled steel" in said
    assert "Weight 1.25 kg" in said
    assert "Size 22 × 18 × 20.5 cm" in said
    assert "Care" not in said
    assert "GTIN" not in said


def test_every_variant_shows_its_own_facts(client):
    supplier = make_supplier()
    small = put_variant(entry(sku="S", options={"Size": "small"}, facts={"Weight": "500 g"}))
    large = put_variant(entry(sku="L", options={"Size": "large"}, facts={"Weight": "900 g"}))
    for variant in (small, large):
        add_offer(supplier, variant)

    assert "Weight 500 g" in words_of(show(client, small, variant="S"))
    assert "Weight 900 g" in words_of(show(client, small, variant="L"))


def test_maker_responsible_person_and_warnings_are_shown_and_absent_ones_are_not(client):
    (kettle,) = make_kettle(
        make_supplier(),
        maker="Tolven d.o.o., Ljubljana",
        responsible_person="Larkfield, Cork",
        warnings="Hot when used.",
    )
    said = words_of(show(client, kettle))
    assert "Maker Tolven d.o.o., Ljubljana" in said
    assert "Responsible in the EU Larkfield, Cork" in said
    assert "Warnings Hot when used." in said

    Product.objects.update(maker="", responsible_person="", warnings="")
    said = words_of(show(client, kettle))
    assert not {"Maker and product safety", "Warnings"} & set(re.findall("Maker and product safety|Warnings", said))


def test_goods_behind_a_gate_say_who_checks_them_and_link_the_leaflet(client):
    (kettle,) = make_kettle(make_supplier(), gate=Gate.PRESCRIPTION, leaflet_url="https://leaflets.example/1.pdf")

    page = show(client, kettle)

    assert "A pharmacist checks it before anything is sent." in words_of(page)
    assert 'href="https://leaflets.example/1.pdf"' in page


def test_pictures_have_sizes_the_largest_comes_first_and_the_others_when_they_are_needed(client):
    (kettle,) = make_kettle(make_supplier(), pictures=3)

    gallery = show(client, kettle).split('class="gallery"')[1].split('class="buy-area"')[0]

    images = re.findall(r"<img[^>]*>", gallery)
    assert len(images) == 4
    assert all(re.search(r'width="\d+" height="\d+"', image) for image in images)
    assert ["fetchpriority" in image for image in images] == [True, False, False, False]
    assert ["lazy" in image for image in images] == [False, True, True, True]
    assert re.search(
        r'srcset="[^"]+-160.webp 160w, [^"]+-360.webp 360w, [^"]+-720.webp 720w, [^"]+-900.webp 900w"', images[0]
    )
    assert re.search(r'href="[^"]+-900.webp" data-enlarge', gallery)
    assert 'aria-current="true"' in show(client, kettle, picture="2").split('id="picture-2"')[1][:200]


def test_a_product_without_a_picture_shows_a_drawing(client):
    (kettle,) = make_kettle(make_supplier())

    page = show(client, kettle)

    assert "picture-empty" in page.split('class="gallery"')[1][:300]
    assert "There is no picture of it yet." in page


def test_related_goods_stand_below_the_facts_and_what_was_looked_at_below_them(client):
    supplier = make_supplier()
    (kettle,) = make_kettle(supplier, category_path=["Kitchen", "Tools"])
    other = make_variant(supplier, name="Ladle")
    elsewhere = make_variant(supplier, name="Sold-out spoon", stock=0)
    show(client, elsewhere)

    page = show(client, kettle)

    assert page.index('id="facts"') < page.index('id="related"') < page.index('id="seen"')
    related, seen = page.split('id="related"')[1].split('id="seen"')
    assert other.product.name in related
    assert elsewhere.product.name not in related
    assert elsewhere.product.name in seen


def test_what_was_looked_at_is_a_cookie_of_numbers_that_nobody_else_can_write(client):
    supplier = make_supplier()
    variants = [make_variant(supplier) for _number in range(10)]
    for variant in variants:
        answer = client.get(variant.product.get_absolute_url())
    cookie = answer.cookies["seen"]
    assert (cookie["httponly"], cookie["samesite"], cookie["max-age"]) == (True, "Lax", "")
    assert len(cookie.value) < 200

    client.cookies["seen"] = cookie.value[:-2] + "xx"
    assert 'id="seen"' not in show(client, variants[0])


def test_the_question_about_a_product_names_it(client):
    (kettle,) = make_kettle(make_supplier(), options=[{"Colour": "Sage"}])

    link = re.search(r'href="(/support/\?about=[^"]+)"', show(client, kettle)).group(1)

    assert "About: Enamel kettle, Sage (KETTLE-0)" in client.get(link).content.decode()
    assert client.get("/support/?about=none").status_code == 200


@pytest.mark.parametrize(
    "query", ["variant=%20", "o0=", "quantity=-1", "quantity=9999999", "picture=99", "o0=a&o1=b&o9=c"]
)
def test_an_odd_address_shows_the_product_all_the_same(client, query):
    (kettle,) = make_kettle(make_supplier(), options=[{"Colour": "Sage"}], pictures=1)

    assert client.get(f"{kettle.product.get_absolute_url()}?{query}").status_code == 200


@pytest.mark.parametrize("has_basket", [False, True])
def test_the_page_costs_three_statements_however_much_there_is_to_show(client, monkeypatch, has_basket):
    """Variants, pictures, and all cards below; two more for who has a basket."""
    # However slow the machine is: nothing that is kept runs out between two looks.
    monkeypatch.setattr("shop.kept.time", SimpleNamespace(monotonic=lambda: 1_000.0))
    supplier = make_supplier()
    client.get(make_variant(supplier).product.get_absolute_url())
    (small,) = make_kettle(supplier, name="Plain kettle", group="PLAIN")
    few = cost(client, small, has_basket=has_basket)
    Variant.objects.all().delete()
    Product.objects.all().delete()
    many = make_kettle(
        supplier,
        options=[{"Colour": f"Colour {number}"} for number in range(12)],
        pictures=2,
        facts={f"Fact {number}": "x" for number in range(30)},
    )
    for number in range(8):
        make_review(many[0], rating=1 + number % 5)
        client.get(make_variant(supplier).product.get_absolute_url())
    most = cost(client, many[3], has_basket=has_basket)

    assert (few, most) == (3 + 2 * has_basket, 3 + 2 * has_basket)


def cost(client, variant: Variant, *, has_basket: bool) -> int:
    if has_basket:
        client.post("/basket/add/", {"variant": variant.sku})
    path = f"{variant.product.get_absolute_url()}?variant={variant.sku}"
    client.get(path)
    with CaptureQueriesContext(connection) as queries:
        assert client.get(path).status_code == 200
    return len(queries)


def test_a_product_that_is_not_published_or_not_there_is_not_found(client):
    (kettle,) = make_kettle(make_supplier())
    Product.objects.update(is_published=False)

    assert client.get(kettle.product.get_absolute_url()).status_code == 404
    assert client.get(f"{kettle.product.get_absolute_url()}reviews/").status_code == 404
