"""Addresses that an account keeps: its own only, one of them first, each as its country writes it."""

from __future__ import annotations

import pytest

from shop.actions.addresses import MOST, default_address, save_address
from shop.addresses import address_lines
from shop.models import SavedAddress
from tests.accounts import make_customer

pytestmark = pytest.mark.django_db
CORK = {"name": "Alex Byrne", "line1": "1 Mill Lane", "city": "Cork", "postcode": "T12 X0X0", "country": "IE"}
BERLIN = {"name": "Alex Byrne", "line1": "Hauptstr. 5", "city": "Berlin", "postcode": "10115", "country": "DE"}


@pytest.fixture
def user(client):
    made = make_customer()
    client.force_login(made)
    return made


def test_the_first_address_is_the_default_and_another_can_be(client, user):
    client.post("/account/addresses/add/", CORK)
    client.post("/account/addresses/add/", BERLIN)
    assert default_address(user).city == "Cork"
    berlin = SavedAddress.objects.get(city="Berlin")
    client.post(f"/account/addresses/{berlin.pk}/default/")
    assert default_address(user) == berlin
    client.post(f"/account/addresses/{berlin.pk}/", BERLIN | {"line1": "Hauptstr. 6"})
    assert default_address(user).line1 == "Hauptstr. 6"


def test_deleting_asks_once_by_name_and_hands_the_default_on(client, user):
    first, second = save_address(user, CORK), save_address(user, BERLIN)
    url = f"/account/addresses/{first.pk}/delete/"
    assert "Delete Alex Byrne, 1 Mill Lane?" in client.get(url).content.decode()
    assert SavedAddress.objects.count() == 2
    client.post(url)
    assert default_address(user) == second


@pytest.mark.parametrize("action", ["", "default/", "delete/"])
def test_somebody_elses_address_is_not_there(client, user, action):
    theirs = save_address(make_customer("other@example.com"), CORK)
    url = f"/account/addresses/{theirs.pk}/{action}"
    assert client.post(url, BERLIN).status_code == 404
    theirs.refresh_from_db()
    assert theirs.city == "Cork"
    assert "1 Mill Lane" not in client.get("/account/addresses/").content.decode()


@pytest.mark.parametrize(
    ("country", "words", "absent"),
    [
        ("US", ["ZIP code", "State", "California"], ["Eircode", "County"]),
        ("IE", ["Eircode", "County"], ["ZIP code"]),
        ("DE", ["Postcode"], ["State", "County", "ZIP code"]),
        ("HK", ["Area"], ["Postcode"]),
    ],
)
def test_the_form_asks_what_the_country_asks_for(client, user, country, words, absent):
    page = client.post("/account/addresses/add/", {"look": "1", "name": "Kept", "country": country}).content.decode()
    form = page[page.index('name="line1"') : page.index("Save the address")]
    assert 'value="Kept"' in page
    assert "There is a problem" not in page
    assert [word for word in words if f"{word}" not in form] == []
    assert [word for word in absent if f">{word}" in form] == []


def test_what_is_wrong_is_said_in_the_countrys_words_and_kept(client, user):
    answer = client.post("/account/addresses/add/", BERLIN | {"postcode": "12"})
    page = answer.content.decode()
    assert answer.status_code == 422
    assert page.count("there it looks like 26133") == 2
    assert 'value="Hauptstr. 5"' in page
    answer = client.post("/account/addresses/add/", {"name": "A", "line1": "1 Road", "city": "LA", "country": "US"})
    assert "Type the state or region" in answer.content.decode()
    assert SavedAddress.objects.count() == 0


@pytest.mark.parametrize("text", ["", " ", "a" * 5000, "<script>", "\x00", "٣", "XX", "-1"])
def test_no_nonsense_breaks_the_form(client, user, text):
    for name in ("name", "line1", "city", "region", "postcode", "country", "phone"):
        assert client.post("/account/addresses/add/", CORK | {name: text}).status_code in {302, 422}, name
        assert client.post("/account/addresses/add/", CORK | {name: text, "look": "1"}).status_code == 200, name


def test_an_account_keeps_so_many_and_no_more(client, user):
    for _number in range(MOST):
        save_address(user, CORK)
    answer = client.post("/account/addresses/add/", BERLIN)
    assert "Delete one first" in answer.content.decode()
    assert SavedAddress.objects.count() == MOST


@pytest.mark.parametrize(
    ("parts", "lines"),
    [
        (BERLIN, ["Alex Byrne", "Hauptstr. 5", "10115 Berlin", "Germany"]),
        (
            {
                "name": "Al",
                "line1": "1 Main St",
                "city": "Austin",
                "region": "TX",
                "postcode": "73301",
                "country": "US",
            },
            ["Al", "1 Main St", "Austin, TX 73301", "United States of America"],
        ),
        (
            {"name": "Mo", "line1": "2 High St", "city": "Leeds", "postcode": "LS1 4DY", "country": "GB"},
            ["Mo", "2 High St", "Leeds", "LS1 4DY", "United Kingdom"],
        ),
        (CORK | {"line2": "Flat 2"}, ["Alex Byrne", "1 Mill Lane", "Flat 2", "Cork", "T12 X0X0", "Ireland"]),
    ],
)
def test_an_address_is_written_as_its_country_does(parts, lines):
    assert address_lines(SavedAddress(**parts)) == lines
