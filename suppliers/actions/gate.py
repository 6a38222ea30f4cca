"""Goods that need a pharmacist's approval: how many units may go out, and who is asked for the rest."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.utils import timezone

from orders.actions.work import close_work, open_work
from orders.models import Approval, OrderLine, WorkItem
from shop.models.catalogue import Gate
from suppliers.models import SupplierOrderLine

# The clocks of two machines of ours may differ by so much; a younger approval is no approval.
CLOCKS_DIFFER = timedelta(seconds=5)


class NotApproved(Exception):
    """Units of gated goods were about to be ordered without an approval."""


@dataclass(slots=True)
class Grant:
    """One approval, and how many of its units are left."""

    at: datetime
    valid_until: datetime | None
    left: int

    def covers(self, moment: datetime) -> bool:
        """True if it had been granted, and had not lapsed, at that moment."""
        return self.at <= moment + CLOCKS_DIFFER and (self.valid_until is None or moment < self.valid_until)


@dataclass(frozen=True, slots=True)
class Use:
    """So many units that a supplier was asked for, and when; rejected and cancelled ones are left out."""

    at: datetime
    units: int
    reference: str


def settle_uses(grants: Sequence[Grant], uses: Iterable[Use]) -> list[Use]:
    """Take each use off the grants that covered it, soonest to lapse first; return uses not covered.

    What is not covered is taken off any grant that is left: in doubt fewer units may go out.
    """
    order = sorted(grants, key=lambda grant: (grant.valid_until is None, grant.valid_until or grant.at))
    uncovered = []
    for use in sorted(uses, key=lambda use: use.at):
        missing = _take(use.units, [grant for grant in order if grant.covers(use.at)])
        if missing:
            uncovered.append(use)
            _take(missing, order)
    return uncovered


def _take(units: int, grants: Iterable[Grant]) -> int:
    for grant in grants:
        part = min(units, grant.left)
        grant.left -= part
        units -= part
    return units


def grants_of(line_ids: Collection[int]) -> dict[int, list[Grant]]:
    """Return the approvals of order lines, by line."""
    found: dict[int, list[Grant]] = {pk: [] for pk in line_ids}
    for row in Approval.objects.filter(order_line__in=line_ids, decision=Approval.Decision.GRANTED):
        found[row.order_line_id].append(Grant(row.at, row.valid_until, row.units))
    return found


def uses_of(gated_since: Mapping[int, datetime]) -> dict[int, list[Use]]:
    """Return what suppliers were asked for of order lines since they are gated (line to moment)."""
    found: dict[int, list[Use]] = {pk: [] for pk in gated_since}
    rows = SupplierOrderLine.objects.filter(order_line__in=found).select_related("supplier_order")
    for row in rows.order_by("supplier_order__created_at", "pk"):
        live = row.quantity - row.rejected - row.cancelled
        asked_at = row.supplier_order.created_at
        if live and asked_at >= gated_since[row.order_line_id]:
            found[row.order_line_id].append(Use(asked_at, live, row.supplier_order.reference))
    return found


def approved_units(line_ids: Iterable[int]) -> dict[int, int]:
    """Return how many more units of each gated line may go out now; lines without a gate are left out.

    Gated is what was sold so or is so by now. Call it inside a transaction: the gated lines are
    locked until its end, so that two at once cannot both use one approval.
    """
    named = OrderLine.objects.filter(pk__in=list(line_ids))
    gated = sorted(named.exclude(gated_at=None, variant__product__gate=Gate.NONE).values_list("pk", flat=True))
    if not gated:
        return {}
    now = timezone.now()
    OrderLine.objects.filter(pk__in=gated, gated_at=None).update(gated_at=now)
    locked = OrderLine.objects.select_for_update(no_key=True).filter(pk__in=gated).order_by("pk")
    since = {line.pk: line.gated_at for line in locked}
    grants, uses = grants_of(gated), uses_of(since)
    for pk in gated:
        settle_uses(grants[pk], uses[pk])
    return {pk: sum(grant.left for grant in grants[pk] if grant.covers(now)) for pk in gated}


def refuse_ungranted(wanted: Mapping[int, int]) -> None:
    """Raise NotApproved if more units of a gated line (id to units) are wanted than were approved."""
    for pk, free in approved_units(wanted).items():
        if wanted[pk] > free:
            raise NotApproved(f"{wanted[pk]} units of line {pk}: {free} approved")


def ask_pharmacist(line: OrderLine, units: int) -> None:
    """Have one open piece of work for so many units of a line that wait; none if ``units`` is 0."""
    if not units:
        close_work(WorkItem.Reason.APPROVAL, line)
        return
    order = line.order
    deadline = (order.paid_at or timezone.now()) + timedelta(hours=settings.APPROVAL_HOURS)
    open_work(
        WorkItem.Reason.APPROVAL,
        line,
        order=order,
        summary=f"{line.sku} of {order.number} waits for a pharmacist: {units} units.",
        money_minor=line.paid_minor * units // line.quantity,
        deadline_at=deadline,
    )
