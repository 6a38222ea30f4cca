"""What is said of returns before buying: the days of the visitor's market, once, and nothing that is not so."""

from __future__ import annotations

import pytest

from shop.models import DeliveryProfile, MarketCountry
from shop.returns import policy_of, return_times
from tests.factories import make_supplier, make_variant
from tests.sending_back import words_of

pytestmark = pytest.mark.django_db


def put(country: str = "IE", **terms: object) -> None:
    market = MarketCountry.objects.get(country=country).market
    for name, value in terms.items():
        setattr(market, name, value)
    market.save()


@pytest.mark.parametrize(
    ("days", "withdrawal", "words"),
    [
        (30, 14, "30 days to return; 14 days to withdraw"),
        (30, 0, "30 days to return"),
        (0, 14, "14 days to withdraw from the contract"),
        (0, 0, ""),
    ],
)
def test_basket_and_checkout_say_the_days_of_the_market_once(client, days, withdrawal, words):
    put(return_days=days, withdrawal_days=withdrawal)
    client.post("/basket/add/", {"variant": make_variant(make_supplier()).sku})
    for path in ("/basket/", "/checkout/"):
        said = words_of(client.get(path))
        assert return_times("IE") == words
        assert said.count("to withdraw") == (1 if withdrawal else 0)
        assert said.count("days to return") == (1 if days else 0)
        assert words in said


def test_the_page_about_returns_follows_market_and_profile(client):
    make_supplier()
    DeliveryProfile.objects.update(returns_paid_by_shop=True)
    put(return_days=45, withdrawal_days=14, refunds_at_handover=True)
    said = words_of(client.get("/pages/returns/"))
    for words in (
        "Delivered to Ireland, you have 45 days to send things back",
        "as soon as the carrier has scanned your parcel",
        "until 14 days after your last parcel has arrived",
        "Go back to Ireland. We pay the postage.",
        "Tell us within two years of delivery.",
    ):
        assert words in said
    put(return_days=0, withdrawal_days=0, refunds_at_handover=False, fault_days=0)
    said = words_of(client.get("/pages/returns/"))
    assert "things can go back if they are damaged, wrong or faulty" in said
    assert "Withdraw from the contract" not in said
    assert "within two years" not in said


def test_a_country_in_no_market_has_the_shops_own_days_and_no_right_to_withdraw():
    assert (policy_of("ZZ").return_days, policy_of("ZZ").withdrawal_days) == (30, 0)
    assert return_times("ZZ") == "30 days to return"
