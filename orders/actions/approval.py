"""Decide about goods that need a pharmacist: grant, or refuse with money back and news, in one act."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID, uuid4

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone

from orders import events
from orders.actions.cancel import cancel_units
from orders.actions.holds import release_decided
from orders.actions.shipping import lock_order
from orders.keys import bound_key
from orders.models import Approval, OrderLine, Refund
from orders.states import OrderStatus
from shop.models import User
from shop.models.catalogue import Gate

MAY_DECIDE = "orders.add_approval"
Decision = Approval.Decision
# Before the money is taken, or after: what is refused then is paid back.
DECIDED_IN = {OrderStatus.AUTHORISED, OrderStatus.PAID}


class NothingToDecide(Exception):
    """The line needs no approval, its order is neither paid nor authorised, or fewer units of it are open."""


def grant_approval(
    line: OrderLine,
    units: int,
    *,
    by: User,
    reason: str = "",
    valid_until: datetime | None = None,
    key: UUID | None = None,
) -> Approval:
    """Let so many open units of a line go out; the relay forwards them.

    Units that are not forwarded by ``valid_until`` wait for a new decision. The same ``key`` is
    one decision. Raises PermissionDenied for people who are no pharmacists, and NothingToDecide.
    """
    with transaction.atomic():
        approval, new = _decide(line, units, Decision.GRANTED, by=by, reason=reason, valid_until=valid_until, key=key)
        if new:
            release_decided(line.order, by=by)
    return approval


def refuse_approval(line: OrderLine, units: int, *, by: User, reason: str = "", key: UUID | None = None) -> Approval:
    """Cancel so many open units of a line, pay them back and tell the customer, in one act.

    ``reason`` is for our own people; customers are told that it was not approved, and no more.
    Repeats and exceptions are those of ``grant_approval``.
    """
    with transaction.atomic():
        approval, new = _decide(line, units, Decision.REFUSED, by=by, reason=reason, valid_until=None, key=key)
        if new:
            name = f"approval-{approval.form_key}"
            cancel_units(line.order, {line.pk: units}, reason=Refund.Reason.NOT_APPROVED, by=approval.by, key=name)
            release_decided(line.order, by=approval.by)
    return approval


def _decide(
    line: OrderLine,
    units: int,
    decision: Decision,
    *,
    by: User,
    reason: str,
    valid_until: datetime | None,
    key: UUID | None,
) -> tuple[Approval, bool]:
    # Asked of the database and not of the object: a right that was taken away counts at once.
    person = User.objects.filter(pk=by.pk).first() if by is not None else None
    if person is None or not person.has_perm(MAY_DECIDE):
        raise PermissionDenied("only pharmacists decide")
    # The order before its lines, as everywhere: its holds and its money follow from the decision.
    lock_order(line.order)
    # Whoever forwards the line waits for the decision, and the other way round.
    current = OrderLine.objects.select_for_update(no_key=True).get(pk=line.pk)
    key = bound_key(key, current) if key else None
    known = Approval.objects.filter(form_key=key).first() if key else None
    if known is not None:
        return known, False
    is_gated = current.gated_at is not None or current.variant.product.gate != Gate.NONE
    if not is_gated or current.order.status not in DECIDED_IN or not 1 <= units <= current.open:
        raise NothingToDecide(f"{units} x {current.sku}")
    if valid_until is not None and valid_until <= timezone.now():
        raise NothingToDecide("over before it begins")
    approval = Approval.objects.create(
        order_line=current,
        units=units,
        decision=decision,
        by=person,
        reason=reason[:300],
        valid_until=valid_until,
        form_key=key or uuid4(),
    )
    # The reason may be about somebody's health: it stays in the approval.
    events.record(f"approval.{decision}", approval, by=person, line=current.pk, units=units)
    return approval, True
