"""A cancellation in words: what can still be cancelled, until when, and what became of what was asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Prefetch
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from orders.actions.cancel import cancellable_units
from orders.actions.refund import units_minor
from orders.models import Cancellation, CancellationLine, CheckoutSession, Order, OrderLine
from orders.parts import may_have
from orders.states import CancellationStatus, OrderStatus
from orders.words import CANCELLATION_WORDS, REFUSAL_WORDS, Word
from shop.money import Money
from shop.words import moment

PAYABLE = [CheckoutSession.State.NEW, CheckoutSession.State.OPEN]


@dataclass(frozen=True, slots=True)
class Offer:
    """What of an order can still be asked for, and what happens then.

    ``until`` is the end of the time to change one's mind, empty where it is over. ``closed`` says why
    nothing can be cancelled; it is empty where the page says so elsewhere, or something can.
    """

    units: dict[int, int]
    amount: Money
    until: str
    is_unpaid: bool
    is_authorised: bool = False
    closed: str = ""


def cancel_offer(order: Order) -> Offer:
    """Return what can still be cancelled; one query with the order's lines at hand, two without."""
    now = timezone.now()
    is_unpaid = order.status == OrderStatus.PLACED
    units = {} if is_unpaid and not order.sessions.filter(state__in=PAYABLE).exists() else cancellable_units(order)
    lines = list(order.lines.all())
    minor = sum(units_minor(line, units[line.pk]) for line in lines if line.pk in units)
    changing = bool(units) and order.forward_after is not None and order.forward_after > now
    sent = order.status == OrderStatus.PAID and not units and any(line.shipped for line in lines)
    return Offer(
        units=units,
        amount=order.money(0 if is_unpaid else minor),
        until=moment(order.forward_after) if changing and order.forward_after else "",
        is_unpaid=is_unpaid,
        is_authorised=order.status == OrderStatus.AUTHORISED,
        closed=_("All of it has been sent, so it cannot be cancelled any more. You can send it back.") if sent else "",
    )


@dataclass(frozen=True, slots=True)
class Goods:
    """So many units of one line with one answer, in words."""

    text: str
    word: str | Promise
    shape: str


@dataclass(frozen=True, slots=True)
class CancellationCard:
    """One cancellation as customers, agents and staff see it."""

    cancellation: Cancellation
    word: Word
    goods: list[Goods]
    notes: list[str]


def cancellation_cards(order: Order) -> list[CancellationCard]:
    """Return the order's cancellations in words, oldest first. Two queries at most, one if there are none."""
    if not may_have(order, "cancellations"):
        return []
    rows = order.cancellations.select_related("requested_by").prefetch_related(
        Prefetch("lines", CancellationLine.objects.select_related("line"))
    )
    return [_card(row, list(row.lines.all())) for row in rows]


def cancelled_by_others(order: Order, cards: Sequence[CancellationCard]) -> list[tuple[OrderLine, int]]:
    """Return the lines with units that were cancelled and that nobody had asked to cancel, with how many."""
    asked: dict[int, int] = {}
    for card in cards:
        for row in card.cancellation.lines.all():
            asked[row.line_id] = asked.get(row.line_id, 0) + row.cancelled
    lines = [(line, line.cancelled - asked.get(line.pk, 0)) for line in order.lines.all()]
    return [(line, units) for line, units in lines if units > 0]


def _card(cancellation: Cancellation, lines: Sequence[CancellationLine]) -> CancellationCard:
    asked = _("Asked on %(when)s.") % {"when": moment(cancellation.requested_at)}
    notes = [asked]
    if cancellation.is_waiting:
        by = {"when": moment(cancellation.answer_by)}
        notes.append(_("We wait for the supplier's answer, which comes by %(when)s.") % by)
    notes += [str(REFUSAL_WORDS[why]) for why in dict.fromkeys(row.why for row in lines if row.refused) if why]
    return CancellationCard(
        cancellation=cancellation,
        word=CANCELLATION_WORDS[cancellation.status],
        goods=[goods for row in lines for goods in _goods(row)],
        notes=notes,
    )


def _goods(row: CancellationLine) -> list[Goods]:
    name = row.line.shown_name + (f", {row.line.options_label}" if row.line.options_label else "")
    counts = (
        (row.cancelled, CancellationStatus.ACCEPTED),
        (row.waiting, CancellationStatus.REQUESTED),
        (row.refused, CancellationStatus.REFUSED),
    )
    words = [(units, CANCELLATION_WORDS[status]) for units, status in counts if units]
    return [Goods(f"{units} × {name}", word.text, word.shape) for units, word in words]
