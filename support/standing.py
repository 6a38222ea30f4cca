"""How the order of a case stands, in the facts that agents look for first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from orders.models import Order
from orders.progress import ParcelCard, order_word
from orders.states import OrderStatus, RefundStatus
from orders.words import ORDER_WORDS, REFUND_WORDS, Word
from shop.words import day_range
from support.models import Situation

PAID = {OrderStatus.PAID, OrderStatus.LATE_PAID}


def payment_word(order: Order) -> Word:
    """Return the word for the money of an order; reads its lines."""
    if order.status not in PAID:
        return ORDER_WORDS[order.status]
    back = sum(line.refunded_minor for line in order.lines.all())
    if back >= order.total_minor > 0:
        return REFUND_WORDS[RefundStatus.SUCCEEDED]
    if back:
        return Word(_("Partly refunded"), "half")
    return Word(ORDER_WORDS[order.status].text, "done")


def fulfilment_word(order: Order) -> Word:
    """Return the word for the goods of an order; reads its lines."""
    word = order_word(order)
    is_about_money = order.status != OrderStatus.CANCELLED and word in ORDER_WORDS.values()
    return Word(_("Ordered"), "waiting") if is_about_money and order.status in PAID else word


@dataclass(frozen=True, slots=True)
class Dates:
    """What was promised, and what is expected now; ``now`` is empty where that is the same, or all is there."""

    promised: str
    now: str


def dates_of(order: Order, cards: Sequence[ParcelCard]) -> Dates | None:
    """Return the days of an order as one window from its first parcel to its last; None where nothing is to come."""
    if not cards or not order.is_paid:
        return None
    promised = day_range(min(card.promised[0] for card in cards), max(card.promised[1] for card in cards))
    coming = [card.window for card in cards if not card.is_final]
    now = day_range(min(first for first, _last in coming), max(last for _first, last in coming)) if coming else ""
    return Dates(promised, now if now != promised else "")


def situation_of(order: Order | None, cards: Sequence[ParcelCard]) -> str:
    """Say which prepared answers fit to how the goods stand; empty for a case without an order."""
    if order is None:
        return ""
    if order.status not in PAID:
        return Situation.CANCELLED if order.status == OrderStatus.CANCELLED else Situation.UNPAID
    coming = [card for card in cards if not card.is_final]
    if not cards:
        return Situation.CANCELLED
    if not coming:
        return Situation.DELIVERED
    if any(card.old_arrival for card in coming):
        return Situation.LATE
    return Situation.SENT if any(card.is_sent for card in coming) else Situation.WAITING
