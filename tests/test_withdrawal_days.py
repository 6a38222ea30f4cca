"""The time to withdraw never ends on a day on which nobody works: Regulation 1182/71, article 3(4)."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from orders.models import Order
from orders.periods import withdrawal_ends, withdrawal_of
from shop.calendars import Calendar
from support.models import Basis
from support.returning.offer import line_offers
from tests.factories import make_supplier, make_variant
from tests.sending_back import make_sent_order

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("delivered", "country", "last"),
    [
        (date(2026, 11, 2), "IE", date(2026, 11, 16)),
        # A Saturday, a Sunday.
        (date(2026, 10, 31), "IE", date(2026, 11, 16)),
        (date(2026, 11, 1), "IE", date(2026, 11, 16)),
        # Christmas Day is a Friday, and a weekend follows it.
        (date(2026, 12, 11), "DE", date(2026, 12, 28)),
        # The national holiday of one country, not of the other.
        (date(2027, 6, 30), "FR", date(2027, 7, 15)),
        (date(2027, 6, 30), "IE", date(2027, 7, 14)),
    ],
)
def test_the_last_day_is_a_working_day_where_the_customer_lives(delivered, country, last):
    assert withdrawal_ends(delivered, 14, country) == last


@pytest.mark.parametrize(
    ("last_day", "country", "region", "ends"),
    [
        # Corpus Christi, a Thursday, in some of Germany's states; its addresses name no state.
        (date(2027, 5, 27), "DE", "", date(2027, 5, 28)),
        # The Assumption: in Bavaria only where most people are Catholics. In 2028 it is a Tuesday.
        (date(2028, 8, 15), "DE", "", date(2028, 8, 16)),
        # Augsburg's own holiday; then the Reformation, a Tuesday, and All Saints' Day in other states.
        (date(2028, 8, 8), "DE", "", date(2028, 8, 9)),
        (date(2028, 10, 31), "DE", "", date(2028, 11, 2)),
        # What somebody typed tells nothing: any part of the country.
        (date(2027, 5, 27), "DE", "Bayern", date(2027, 5, 28)),
        # Good Friday in Alsace, and then Easter; a holiday of the Azores.
        (date(2027, 3, 26), "FR", "", date(2027, 3, 30)),
        (date(2027, 5, 17), "PT", "", date(2027, 5, 18)),
        # Addresses of Italy name the province: Milan's saint is none of Bologna's, and Pavia's comes two days later.
        (date(2027, 12, 7), "IT", "MI", date(2027, 12, 9)),
        (date(2027, 12, 7), "IT", "BO", date(2027, 12, 7)),
        (date(2027, 12, 7), "IT", "", date(2027, 12, 10)),
        # Those of Spain name provinces, and its holidays are of regions: Madrid's second of May counts everywhere.
        (date(2028, 5, 2), "ES", "SE", date(2028, 5, 3)),
        (date(2028, 5, 2), "ES", "CE", date(2028, 5, 3)),
        # The same everywhere, and a country whose holidays nobody has listed.
        (date(2027, 5, 27), "IE", "Co. Cork", date(2027, 5, 27)),
        (date(2027, 5, 27), "XX", "", date(2027, 5, 27)),
    ],
)
def test_a_holiday_of_a_part_of_the_country_counts_where_the_address_lies_there_or_may(last_day, country, region, ends):
    assert withdrawal_ends(last_day - timedelta(days=14), 14, country, region) == ends


def test_working_days_of_suppliers_and_desk_know_the_whole_countrys_holidays_only():
    corpus_christi = date(2027, 5, 27)
    assert Calendar("DE").is_open(corpus_christi)
    assert not Calendar("DE", region="").is_open(corpus_christi)


def test_the_region_of_the_order_is_looked_at():
    came = datetime(2027, 11, 23, 12, tzinfo=UTC)
    variant = make_variant(make_supplier())
    ends = {}
    for region in ("MI", "BO"):
        order = make_sent_order((variant, 1), at=came)
        Order.objects.filter(pk=order.pk).update(country="IT", region=region)
        order = Order.objects.get(pk=order.pk)
        (offer,) = line_offers(order, now=came)
        ends[region] = (offer.withdraw_until, withdrawal_of(order).until)
    assert ends == {"MI": (date(2027, 12, 9),) * 2, "BO": (date(2027, 12, 7),) * 2}


def test_what_would_end_on_a_sunday_is_accepted_on_monday_and_not_on_tuesday():
    came = datetime(2026, 11, 1, 12, tzinfo=UTC)
    order = make_sent_order((make_variant(make_supplier()), 1), at=came)
    monday = came + timedelta(days=15)
    (offer,) = line_offers(order, now=monday)
    assert offer.basis_for("", today=monday.date()) == Basis.WITHDRAWAL
    assert offer.basis_for("", today=monday.date() + timedelta(days=1)) is None
    # Forms, pages and mails say the same day.
    assert offer.withdraw_until == withdrawal_of(order).until == monday.date()
