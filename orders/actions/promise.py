"""The promise of a delivery, as it is frozen at sale."""

from __future__ import annotations

from datetime import datetime, timedelta

from orders import events
from orders.models import Order, OrderDelivery
from shop.arrival import Window, arrival_window
from shop.delivery import services_for

# Whoever pays within this has the days that the checkout showed.
FRESH = timedelta(hours=1)


def promise_columns(window: Window) -> dict[str, object]:
    """Return the columns of a delivery that a window fills at sale; until somebody says more it is what is expected."""
    return {
        "promised_earliest_on": window.earliest_on,
        "promised_latest_on": window.latest_on,
        "expected_earliest_on": window.earliest_on,
        "expected_latest_on": window.latest_on,
        "ship_by_on": window.ship_by_on,
        "planned_latest_on": window.planned_latest_on,
        "travel_days": (window.planned_latest_on - window.ship_by_on).days,
    }


def renew_promise(order: Order, *, now: datetime) -> None:
    """Promise later days where an order is paid so late that the first ones cannot be kept; inside a transaction.

    Nothing was promised before the payment; a transfer takes days, and so may a decision. No statement for an
    order that is paid at once, which nearly all are.
    """
    if now - order.placed_at < FRESH:
        return
    for delivery in order.deliveries.prefetch_related("lines__variant"):
        window = _window_now(order, delivery, now)
        if window is not None and window.latest_on > delivery.promised_latest_on:
            OrderDelivery.objects.filter(pk=delivery.pk).update(**promise_columns(window))
            before, after = str(delivery.promised_latest_on), str(window.latest_on)
            events.record("promise.renewed", delivery, by=None, before=before, now=after)


def _window_now(order: Order, delivery: OrderDelivery, now: datetime) -> Window | None:
    """Return when the goods would come if they were ordered now, by the service sold; None if that is gone."""
    country = order.country.code
    services = services_for([delivery.profile_id], country, order.part_of_country).get(delivery.profile_id, [])
    service = next((one for one in services if one.code == delivery.service), None)
    variants = [line.variant for line in delivery.lines.all()]
    if service is None or not variants:
        return None
    return arrival_window(
        service.zone.profile,
        service,
        country,
        handling_min_days=max(variant.handling_min_days for variant in variants),
        handling_max_days=max(variant.handling_max_days for variant in variants),
        now=now,
    )
