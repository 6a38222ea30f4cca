"""Zones and services as staff edit them."""

from __future__ import annotations

import pytest

from shop.actions.delivery import ZoneTerms
from shop.models import DeliveryProfile
from tests.factories import express, make_person, make_supplier, standard

ZONES = (
    ZoneTerms("Ireland", ["IE"], [standard(390, 5000, 1, 2)]),
    ZoneTerms("Europe", ["DE", "FR"], [standard(800, None, 3, 5), express(1400)]),
)
SERVICE = {
    "code": "standard",
    "name": "Standard",
    "price_minor": "5.00",
    "transit_min_days": "1",
    "transit_max_days": "2",
}


@pytest.fixture
def profile(db) -> DeliveryProfile:
    return make_supplier(zones=ZONES).delivery_profile


@pytest.fixture
def staff(client, db):
    client.force_login(make_person(role="Store staff"))
    return client


def page_of(profile: DeliveryProfile) -> str:
    return f"/admin/shop/deliveryprofile/{profile.pk}/change/"


def as_typed(staff, profile: DeliveryProfile) -> dict[str, str]:
    """Return what a browser would send if nothing were changed on the page."""
    page = staff.get(page_of(profile)).context
    boxes = [page["adminform"].form]
    for inline in page["inline_admin_formsets"]:
        formset = inline.formset
        boxes += [formset.management_form, *formset.forms]
        for form in formset.forms:
            boxes += [form.services.management_form, *form.services.forms]
    typed = {}
    for form in boxes:
        for field in form:
            value = field.value()
            if value is True:
                typed[field.html_name] = "on"
            elif value is not None and value is not False:
                typed[field.html_name] = str(value)
    return typed


def put(typed: dict[str, str], zone: int, fields: dict[str, str], *services: dict[str, str]) -> dict[str, str]:
    """Type a zone and its services into the form of this number."""
    named = {f"zones-{zone}-{name}": value for name, value in fields.items()}
    for number, service in enumerate(services):
        named |= {f"zones-{zone}-services-{number}-{name}": value for name, value in service.items()}
    return typed | named


def countries(profile: DeliveryProfile) -> dict[str, list[str]]:
    return {zone.name: [row.country.code for row in zone.countries.all()] for zone in profile.zones.all()}


def test_saving_without_a_change_changes_nothing(staff, profile):
    before = countries(profile), list(profile.zones.values_list("services__code", "services__price_minor"))
    answer = staff.post(page_of(profile), as_typed(staff, profile))
    assert answer.status_code == 302
    assert (countries(profile), list(profile.zones.values_list("services__code", "services__price_minor"))) == before


def test_a_zone_with_its_services_is_added_in_one_go(staff, profile):
    second = SERVICE | {"code": "express", "name": "Express", "supplier_code": "DHL-1", "free_from_minor": "90.00"}
    typed = put(as_typed(staff, profile), 2, {"name": "Islands", "countries": "is, fo; GL"}, SERVICE)
    typed |= {"zones-2-services-TOTAL_FORMS": "2"}
    typed = put(typed, 2, {}, SERVICE, second)
    assert staff.post(page_of(profile), typed).status_code == 302
    zone = profile.zones.get(name="Islands")
    assert countries(profile)["Islands"] == ["FO", "GL", "IS"]
    assert list(zone.services.values_list("code", "supplier_code", "free_from_minor")) == [
        ("standard", "", None), ("express", "DHL-1", 9000),
    ]  # fmt: skip


def test_eu_stands_for_its_states_and_everywhere_else_for_the_rest(staff, profile):
    typed = put(as_typed(staff, profile), 1, {"countries": "EU gb"})
    typed = put(typed, 0, {"countries": "US"})
    typed = put(typed, 2, {"name": "Rest", "countries": "", "is_elsewhere": "on"}, SERVICE)
    assert staff.post(page_of(profile), typed).status_code == 302
    assert len(countries(profile)["Europe"]) == 28
    assert profile.zones.get(is_elsewhere=True).name == "Rest"


def test_a_country_goes_from_one_zone_to_another_in_one_save(staff, profile):
    typed = put(put(as_typed(staff, profile), 0, {"countries": "IE FR"}), 1, {"countries": "DE"})
    assert staff.post(page_of(profile), typed).status_code == 302
    assert countries(profile) == {"Ireland": ["FR", "IE"], "Europe": ["DE"]}
    back = put(put(as_typed(staff, profile), 0, {"countries": "DE"}), 1, {"countries": "FR, IE"})
    assert staff.post(page_of(profile), back).status_code == 302
    assert countries(profile) == {"Ireland": ["DE"], "Europe": ["FR", "IE"]}


@pytest.mark.parametrize(
    ("zone", "fields", "services", "text"),
    [
        (0, {"countries": "IE, DE"}, (), "Germany is in the zone “Ireland” already."),
        (0, {"countries": "UK"}, (), "UK is no country code; United Kingdom is GB."),
        (0, {"countries": "Germany"}, (), "GERMANY is no country code; codes have two letters, as in IE or DE."),
        (0, {"countries": ""}, (), "Name the countries of this zone, or tick “everywhere else”: one of both."),
        (0, {"is_elsewhere": "on"}, (), "Name the countries of this zone, or tick “everywhere else”: one of both."),
        (2, {"name": "Asia", "countries": "JP"}, (), "Give this zone at least one service"),
        (2, {"name": "Europe", "countries": "JP"}, (SERVICE,), "Please correct the duplicate data"),
        (2, {"countries": "JP"}, (SERVICE,), "This field is required."),
        (2, {}, (SERVICE,), "This field is required."),
        (0, {}, ({"transit_min_days": "3"},), "At most must not be less than at least."),
        (0, {}, ({"supplier_code": "a b"},), "Letters, digits, “.”, “-” and “_”."),
        (0, {}, ({"price_minor": "-1"},), "from 0 to"),
        (1, {}, ({"code": "express"},), "Please correct the duplicate data for code"),
        (1, {}, ({"DELETE": "on"}, {"DELETE": "on"}), "Give this zone at least one service"),
    ],
)
def test_what_makes_no_sense_is_said_and_nothing_is_saved(staff, profile, zone, fields, services, text):
    before = countries(profile)
    answer = staff.post(page_of(profile), put(as_typed(staff, profile), zone, fields, *services))
    assert answer.status_code == 200
    assert text in answer.content.decode()
    assert countries(profile) == before
    assert profile.zones.get(name="Europe").services.count() == 2


def test_a_zone_is_deleted_with_its_services(staff, profile):
    typed = put(as_typed(staff, profile), 1, {"DELETE": "on"})
    assert staff.post(page_of(profile), typed).status_code == 302
    assert countries(profile) == {"Ireland": ["IE"]}


def test_who_may_only_look_at_profiles_changes_no_zone(client, profile):
    client.force_login(make_person(role="Support agents", is_staff=True))
    assert client.post(page_of(profile), {}).status_code == 403


def test_pages_about_delivery_list_every_zone_and_service(client, profile):
    page = client.get("/pages/delivery/").content.decode()
    for text in ("Ireland", "Europe", "Germany", "Express", "€14.00", "€50.00"):
        assert text in page, text
