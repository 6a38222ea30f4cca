"""Find an order by what a customer remembers of it, and a parcel by its bare number."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils.functional import Promise

from orders import events
from orders.models import Order, ParcelNumber, Shipment
from orders.parcel_steps import Entry, Step, entries_of, steps_of
from orders.states import ParcelStatus
from orders.words import PARCEL_WORDS, Word

# Nobody fills somebody's mailbox by asking for the same link over and over.
LINKS_PER_ORDER, PER = 3, timedelta(hours=1)
# Shorter ones could be guessed.
SHORTEST_NUMBER = 8


def find_order(number: str, email: str) -> Order | None:
    """Return the order that both name: small letters, blanks, dashes, a missing prefix and words around it do not matter."""
    digits = "".join(re.findall(r"[0-9]+", number))
    prefixes = {settings.ORDER_PREFIX, *(word.upper() for word in re.findall(r"[A-Za-z]+", number))}
    if not digits:
        return None
    numbers = [f"{prefix}-{digits}" for prefix in prefixes]
    found = Order.objects.alias(lower_email=Lower("email")).filter(number__in=numbers)
    return found.filter(lower_email=email.strip().lower()).first()


def ask_for_link(number: str, email: str, *, now: datetime) -> None:
    """Send the link of the order that both name to its own address; nothing happens if there is none."""
    order = find_order(number, email)
    if order is None:
        return
    asked = order.events.filter(kind="order.link_requested", at__gte=now - PER)
    if asked.count() < LINKS_PER_ORDER:
        with transaction.atomic():
            events.record("order.link_requested", order, by=None)


@dataclass(frozen=True, slots=True)
class BareParcel:
    """What anybody with a tracking number may see: where the parcel is. Not what is in it, nor whose it is."""

    number: str
    carrier: str
    word: str | Promise
    shape: str
    steps: list[Step]
    entries: list[Entry]
    updated_at: datetime


def tidy_number(typed: str) -> str:
    """Return a tracking number as carriers print it."""
    return re.sub(r"[^0-9A-Za-z]", "", typed)[:64].upper()


def bare_parcel(typed: str) -> BareParcel | None:
    """Return the newest parcel with a tracking number, also one that it had before; None if there is none."""
    number = tidy_number(typed)
    if len(number) < SHORTEST_NUMBER:
        return None
    # As it was typed, too: some carriers print dashes that are part of it.
    spellings = {number, typed.strip()[:64], typed.strip()[:64].upper()}
    once_had = ParcelNumber.objects.filter(tracking_number__in=spellings).values_list("shipment", flat=True)[:20]
    named = Q(tracking_number__in=spellings) | Q(pk__in=list(once_had))
    found = Shipment.objects.filter(named).exclude(status=ParcelStatus.CANCELLED).select_related("order")
    # Carriers give out a number again after a year: then it is the later one.
    shipment = found.prefetch_related("tracking_events").order_by("-created_at", "-pk").first()
    if shipment is None:
        return None
    word: Word = PARCEL_WORDS[shipment.status]
    return BareParcel(
        number=shipment.tracking_number or number,
        carrier=shipment.carrier_name,
        word=word.text,
        shape=word.shape,
        steps=steps_of(shipment.order, shipment, is_confirmed=True),
        entries=entries_of(shipment),
        updated_at=shipment.updated_at,
    )
