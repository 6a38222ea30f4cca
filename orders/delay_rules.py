"""What it means if a customer who was told of a delay says nothing: data of their market, and one function."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, time, timedelta

from django.utils import timezone

from orders.models import Delay, Order, OrderDelivery
from orders.states import DelayStatus
from shop.models import Market

# However late we tell it: nobody loses their goods overnight.
AT_LEAST = timedelta(days=2)


def market_of(country: str) -> Market | None:
    """Return the market of a country; None if it is in none. One query."""
    return Market.objects.filter(countries__country=country).first()


def answer_deadline(
    order: Order, deliveries: Sequence[OrderDelivery], *, delay: Delay, before: Delay | None, now: datetime
) -> datetime | None:
    """Return until when the customer must agree to wait, or lose the goods and have the money back; None: silence waits.

    ``before`` is the delay they were told of before this one, if it was theirs to choose. Without a market, and
    where the market says so, silence always waits, and the right to withdraw stays. One query.
    """
    market = market_of(order.country.code)
    if market is None or market.silence_waits_days is None:
        return None
    if before is not None and before.status == DelayStatus.WAITS and not before.is_definite:
        # Who has agreed to wait without a date has agreed to this one.
        return None
    promised = min(delivery.promised_latest_on for delivery in deliveries)
    longest = max((delivery.expected_latest_on - delivery.promised_latest_on).days for delivery in deliveries)
    if before is None:
        if delay.is_definite and longest <= market.silence_waits_days:
            return None
        day = promised + timedelta(days=market.consent_within_days)
    else:
        # Of a second delay: until the day is over that they have agreed to.
        day = min(delivery.known_latest_on for delivery in deliveries)
    until = timezone.make_aware(datetime.combine(day + timedelta(days=1), time.min))
    return max(until, now + AT_LEAST)
