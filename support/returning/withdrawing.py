"""Withdraw from the contract: what was sent comes back, what has not left is stopped, and nobody has to agree."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID, uuid5

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from orders import events, lease
from orders.actions.cancel import NothingToCancel, cancellable_units, request_cancellation
from orders.actions.sent_back import AlreadyBack
from orders.actions.shipping import lock_order
from orders.events import key_of
from orders.keys import bound_key
from orders.models import Cancellation, Event, Order
from orders.states import CancellationStatus
from shop.models import User
from support.actions.ticket import survivor_of
from support.models import Return, ReturnLine, Ticket, Withdrawal
from support.return_states import UNDONE
from support.returning.asking import NotOffered, Wanted, ask_return, note_in_case
from support.returning.offer import line_offers
from support.uploads import Photo

# How the key of a cancellation begins that a withdrawal has asked for.
CANCELLATION_KEY = "withdrawal-"


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """What followed from a withdrawal: goods that come back, and goods that are stopped before they leave."""

    withdrawal: Withdrawal
    returns: list[Return] = field(default_factory=list)
    cancellation: Cancellation | None = None


def withdrawable_units(order: Order) -> dict[int, int]:
    """Return, by order line id, for how many units the contract can be withdrawn from now; sent or not."""
    today = timezone.localdate()
    offers = line_offers(order, now=timezone.now())
    back = {one.line.pk: one.units for one in offers if one.units and one.basis_for("", today=today)}
    unsent = cancellable_units(order)
    return {pk: back.get(pk, 0) + unsent.get(pk, 0) for pk in sorted({*back, *unsent})}


def withdraw(
    order: Order,
    units: Mapping[int, int] | None,
    *,
    form_key: UUID,
    words: str = "",
    user: User | None = None,
    opened_by: User | None = None,
    ticket: Ticket | None = None,
    photos: Sequence[Photo] = (),
) -> Withdrawn:
    """Withdraw from the contract for units of an order (line id to units; None: all that can be), once per ``form_key``.

    What was sent comes back, what has not left is cancelled as far as its supplier lets go; what it does not let go
    comes back as well. ``opened_by`` is an agent who notes in ``ticket`` what a customer has declared; ``words`` are
    then the agent's own, and no customer reads them. Raises NotOffered.
    """
    form_key = bound_key(form_key, order)
    with transaction.atomic():
        lock_order(order)
        order.refresh_from_db()
        known = Withdrawal.objects.filter(form_key=form_key, order=order).select_related("cancellation").first()
        if known is not None:
            returns = list(Return.objects.filter(request_key=form_key, order=order))
            return Withdrawn(known, returns, known.cancellation)
        most = withdrawable_units(order)
        wanted = {pk: number for pk, number in (most if units is None else units).items() if number > 0}
        if not wanted or any(number > most.get(pk, 0) for pk, number in wanted.items()):
            raise NotOffered(order.number)
        row = Withdrawal.objects.create(
            order=order,
            form_key=form_key,
            units={str(pk): number for pk, number in wanted.items()},
            words="" if opened_by else words,
        )
        # What has not left is stopped first: nobody has to carry it back.
        unsent = cancellable_units(order)
        stop = {pk: min(number, unsent.get(pk, 0)) for pk, number in wanted.items()}
        rest = {pk: number - stop[pk] for pk, number in wanted.items() if number > stop[pk]}
        wish, made = Wanted(rest, words=words, photos=photos), []
        if rest:
            made = ask_return(order, wish, form_key=form_key, user=user, opened_by=opened_by, ticket=ticket)
        elif ticket is not None and opened_by is not None:
            note_in_case(survivor_of(ticket), order, made, wish, form_key=form_key, by=opened_by)
        stopped = _stop(row, {pk: number for pk, number in stop.items() if number}, by=opened_by or user)
        facts = {"returns": [one.pk for one in made], "withdrawal": row.pk, "key": f"{CANCELLATION_KEY}{form_key}"}
        events.record("order.withdrawn", order, by=opened_by or user, **facts)
    return Withdrawn(row, made, stopped)


def _stop(row: Withdrawal, units: Mapping[int, int], *, by: User | None) -> Cancellation | None:
    if not units:
        return None
    try:
        stopped = request_cancellation(row.order, units, key=f"{CANCELLATION_KEY}{row.form_key}", by=by)
    except NothingToCancel:
        return None
    Withdrawal.objects.filter(pk=row.pk).update(cancellation=stopped, due_at=timezone.now())
    return stopped


def said_with(order: Order, form_key: UUID) -> Event | None:
    """Return what was noted of an order's withdrawal when it came in with a form; None if none came with it."""
    # Withdrawals of before kept the key as it was sent.
    names = {f"{CANCELLATION_KEY}{key}" for key in (bound_key(form_key, order), form_key)}
    said = Event.objects.filter(order=order, kind="order.withdrawn").order_by("pk")
    return next((one for one in said if one.facts.get("key") in names), None)


def tend_withdrawal(withdrawal_id: int) -> None:
    """Let units come back that were to be stopped and had left; safe to repeat."""
    row = lease.take(Withdrawal.objects.select_related("order", "cancellation"), withdrawal_id)
    if row is None:
        return
    with transaction.atomic():
        lock_order(row.order)
        left = _bring_back(row)
        is_answered = row.cancellation is None or row.cancellation.status != CancellationStatus.REQUESTED
        if is_answered and not left:
            lease.finish(row)
        else:
            # Not sent yet as far as we know, or without an answer: looked at again.
            lease.finish(row, due_in=settings.RETRY_MAX_SECONDS)


def _bring_back(row: Withdrawal) -> int:
    """Ask for the return of what was refused to be stopped and has been sent; return how many units are still to come.

    Suppliers answer one after the other and send in several parcels: what is known to have left comes back now, the
    rest when its time has come.
    """
    if row.cancellation is None:
        return 0
    # Each time at least one unit comes back, so there are never more returns of it than units.
    keys = [uuid5(row.form_key, f"had left {number}") for number in range(sum(row.units.values()) + 1)]
    wanted = _still_to_come(row, keys)
    offers = {one.line.pk: one.units for one in line_offers(row.order, now=timezone.now())} if wanted else {}
    now = {pk: min(number, offers[pk]) for pk, number in wanted.items() if offers.get(pk)}
    left = sum(wanted.values()) - sum(now.values())
    if not now:
        return left
    used = set(Return.objects.filter(request_key__in=keys, order=row.order).values_list("request_key", flat=True))
    key = next(one for one in keys if one not in used)
    try:
        ask_return(row.order, Wanted(now, words=row.words, declared_in_time=True), form_key=key)
    except (NotOffered, AlreadyBack):
        return left + sum(now.values())
    return left


def _still_to_come(row: Withdrawal, keys: Sequence[UUID]) -> dict[int, int]:
    """Return, by order line id, how many units that could not be stopped still have to come back; ``keys`` are its own.

    Not among them is what never comes any more, what its customer has put into another return since, and what its
    carrier has brought back to the sender: that is a person's work by itself, and is paid back there.
    """
    refused = Counter({part.line_id: part.refused for part in row.cancellation.lines.all() if part.refused})
    theirs = ReturnLine.objects.filter(parent__order=row.order, order_line__in=refused)
    for line in theirs.filter(parent__request_key__in=keys):
        refused[line.order_line_id] -= line.quantity
    refused -= _gone_since(row, theirs.exclude(parent__request_key__in=[row.form_key, *keys]))
    lines = row.order.lines.in_bulk(list(refused))
    most = {pk: line.quantity - line.cancelled - max(line.in_returns, line.returned) for pk, line in lines.items()}
    wanted = {pk: min(number - lines[pk].returned, most[pk]) for pk, number in refused.items()}
    return {pk: number for pk, number in wanted.items() if number > 0}


def _gone_since(row: Withdrawal, others: QuerySet[ReturnLine]) -> Counter[int]:
    """Count, by order line id, the units that were cancelled or went into ``others`` since they could not be stopped."""
    answers, gone = {}, Counter()
    said = Event.objects.filter(subject_key=key_of(row.cancellation), kind="cancellation.answered").order_by("pk")
    for event in said:
        for part in event.facts["refused"]:
            answers.setdefault(part["line"], event)
    for event in Event.objects.filter(order=row.order, kind="lines.cancelled"):
        is_its_own = event.facts.get("cancellation") == row.cancellation_id
        for part in [] if is_its_own else event.facts["lines"]:
            if part["line"] in answers and event.pk > answers[part["line"]].pk:
                gone[part["line"]] += part["quantity"]
    for line in others.exclude(parent__status__in=UNDONE).select_related("parent"):
        if line.order_line_id in answers and line.parent.asked_at > answers[line.order_line_id].at:
            gone[line.order_line_id] += line.quantity
    return gone
