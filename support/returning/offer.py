"""What of an order may be sent back now, until when, on what ground, and why something may not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import Sum
from django.utils import timezone
from django.utils.translation import gettext as _

from orders.models import Order, OrderLine
from orders.periods import delivered_last_on, withdrawal_ends
from shop.models import Market
from shop.models.texts import worded
from shop.returns import policy_of
from shop.words import day
from suppliers.models import SupplierOrderLine
from suppliers.sent import sent_units
from support.models import FAULTS, Basis, ReturnLine, ReturnReason
from support.return_states import UNDONE


@dataclass(frozen=True, slots=True)
class LineOffer:
    """What of one line may be sent back. The days are the last ones; None: that right is not there (yet).

    ``units`` were sent and are in no return. ``why_not``: why nothing of it may go back without a fault, in words.
    """

    line: OrderLine
    units: int
    withdraw_until: date | None
    window_until: date | None
    fault_until: date | None
    why_not: str

    def basis_for(self, reason: str, *, today: date) -> Basis | None:
        """Return on what ground it may go back for a reason (empty: a withdrawal); None if it may not."""
        if reason in FAULTS:
            return Basis.FAULT if self.fault_until is None or today <= self.fault_until else None
        if self.why_not:
            return None
        if self.withdraw_until is not None and today <= self.withdraw_until:
            return Basis.WITHDRAWAL
        if reason and self.window_until is not None and today <= self.window_until:
            return Basis.WINDOW
        return None

    @property
    def open_until(self) -> date | None:
        """The last day on which it may go back without a fault."""
        return max((one for one in (self.withdraw_until, self.window_until) if one), default=None)


def line_offers(order: Order, *, now: datetime) -> list[LineOffer]:
    """Return what may be sent back of each line of which something was sent; three queries however many there are."""
    policy, last = policy_of(order.country.code), delivered_last_on(order)
    lines = order.lines.select_related("variant__product", "order", "delivery__profile").filter(shipped__gt=0)
    return [_offer(line, policy, last, today=timezone.localdate(now)) for line in lines]


def _offer(line: OrderLine, policy: Market, last: date | None, *, today: date) -> LineOffer:
    fault = policy.fault_days or None
    withdraw = _until(last, policy.withdrawal_days, today)
    if withdraw is not None:
        order = line.order
        withdraw = withdrawal_ends(last or today, policy.withdrawal_days, order.country.code, order.region)
    window = _until(last, policy.return_days, today)
    return LineOffer(
        line=line,
        units=max(0, line.shipped - max(line.in_returns, line.returned)),
        withdraw_until=withdraw,
        window_until=window,
        fault_until=None if last is None or fault is None else last + timedelta(days=fault),
        why_not=_why_not(line, withdraw, window, today),
    )


def _until(last: date | None, days: int, today: date) -> date | None:
    """The last day of a window; while something of the order is still on its way it has not even begun."""
    if not days:
        return None
    return (last or today) + timedelta(days=days)


def _why_not(line: OrderLine, withdraw: date | None, window: date | None, today: date) -> str:
    product = line.variant.product
    if product.not_returnable_reason:
        return worded(product.not_returnable_reason)
    latest = max((one for one in (withdraw, window) if one), default=None)
    if latest is None:
        return _("This shop takes nothing back without a fault.")
    if latest < today:
        return _("The time to send it back was over on %(day)s.") % {"day": day(latest)}
    return ""


def returnable_sources(lines: Sequence[OrderLine]) -> dict[int, list[tuple[SupplierOrderLine, int]]]:
    """Return, by order line, from which suppliers' lines its units came and how many of each are in no return.

    Three queries.
    """
    rows = list(
        SupplierOrderLine.objects.filter(order_line__in=lines)
        .select_related("supplier_order__supplier__delivery_profile")
        .order_by("pk")
    )
    sent = sent_units(rows)
    live = ReturnLine.objects.filter(order_line__in=lines).exclude(parent__status__in=UNDONE).order_by()
    taken = dict(live.values("supplier_line").annotate(units=Sum("quantity")).values_list("supplier_line", "units"))
    found: dict[int, list[tuple[SupplierOrderLine, int]]] = {}
    for row in rows:
        free = sent[row.pk] - taken.get(row.pk, 0)
        if free > 0:
            found.setdefault(row.order_line_id, []).append((row, free))
    return found


def reasons_offered(offers: Sequence[LineOffer], *, today: date) -> list[ReturnReason]:
    """Return the reasons for which at least one line may go back."""
    return [one for one in ReturnReason if any(offer.basis_for(one, today=today) for offer in offers if offer.units)]


def may_withdraw(offers: Sequence[LineOffer], unsent: Mapping[int, int], *, today: date) -> bool:
    """True while a withdrawal from the contract is possible: for something sent, or for what is still to come."""
    return bool(unsent) or any(offer.units and offer.basis_for("", today=today) == Basis.WITHDRAWAL for offer in offers)
