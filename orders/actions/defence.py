"""Against card testing: how many pay pages one may open, and what refused cards lead to.

Thieves try stolen card numbers where a shop lets them: each try is a pay page, or a card on one. So pay pages that
stay unpaid are counted per network, visitor, e-mail address and basket, and so are the cards refused on them. What
was paid does not count: a family behind one address, or somebody whose second card works, never meets a limit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil

from django.conf import settings
from django.db import transaction
from django.db.models import BooleanField, Q, QuerySet, Value
from django.utils import timezone

from orders.actions.pay_page import end_later
from orders.actions.shipping import lock_order
from orders.actions.work import close_work, open_work
from orders.models import CardCircuit, CardDecline, CheckoutSession, Meter, Order, PayAttempt, Payment, WorkItem
from orders.states import OrderStatus
from shop.kept import Kept
from shop.money import Money

WINDOW = timedelta(hours=1)
KEPT = timedelta(days=2)
# Once open, so long at least: closing at the first good card would let the next wave in.
OPEN_AT_LEAST = timedelta(minutes=10)
FALSE_ALARM = timedelta(hours=1)
# By (name of the column, key): how many.
Limits = dict[tuple[str, str], int]
COUNTED = ("network", "visitor", "email", "basket")


class Limited(Exception):
    """Too many pay pages were opened and not paid, or too many cards refused; ``retry_after`` is in seconds."""

    def __init__(self, retry_after: int) -> None:
        super().__init__(f"again in {retry_after} s")
        self.retry_after = retry_after


class TooSmall(Exception):
    """The order's total is under ``least``: thieves test cards with cents."""

    def __init__(self, least: Money) -> None:
        super().__init__(f"less than {least}")
        self.least = least


@dataclass(frozen=True, slots=True)
class Visit:
    """Who wants to pay, as keys that are counted; an empty one is not."""

    network: str = ""
    visitor: str = ""
    email: str = ""
    basket: str = ""

    def marks(self) -> list[tuple[str, str]]:
        """Return (name of the column, key) of what is counted."""
        return [(name, key) for name in COUNTED if (key := getattr(self, name))]


def refuse_small(order: Order) -> None:
    """Raise TooSmall for a total that no honest order has; zero among them, unless a code has made it free.

    What a code has made free asks for no card, so nobody can try one on it.
    """
    is_given = order.discount_minor > 0 and order.total_minor == 0
    if not is_given and order.total_minor < settings.SMALLEST_ORDER_MINOR:
        raise TooSmall(order.money(settings.SMALLEST_ORDER_MINOR))


def expect_room(visit: Visit, *, now: datetime) -> None:
    """Raise Limited if no pay page may be opened now. Holds nothing: ``admit`` decides. One query."""
    pages = _limits(visit, settings.PAY_PAGES_PER_NETWORK, settings.PAY_PAGES_PER_VISITOR)
    cards = _limits(visit, settings.CARD_DECLINES_PER_NETWORK, settings.CARD_DECLINES_PER_VISITOR)
    if not pages and not cards:
        return
    found = _opened(pages, now).union(_refused(cards, now), all=True)
    times: dict[tuple[bool, str, str], list[datetime]] = {}
    for is_card, at, *keys in found:
        for name, key in zip(COUNTED, keys, strict=True):
            times.setdefault((is_card, name, key), []).append(at)
    limits = [((False, *mark), most) for mark, most in pages.items()]
    limits += [((True, *mark), most) for mark, most in cards.items()]
    wait = max(_wait(sorted(times.get(mark, ())), most, now) for mark, most in limits)
    if wait > timedelta(0):
        raise Limited(max(1, ceil(wait.total_seconds())))


def admit(session: CheckoutSession, visit: Visit, *, now: datetime) -> bool:
    """Count a pay page before it is opened; False if this one was counted before.

    Of many at once no more get through than the limit says: each waits for the rows of what it is counted by.
    Raises Limited, and then nothing is counted.
    """
    with transaction.atomic():
        _lock(visit, now)
        if PayAttempt.objects.filter(session=session).exists():
            return False
        _count(session, visit, now)
    return True


def admit_first(session: CheckoutSession, visit: Visit, *, now: datetime) -> None:
    """Do the same for a page that is made in this very transaction, which nobody can have counted; three statements."""
    _lock(visit, now)
    _count(session, visit, now)


def _count(session: CheckoutSession, visit: Visit, now: datetime) -> None:
    expect_room(visit, now=now)
    PayAttempt.objects.create(session=session, order=session.order, at=now, **dict(visit.marks()))


def _lock(visit: Visit, now: datetime) -> None:
    # Made, or written and so locked, in one order for everybody: two who wait for each other would else both be
    # thrown out.
    wanted = sorted(f"{name}:{key}" for name, key in visit.marks())
    Meter.objects.bulk_create(
        [Meter(key=key, used_at=now) for key in wanted],
        update_conflicts=True,
        unique_fields=["key"],
        update_fields=["used_at"],
    )


def _opened(limits: Limits, now: datetime) -> QuerySet:
    # A page that was paid, or that a bank decides about, is no try with a stolen card.
    unpaid = PayAttempt.objects.filter(order__paid_at=None, at__gt=now - WINDOW).exclude(
        Q(session__state=CheckoutSession.State.COMPLETE) | Q(order__status=OrderStatus.AUTHORISED)
    )
    return _rows(unpaid, limits, "", is_card=False)


def _refused(limits: Limits, now: datetime) -> QuerySet:
    refused = CardDecline.objects.filter(at__gt=now - WINDOW, order__paid_at=None)
    return _rows(refused, limits, "attempt__", is_card=True)


def _rows(rows: QuerySet, limits: Limits, prefix: str, *, is_card: bool) -> QuerySet:
    """Return (is_card, when, and by what it is counted) of the rows that some limits are about."""
    either = Q(pk__in=[])
    for name, key in limits:
        either |= Q(**{prefix + name: key})
    kind = Value(is_card, output_field=BooleanField())
    return rows.filter(either).order_by().values_list(kind, "at", *(prefix + name for name in COUNTED))


def _limits(visit: Visit, per_network: int, per_visitor: int) -> Limits:
    limits = {mark: per_network if mark[0] == "network" else per_visitor for mark in visit.marks()}
    # 0 switches a limit off.
    return {mark: most for mark, most in limits.items() if most > 0}


def _wait(times: Sequence[datetime], most: int, now: datetime) -> timedelta:
    """Return how long it takes until there is room for one more; ``times`` are those that count, oldest first."""
    return times[len(times) - most] + WINDOW - now if len(times) >= most else timedelta(0)


def note_card_declined(order: Order, *, key: str, code: str, at: datetime) -> bool:
    """Count a refused card, once per ``key``; False if it was counted before.

    A pay page on which as many cards were refused as a visitor may try in an hour is ended: whoever tests cards
    needs only one page.
    """
    most = settings.CARD_DECLINES_PER_VISITOR
    with transaction.atomic():
        lock_order(order)
        attempt = order.pay_attempts.first()
        _row, new = CardDecline.objects.get_or_create(
            key=key[:120], defaults={"order": order, "attempt": attempt, "code": code[:60], "at": at}
        )
        order.refresh_from_db(fields=["status"])
        if new and most and order.status == OrderStatus.PLACED and order.card_declines.count() >= most:
            end_later(order)
    if new:
        look_at_circuit(now=timezone.now())
    return new


def is_circuit_open() -> bool:
    """True while everybody must answer a question before they pay, as it was within the last second; mostly no query."""
    return _circuit.get()


_circuit = Kept(lambda: CardCircuit.objects.filter(pk=1).exclude(opened_at=None).exists(), is_brief=True)
forget_circuit = _circuit.forget


def look_at_circuit(*, now: datetime) -> bool:
    """Open or close the circuit by how many of the last cards were refused; return whether it is open.

    It opens when more than CARD_CIRCUIT_PERCENT of the last CARD_CIRCUIT_CARDS within an hour were refused (fewer
    cards than that count as if the missing ones were good), and asks for one person. It closes by itself. Safe to
    repeat and to run twice at once.
    """
    declines = _refused_of_the_last(now)
    is_bad = declines * 100 > settings.CARD_CIRCUIT_PERCENT * settings.CARD_CIRCUIT_CARDS
    with transaction.atomic():
        CardCircuit.objects.get_or_create(pk=1)
        circuit = CardCircuit.objects.select_for_update().get(pk=1)
        is_quiet = circuit.quiet_until is not None and circuit.quiet_until > now
        circuit.declines, circuit.looked_at = declines, now
        if is_bad and not is_quiet and circuit.opened_at is None:
            circuit.opened_at = now
            summary = (
                f"{declines} of the last {settings.CARD_CIRCUIT_CARDS} cards were refused: somebody tries out stolen "
                "ones. Whoever pays must answer a question first; this ends by itself."
            )
            open_work(WorkItem.Reason.CARD_TESTING, circuit, order=None, summary=summary)
        elif circuit.opened_at and (is_quiet or (not is_bad and circuit.opened_at <= now - OPEN_AT_LEAST)):
            circuit.opened_at = None
            close_work(WorkItem.Reason.CARD_TESTING, circuit)
        circuit.save()
    return circuit.opened_at is not None


def _refused_of_the_last(now: datetime) -> int:
    most, since = settings.CARD_CIRCUIT_CARDS, now - WINDOW
    refused = CardDecline.objects.filter(at__gt=since).order_by("-at").values_list("at", flat=True)[:most]
    # By their ids, which come in the order of time: a look at the last few, however many there are.
    taken = Payment.objects.order_by("-pk").values_list("captured_at", flat=True)[:most]
    cards = [(at, 1) for at in refused] + [(at, 0) for at in taken if at > since]
    return sum(is_refused for _at, is_refused in sorted(cards, reverse=True)[:most])


def call_off(circuit: CardCircuit, *, now: datetime) -> bool:
    """Close the circuit because a person knows better, and leave it closed for an hour; False if it was closed."""
    row = CardCircuit.objects.filter(pk=circuit.pk).exclude(opened_at=None)
    if not row.update(quiet_until=now + FALSE_ALARM):
        return False
    look_at_circuit(now=now)
    return True


def forget_attempts(*, now: datetime) -> int:
    """Forget who tried to pay and which cards were refused, two days after; return how many rows. Safe to repeat."""
    old = now - KEPT
    declines, _by_model = CardDecline.objects.filter(at__lt=old).delete()
    attempts, _by_model = PayAttempt.objects.filter(at__lt=old).delete()
    meters, _by_model = Meter.objects.filter(used_at__lt=old).delete()
    return declines + attempts + meters
