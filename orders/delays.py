"""A delay in words: what comes when, why, and what its customer can still choose."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from orders.actions.delays import OPEN, signed_name, stoppable_units
from orders.actions.refund import units_minor
from orders.models import Delay, DelayPart, Order
from orders.states import DelayStatus
from orders.words import DELAY_WORDS, REASON_WORDS
from shop.money import Money
from shop.words import day, day_range


@dataclass(frozen=True, slots=True)
class DelayCard:
    """One delay as customers see it. ``url`` is where to answer; empty where nothing is left to choose.

    ``answer_by`` is the last day for an answer, in words; empty: who says nothing waits. ``said`` is what was decided.
    """

    parts: list[str]
    goods: list[str]
    amount: Money
    answer_by: str
    said: str
    url: str
    is_waiting: bool


def last_day(when: datetime) -> str:
    """Write a deadline that is the beginning of a day as the day before, which still counts."""
    return day(timezone.localtime(when - timedelta(minutes=1)).date())


def delay_card(delay: Delay) -> DelayCard:
    """Return a delay in words; six queries at most."""
    units = stoppable_units(delay) if delay.status in OPEN else {}
    lines = list(delay.order.lines.filter(pk__in=units).select_related("order"))
    is_open = bool(units)
    return DelayCard(
        parts=[_part(part) for part in delay.parts.select_related("delivery")],
        goods=[f"{units[line.pk]} × {line.shown_name}" for line in lines],
        amount=delay.order.money(sum(units_minor(line, units[line.pk]) for line in lines)),
        answer_by=last_day(delay.answer_by) if delay.answer_by and delay.status == DelayStatus.ASKED else "",
        said=_said(delay, is_open=is_open),
        url=reverse("orders:delay", args=[signed_name(delay)]) if is_open else "",
        is_waiting=delay.status == DelayStatus.WAITS,
    )


def _part(part: DelayPart) -> str:
    reason = REASON_WORDS.get(part.reason_code)
    facts = {
        "town": part.delivery.sent_from,
        "old": day(part.before_on),
        "new": day_range(part.earliest_on, part.latest_on),
        "reason": reason,
    }
    if reason:
        return _("From %(town)s: by %(old)s before, now %(new)s. The reason: %(reason)s.") % facts
    return _("From %(town)s: by %(old)s before, now %(new)s.") % facts


def _said(delay: Delay, *, is_open: bool) -> str:
    if delay.status in OPEN and not is_open:
        return _("It has left by now, so it cannot be cancelled any more. You can send it back.")
    return str(DELAY_WORDS.get(delay.status, ""))


def open_delay(order: Order) -> DelayCard | None:
    """Return the delay of an order that is its customer's to choose; one query where there is none."""
    delay = order.delays.filter(status__in=OPEN).first()
    if delay is None:
        return None
    delay.order = order
    card = delay_card(delay)
    return card if card.url else None
