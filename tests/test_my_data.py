"""Whose data nobody erases by a guest's link: an account's, and those of who works here."""

from __future__ import annotations

import pytest

from shop.erasure import erase_person
from shop.people import person_at
from shop.personal_data import StaysStaff
from shop.views.my_data import signed_address
from tests.accounts import make_customer

EMAIL = "canary-person@example.com"
pytestmark = pytest.mark.django_db


def test_somebody_who_works_here_is_not_erased():
    make_customer("ada@example.com", is_staff=True)
    with pytest.raises(StaysStaff):
        erase_person(person_at("ada@example.com"), by=None)


def test_an_accounts_address_leads_to_its_own_pages(client, relay):
    user = make_customer(EMAIL)
    path = f"/my-data/{signed_address(EMAIL)}/"
    assert "This address belongs to an account." in client.get(path).content.decode()
    client.post(f"{path}erase/")
    user.refresh_from_db()
    assert user.is_active
