"""What a request would bring, before it is sent: money line by line, the way back and who pays it, and when."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from orders.actions.refund_quote import RefundQuote
from orders.models import Order, OrderLine
from shop.models import DeliveryProfile, Market
from shop.money import Money
from shop.returns import policy_of
from support.models import FAULTS, Basis, Solution
from support.returning.asking import Wanted, parts_of
from support.returning.money import exchange_difference_minor, exchanged_money, paid_line, quote_units, reason_of
from support.returning.offer import LineOffer, returnable_sources
from support.returning.proposal import doubts_about, is_for_rule, need_not_come_back, part_minor


@dataclass(frozen=True, slots=True)
class BackLine:
    """Units of one line and what goes back for them."""

    line: OrderLine
    units: int
    goods: Money
    delivery: Money


@dataclass(frozen=True, slots=True)
class WayBack:
    """What goes back in one parcel: where to, at whose cost. ``keeps``: by the rule it need not."""

    place: str
    shop_pays: bool
    goods: list[str]
    keeps: bool = False


class Ways:
    """What both previews say of their ways back."""

    ways: list[WayBack]

    @property
    def going(self) -> list[WayBack]:
        """The parcels that really go back."""
        return [way for way in self.ways if not way.keeps]

    @property
    def keeps_some(self) -> bool:
        """True where at least one of them need not go."""
        return len(self.going) < len(self.ways)

    @property
    def keeps(self) -> bool:
        """True where nothing has to be sent back."""
        return bool(self.ways) and not self.going


@dataclass(frozen=True, slots=True)
class Preview(Ways):
    """All that is said before somebody sends a request."""

    wanted: Wanted
    lines: list[BackLine]
    total: Money
    pays_to: list[str]
    ways: list[WayBack]
    policy: Market
    is_withdrawal: bool
    is_decided_by_rule: bool
    # With a part refund, what the rule proposes; with an exchange, what the other variant costs less.
    part: Money
    less: Money

    @property
    def keeps_all(self) -> bool:
        """True where nothing has to be sent back, by the rule or by the customer's own wish."""
        return self.keeps or self.wanted.solution == Solution.KEEP

    @property
    def is_money(self) -> bool:
        """True where the whole price goes back."""
        return self.wanted.solution == Solution.REFUND or self.is_withdrawal


def preview_of(order: Order, wanted: Wanted, offers: Sequence[LineOffer]) -> Preview:
    """Return what a request would bring now; its queries grow with suppliers, not with lines.

    Raises support.returning.asking.NotOffered.
    """
    groups = parts_of({one.line.pk: one for one in offers}, wanted)
    policy = policy_of(order.country.code)
    basis = next((basis for basis, _pk in groups), Basis.WINDOW)
    parts = [part for rows in groups.values() for part in rows]
    quote = quote_of(order, {line.pk: line for line, _row, _units in parts}, wanted.units, basis, wanted.reason)
    total = quote.total_minor if quote else 0
    ways, by_rule = _ways_by_rule(order, policy, groups, wanted.reason, total)
    return Preview(
        wanted=wanted,
        lines=back_lines(quote, {line.pk: (line, wanted.units[line.pk]) for line, _row, _units in parts}),
        total=order.money(total),
        pays_to=[share.label for share in quote.shares] if quote else [],
        ways=ways,
        policy=policy,
        is_withdrawal=all(basis == Basis.WITHDRAWAL for basis, _pk in groups),
        is_decided_by_rule=by_rule,
        part=order.money(part_minor(total, quote.goods_minor if quote else 0, order.currency)),
        less=order.money(_less(wanted, parts)),
    )


Groups = Mapping[tuple[Basis, int], Sequence[tuple]]


def _ways_by_rule(
    order: Order, policy: Market, groups: Groups, reason: str, total: int | None
) -> tuple[list[WayBack], bool]:
    """Return the ways back, and whether the rule decides them all: by itself for each, as each becomes a return.

    ``total``: what all of it brings, None where other goods are in that. One query; four more for each return where
    there are several and the market has a limit.
    """
    is_often = policy.accepts_by_rule and bool(doubts_about(order, [], more=len(groups)))
    ways, by_rule = [], []
    for (basis, _pk), rows in groups.items():
        is_whole = total is not None and len(groups) == 1
        refund = total if is_whole else _alone(order, policy, rows, basis, reason)
        has_doubts = is_often or any(line.gated_at for line, _row, _units in rows)
        decides = is_for_rule(order, policy, basis, refund, has_doubts=has_doubts)
        by_rule.append(decides)
        ways.append(_way(rows, reason, keeps=decides and need_not_come_back(order, policy, refund)))
    return ways, all(by_rule)


def _alone(order: Order, policy: Market, rows: Sequence[tuple], basis: str, reason: str) -> int:
    """Return what one return brings by itself; 0 where no limit of the market depends on it."""
    if not policy.keep_below_minor and not policy.accepts_below_minor:
        return 0
    units: dict[int, int] = {}
    for line, _row, number in rows:
        units[line.pk] = units.get(line.pk, 0) + number
    quote = quote_of(order, {line.pk: line for line, _row, _units in rows}, units, basis, reason)
    return quote.total_minor if quote else 0


def quote_of(
    order: Order, lines: Mapping[int, OrderLine], units: Mapping[int, int], basis: str, reason: str
) -> RefundQuote | None:
    """Return what units (by order line id) bring back; those sent free in the place of others bring what others cost."""
    by_paid: dict[int, int] = {}
    for pk, number in units.items():
        paid = paid_line(lines[pk]).pk
        by_paid[paid] = by_paid.get(paid, 0) + number
    money = exchanged_money((lines[pk], number) for pk, number in units.items())
    return quote_units(order, by_paid, reason=reason_of(basis, reason), money=money)


def back_lines(quote: RefundQuote | None, lines: Mapping[int, tuple[OrderLine, int]]) -> list[BackLine]:
    """Return each line with its part of a quote; the delivery's shares stand with the lines that they belong to."""
    found = {one.line.pk: one for one in quote.lines} if quote else {}
    told: list[BackLine] = []
    for line, units in lines.values():
        # Once per line that was paid for, should two lines of a request stand for it.
        one = found.pop(paid_line(line).pk, None)
        goods, delivery = (one.goods_minor, one.delivery_minor) if one else (0, 0)
        told.append(BackLine(line, units, line.order.money(goods), line.order.money(delivery)))
    for one in found.values():
        told.append(
            BackLine(one.line, 0, one.line.order.money(one.goods_minor), one.line.order.money(one.delivery_minor))
        )
    return told


def _way(rows: Sequence[tuple], reason: str, *, keeps: bool) -> WayBack:
    profile: DeliveryProfile = rows[0][1].supplier_order.supplier.delivery_profile
    goods = [f"{units} × {line.shown_name}" for line, _row, units in rows]
    return WayBack(goes_to(profile), reason in FAULTS or profile.returns_paid_by_shop, goods, keeps)


def goes_to(profile: DeliveryProfile) -> str:
    """Name the country, and the town where that is known, to which goods go back; empty if nobody has said it."""
    country = str(profile.return_country.name) if profile.return_country else ""
    if country and profile.sent_from and profile.sent_from in profile.return_address:
        return _("%(town)s, %(country)s") % {"town": profile.sent_from, "country": country}
    return country


def _less(wanted: Wanted, parts: Sequence[tuple]) -> int:
    if wanted.exchange_for is None:
        return 0
    return sum(exchange_difference_minor(line, units, wanted.exchange_for) for line, _row, units in parts)


@dataclass(frozen=True, slots=True)
class WithdrawalPreview(Ways):
    """What a withdrawal would bring: the money, what is stopped before it leaves, and what has to go back where."""

    lines: list[BackLine]
    total: Money
    pays_to: list[str]
    stopped: list[str]
    ways: list[WayBack]
    policy: Market


def withdrawal_preview(
    order: Order, units: Mapping[int, int], unsent: Mapping[int, int], lines: Iterable[OrderLine]
) -> WithdrawalPreview:
    """Return what a withdrawal from units (by order line id) would bring now. Raises NotOffered."""
    known = {line.pk: line for line in lines}
    stop = {pk: min(number, unsent.get(pk, 0)) for pk, number in units.items()}
    rest = {pk: number - stop[pk] for pk, number in units.items() if number > stop[pk]}
    quote = quote_of(order, known, units, Basis.WITHDRAWAL, "")
    groups: dict[tuple[Basis, int], list[tuple]] = {}
    for pk, rows in returnable_sources([known[pk] for pk in rest]).items() if rest else []:
        left = rest[pk]
        for row, free in rows:
            part, left = min(left, free), max(0, left - free)
            if part:
                groups.setdefault((Basis.WITHDRAWAL, row.supplier_order_id), []).append((known[pk], row, part))
    policy, total = policy_of(order.country.code), quote.total_minor if quote else 0
    # What is stopped is paid by itself, and counts for nothing of what comes back.
    ways, _by_rule = _ways_by_rule(order, policy, groups, "", total if rest == dict(units) else None)
    return WithdrawalPreview(
        lines=back_lines(quote, {pk: (known[pk], number) for pk, number in units.items()}),
        total=order.money(total),
        pays_to=[share.label for share in quote.shares] if quote else [],
        stopped=[f"{number} × {known[pk].shown_name}" for pk, number in stop.items() if number],
        ways=ways,
        policy=policy,
    )
