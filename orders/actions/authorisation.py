"""Decide about an order whose money a bank keeps for us: take it, or let it go and tell the customer.

Deciding only writes; what was decided is owed to the provider (``orders.actions.capture``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models.functions import Now
from django.utils import timezone

from orders import events
from orders.actions.cancel import cancel_units
from orders.actions.letting_go import close_decision
from orders.actions.refund import RefundPart, take_from_lines, units_minor
from orders.actions.shipping import lock_order
from orders.actions.work import open_work
from orders.models import Authorisation, CheckoutSession, Hold, Order, Payment, Refund, RefundLine, WorkItem
from orders.states import (
    AuthorisationStatus,
    OrderStatus,
    RefundStatus,
    move_authorisation,
    move_order,
    move_refund,
)
from orders.stripe_facts import SessionFacts
from shop.actions.basket import empty_basket
from shop.models import User

Status = AuthorisationStatus
# Reservations outlive the authorisation, so that nothing taken at the last moment is gone.
SLACK = timedelta(days=1)


class NothingToDecide(Exception):
    """No bank keeps money for this order, or it was decided before."""


def note_authorised(session: CheckoutSession, facts: SessionFacts) -> bool:
    """Note that a bank keeps the money of an order for us; False if that was noted before.

    The order moves to authorised, and a person is asked, with the time that is left. Where nothing holds
    the order any more, its money is taken at once; where it was given up meanwhile, it is let go at once.
    """
    with transaction.atomic():
        lock_order(session.order)
        CheckoutSession.objects.filter(pk=session.pk).update(state=CheckoutSession.State.COMPLETE, due_at=None)
        if Authorisation.objects.filter(session=session).exists():
            return False
        order = session.order
        order.refresh_from_db()
        kept = _write(session, facts)
        if order.status != OrderStatus.PLACED or facts.currency != order.currency:
            # Given up meanwhile: nothing was taken, and nothing will be.
            _release(kept, by=None, note=f"the order is {order.status}")
            return True
        move_order(order, OrderStatus.AUTHORISED, by=None, authorisation=kept.pk)
        order.reservations.filter(state="held").update(expires_at=kept.lapses_at + SLACK)
        if order.basket_id is not None:
            empty_basket(order.basket_id, generation=order.basket_generation)
        if not take_if_free(order, by=None):
            _ask(kept)
    return True


def _write(session: CheckoutSession, facts: SessionFacts) -> Authorisation:
    now = timezone.now()
    told = datetime.fromtimestamp(facts.capture_before, UTC) if facts.capture_before else None
    lapses_at = told or now + timedelta(days=settings.AUTHORISATION_DAYS)
    kept = Authorisation.objects.create(
        order=session.order,
        session=session,
        stripe_id=facts.intent_id,
        amount_minor=facts.capturable_minor or facts.amount_minor,
        currency=facts.currency,
        held_at=now,
        lapses_at=lapses_at,
        due_at=lapses_at - timedelta(hours=settings.LET_GO_BEFORE_HOURS),
        idempotency_key=f"authorisation-{session.order.number}-{session.serial}",
    )
    events.record("authorisation.noted", kept, by=None, amount_minor=kept.amount_minor)
    return kept


def _ask(kept: Authorisation) -> None:
    order = kept.order
    why = ", ".join(sorted({str(hold.get_reason_display()) for hold in open_holds(order)}))
    open_work(
        WorkItem.Reason.DECIDE_PAYMENT,
        kept,
        order=order,
        summary=f"{kept.amount} for {order.number} is authorised and waits for a decision: {why}.",
        money_minor=kept.amount_minor,
        deadline_at=kept.lapses_at - timedelta(hours=settings.DECIDE_BEFORE_HOURS),
    )


def open_holds(order: Order) -> Sequence[Hold]:
    """Return what holds an order at the moment."""
    return list(order.holds.filter(released_at=None))


def take_if_free(order: Order, *, by: User | None) -> bool:
    """Decide to take an order's money if nothing holds it any more; inside a transaction that has the order.

    Safe to repeat; False if nothing was decided by it.
    """
    kept = order.authorisations.filter(status=Status.HELD).first()
    if kept is None or order.status != OrderStatus.AUTHORISED or open_holds(order):
        return False
    left_out = _left_out(order)
    # Should the bank keep less than the order asks for, that is taken, does not fit, and a person is asked.
    minor = min(order.total_minor - sum(part["minor"] for part in left_out), kept.amount_minor)
    if minor < 1:
        _release(kept, by=by, note="nothing of it costs anything any more")
        return True
    fields = {"due_at": Now(), "decided_by": by, "capture_minor": minor, "left_out": left_out}
    move_authorisation(kept, Status.CAPTURING, by=by, fields=fields, capture_minor=minor)
    close_decision(kept, by=by)
    return True


def _left_out(order: Order) -> list[dict[str, int]]:
    """Return what was cancelled of an order before its money was taken, line by line."""
    gone = [(line, line.cancelled - line.refunded) for line in order.lines.all() if line.cancelled > line.refunded]
    return [{"line": line.pk, "units": units, "minor": units_minor(line, units)} for line, units in gone]


def _release(kept: Authorisation, *, by: User | None, note: str) -> None:
    fields = {"due_at": Now(), "decided_by": by, "note": note[:200], "capture_minor": 0}
    move_authorisation(kept, Status.RELEASING, by=by, fields=fields)
    close_decision(kept, by=by)


def refuse_order(order: Order, *, by: User | None, note: str = "") -> Authorisation:
    """Do not accept an authorised order: it is cancelled, its money let go, and the customer told, in one act.

    ``note`` is for staff. ``by`` None: the time to decide is over. Raises NothingToDecide.
    """
    with transaction.atomic():
        lock_order(order)
        order.refresh_from_db()
        kept = order.authorisations.filter(status=Status.HELD).first()
        if kept is None or order.status != OrderStatus.AUTHORISED:
            raise NothingToDecide(order.number)
        units = {line.pk: line.open for line in order.lines.all() if line.open > 0}
        # Its end owes the release of the authorisation as well.
        key = f"refused-{kept.pk}"
        cancel_units(order, units, reason=Refund.Reason.NOT_TAKEN, by=by, key=key, authorisation=kept.pk)
        order.holds.filter(released_at=None).update(released_at=timezone.now(), released_by=by)
        Authorisation.objects.filter(pk=kept.pk).update(note=note[:200], decided_by=by)
        kept.refresh_from_db()
        events.record("order.refused", order, by=by, authorisation=kept.pk)
    return kept


def note_released(authorisation: Authorisation, *, why: str = "") -> None:
    """Note that a bank keeps the money no more: let go by us, in the dashboard, or because it lapsed.

    An order that still waits for it is cancelled, and the customer told. Safe to repeat.
    """
    with transaction.atomic():
        lock_order(authorisation.order)
        authorisation.refresh_from_db()
        if authorisation.status in {Status.HELD, Status.CAPTURING}:
            _give_up(authorisation)
            authorisation.refresh_from_db()
        if authorisation.status in {Status.CAPTURED, Status.RELEASED}:
            return
        fields = {"due_at": None, "lease_until": None, "failures": 0, "deaths": 0}
        fields |= {"note": authorisation.note or why[:200]}
        move_authorisation(authorisation, Status.RELEASED, by=None, fields=fields)


def _give_up(authorisation: Authorisation) -> None:
    order = authorisation.order
    order.refresh_from_db()
    if order.status == OrderStatus.AUTHORISED and authorisation.status == Status.HELD:
        refuse_order(order, by=None, note="the bank keeps the money no more")
        return
    close_decision(authorisation, by=None)
    if order.status == OrderStatus.AUTHORISED:
        # It was to be taken, and came too late.
        units = {line.pk: line.open for line in order.lines.all() if line.open > 0}
        cancel_units(
            order,
            units,
            reason=Refund.Reason.NOT_TAKEN,
            by=None,
            key=f"lapsed-{authorisation.pk}",
            authorisation=authorisation.pk,
        )
        events.record("order.refused", order, by=None, authorisation=authorisation.pk)


def note_captured(authorisation: Authorisation) -> int:
    """Note that an authorisation was taken; return what of the order was left out, in minor units. Safe to repeat.

    Inside the transaction that writes the payment down.
    """
    authorisation.refresh_from_db()
    if authorisation.status != Status.CAPTURED:
        fields = {"due_at": None, "lease_until": None, "failures": 0, "deaths": 0}
        move_authorisation(authorisation, Status.CAPTURED, by=None, fields=fields)
        close_decision(authorisation, by=None)
    return sum(part["minor"] for part in authorisation.left_out)


def write_left_out(payment: Payment, parts: Sequence[Mapping[str, int]]) -> None:
    """Write what was never taken into the ledger, so that nobody pays it back. Once per payment."""
    total = sum(part["minor"] for part in parts)
    key = f"not-taken-{payment.stripe_id}"[:80]
    if total < 1 or Refund.objects.filter(idempotency_key=key).exists():
        return
    row = Refund.objects.create(
        payment=payment,
        order=payment.order,
        amount_minor=total,
        currency=payment.currency,
        reason=Refund.Reason.NOT_TAKEN,
        idempotency_key=key,
    )
    lines = payment.order.lines.in_bulk([part["line"] for part in parts])
    rows = take_from_lines([RefundPart(lines[part["line"]], part["units"], part["minor"]) for part in parts])
    for one in rows:
        one.refund = row
    RefundLine.objects.bulk_create(rows)
    events.record("refund.requested", row, by=None, amount_minor=total, reason=str(row.reason))
    move_refund(row, RefundStatus.SUCCEEDED, by=None)
