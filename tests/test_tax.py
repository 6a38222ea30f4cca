"""Tax: which rate an address bears, who reads prices with it, and who works it out."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from orders.actions.checkout import place_order
from orders.models import Order
from orders.tax import StripeCalculator, TableCalculator, Taxable, TaxUnknown
from shop import kept
from shop.actions.delivery import ZoneTerms, write_zones
from shop.models import Market, MarketCountry, Product, Region, TaxClass, TaxRate
from shop.places import Place
from shop.tax import class_of_rate, rates_on, terms_for
from shop.vat import EU, UK
from tests.factories import ADDRESS, ZONES, make_basket, make_order, make_person, make_supplier, make_variant, standard
from tests.test_checkout import TYPED, add

pytestmark = pytest.mark.django_db
TODAY = date(2026, 11, 28)
SOMEWHERE = TYPED | {"country": "NO", "postcode": "0150", "city": "Oslo"}
NORWAY = {"line1": "Storgata 1", "city": "Oslo", "postcode": "0150", "country": "NO"}


def serve(supplier, *places: str, price_minor: int = 500) -> None:
    write_zones(supplier.delivery_profile, [*ZONES, ZoneTerms("There", places, [standard(price_minor, None, 2, 4)])])


def rate(country: str, basis_points: int, **fields: object) -> TaxRate:
    row = TaxRate(country=country, basis_points=basis_points, **{"valid_from": date(2026, 1, 1), **fields})
    row.full_clean()
    row.save()
    return row


# --- rates


def test_the_eus_and_the_uks_rates_are_there_and_every_state_has_a_standard_rate_of_15_to_27():
    found = rates_on(TODAY, [*EU, *UK])
    standard = {country: found.of(TaxClass.STANDARD, Place(country)) for country in [*EU, *UK]}
    # Monaco counts as France for the tax.
    assert (len(EU.keys() - {"MC"}), standard["MC"]) == (27, standard["FR"])
    assert min(standard.values()) == 1700 == standard["LU"]
    assert max(standard.values()) == 2700 == standard["HU"]
    assert (standard["IE"], standard["FI"], standard["GB"]) == (2300, 2550, 2000)
    assert found.of(TaxClass.REDUCED, Place("DE")) == 700
    assert found.of(TaxClass.SUPER_REDUCED, Place("FR")) == 210


@pytest.mark.parametrize(
    ("kind", "place", "points"),
    [
        ("standard", Place("ES", postcode="28001"), 2100),
        ("standard", Place("ES", postcode="35 001"), 0),
        ("reduced", Place("ES", postcode="38400"), 0),
        ("standard", Place("PT", postcode="9000-012"), 2200),
        ("reduced", Place("PT", postcode="9500-012"), 900),
        ("reduced", Place("DK"), 2500),
        ("zero", Place("IE"), 0),
        ("standard", Place("US", region="NY"), 0),
    ],
)
def test_the_region_wins_over_the_country_and_a_class_without_a_rate_bears_the_standard_one(kind, place, points):
    assert rates_on(TODAY, [place.country]).of(kind, place) == points


def test_a_rate_counts_from_its_first_to_its_last_day():
    rate("NO", 2500, valid_from=date(2026, 3, 1), valid_until=date(2026, 6, 30))
    rate("NO", 2600, valid_from=date(2026, 7, 1))
    days = (date(2026, 2, 28), date(2026, 3, 1), date(2026, 6, 30), date(2026, 7, 1))
    assert [rates_on(day, ["NO"]).of("standard", Place("NO")) for day in days] == [0, 2500, 2500, 2600]


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"valid_from": TODAY}, "counts from 2026-01-01 until further notice already"),
        ({"valid_from": date(2025, 1, 1), "valid_until": date(2026, 1, 1)}, "End it the day before"),
        ({"region": "IE-ULSTER", "valid_until": date(2025, 1, 1)}, "The last day comes before the first"),
        ({"region": "IE-ULSTER", "basis_points": 10_001}, "at most 10000"),
        ({"region": "IE-ULSTER", "tax_class": "zero"}, "its rate is 0"),
        ({"region": "ES-CANARY"}, "This region is not in that country"),
    ],
)
def test_overlapping_and_senseless_rates_are_refused_with_words(client, fields, says):
    Region.objects.create(country="IE", code="IE-ULSTER", name="Ulster")
    if "region" in fields:
        fields = fields | {"region": Region.objects.get(code=fields["region"])}
    with pytest.raises(ValidationError) as refused:
        rate("IE", **{"basis_points": 2300, **fields})
    assert says in str(refused.value)

    client.force_login(make_person(role="Store staff", is_superuser=True))
    typed = {"country": "IE", "region": "", "tax_class": "standard", "basis_points": 2300, "valid_from": TODAY}
    typed |= {"valid_until": "", **fields} | ({"region": fields["region"].pk} if "region" in fields else {})
    page = client.post("/admin/shop/taxrate/add/", typed)
    assert says in page.content.decode()
    assert TaxRate.objects.filter(country="IE").count() == 4


def test_a_suppliers_rate_names_the_class_of_a_new_product_and_staff_have_the_last_word():
    told = {2300: "standard", 1350: "reduced", 900: "second_reduced", 480: "super_reduced", 0: "zero", None: "standard"}
    assert {points: class_of_rate(points, on=TODAY) for points in told} == told
    assert class_of_rate(777, on=TODAY) == TaxClass.STANDARD
    variant = make_variant(make_supplier())
    Product.objects.update(tax_class="reduced")
    make_variant(make_supplier("meridian"), sku=variant.sku)
    variant.product.refresh_from_db()
    assert variant.product.tax_class == "reduced"


# --- markets and prices


def test_the_same_price_is_shown_to_all_who_read_it_with_tax_and_the_tax_in_it_is_the_countrys(client):
    supplier = make_supplier()
    serve(supplier, "HU", "LU")
    variant = make_variant(supplier, price_minor=1230)
    taxes = {}
    for country in ("HU", "LU"):
        address = ADDRESS.__class__(**{**NORWAY, "country": country, "email": "a@example.com", "name": "A"})
        order = place_order(make_basket((variant, 1)), address, user=None, now=timezone.now())
        assert (order.items_minor, order.total_minor, order.added_tax_minor) == (1230, 1730, 0)
        taxes[country] = (order.tax_minor, order.lines.get().tax_basis_points)
    assert taxes == {"HU": (368, 2700), "LU": (251, 1700)}


def test_elsewhere_the_homes_tax_is_taken_out_on_every_page_and_in_the_order(client, sandbox):
    supplier = make_supplier()
    serve(supplier, "NO")
    variant = make_variant(supplier, price_minor=1230)
    client.post("/country/", {"country": "NO"})
    page = client.get(variant.product.get_absolute_url()).content.decode()
    assert "€10.00" in page
    assert "without tax" in page
    assert '"price": "10.00"' in page
    assert "€10.00" in client.get("/").content.decode()
    add(client, variant)
    for path in ("/basket/", "/checkout/"):
        page = client.get(path).content.decode()
        assert "€10.00" in page, path
        assert "€15.00" in page, path
        assert "incl. VAT" not in page, path
    shown = client.get("/checkout/").context["total"].minor
    assert client.post("/checkout/", SOMEWHERE | {"shown": str(shown)}).status_code == 303
    order = Order.objects.get()
    assert (order.total_minor, order.tax_minor, order.prices_include_tax) == (1500, 0, False)
    assert sandbox.control("ledger")["sessions"][0]["amount_total"] == 1500
    assert "we charge none for this country" in client.get(order.get_absolute_url()).content.decode()


def test_where_the_shop_charges_tax_outside_its_markets_it_comes_on_top_as_a_line_of_its_own(client, sandbox):
    supplier = make_supplier()
    serve(supplier, "NO")
    rate("NO", 2500)
    variant = make_variant(supplier, price_minor=1230)
    client.post("/country/", {"country": "NO"})
    assert "plus tax" in client.get(variant.product.get_absolute_url()).content.decode()
    add(client, variant)
    assert "€18.75" in client.get("/checkout/").content.decode()
    assert client.post("/checkout/", SOMEWHERE | {"shown": "1875"}).status_code == 303
    order, line = Order.objects.get(), Order.objects.get().lines.get()
    assert (order.total_minor, order.tax_minor, order.added_tax_minor) == (1875, 375, 375)
    assert (line.unit_price_minor, line.added_tax_minor, line.paid_minor) == (1000, 375, 1875)
    assert sandbox.control("ledger")["sessions"][0]["amount_total"] == 1875


def test_a_market_may_read_prices_without_tax_and_a_country_is_in_one_market_only():
    assert terms_for("FR").includes_tax
    Market.objects.filter(name="European Union").update(prices_include_tax=False)
    kept.forget_all()
    assert not terms_for("FR").includes_tax
    assert terms_for("FR").charges_tax
    second = MarketCountry(market=Market.objects.get(name="United Kingdom"), country="FR")
    with pytest.raises(ValidationError):
        second.full_clean()


def test_an_order_keeps_the_rate_of_the_moment_it_was_placed():
    variant = make_variant(make_supplier())
    order = make_order((variant, 1))
    TaxRate.objects.filter(country="IE", tax_class="standard").update(valid_until=timezone.localdate() - timedelta(1))
    rate("IE", 2500, valid_from=timezone.localdate())
    later = make_order((variant, 1))
    assert [one.lines.get().tax_basis_points for one in (order, later)] == [2300, 2500]
    assert (order.tax_minor, later.tax_minor) == (307, 328)


@pytest.mark.parametrize("typed", ["XX", "", "IEE", "<b>"])
def test_what_is_no_country_is_refused_with_words(client, typed):
    answer = client.post("/country/", {"country": typed})
    assert answer.status_code == 422
    assert "There is a problem" in answer.content.decode()


def test_after_choosing_a_country_nobody_is_led_to_another_site(client):
    assert client.post("/country/", {"country": "DE", "next": "https://evil.example/"})["Location"] == "/"
    assert client.post("/country/", {"country": "DE", "next": "/basket/"})["Location"] == "/basket/"


# --- who works it out


ONE = Taxable("standard", "", 1000, 500)


def ask(*lines: Taxable, country: str = "IE", is_included: bool = True, currency: str = "EUR", **address: str):
    place = Place(country, **address)
    return StripeCalculator().tax_of(lines, place, currency=currency, is_included=is_included, on=TODAY)


def test_stripe_tax_answers_as_the_table_does_and_goods_and_delivery_are_taxed_together(sandbox):
    lines = [ONE, Taxable("zero", "", 700, 0), Taxable("standard", "", 0, 0)]
    table = TableCalculator().tax_of(lines[:2], Place("IE"), currency="EUR", is_included=True, on=TODAY)
    answer = ask(*lines)
    assert [tax.minor for tax in answer[:2]] == [tax.minor for tax in table] == [280, 0]
    assert (answer[0].basis_points, answer[2].minor) == (2300, 0)


def test_stripe_tax_adds_up_the_rates_of_state_and_city_on_top(sandbox):
    (tax,) = ask(ONE, country="US", is_included=False, region="NY", postcode="10001")
    assert (tax.basis_points, tax.minor) == (887, 133)


def test_an_address_that_says_too_little_and_goods_without_a_code_are_no_amount(sandbox):
    with pytest.raises(TaxUnknown):
        ask(ONE, country="US", is_included=False)
    with pytest.raises(TaxUnknown):
        ask(Taxable("reduced", "", 1000, 0))
    assert ask(Taxable("reduced", "txcd_35010000", 1000, 0), country="DE")[0].minor == 65


@pytest.mark.parametrize("fault", ["error_500_before", "hang"])
def test_when_stripe_tax_fails_nothing_is_ordered_and_the_page_says_so(client, sandbox, settings, fault):
    settings.TAX_CALCULATOR, settings.STRIPE_TIMEOUT_SECONDS = "orders.tax.StripeCalculator", 1
    add(client, make_variant(make_supplier()))
    sandbox.control("faults", [{"match": "POST /v1/tax/calculations", "kind": fault, "times": 3, "seconds": 2}])
    page = client.post("/checkout/", TYPED)
    assert page.status_code == 422
    assert "The tax cannot be worked out at the moment" in page.content.decode()
    assert 'value="Alex Byrne"' in page.content.decode()
    assert not Order.objects.exists()


def test_an_order_by_stripe_tax_holds_its_rates_and_asks_once(client, sandbox, settings):
    settings.TAX_CALCULATOR = "orders.tax.StripeCalculator"
    add(client, make_variant(make_supplier()))
    assert "€16.40" in client.post("/checkout/", TYPED | {"look": "1"}).content.decode()
    assert client.post("/checkout/", TYPED | {"shown": "1640"}).status_code == 303
    assert (Order.objects.get().tax_minor, Order.objects.get().lines.get().tax_basis_points) == (307, 2300)
    asked = [one for one in sandbox.control("ledger")["requests"] if one["path"] == "/v1/tax/calculations"]
    assert len(asked) == 1
