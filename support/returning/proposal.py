"""What the rule proposes for a return, why, and what each choice would cost whom."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from django.conf import settings
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext as _

from orders.models import Order, OrderLine
from shop.models import Market
from shop.money import Money, line_cost_minor, payable_step
from shop.returns import policy_of
from suppliers.actions.replace import NotToBeHad, source_of
from support.models import FAULTS, Basis, Choice, Return, ReturnLine, ReturnReason, Solution
from support.return_states import ReturnStatus
from support.returning.in_kind import could_replace_itself
from support.returning.money import quote_lines

_WITH_LINES = (
    "order_line__order",
    "order_line__delivery",
    "order_line__variant__product",
    "supplier_line__supplier_order",
)
# For goods that are kept: this part of the price, which an agent may change.
PART_PERCENT = 25
# Whoever sends back more often than so in so many days is looked at by a person.
OFTEN, OFTEN_DAYS = 4, 90


@dataclass(frozen=True, slots=True)
class Option:
    """One choice: what the customer gets and what the shop bears, in minor units of the order's currency.

    ``shop_minor`` is after what the supplier owes for it; None where its cost is in another currency. ``why_not``:
    why it cannot be chosen; empty: it can.
    """

    choice: Choice
    customer_minor: int
    shop_minor: int | None
    why_not: str = ""


@dataclass(frozen=True, slots=True)
class Proposal:
    """The rule's proposal; ``is_right``: the law gives the customer a remedy, so declining needs a second person.

    ``goods_minor`` is what of the refund is no delivery: a part of the price is a part of that.
    ``in_kind``: for a replacement the supplier is asked to send the new goods itself.
    ``doubts`` are why a person should look even where the rule may decide by itself.
    """

    choice: Choice
    why: list[str]
    is_right: bool
    refund_minor: int
    needs_goods: bool
    in_kind: bool = False
    options: list[Option] = field(default_factory=list)
    doubts: list[str] = field(default_factory=list)
    goods_minor: int = 0

    def option(self, choice: str) -> Option:
        """Return one of its options."""
        return next(one for one in self.options if one.choice == choice)


def propose(row: Return, counts: Mapping[int, int] | None = None) -> Proposal:
    """Return what the rule says about a return as it stands now. Changes nothing; a fixed number of queries per line.

    ``counts``: for so many units of its lines (by their id) only; of a line that is not named, all of them.
    """
    lines = list(row.lines.select_related(*_WITH_LINES))
    order, policy = row.order, policy_of(row.order.country.code)
    open_units = {line.pk: _open_units(line, counts or {}) for line in lines}
    quote = quote_lines(row, lines, open_units)
    refund, goods = (quote.total_minor, quote.goods_minor) if quote else (0, 0)
    can_replace = _can_replace(row, lines, open_units)
    is_small = need_not_come_back(order, policy, refund)
    is_right = row.basis in {Basis.WITHDRAWAL, Basis.FAULT}
    in_kind = could_replace_itself(row, lines)
    choice, why = _choose(row, is_small=is_small, can_replace=can_replace)
    if is_small:
        limit = Money(policy.keep_below_minor, order.currency)
        why.append(_("No return needed below %(limit)s") % {"limit": limit})
    return Proposal(
        choice,
        [_ground(row), *why],
        is_right,
        refund,
        needs_goods=not is_small,
        in_kind=in_kind,
        options=_options(
            row, cost_minor(order, lines, open_units), refund, goods, can_replace=can_replace, in_kind=in_kind
        ),
        doubts=doubts_about(order, [line.order_line for line in lines]),
        goods_minor=goods,
    )


def need_not_come_back(order: Order, policy: Market, refund_minor: int) -> bool:
    """True for goods of one return whose price is so small that their customer may keep them."""
    return 0 < refund_minor < policy.keep_below_minor and order.currency == settings.SHOP_CURRENCY


def is_for_rule(order: Order, policy: Market, basis: str, refund_minor: int, *, has_doubts: bool) -> bool:
    """True for a return that nobody has to be asked about: withdrawn from, or one of those that the market lets be."""
    if basis == Basis.WITHDRAWAL:
        return True
    is_small = not policy.accepts_below_minor or (
        refund_minor <= policy.accepts_below_minor and order.currency == settings.SHOP_CURRENCY
    )
    # What no rule offers is an agent's own idea: somebody with a limit decides it.
    return policy.accepts_by_rule and is_small and not has_doubts and basis != Basis.GOODWILL


def _open_units(line: ReturnLine, counts: Mapping[int, int]) -> int:
    return max(0, min(counts.get(line.pk, line.quantity), line.quantity) - line.settled)


def _ground(row: Return) -> str:
    if row.basis == Basis.WITHDRAWAL:
        return _("Within the time to withdraw from the contract: nobody has to agree")
    if row.basis == Basis.FAULT:
        return _("A fault (%(reason)s): the law gives a remedy") % {"reason": ReturnReason(row.reason).label}
    if row.basis == Basis.WINDOW:
        return _("Within the shop's own time for returns")
    return _("No rule asks for it: goodwill")


def _choose(row: Return, *, is_small: bool, can_replace: bool) -> tuple[Choice, list[str]]:
    wants_new = row.solution in {Solution.REPLACEMENT, Solution.EXCHANGE}
    if wants_new and can_replace:
        return Choice.REPLACEMENT, [_("Asked for, and in stock")]
    why = [_("Asked for new goods, and nobody has them")] if wants_new else []
    if _is_lost(row):
        return Choice.REFUND_KEEP, [*why, _("Handed in and never arrived: we had it sent back, so the loss is ours")]
    if row.solution == Solution.KEEP:
        return Choice.PART_REFUND, [_("The customer would keep it for less")]
    return (Choice.REFUND_KEEP if is_small else Choice.REFUND_AFTER), why


def _is_lost(row: Return) -> bool:
    """True for goods that went astray on a way back that the shop had chosen or pays."""
    went = row.status == ReturnStatus.REVIEW and row.handed_in_at is not None and row.received_at is None
    return went and (row.shop_pays or bool(row.label_url))


def _can_replace(row: Return, lines: list[ReturnLine], counts: Mapping[int, int]) -> bool:
    wanted = [line for line in lines if counts[line.pk]]
    try:
        for line in wanted:
            source_of(line.order_line, counts[line.pk], variant=row.exchange_for)
    except NotToBeHad:
        return False
    return bool(wanted)


def cost_minor(order: Order, lines: list[ReturnLine], counts: Mapping[int, int]) -> int | None:
    """Return what so many units of a return's lines cost the shop, in the order's currency; None where that is another one."""
    if any(line.order_line.cost_currency != order.currency for line in lines):
        return None
    return sum(line_cost_minor(line.supplier_line.unit_cost, counts[line.pk], order.currency) for line in lines)


def _options(
    row: Return, cost: int | None, refund: int, goods: int, *, can_replace: bool, in_kind: bool
) -> list[Option]:
    # The supplier bears its own faults; goods that come back for another reason are credited once it has them.
    owed = cost if cost is not None and row.reason in FAULTS else 0
    # What a supplier sends itself costs nothing, and it owes nothing for it.
    new = 0 if in_kind else net_of_new(cost, owed)
    part = part_minor(refund, goods, row.order.currency)

    def net(amount: int, credit: int | None) -> int | None:
        return None if cost is None else amount - (credit or 0)

    return [
        Option(Choice.REFUND_KEEP, refund, net(refund, owed)),
        Option(Choice.REFUND_AFTER, refund, net(refund, cost)),
        Option(Choice.REPLACEMENT, 0, new, _why_not_new(row, can_replace=can_replace)),
        Option(
            Choice.PART_REFUND,
            part,
            net(part, owed * PART_PERCENT // 100 if owed else 0),
            _why_not_part(row, goods),
        ),
        Option(Choice.DECLINE, 0, 0, _("Nobody has to agree to a withdrawal") if row.is_withdrawal else ""),
    ]


def net_of_new(cost: int | None, owed: int) -> int | None:
    """Return what goods that we order anew cost, less what their supplier owes for the old ones; None if not known."""
    return None if cost is None else cost - owed


def part_minor(refund: int, goods: int, currency: str) -> int:
    """Return the part of a refund that the rule gives for goods that are kept: never more than the goods cost."""
    step = payable_step(currency)
    return min(refund * PART_PERCENT // (100 * step) * step, goods)


def _why_not_new(row: Return, *, can_replace: bool) -> str:
    if row.is_withdrawal:
        return _("Who withdraws wants money back, not new goods")
    return "" if can_replace else _("No supplier has it at the moment")


def _why_not_part(row: Return, goods: int) -> str:
    if row.is_withdrawal:
        return _("Who withdraws has all of it back")
    return "" if goods > 1 else _("Nothing of it is left to be paid back")


def doubts_about(order: Order, lines: Iterable[OrderLine], *, more: int = 0) -> list[str]:
    """Return why a person should look at a return of these lines; ``more`` returns are still to be asked for. One query."""
    found = []
    since = timezone.now() - timedelta(days=OFTEN_DAYS)
    mine = Return.objects.alias(mail=Lower("order__email")).filter(mail=order.email.lower(), asked_at__gte=since)
    if mine.count() + more > OFTEN:
        found.append(_("More than %(most)d returns in %(days)d days") % {"most": OFTEN, "days": OFTEN_DAYS})
    if any(line.gated_at for line in lines):
        found.append(_("Medicine that needed an approval"))
    return found
