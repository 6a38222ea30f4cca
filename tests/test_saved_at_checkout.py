"""The checkout begins with an address that the account keeps, and nobody's but its own."""

from __future__ import annotations

import pytest

from shop.actions.addresses import save_address
from tests.factories import make_person, make_supplier, make_variant

pytestmark = pytest.mark.django_db
CORK = {"name": "Alex Byrne", "line1": "1 Quay", "city": "Cork", "postcode": "T12 A1B2", "country": "IE"}


@pytest.fixture
def checkout(client):
    """Return what the checkout shows to somebody with a thing in the basket."""
    variant = make_variant(make_supplier())

    def look(user) -> str:
        client.force_login(user)
        client.post("/basket/add/", {"variant": variant.sku, "quantity": "1"})
        return client.get("/checkout/").content.decode()

    return look


def test_the_address_that_is_used_first_is_typed_already(checkout):
    user = make_person(email="alex@example.com")
    save_address(user, CORK)
    save_address(user, CORK | {"line1": "2 Mall"}, is_default=True)
    page = checkout(user)
    assert 'value="2 Mall"' in page
    assert 'value="T12 A1B2"' in page
    assert 'value="alex@example.com"' in page


def test_the_country_of_that_address_is_the_one_whose_prices_show(checkout):
    user = make_person(email="alex@example.com")
    save_address(user, CORK | {"line1": "Hauptstr. 6", "country": "DE"})
    assert 'value="Hauptstr. 6"' in checkout(user)


def test_an_address_in_another_country_is_not_taken_for_one_in_this(client, checkout):
    user = make_person(email="alex@example.com")
    save_address(user, CORK | {"line1": "Hauptstr. 6", "country": "DE"})
    client.post("/country/", {"country": "IE"})
    assert "Hauptstr. 6" not in checkout(user)


def test_nobody_sees_what_another_keeps(checkout):
    save_address(make_person(email="other@example.com"), CORK)
    assert "1 Quay" not in checkout(make_person(email="alex@example.com"))
