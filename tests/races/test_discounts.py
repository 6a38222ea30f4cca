"""Races for a code: fifty buyers want its last uses, one customer wants it twenty times."""

from __future__ import annotations

import pytest
from django.utils import timezone

from orders.actions.checkout import place_order
from orders.actions.discount import CodeRefused
from orders.models import DiscountCode, DiscountTally, DiscountUse
from shop.models import Basket, BasketLine
from tests.factories import ADDRESS, make_code, make_supplier, make_variant
from tests.races.crowd import ROUNDS, break_down, hold, read_then_write

pytestmark = [pytest.mark.race, pytest.mark.django_db(transaction=True), pytest.mark.timeout(max(300, 10 * ROUNDS))]
BUYERS, USES = 50, 10
# One mailbox, as people write it.
SPELLINGS = ["alex@example.com", "Alex@Example.com", " ALEX@EXAMPLE.COM ", "alex+shop@example.com", "aLEX@example.COM"]
# Fifty threads on two cores prove in a few rounds what they prove in many.
FEW = min(ROUNDS, 3)


def buyers_use_a_code(crowd, variant, buyers: int, *, mine: bool, uses: int = USES, **limits: int) -> None:
    code = make_code(f"RACE{DiscountCode.objects.count()}", **limits)
    baskets = Basket.objects.bulk_create(Basket() for _number in range(buyers))
    BasketLine.objects.bulk_create(
        BasketLine(basket=basket, variant=variant, quantity=1, price_seen_minor=variant.price_minor)
        for basket in baskets
    )

    def buy(number: int) -> bool:
        parts = {name: getattr(ADDRESS, name) for name in ADDRESS.__dataclass_fields__}
        email = SPELLINGS[number % len(SPELLINGS)] if mine else f"buyer{number}@example.com"
        address = type(ADDRESS)(**parts | {"email": email})
        try:
            place_order(baskets[number], address, user=None, now=timezone.now(), code=code.code)
        except CodeRefused:
            return False
        return True

    bought = sum(crowd.at_once(*[lambda number=number: buy(number) for number in range(buyers)]))
    alive = DiscountUse.objects.filter(code=code, released_at=None).count()
    code.refresh_from_db()
    assert alive <= uses, f"a code was used more often than it may be: {alive}"
    assert (bought, code.used, alive) == (uses, uses, uses)
    assert sum(DiscountTally.objects.filter(code=code).values_list("used", flat=True)) == uses


def test_fifty_buyers_of_a_code_with_ten_uses_left_use_it_ten_times(crowd):
    variant = make_variant(make_supplier(), stock=None)
    hold(lambda: buyers_use_a_code(crowd, variant, BUYERS, mine=False, limit_total=USES), FEW)


@pytest.mark.parametrize("most", [1, 5])
def test_one_customer_in_fifty_windows_and_five_spellings_uses_a_code_as_often_as_one_may(crowd, most):
    variant = make_variant(make_supplier(), stock=None)
    hold(lambda: buyers_use_a_code(crowd, variant, BUYERS, mine=True, uses=most, limit_per_customer=most), FEW)


def test_twin_without_the_conditional_update_a_code_is_used_too_often(crowd, monkeypatch):
    variant = make_variant(make_supplier(), stock=None)
    # The lock on the row would hold everybody in line as well.
    monkeypatch.setattr("orders.actions.checkout.lock_codes", lambda order, *codes: None)
    read_then_write(monkeypatch, DiscountCode, before=crowd.gap, only=lambda changes: "used" in changes)
    break_down(
        lambda: buyers_use_a_code(crowd, variant, 8, mine=False, uses=5, limit_total=5),
        "used more often than it may be",
        single_writer_holds=True,
    )
