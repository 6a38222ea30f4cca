"""Events, reactions, leases and the relay: what is owed is done once, whatever dies in between."""

from __future__ import annotations

import time
from threading import Barrier, Event as Flag, Thread

import pytest
from django.db import connections, transaction
from django.utils import timezone

from config import relay as relay_module
from config.celery import app
from config.reactions import REACTIONS
from config.relay import Hands, Relay, deliver_events
from config.timetable import PERIODIC, SWEEPS
from notifications.models import Notification
from orders import lease
from orders.models import Event, Reaction, RelayBeat, WorkItem
from orders.reactions import react
from orders.signals import order_paid
from tests.factories import make_paid_order, make_supplier, make_variant


def an_order():
    return make_paid_order((make_variant(make_supplier()), 1))


@pytest.fixture
def reaction(db):
    order = an_order()
    event = order.events.get(kind="order.paid")
    return Reaction.objects.create(event=event, receiver="some.task", due_at=timezone.now())


def test_every_task_named_in_the_tables_exists():
    named = {task for tasks in REACTIONS.values() for task in tasks} | {entry.task for entry in PERIODIC}
    assert named <= set(app.tasks)


@pytest.mark.django_db
def test_every_task_a_sweep_may_name_exists():
    class Row:
        source, receiver = "stripe", "suppliers.tasks.forward_order"

    assert {sweep.task(Row()) for sweep in SWEEPS} <= set(app.tasks)
    Row.source = "supplier:x"
    assert {sweep.task(Row()) for sweep in SWEEPS} <= set(app.tasks)


@pytest.mark.django_db
def test_an_event_and_its_change_stand_or_fall_together():
    order = an_order()
    before = Event.objects.count()
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        from orders import events

        events.record("order.paid", order, by=None)
        raise ZeroDivisionError
    assert Event.objects.count() == before


@pytest.mark.django_db
def test_an_event_is_delivered_once_and_owes_each_reaction_once():
    order = an_order()
    deliver_events()
    Event.objects.update(delivered_at=None)
    deliver_events()
    owed = Reaction.objects.filter(event__order=order, event__kind="order.paid").values_list("receiver", flat=True)
    assert sorted(owed) == sorted(REACTIONS[order_paid])


@pytest.mark.django_db
def test_a_receiver_of_other_people_that_fails_stops_nobody():
    def broken(**kwargs):
        raise RuntimeError("not our fault")

    order_paid.connect(broken)
    try:
        an_order()
        deliver_events()
    finally:
        order_paid.disconnect(broken)
    assert Event.objects.filter(delivered_at=None).count() == 0
    assert Reaction.objects.count() > 0


@pytest.mark.django_db
def test_a_reaction_takes_effect_once(reaction):
    done = []
    assert react(reaction.pk, done.append)
    assert not react(reaction.pk, done.append)
    assert len(done) == 1


@pytest.mark.django_db
def test_a_failing_reaction_is_undone_written_down_and_tried_again(reaction):
    def half(event):
        RelayBeat.objects.create(pk=7)
        raise RuntimeError("no")

    assert not react(reaction.pk, half)
    reaction.refresh_from_db()
    assert not RelayBeat.objects.filter(pk=7).exists()
    assert (reaction.failures, reaction.done_at) == (1, None)
    assert reaction.due_at > timezone.now()
    for _time in range(5):
        Reaction.objects.update(due_at=timezone.now())
        react(reaction.pk, half)
    assert WorkItem.objects.get(closed_at=None).reason == "reaction_failed"


@pytest.mark.django_db
def test_a_taken_row_is_not_to_be_had_until_its_lease_ends(reaction):
    rows = Reaction.objects.filter(done_at=None)
    mine = lease.take(rows, reaction.pk)
    assert lease.take(rows, reaction.pk) is None
    Reaction.objects.update(lease_until=lease.db_now_plus(-1))
    theirs = lease.take(rows, reaction.pk)
    assert theirs.attempt == mine.attempt + 1
    # Whoever lost the lease writes nothing any more.
    assert not lease.finish(mine, last_error="late")
    assert lease.finish(theirs)
    reaction.refresh_from_db()
    assert reaction.last_error == ""


@pytest.mark.django_db
def test_pauses_grow_and_never_undercut_what_was_asked_for(reaction, settings):
    settings.RETRY_SECONDS, settings.RETRY_MAX_SECONDS = 2, 900
    assert 1 <= lease.pause_after(1) <= 2
    assert 450 <= lease.pause_after(40) <= 900
    row = lease.take(Reaction.objects.all(), reaction.pk)
    lease.fail(row, "busy", retry_after=500)
    reaction.refresh_from_db()
    assert (reaction.due_at - timezone.now()).total_seconds() > 490


@pytest.mark.race
@pytest.mark.django_db(transaction=True)
def test_of_eight_workers_one_gets_the_row_and_one_effect_is_written():
    order = an_order()
    event = order.events.get(kind="order.paid")
    row = Reaction.objects.create(event=event, receiver="some.task", due_at=timezone.now())
    barrier, effects = Barrier(8), []

    def work():
        try:
            barrier.wait(timeout=20)
            react(row.pk, effects.append)
        finally:
            connections.close_all()

    threads = [Thread(target=work) for _number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert len(effects) == 1


@pytest.mark.django_db
def test_a_handed_out_row_is_not_handed_out_again_at_once_but_later(reaction, settings):
    handed = []
    clock = Relay(lambda task, queue, args: handed.append((task, args)))
    clock.turn()
    clock.turn()
    assert handed.count(("some.task", (reaction.pk,))) == 1
    # The message was lost: nobody took the row, so it is due again.
    Reaction.objects.filter(pk=reaction.pk).update(due_at=timezone.now())
    clock.turn()
    assert handed.count(("some.task", (reaction.pk,))) == 2


@pytest.mark.django_db
def test_an_idle_turn_costs_two_queries(django_assert_max_num_queries):
    clock = Relay(lambda task, queue, args: None)
    clock.turn()
    clock.turn()
    with django_assert_max_num_queries(2):
        clock.turn()


@pytest.mark.django_db(transaction=True)
def test_without_a_broker_the_relay_does_the_work_itself(monkeypatch, mailbox):
    def no_broker(*args, **kwargs):
        raise ConnectionRefusedError

    monkeypatch.setattr(app, "send_task", no_broker)
    order = an_order()
    stop = Flag()
    hands = Hands()

    def turn():
        try:
            Relay(hands).run(stop)
        finally:
            connections.close_all()

    clock = Thread(target=turn)
    clock.start()
    try:
        deadline = time.monotonic() + 30
        while not Notification.objects.filter(order=order, status="sent").exists():
            assert time.monotonic() < deadline
            time.sleep(0.2)
    finally:
        stop.set()
        clock.join(timeout=30)
        hands.drain()
    assert [mail["Subject"].strip().split(":")[0] for mail in mailbox()] == ["Order confirmed"]


@pytest.mark.django_db
def test_a_broker_that_hangs_does_not_stop_the_clock(monkeypatch):
    monkeypatch.setattr(relay_module, "PUBLISH_SECONDS", 0.1)
    monkeypatch.setattr(app, "send_task", lambda *args, **kwargs: time.sleep(3))
    ran = []
    hands = Hands()
    monkeypatch.setattr(hands, "_run", lambda task, args: ran.append(task))
    began = time.monotonic()
    for _number in range(5):
        hands("some.task", "engine", ())
    assert time.monotonic() - began < 2
    while len(ran) < 5 and time.monotonic() - began < 10:
        time.sleep(0.05)
    hands.drain()
    assert ran == ["some.task"] * 5


@pytest.mark.django_db
def test_workers_that_are_behind_are_not_drowned_in_repeats(monkeypatch):
    monkeypatch.setattr(relay_module, "MOST_WAITING", 3)
    for number in range(5):
        Reaction.objects.create(event=record_event(number), receiver="no.worker", due_at=timezone.now())
    hands = Hands()
    empty("engine")
    try:
        clock = Relay(hands)
        for _turn in range(3):
            Reaction.objects.update(due_at=timezone.now())
            clock.turn()

        assert relay_module._waiting("engine") == 3
        assert hands.room("engine") == 0
    finally:
        empty("engine")
        hands.drain()


def empty(queue: str) -> None:
    with app.connection_or_acquire() as connection:
        connection.default_channel.queue_purge(queue)


def record_event(number: int) -> Event:
    return Event.objects.create(kind="nothing.follows", subject_key=f"order:{number}", delivered_at=timezone.now())
