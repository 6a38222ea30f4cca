"""Parts of countries with a tax, a customs border or delivery terms of their own, told by the postcode."""

from __future__ import annotations

from datetime import date

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from shop.actions.delivery import ZoneTerms, write_zones
from shop.customs import Border, border_between
from shop.models import Region, TaxClass, TaxRate, ZoneCountry
from shop.places import Place, located, region_at
from shop.tax import rates_on
from suppliers.actions.route import next_offer
from tests.factories import (
    ADDRESS,
    add_offer,
    express,
    make_order,
    make_person,
    make_supplier,
    make_variant,
    standard as standard_service,
)
from tests.test_checkout import TYPED
from tests.test_delivery_zones import as_typed, page_of, put

pytestmark = pytest.mark.django_db
TODAY = date(2026, 11, 28)
MADRID = TYPED | {"country": "ES", "line1": "Calle Mayor 1", "city": "Madrid", "region": "Madrid", "postcode": "28001"}
CANARY = MADRID | {"city": "Las Palmas", "region": "Las Palmas", "postcode": "35001"}
SPAIN = ZoneTerms("Spain", ["ES"], [standard_service(500, None, 2, 4)])


# --- which address lies where


@pytest.mark.parametrize(
    ("country", "postcode", "code"),
    [
        ("ES", "35001", "ES-CANARY"),
        ("ES", "es-38 400", "ES-CANARY"),
        ("ES", "51001", "ES-CEUTA"),
        ("ES", "52006", "ES-MELILLA"),
        ("ES", "28035", None),
        ("FI", "22100", None),
        ("FI", "02200", None),
        ("IT", "23041", "IT-LIVIGNO"),
        ("IT", "22061", "IT-CAMPIONE"),
        ("IT", "23030", None),
        ("DE", "78266", "DE-BUESINGEN"),
        ("DE", "D-27498", "DE-HELGOLAND"),
        ("DE", "78262", None),
        ("GR", "630 86", "GR-ATHOS"),
        ("FR", "97110", None),
        ("FR", "75001", None),
        ("PT", "9000-012", "PT-MADEIRA"),
        ("PT", "9499-999", "PT-MADEIRA"),
        ("PT", "9500-012", "PT-AZORES"),
        ("PT", "9980-039", "PT-AZORES"),
        ("PT", "1000-001", None),
        ("AT", "6691", "AT-JUNGHOLZ"),
        ("AT", "6993", "AT-JUNGHOLZ"),
        ("AT", "6994", None),
        ("GB", "bt1 1aa", "GB-NI"),
        ("GB", "B1 1AA", None),
        ("GB", "G1 1AA", None),
        ("IE", "35001", None),
        ("ES", "", None),
        ("ES", "3", None),
    ],
)
def test_the_postcode_tells_the_region(country, postcode, code):
    found = region_at(Place(country, postcode=postcode))
    assert (found.code if found else None) == code


def test_a_region_without_postcodes_is_told_by_its_name_and_one_with_them_never_is():
    Region.objects.create(country="US", code="US-NY", name="New York")
    assert region_at(Place("US", region="ny", postcode="10001")).code == "US-NY"
    assert region_at(Place("US", region="New York")).code == "US-NY"
    assert region_at(Place("US", region="NJ")) is None
    assert region_at(Place("ES", region="Canary Islands", postcode="28001")) is None


# --- tax


@pytest.mark.parametrize(
    ("country", "postcode", "standard", "reduced"),
    [
        ("ES", "38001", 0, 0), ("ES", "51001", 0, 0), ("ES", "52001", 0, 0), ("ES", "08001", 2100, 1000),
        ("FI", "22100", 0, 0), ("IT", "23041", 0, 0), ("IT", "22061", 0, 0), ("DE", "78266", 0, 0),
        ("DE", "27498", 0, 0), ("GR", "63086", 0, 0), ("FR", "97400", 0, 0), ("FR", "06000", 2000, 1000),
        ("PT", "9000-001", 2200, 1200), ("PT", "9700-001", 1600, 900), ("PT", "4000-001", 2300, 1300),
        ("AT", "6691", 1900, 1300), ("AT", "6991", 1900, 1300), ("AT", "6020", 2000, 1300),
        ("GB", "BT1 1AA", 2000, 500), ("GB", "GY1 1AA", 0, 0), ("GB", "SW1A 1AA", 2000, 500),
    ],
)  # fmt: skip
def test_a_rate_of_the_region_beats_the_countrys(country, postcode, standard, reduced):
    rates, place = rates_on(TODAY, [country]), Place(country, postcode=postcode)
    assert (rates.of(TaxClass.STANDARD, place), rates.of(TaxClass.REDUCED, place)) == (standard, reduced)


def test_a_regions_rate_counts_from_its_first_to_its_last_day():
    region = Region.objects.get(code="PT-MADEIRA")
    TaxRate.objects.filter(region=region).update(valid_until=date(2026, 12, 31))
    TaxRate.objects.create(country="PT", region=region, basis_points=2100, valid_from=date(2027, 1, 1))
    place = Place("PT", postcode="9000-001")
    days = (date(2026, 12, 31), date(2027, 1, 1))
    assert [rates_on(day, ["PT"]).of("standard", place) for day in days] == [2200, 2100]


def test_staff_add_a_region_and_its_rate_and_nonsense_is_refused_with_words(client):
    client.force_login(make_person(role="Store staff"))
    typed = {"country": "NO", "code": "NO-NORTH", "name": "Far north", "customs": "outside", "customs_with": ""}
    for nonsense in ("957*", "9579-957", "9579-9570", "90-", "—"):
        page = client.post("/admin/shop/region/add/", typed | {"postcodes": nonsense}).content.decode()
        assert "is neither how a postcode begins nor a range" in page
    page = client.post("/admin/shop/region/add/", typed | {"postcodes": "957", "code": "SE-NORTH"})
    assert "begins with the code of the country" in page.content.decode()
    assert client.post("/admin/shop/region/add/", typed | {"postcodes": "9570-9579, 958"}).status_code == 302
    region = Region.objects.get(code="NO-NORTH")
    page = f"/admin/shop/region/{region.pk}/change/"
    assert client.post(page, typed | {"postcodes": "9570-9579, 958", "country": "SE"}).status_code == 302
    region.refresh_from_db()
    assert region.country.code == "NO"
    rate = {"country": "NO", "tax_class": "standard", "valid_from": TODAY, "valid_until": ""}
    for points, part in ((2500, ""), (0, region.pk)):
        answer = client.post("/admin/shop/taxrate/add/", rate | {"basis_points": points, "region": part})
        assert answer.status_code == 302
    rates = rates_on(TODAY, ["NO"])
    assert [rates.of("standard", Place("NO", postcode=code)) for code in ("9570", "9580", "0150")] == [0, 0, 2500]
    page = client.post("/admin/shop/region/add/", typed | {"name": "Islands", "code": "NO-SJ", "postcodes": "9175"})
    assert "9175 is in “SJ”: what has a country code of its own is named by that." in page.content.decode()
    page = client.post("/admin/shop/region/add/", typed | {"name": "Islands", "code": "NO-X", "postcodes": "958"})
    assert "958 is a postcode of Far north already." in page.content.decode()
    with pytest.raises(ValidationError, match="is not in that country"):
        TaxRate(country="SE", region=region, basis_points=0, valid_from=TODAY).full_clean()


# --- customs


@pytest.mark.parametrize(
    ("origin", "country", "postcode", "border"),
    [
        ("IE", "ES", "28001", Border.NONE),
        ("IE", "ES", "35001", Border.TAX),
        ("ES", "ES", "35001", Border.TAX),
        ("ES", "ES", "51001", Border.DUTY),
        ("DE", "DE", "27498", Border.DUTY),
        ("DE", "DE", "78266", Border.DUTY),
        ("CH", "DE", "78266", Border.NONE),
        ("CH", "DE", "78262", Border.DUTY),
        ("IT", "IT", "23041", Border.DUTY),
        ("IT", "IT", "22061", Border.TAX),
        ("FI", "FI", "22100", Border.TAX),
        ("GR", "GR", "63086", Border.TAX),
        ("FR", "FR", "97400", Border.TAX),
        ("FR", "FR", "97133", Border.DUTY),
        ("IE", "PT", "9000-001", Border.NONE),
        ("DE", "AT", "6691", Border.NONE),
        ("IE", "GB", "BT1 1AA", Border.NONE),
        ("GB", "GB", "BT1 1AA", Border.NONE),
        ("IE", "GB", "SW1A 1AA", Border.DUTY),
        ("US", "GB", "BT1 1AA", Border.DUTY),
        ("GB", "GB", "JE2 3AB", Border.TAX),
    ],
)
def test_the_border_a_parcel_crosses_is_the_regions(origin, country, postcode, border):
    place = located(Place(country, postcode=postcode))
    assert border_between(origin, place.country, region_at(place)) is border


@pytest.mark.parametrize(
    ("country", "postcode", "destination", "border"),
    [
        ("ES", "35001", ("ES", "28001"), Border.TAX),
        ("ES", "35001", ("ES", "35002"), Border.NONE),
        ("ES", "35001", ("ES", "51001"), Border.DUTY),
        ("ES", "35001", ("IE", ""), Border.TAX),
        ("ES", "35001", ("GB", "SW1A 1AA"), Border.DUTY),
        ("GB", "BT1 1AA", ("IE", ""), Border.NONE),
        ("GB", "BT1 1AA", ("GB", "SW1A 1AA"), Border.NONE),
        ("GB", "BT1 1AA", ("ES", "35001"), Border.TAX),
        ("GB", "BT1 1AA", ("US", ""), Border.DUTY),
        ("DE", "78266", ("CH", ""), Border.NONE),
        ("DE", "78266", ("DE", "10115"), Border.DUTY),
        ("ES", "28001", ("ES", "41001"), Border.NONE),
    ],
)
def test_goods_from_a_warehouse_in_such_a_region_cross_its_border(country, postcode, destination, border):
    sent_from, place = region_at(Place(country, postcode=postcode)), Place(destination[0], postcode=destination[1])
    assert border_between(country, place.country, region_at(place), sent_from=sent_from) is border


def test_what_is_said_of_duty_follows_the_warehouse(client):
    supplier = make_supplier(country="ES", zones=(ZoneTerms("Ireland", ["IE"], [standard_service(0, None, 2, 4)]),))
    variant = make_variant(supplier)
    assert make_order((variant, 1)).deliveries.get().import_text == ""
    profile = supplier.delivery_profile
    profile.region = Region.objects.get(code="ES-CANARY")
    profile.full_clean()
    profile.save()
    text = make_order((variant, 1)).deliveries.get().import_text
    assert text == "Sent from Canary Islands. Tax may be due when it reaches Ireland."
    profile.region = Region.objects.get(code="GB-NI")
    with pytest.raises(ValidationError, match="not in that country"):
        profile.full_clean()


@pytest.mark.parametrize(("origin", "fits"), [("GB", True), ("IE", True), ("US", False)])
def test_a_supplier_that_steps_in_for_a_region_brings_no_border_that_was_not_told(origin, fits):
    uk = (ZoneTerms("UK", ["GB"], [standard_service(0, None, 2, 4)]),)
    first, other = make_supplier("harbour", zones=uk), make_supplier("meridian", zones=uk, country=origin)
    variant = make_variant(first)
    add_offer(other, variant)
    typed = {"country": "GB", "city": "Belfast", "postcode": "BT1 1AA"}
    order = make_order((variant, 1), address=ADDRESS.__class__(**{**fields_of(ADDRESS), **typed}))
    assert order.deliveries.get().import_text == ""
    line = order.lines.select_related("order", "delivery__profile").get()
    found = next_offer(line, 1, without=[first.pk], now=order.placed_at)
    assert (found is not None) is fits


def fields_of(address) -> dict[str, str]:
    return {name: getattr(address, name) for name in address.__dataclass_fields__}


# --- delivery


def test_a_zone_that_names_the_region_wins_and_one_that_leaves_it_out_sends_nothing_there():
    supplier = make_supplier()
    variant, profile = make_variant(supplier), supplier.delivery_profile
    islands = ZoneTerms("Islands", ["ES-CANARY"], [standard_service(1500, None, 5, 9), express(3000)])

    def price(postcode: str) -> int | None:
        order = make_order((variant, 1), address=spanish(postcode))
        return order.delivery_minor

    write_zones(profile, [SPAIN, islands])
    assert (price("28001"), price("35001"), price("51001")) == (500, 1500, 500)
    write_zones(profile, [ZoneTerms("Spain", ["ES", "-ES-CANARY", "-ES-CEUTA"], SPAIN.services)])
    assert price("28001") == 500
    assert price("52001") == 500
    for postcode in ("35001", "51001"):
        with pytest.raises(Exception, match=variant.sku):
            price(postcode)
    write_zones(profile, [ZoneTerms("Rest", ["-ES-CANARY", "-ES-CEUTA"], SPAIN.services)])
    assert profile.zones.get().is_elsewhere
    assert price("28001") == 500
    with pytest.raises(Exception, match=variant.sku):
        price("38001")


def spanish(postcode: str):
    return ADDRESS.__class__(**{**fields_of(ADDRESS), "country": "ES", "city": "There", "postcode": postcode})


def test_the_database_keeps_a_region_in_one_zone_and_leaves_out_no_whole_country():
    profile = make_supplier(zones=(SPAIN,)).delivery_profile
    zone, region = profile.zones.get(), Region.objects.get(code="ES-CANARY")
    ZoneCountry.objects.create(zone=zone, profile=profile, country="ES", region=region)
    for fields in ({"country": "ES", "region": region}, {"country": "FR", "is_served": False}):
        with pytest.raises(IntegrityError), transaction.atomic():
            ZoneCountry.objects.create(zone=zone, profile=profile, **fields)


def test_staff_name_regions_among_countries_and_what_is_none_is_refused_with_words(client):
    profile = make_supplier(zones=(SPAIN,)).delivery_profile
    client.force_login(make_person(role="Store staff"))
    service = {"code": "standard", "name": "Standard", "price_minor": "900", "transit_min_days": "4"}
    service |= {"transit_max_days": "8"}
    typed = put(as_typed(client, profile), 0, {"countries": "es, -es-ceuta"})
    typed = put(typed, 1, {"name": "Islands", "countries": "ES-CANARY"}, service)
    assert client.post(page_of(profile), typed).status_code == 302
    assert {zone.name: [row.label for row in zone.countries.all()] for zone in profile.zones.all()} == {
        "Spain": ["ES", "-ES-CEUTA"], "Islands": ["ES-CANARY"],
    }  # fmt: skip
    page = client.get(page_of(profile)).content.decode()
    assert "not Ceuta" in page
    assert "ES, -ES-CEUTA" in page
    again = put(as_typed(client, profile), 1, {"countries": "ES-CANARY ES-CEUTA"})
    assert "ES-CEUTA is in the zone “Spain” already." in client.post(page_of(profile), again).content.decode()
    wrong = put(as_typed(client, profile), 1, {"countries": "ES-NOWHERE"})
    assert "ES-NOWHERE is no region we know" in client.post(page_of(profile), wrong).content.decode()
    alone = put(as_typed(client, profile), 1, {"countries": "-ES-CANARY"})
    assert "Name the countries of this zone" in client.post(page_of(profile), alone).content.decode()


def test_lists_of_regions_and_rates_cost_the_same_with_few_and_with_many_rows(client):
    client.force_login(make_person(role="Store staff"))

    def cost(path: str) -> int:
        client.get(path)
        with CaptureQueriesContext(connection) as queries:
            assert client.get(path).status_code == 200
        return len(queries)

    paths = ["/admin/shop/region/", "/admin/shop/taxrate/?country=PT", "/admin/shop/deliveryprofile/"]
    profile = make_supplier(zones=(ZoneTerms("Spain", ["ES", "-ES-CEUTA"], SPAIN.services),)).delivery_profile
    paths.append(page_of(profile))
    before = [cost(path) for path in paths]
    for number in range(20):
        region = Region.objects.create(country="PT", code=f"PT-X{number}", name=f"X{number}")
        TaxRate.objects.create(country="PT", region=region, basis_points=number, valid_from=TODAY)
        ZoneCountry.objects.create(zone=profile.zones.get(), profile=profile, country="PT", region=region)
    assert [cost(path) for path in paths] == before
