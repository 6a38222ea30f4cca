"""The refund calculator: from what somebody wants paid back to every amount of it, before anything is done.

Where the delivery goes back:

* with everything of it: once no unit of a delivery stays with the customer, its price goes back as well;
* in a withdrawal (``Refund.Reason.RETURNED``) no more of it than the least expensive service would have cost:
  Directive 2011/83/EU, Article 13(1), first sub-paragraph (all payments, "including, if applicable, the costs
  of delivery") and 13(2) (not the supplementary costs of a dearer service the consumer chose); see also Court
  of Justice, C-511/08 Heinrich Heine, for the delivery to the customer (looked up on 28 November 2026);
* with a part of its goods it stays: the directive says nothing of goods that are kept, and they were delivered.
  Whoever pays back may give it all the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import models
from django.utils.translation import gettext as _, gettext_lazy

from orders.actions.refund import TooMuch
from orders.actions.refund_shares import Left, goods_of_units, left_of, tax_within
from orders.models import Order, OrderDelivery, OrderLine, Payment, Refund
from shop.money import Money, payable_step, rounded, split_by_weight


class NothingToPay(Exception):
    """Nothing of what was asked for is left to be paid back."""


class DeliveryChoice(models.TextChoices):
    """What becomes of the price of a delivery."""

    RULE = "rule", gettext_lazy("as the rule says")
    GIVE = "give", gettext_lazy("pay it back")
    KEEP = "keep", gettext_lazy("keep it")


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody wants paid back.

    ``units`` and ``money`` are by the order line's id; ``money`` (minor units, without delivery) only where it
    is not what the units cost. ``delivery`` is by the delivery's id; one that is not named goes by the rule.
    """

    reason: Refund.Reason
    units: Mapping[int, int] = field(default_factory=dict)
    money: Mapping[int, int] = field(default_factory=dict)
    delivery: Mapping[int, DeliveryChoice] = field(default_factory=dict)
    note: str = ""

    def as_json(self) -> dict[str, Any]:
        """Return it as plain JSON, for a row."""
        return {
            "reason": str(self.reason),
            "note": self.note,
            "units": {str(pk): units for pk, units in self.units.items() if units},
            "money": {str(pk): minor for pk, minor in self.money.items()},
            "delivery": {str(pk): str(choice) for pk, choice in self.delivery.items()},
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Wish:
        """Read what ``as_json`` wrote."""
        return cls(
            reason=Refund.Reason(stored["reason"]),
            units={int(pk): units for pk, units in stored["units"].items()},
            money={int(pk): minor for pk, minor in stored["money"].items()},
            delivery={int(pk): DeliveryChoice(choice) for pk, choice in stored["delivery"].items()},
            note=stored["note"],
        )


@dataclass(frozen=True, slots=True)
class QuoteLine:
    """What goes back for one line: all in minor units; the tax is inside the other two."""

    line: OrderLine
    units: int
    goods_minor: int
    delivery_minor: int
    tax_minor: int
    left_minor: int

    @property
    def amount_minor(self) -> int:
        """Goods and delivery."""
        return self.goods_minor + self.delivery_minor


@dataclass(frozen=True, slots=True)
class Share:
    """How much of a refund goes back by one payment, in minor units."""

    payment: Payment
    amount_minor: int

    @property
    def label(self) -> str:
        """How the customer paid, in words: “Visa 4242”."""
        card = f"{self.payment.card_brand.title()} {self.payment.card_last4}".strip()
        return card or _("the way it was paid")


@dataclass(frozen=True, slots=True)
class RefundQuote:
    """Every amount of a refund as it would be now. Nothing is changed or promised by it."""

    order: Order
    wish: Wish
    lines: Sequence[QuoteLine]
    shares: Sequence[Share]
    left_minor: int

    @property
    def total_minor(self) -> int:
        """What the customer gets."""
        return sum(line.amount_minor for line in self.lines)

    @property
    def goods_minor(self) -> int:
        """Of it, goods."""
        return sum(line.goods_minor for line in self.lines)

    @property
    def delivery_minor(self) -> int:
        """Of it, delivery."""
        return sum(line.delivery_minor for line in self.lines)

    @property
    def tax_minor(self) -> int:
        """The tax inside it."""
        return sum(line.tax_minor for line in self.lines)

    def shown(self) -> dict[str, Any]:
        """Return every amount that a preview shows, as plain JSON: what is confirmed must be equal to it."""
        return {
            "lines": {
                str(one.line.pk): [one.units, one.goods_minor, one.delivery_minor, one.tax_minor, one.left_minor]
                for one in self.lines
            },
            "shares": {str(share.payment.pk): share.amount_minor for share in self.shares},
            "total": self.total_minor,
            "left": self.left_minor,
        }


def quote_refund(order: Order, wish: Wish) -> RefundQuote:
    """Return what a wish comes to now; more units or money than are left become what is left. Four queries.

    Raises NothingToPay if that is nothing, and orders.actions.refund.TooMuch if the payments do not hold it.
    """
    lines = list(order.lines.select_related("delivery"))
    left = left_of(lines)
    goods = {line.pk: _goods(line, left[line.pk], wish) for line in lines}
    delivery = _delivery(lines, left, wish)
    quoted = [
        _quote(line, left[line.pk], *goods[line.pk], delivery.get(line.pk, 0))
        for line in lines
        if any(goods[line.pk]) or delivery.get(line.pk)
    ]
    total = sum(one.amount_minor for one in quoted)
    if total < 1:
        raise NothingToPay(order.number)
    rest = sum(one.money_minor for one in left.values()) - total
    return RefundQuote(order, wish, quoted, plan_shares(order, total), rest)


def _goods(line: OrderLine, left: Left, wish: Wish) -> tuple[int, int]:
    units = min(wish.units.get(line.pk, 0), left.units)
    if line.pk in wish.money:
        return units, min(wish.money[line.pk], left.goods_minor)
    return units, goods_of_units(line, left, units) if units else 0


def _quote(line: OrderLine, left: Left, units: int, goods: int, delivery: int) -> QuoteLine:
    tax = tax_within(left, goods + delivery)
    return QuoteLine(line, units, goods, delivery, tax, left.money_minor - goods - delivery)


def _delivery(lines: Sequence[OrderLine], left: Mapping[int, Left], wish: Wish) -> dict[int, int]:
    """Return how much of each line's share of its delivery goes back."""
    found: dict[int, int] = {}
    for delivery in {line.delivery_id: line.delivery for line in lines}.values():
        mine = [line for line in lines if line.delivery_id == delivery.pk]
        offers = [left[line.pk].delivery_minor for line in mine]
        choice = wish.delivery.get(delivery.pk, DeliveryChoice.RULE)
        if choice == DeliveryChoice.GIVE:
            amount = sum(offers)
        elif choice == DeliveryChoice.RULE and comes_back_whole(mine, left, wish):
            amount = _by_rule(delivery, mine, sum(offers), wish.reason)
        else:
            continue
        shares = split_by_weight(amount, offers, step=payable_step(mine[0].order.currency))
        found |= dict(zip((line.pk for line in mine), shares, strict=True))
    return found


def comes_back_whole(lines: Sequence[OrderLine], left: Mapping[int, Left], wish: Wish) -> bool:
    """True if with this refund no unit of a delivery's lines is left that was not paid back."""
    asked = any(min(wish.units.get(line.pk, 0), left[line.pk].units) for line in lines)
    return asked and all(wish.units.get(line.pk, 0) >= left[line.pk].units for line in lines)


def _by_rule(delivery: OrderDelivery, lines: Sequence[OrderLine], left_minor: int, reason: Refund.Reason) -> int:
    if reason != Refund.Reason.RETURNED:
        return left_minor
    dearer = sum(line.delivery_paid_minor for line in lines) - standard_paid_minor(delivery, lines)
    return max(0, left_minor - dearer)


def standard_paid_minor(delivery: OrderDelivery, lines: Sequence[OrderLine]) -> int:
    """Return what of the price of a delivery's lines its least expensive service would have cost, tax on top included.

    A dearer service costs more tax as well, and a code takes more off it, so it is a part of all that was paid for
    the delivery, and not what was paid less the difference of two prices without tax.
    """
    paid = sum(line.delivery_paid_minor for line in lines)
    if delivery.standard_minor is None or delivery.standard_minor >= delivery.price_minor:
        return paid
    step = payable_step(lines[0].order.currency)
    return min(paid, rounded(paid * delivery.standard_minor, delivery.price_minor, step=step))


def plan_shares(order: Order, amount_minor: int) -> list[Share]:
    """Return by which payments an amount goes back: by one that holds it all, else oldest first.

    One sum on one statement is what a customer understands; and what was taken first is the likeliest to be
    the one that the refund is about. Raises orders.actions.refund.TooMuch.
    """
    payments = list(order.payments.filter(currency=order.currency))
    for payment in payments:
        if payment.captured_minor - payment.refunded_minor >= amount_minor:
            return [Share(payment, amount_minor)]
    shares, rest = [], amount_minor
    for payment in payments:
        part = min(rest, payment.captured_minor - payment.refunded_minor)
        if part > 0:
            shares.append(Share(payment, part))
            rest -= part
    if rest:
        raise TooMuch("more than is left of the payments")
    return shares


def changes_between(before: Mapping[str, Any], quote: RefundQuote) -> list[str]:
    """Say in whole sentences what has changed since a preview was shown (``RefundQuote.shown``)."""
    now, order = quote.shown(), quote.order
    names = {str(line.pk): line.name for line in order.lines.all()}
    told = []
    for pk in {**before["lines"], **now["lines"]}:
        old, new = (sum(shown["lines"].get(pk, [0] * 5)[1:3]) for shown in (before, now))
        if old != new:
            facts = {"name": names.get(pk, ""), "old": order.money(old), "new": order.money(new)}
            told.append(_("%(name)s: %(old)s before, %(new)s now.") % facts)
    for name, text in (
        ("total", _("To be paid back: %(old)s before, %(new)s now.")),
        ("left", _("Left of the order after that: %(old)s before, %(new)s now.")),
    ):
        if before[name] != now[name]:
            told.append(text % {"old": order.money(before[name]), "new": order.money(now[name])})
    if before["shares"] != now["shares"]:
        parts = [f"{share.label} {Money(share.amount_minor, order.currency)}" for share in quote.shares]
        told.append(_("By which payment: now %(parts)s.") % {"parts": ", ".join(parts)})
    return told or [_("The share of delivery or tax, or who must approve it, has changed.")]
