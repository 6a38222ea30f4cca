"""Any basket sent by a dearer service: a withdrawal brings back what the least expensive one would have cost.

MONEY_BASKETS says how many baskets are sent back; MONEY_SEED draws others.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from random import Random

from orders.actions.quote import Quote, reckon
from orders.actions.refund_quote import standard_paid_minor
from orders.models import OrderDelivery
from shop.money import payable_step, split_by_weight
from tests.properties.test_quotes import BASKETS, NOW, SEED, Calculator, draw_code, draw_market, draw_parcels, order_of


def delivery_paid(quote: Quote) -> int:
    _order, lines = order_of(quote)
    return sum(line.delivery_paid_minor for line in lines)


def test_a_withdrawal_brings_back_the_standard_delivery_with_its_tax_and_no_more():
    chance, seen = Random(SEED), Counter()
    for _basket in range(BASKETS):
        terms, place = draw_market(chance)
        step = payable_step(terms.currency)
        code, scope = draw_code(chance), set(chance.sample(range(1, 7), chance.randint(1, 6)))
        (parcel, *_others) = draw_parcels(chance, terms)
        usual = replace(parcel, price_minor=chance.choice([0, chance.randint(1, 900)]) * step)
        dear = replace(parcel, price_minor=usual.price_minor + chance.randint(1, 3_000) * step)
        by_usual, by_dear = (
            reckon([one], terms, place, Calculator(), code=code, scope=scope, now=NOW) for one in (usual, dear)
        )
        if code is not None and 0 in {by_usual.total_minor, by_dear.total_minor}:
            # A rest too small to be paid is given away, delivery and all.
            continue
        _order, lines = order_of(by_dear)
        delivery = OrderDelivery(price_minor=dear.price_minor, standard_minor=usual.price_minor)

        back, paid = standard_paid_minor(delivery, lines), delivery_paid(by_dear)

        assert 0 <= back <= paid
        assert back % step == 0
        # Two services share their price out over the lines, each line rounded once.
        assert abs(back - delivery_paid(by_usual)) <= step * (len(lines) + 1)
        is_off = code is not None and code.kind == "free_delivery"
        if terms.includes_tax and not is_off:
            assert back == usual.price_minor
        shares = split_by_weight(back, [line.delivery_paid_minor for line in lines], step=step)
        assert sum(shares) == back
        assert all(0 <= share <= line.delivery_paid_minor + step for share, line in zip(shares, lines, strict=True))
        seen[terms.currency, terms.includes_tax, is_off] += 1
        seen["on top"] += back > usual.price_minor
    assert BASKETS < 1000 or (len(seen) == 5 * 2 * 2 + 1 and min(seen.values()) > 0)
