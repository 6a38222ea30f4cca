"""The arrival of an order's parcels as a calendar file (iCalendar, RFC 5545): one all-day event per parcel.

A calendar that asks again finds each event by its UID, which stays, and takes in what has changed because its
SEQUENCE has risen: a moved day moves the entry and never makes a second one.
"""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from django.conf import settings
from django.utils.translation import gettext as _
from icalendar import Calendar, Event

from orders.models import Order
from orders.progress import ParcelCard, parcel_cards


def calendar_of(order: Order, *, now: datetime) -> bytes:
    """Return an order's parcels as a calendar file, in the language that is active. Some eight queries."""
    calendar = Calendar()
    calendar.add("prodid", f"-//{settings.SHOP_NAME}//Waybill//EN")
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    changes = {
        delivery.pk: len(delivery.estimates.all()) for delivery in order.deliveries.prefetch_related("estimates")
    }
    places: Counter[int] = Counter()
    for card in parcel_cards(order):
        # The first parcel of a place is the same entry before it is packed and after.
        places[card.delivery_id] += 1
        uid = f"{order.number}-{card.delivery_id}-{places[card.delivery_id]}@{urlsplit(settings.SITE_URL).hostname}"
        calendar.add_component(_event(order, card, uid, changes[card.delivery_id], now))
    return calendar.to_ical()


def _event(order: Order, card: ParcelCard, uid: str, changes: int, now: datetime) -> Event:
    first, last = card.window
    facts = {"shop": settings.SHOP_NAME, "parcel": card.heading, "number": order.number}
    words = _("Delivered: %(parcel)s from %(shop)s") if card.is_delivered else _("Arrives: %(parcel)s from %(shop)s")
    goods = [f"{item.quantity} × {item.name}" + (f", {item.options}" if item.options else "") for item in card.items]
    gated = {line.pk for line in order.lines.all() if line.gated_at}
    if gated & {item.line_id for item in card.items}:
        # Calendars are shared with families and colleagues: no medicine is named in one, and no link opens one.
        goods = []
    event = Event()
    event.add("uid", uid)
    event.add("dtstamp", now)
    # All its life it rises: by each estimate, as it is sent, and as it is there.
    event.add("sequence", 2 * changes + card.is_sent + card.is_delivered)
    event.add("dtstart", first)
    # The end of an all-day event is the first day after it.
    event.add("dtend", last + timedelta(days=1))
    event.add("summary", words % facts)
    event.add("description", "\n".join([*goods, _("Order %(number)s") % facts]))
    if not gated:
        event.add("url", settings.SITE_URL + order.get_absolute_url())
    # Nobody is busy because a parcel may come.
    event.add("transp", "TRANSPARENT")
    return event
