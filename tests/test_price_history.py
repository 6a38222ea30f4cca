"""A reduced price is compared with the lowest price of the 30 days before it, or with nothing."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from shop.actions.prices import ANNOUNCED, set_price
from shop.models import PriceChange, Variant
from suppliers.actions.catalog import write_best_offers
from suppliers.models import Offer
from tests.factories import make_supplier
from tests.products import make_kettle, structured, words_of

pytestmark = pytest.mark.django_db
NOW = timezone.now()


@pytest.fixture
def kettle() -> Variant:
    """A kettle without a history."""
    (made,) = make_kettle(make_supplier())
    PriceChange.objects.all().delete()
    Variant.objects.update(priced_at=None)
    return made


def history(variant: Variant, *steps: tuple[int, int]) -> Variant:
    """Let a variant cost (minor units) since so many days ago, one price after the other."""
    for price, days_ago in steps:
        set_price(variant, price, at=NOW - timedelta(days=days_ago))
    variant.refresh_from_db()
    return variant


@pytest.mark.parametrize(
    ("steps", "prior"),
    [
        ([(2000, 60), (1500, 1)], 2000),
        # Put up a week ago, to be put down today: the lowest one counts, and there is nothing to strike.
        ([(2000, 60), (3000, 7), (2000, 0)], None),
        ([(2000, 60), (3000, 7), (2500, 0)], None),
        ([(2000, 60), (3000, 7), (1800, 0)], 2000),
        # Lower still, ten days later: counted from the lower one.
        ([(2000, 60), (1500, 10), (1400, 0)], 1500),
        # A low price that ended more than 30 days ago is forgotten; one that ended 29 days ago is not.
        ([(1000, 90), (2000, 31), (1500, 0)], 2000),
        ([(1000, 90), (2000, 29), (1500, 0)], None),
        # Not on sale for 30 days: nothing to compare with.
        ([(2000, 29), (1500, 0)], None),
        ([(2000, 30), (1500, 0)], 2000),
        ([(2000, 60), (2500, 1)], None),
    ],
)
def test_the_prior_price_is_the_lowest_of_the_thirty_days_before_the_reduction(kettle, steps, prior):
    assert history(kettle, *steps).prior_price_minor == prior


def test_the_same_price_again_is_no_change(kettle):
    assert set_price(kettle, 2000)
    assert not set_price(kettle, 2000)
    assert kettle.price_changes.count() == 1


def test_every_price_a_supplier_tells_is_in_the_history(kettle):
    for price in (2450, 2450, 1990):
        Offer.objects.update(recommended_minor=price)
        write_best_offers([kettle.pk])

    assert list(kettle.price_changes.values_list("price_minor", flat=True)) == [1990, 2450]
    kettle.refresh_from_db()
    assert kettle.price_minor == 1990


def test_the_page_the_card_and_the_data_say_the_same_of_a_reduction(client, kettle):
    history(kettle, (2450, 60), (1990, 2))
    kettle.product.price_from_minor = kettle.product.price_to_minor = 1990
    kettle.product.save()

    page = client.get(kettle.product.get_absolute_url()).content.decode()

    said = words_of(page)
    assert "Now €19.90 Before €24.50" in said
    assert "€24.50 was the lowest price of the 30 days before" in said
    offer = structured(page)["Product"]["offers"]
    assert (offer["price"], offer["priceSpecification"]["price"]) == ("19.90", "24.50")
    card = words_of(client.get("/c/kitchen/").content.decode())
    assert "Now €19.90 Before €24.50" in card


def test_a_reduction_is_announced_for_thirty_days_and_then_it_is_the_price(client, kettle):
    history(kettle, (2450, 90), (1990, ANNOUNCED.days))

    page = client.get(kettle.product.get_absolute_url()).content.decode()

    assert "Before" not in words_of(page)
    assert "priceSpecification" not in structured(page)["Product"]["offers"]


def test_the_database_refuses_a_prior_price_that_is_not_higher(kettle):
    with pytest.raises(IntegrityError), transaction.atomic():
        Variant.objects.filter(pk=kettle.pk).update(prior_price_minor=kettle.price_minor, priced_at=NOW)


def test_where_prices_carry_no_tax_the_prior_one_carries_none_either(client, kettle):
    history(kettle, (2450, 60), (1990, 2))
    client.post("/country/", {"country": "US"})

    said = words_of(client.get(kettle.product.get_absolute_url()).content.decode())

    # With 23 % taken out of both.
    assert "Now €16.18 Before €19.92" in said
