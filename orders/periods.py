"""The time a customer has to withdraw from the contract: counted from the delivery of the last parcel."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from django.utils import timezone

from orders.models import Order, Shipment
from orders.parts import may_have
from shop.calendars import Calendar
from shop.returns import policy_of


def delivered_last_on(order: Order) -> date | None:
    """Return the day on which the last parcel of an order arrived; None while something is still to come. One query.

    Directive 2011/83/EU, article 9(2)(b): goods ordered together and delivered separately count from the last one.
    What was sent in the place of something begins no time of its own.
    """
    bought = [line for line in order.lines.all() if line.replaces_id is None]
    if any(line.quantity - line.cancelled > max(line.delivered, line.returned) for line in bought):
        return None
    if not may_have(order, "shipments"):
        return None
    parcels = order.shipments.filter(kind=Shipment.Kind.OUTBOUND).exclude(delivered_at=None)
    times = parcels.filter(lines__line__in=bought).values_list("delivered_at", flat=True)
    last = max(times, default=None)
    return timezone.localdate(last) if last else None


def withdrawal_ends(delivered_on: date, days: int, country: str, region: str = "") -> date:
    """Return the last day to withdraw from the contract, where the customer lives.

    Regulation (EEC, Euratom) No 1182/71, article 3(4), which Directive 2011/83/EU, recital 41, applies: a period whose
    last day is a public holiday, a Sunday or a Saturday ends with the last hour of the following working day.
    ``region`` is that of the address. Where it does not tell which holidays count, as in Germany, whose addresses have
    none, a holiday of any part of the country does: a period that is a day too long takes nothing from anybody.
    """
    return Calendar(country, region=region).first_open(delivered_on + timedelta(days=days))


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """Whether somebody may withdraw from the contract. ``until`` None: the time has not begun to run out."""

    days: int
    until: date | None = None

    @property
    def is_open(self) -> bool:
        """True while the law lets them; never in a market that knows no such right."""
        return self.days > 0 and (self.until is None or timezone.localdate() <= self.until)


def withdrawal_of(order: Order) -> Withdrawal:
    """Return how it stands with the right to withdraw from an order; a query at most."""
    days = policy_of(order.country.code).withdrawal_days
    if not days or not order.is_paid:
        return Withdrawal(0)
    last = delivered_last_on(order)
    return Withdrawal(days, withdrawal_ends(last, days, order.country.code, order.region) if last else None)
