"""A place that has a country code of its own and postcodes of another country's costs the same whichever is typed."""

from __future__ import annotations

import pytest
from django.utils import timezone

from orders.actions.quote import quote_basket
from orders.models import Order
from shop.actions.delivery import ZoneTerms
from shop.models import MarketCountry
from shop.places import Place, located
from shop.territories import TERRITORIES
from suppliers.actions.route import way_by
from suppliers.models import Offer
from tests.factories import ADDRESS, make_basket, make_order, make_supplier, make_variant, standard
from tests.test_checkout import TYPED, add

pytestmark = pytest.mark.django_db
PLACES = [
    ("FI", "22100", "AX"), ("FI", "FI-22100", "AX"), ("FR", "97110", "GP"), ("FR", "97400", "RE"), ("FR", "97220", "MQ"),
    ("FR", "97300", "GF"), ("FR", "97600", "YT"), ("FR", "97150", "MF"), ("FR", "97133", "BL"), ("FR", "97500", "PM"),
    ("FR", "98600", "WF"), ("FR", "98709", "PF"), ("FR", "98800", "NC"), ("FR", "98000", "MC"), ("GB", "JE2 3AB", "JE"),
    ("GB", "gy1 1aa", "GG"), ("GB", "IM1 1AA", "IM"), ("GB", "GX11 1AA", "GI"), ("DK", "3900", "GL"),
    ("CH", "9490", "LI"), ("IT", "47890", "SM"), ("IT", "00120", "VA"), ("NO", "9170", "SJ"), ("FR", "98413", "TF"),
]  # fmt: skip
ZONES = (
    ZoneTerms("Europe", ["FI", "FR", "GB", "DK", "CH", "IT", "NO", "MC"], [standard(600, 9000, 2, 4)]),
    ZoneTerms("Overseas", ["GP", "RE", "MQ", "AX"], [standard(1900, None, 6, 12)]),
    ZoneTerms("Everywhere else", [], [standard(2500, None, 9, 20)]),
)


def told(place: Place, variant) -> tuple[object, ...]:
    quote = quote_basket(list(make_basket((variant, 2)).lines.all()), place, now=timezone.now())
    parcels = [(one.parcel.service.zone.name, one.parcel.window, one.parcel.import_text) for one in quote.parcels]
    rates = [line.tax.basis_points for line in quote.lines]
    return quote.terms, quote.sums, quote.total_minor, quote.place_name, parcels, rates


@pytest.mark.parametrize(("country", "postcode", "code"), PLACES)
def test_price_tax_delivery_and_customs_are_the_same(country, postcode, code):
    variant = make_variant(make_supplier(zones=ZONES), price_minor=2500)
    assert told(Place(country, postcode=postcode), variant) == told(Place(code, postcode=postcode), variant)


@pytest.mark.parametrize(
    ("country", "postcode"),
    [("FI", "00100"), ("FR", "75001"), ("GB", "SW1A 1AA"), ("GB", ""), ("IT", "00121"), ("CH", "9484"), ("NO", "0150")],
)
def test_the_country_itself_stays_what_it_is(country, postcode):
    assert located(Place(country, postcode=postcode)).country == country


def test_every_territory_of_the_table_is_tried():
    assert {code for _country, _postcode, code in PLACES} == {code for one in TERRITORIES.values() for code in one}


def test_a_territory_goes_by_its_own_zone_and_without_the_countrys_tax():
    variant = make_variant(make_supplier(zones=ZONES), price_minor=2500)
    quote = quote_basket(list(make_basket((variant, 2)).lines.all()), Place("FR", postcode="97400"), now=timezone.now())
    assert (quote.delivery_minor, quote.tax_minor, quote.place_name) == (1900, 0, "Réunion")
    assert "Tax may be due" in quote.parcels[0].parcel.import_text


def test_monaco_bears_the_tax_of_france():
    variant = make_variant(make_supplier(zones=ZONES), price_minor=2500)
    _terms, _sums, _total, _name, _parcels, rates = told(Place("MC", postcode="98000"), variant)
    assert rates == [2000]
    assert MarketCountry.objects.get(country="MC").market == MarketCountry.objects.get(country="FR").market


def test_the_checkout_shows_the_other_price_before_anything_is_ordered_and_keeps_what_was_typed(client, sandbox):
    add(client, make_variant(make_supplier(zones=ZONES), price_minor=2460))
    typed = TYPED | {"country": "FI", "city": "Mariehamn", "postcode": "00100"}
    page = client.post("/checkout/", typed | {"look": "1"}).content.decode()
    shown = {name: page.split(f'name="{name}" value="')[1].split('"')[0] for name in ("shown", "shown_sums", "days")}

    refused = client.post("/checkout/", typed | shown | {"postcode": "22100"})
    assert refused.status_code == 422
    assert "Delivery costs €19.00 now; it was €6.00." in refused.content.decode()
    assert Order.objects.count() == 0

    again = refused.content.decode()
    shown = {name: again.split(f'name="{name}" value="')[1].split('"')[0] for name in ("shown", "shown_sums", "days")}
    imports = again.split('name="imports" value="')[1].split('"')[0]
    assert client.post("/checkout/", typed | shown | {"postcode": "22100", "imports": imports}).status_code == 303
    order = Order.objects.get()
    # Where it goes stands on the parcel as it was typed.
    assert (order.country.code, order.place.country, order.tax_minor) == ("FI", "AX", 0)
    assert (order.prices_include_tax, order.items_minor, order.delivery_minor) == (False, 2000, 1900)


def test_what_is_not_sent_to_the_territory_is_said_at_the_postcode(client):
    zones = (ZoneTerms("Europe", ["FI"], [standard(600, None, 2, 4)]),)
    add(client, make_variant(make_supplier(zones=zones), name="Oak board"))
    answer = client.post("/checkout/", TYPED | {"country": "FI", "city": "Mariehamn", "postcode": "22100"})
    assert "Oak board cannot be sent to Åland Islands" in answer.content.decode()
    assert Order.objects.count() == 0


def test_a_supplier_is_asked_whether_it_sends_to_the_territory(settings):
    settings.REVIEW_COUNTRIES = ["GP"]
    variant = make_variant(make_supplier(zones=ZONES))
    fields = {name: getattr(ADDRESS, name) for name in ADDRESS.__dataclass_fields__}
    order = make_order((variant, 1), address=type(ADDRESS)(**fields | {"country": "FR", "postcode": "97110"}))
    assert order.holds.get().note == "goes to GP"
    line = order.lines.select_related("order", "delivery").get()
    offer = Offer.objects.select_related("supplier").get()
    assert way_by(offer, line, now=timezone.now()).service.zone.name == "Overseas"
    offer.ships_to = ["FR"]
    assert way_by(offer, line, now=timezone.now()) is None
