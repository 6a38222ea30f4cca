"""Races for rows of work: take, react, hand out, and come back too late."""

from __future__ import annotations

from threading import Event as Flag

import pytest
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend
from django.utils import timezone

from config.relay import Relay, deliver_events
from notifications.actions.send import send_notification
from notifications.models import Notification
from orders import events, lease
from orders.models import Event, Order, Reaction
from orders.reactions import react
from orders.states import OrderStatus, move_order
from tests.factories import make_order, make_supplier, make_variant
from tests.races.crowd import (
    break_down,
    forget_the_attempt,
    hold,
    never_lock,
    read_then_write,
    wait_before_update,
)

pytestmark = [pytest.mark.race, pytest.mark.django_db(transaction=True)]
WORKERS = 6


@pytest.fixture
def order(crowd):
    return make_order((make_variant(make_supplier()), 1))


def owed(order, count: int = 1) -> list[Reaction]:
    """Owe so many reactions, each to an event of its own."""
    now = timezone.now()
    made = [events.record("order.looked_at", order, by=None) for _number in range(count)]
    Event.objects.update(delivered_at=now)
    return [Reaction.objects.create(event=event, receiver="some.task", due_at=now) for event in made]


def is_taking(changes) -> bool:
    return "attempt" in changes


def workers_take_one_row(crowd, order) -> None:
    row = owed(order)[0]
    taken = crowd.at_once(*[lambda: lease.take(Reaction.objects.filter(done_at=None), row.pk)] * WORKERS)
    assert len([one for one in taken if one is not None]) == 1, "a row was taken by more than one worker"
    row.refresh_from_db()
    assert row.attempt == 1


def test_of_many_workers_one_takes_a_due_row(crowd, order):
    hold(lambda: workers_take_one_row(crowd, order))


def test_twin_without_the_conditional_update_more_than_one_takes_the_row(crowd, order, monkeypatch):
    read_then_write(monkeypatch, Reaction, before=crowd.gap, only=is_taking)
    break_down(lambda: workers_take_one_row(crowd, order), "taken by more than one worker")


def workers_run_one_reaction(crowd, order) -> None:
    row = owed(order)[0]

    def effect(event: Event) -> None:
        events.record("order.effect_seen", event.order, by=None, of=event.pk)

    crowd.at_once(*[lambda: react(row.pk, effect)] * WORKERS)
    effects = Event.objects.filter(kind="order.effect_seen", facts__of=row.event_id).count()
    assert effects == 1, f"the reaction took effect {effects} times"


def test_a_reaction_run_by_many_workers_takes_effect_once(crowd, order):
    hold(lambda: workers_run_one_reaction(crowd, order))


def test_twin_without_the_lease_a_reaction_takes_effect_more_than_once(crowd, order, monkeypatch):
    # All of them take it before the first has finished, so all hold the same attempt number.
    crowd.gap.times = 2
    read_then_write(monkeypatch, Reaction, before=crowd.gap, after=crowd.gap, only=is_taking)
    break_down(lambda: workers_run_one_reaction(crowd, order), "took effect [2-9] times")


def threads_move_one_order(crowd, variant) -> None:
    order = make_order((variant, 1))
    moved = crowd.at_once(*[lambda: move_order(Order.objects.get(pk=order.pk), OrderStatus.PAID, by=None)] * WORKERS)
    assert sorted(moved) == [False] * (WORKERS - 1) + [True], "more than one moved the order"
    assert order.events.filter(kind="order.paid").count() == 1


def test_of_many_threads_one_moves_an_order(crowd):
    variant = make_variant(make_supplier(), stock=None)
    hold(lambda: threads_move_one_order(crowd, variant))


def test_twin_without_the_conditional_update_more_than_one_moves_the_order(crowd, monkeypatch):
    variant = make_variant(make_supplier(), stock=None)
    read_then_write(monkeypatch, Order, before=crowd.gap)
    break_down(
        lambda: threads_move_one_order(crowd, variant), "more than one moved the order", single_writer_holds=True
    )


def relays_hand_out_the_same_rows(crowd, order) -> None:
    rows = {row.pk for row in owed(order, 5)}
    handed: list[int] = []

    def hand(task: str, queue: str, args: tuple[int, ...]) -> None:
        handed.extend(args if task == "some.task" else ())

    crowd.at_once(Relay(hand).turn, Relay(hand).turn)
    assert set(handed) == rows
    assert len(handed) == len(rows), "a row was handed out twice"
    Reaction.objects.filter(pk__in=rows).update(done_at=timezone.now(), due_at=None)


def test_two_relays_hand_out_each_row_once(crowd, order):
    hold(lambda: relays_hand_out_the_same_rows(crowd, order))


def test_twin_without_the_lock_two_relays_hand_out_a_row_twice(crowd, order, monkeypatch):
    never_lock(monkeypatch, Reaction)
    wait_before_update(monkeypatch, Reaction, crowd.gap)
    break_down(lambda: relays_hand_out_the_same_rows(crowd, order), "handed out twice", single_writer_holds=True)


def relays_deliver_the_same_events(crowd, order) -> None:
    Event.objects.update(delivered_at=timezone.now())
    for _number in range(5):
        events.record("order.looked_at", order, by=None)
    delivered = crowd.at_once(deliver_events, deliver_events)
    assert sum(delivered) >= 5
    assert sum(delivered) == 5, "an event was delivered twice"


def test_two_relays_deliver_each_event_once(crowd, order):
    hold(lambda: relays_deliver_the_same_events(crowd, order))


def test_twin_without_the_lock_two_relays_deliver_an_event_twice(crowd, order, monkeypatch):
    never_lock(monkeypatch, Event)
    wait_before_update(monkeypatch, Event, crowd.gap)
    break_down(
        lambda: relays_deliver_the_same_events(crowd, order), "an event was delivered twice", single_writer_holds=True
    )


class SlowThenBroken(BaseEmailBackend):
    """A mail server that keeps the first caller waiting until a second one was served, and then cuts the line."""

    sent: list[str] = []
    is_called = Flag()
    second_is_served = Flag()

    @classmethod
    def begin(cls) -> None:
        cls.sent, cls.is_called, cls.second_is_served = [], Flag(), Flag()

    def send_messages(self, email_messages: list[EmailMessage]) -> int:
        if not self.is_called.is_set():
            self.is_called.set()
            self.second_is_served.wait(timeout=30)
            raise ConnectionResetError("the line was cut")
        self.sent.extend(message.extra_headers["Message-ID"] for message in email_messages)
        return len(email_messages)


@pytest.fixture
def slow_mail_server(settings):
    settings.MAIL_TRANSPORT = {"backend": f"{__name__}.SlowThenBroken", "options": {}}


def a_late_worker_comes_back(crowd) -> None:
    SlowThenBroken.begin()
    serial = Notification.objects.count()
    row = Notification.objects.create(
        key=f"late:{serial}",
        kind="late",
        recipient="a@example.com",
        message_id=f"<{serial}@x>",
        due_at=timezone.now(),
    )

    def quick() -> None:
        assert SlowThenBroken.is_called.wait(timeout=30)
        # The lease of the first one has run out.
        Notification.objects.filter(pk=row.pk).update(lease_until=lease.db_now_plus(-1))
        send_notification(row.pk)
        SlowThenBroken.second_is_served.set()

    crowd.at_once(lambda: send_notification(row.pk), quick)
    row.refresh_from_db()
    assert SlowThenBroken.sent == [row.message_id]
    assert row.status == "sent", "a late worker wrote over what another had done"


def test_a_worker_whose_lease_ran_out_writes_nothing_any_more(crowd, slow_mail_server):
    hold(lambda: a_late_worker_comes_back(crowd))


def test_twin_without_the_fence_a_late_worker_undoes_what_another_did(crowd, slow_mail_server, monkeypatch):
    forget_the_attempt(monkeypatch)
    break_down(lambda: a_late_worker_comes_back(crowd), "wrote over what another had done")
