"""The relay and its hands: what is due is handed out, whether the broker answers, hangs or is gone."""

from __future__ import annotations

import time
from threading import Event as Flag, Thread, enumerate as enumerate_threads

import pytest
from django.db import connections
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone

from config import hands as hands_module, relay as relay_module
from config.celery import QUEUES, app
from config.hands import Hands
from config.models import NightlyAudit
from config.relay import Relay, deliver_events
from config.timetable import PERIODIC, SWEEPS
from notifications.models import Notification
from orders.models import Event, IncomingEvent, Reaction
from tests.engine import an_order, reaction_fixture  # noqa: F401


@pytest.mark.django_db
def test_a_handed_out_row_is_not_handed_out_again_at_once_but_later(reaction, settings):
    handed = []
    clock = Relay(lambda task, queue, args: handed.append((task, args)))
    clock.turn()
    clock.turn()
    assert handed.count(("some.task", (reaction.pk,))) == 1
    # The message was lost: nobody took the row, so it is due again.
    Reaction.objects.filter(pk=reaction.pk).update(due_at=Now())
    clock.turn()
    assert handed.count(("some.task", (reaction.pk,))) == 2


@pytest.mark.django_db
def test_an_idle_turn_costs_one_query_and_a_minute_of_them_less_than_200(django_assert_num_queries):
    clock = Relay(lambda task, queue, args: None)
    clock.turn()
    with django_assert_num_queries(1):
        clock.turn()
    # Besides the turns: the beat.
    assert 60 / relay_module.IDLE_SECONDS + 60 / relay_module.BEAT_SECONDS < 200


@pytest.mark.django_db
def test_a_full_turn_costs_the_same_for_one_row_and_for_many(django_assert_num_queries):
    event = an_order().events.get(kind="order.paid")
    clock = Relay(lambda task, queue, args: None)
    deliver_events()
    clock.turn()
    for count in (1, 40):
        Reaction.objects.bulk_create(
            Reaction(event=event, receiver=f"{count}.{number}", due_at=timezone.now()) for number in range(count)
        )
        # What is due; the rows, their new due time, and the savepoint around both.
        with django_assert_num_queries(5):
            assert clock.turn() == count


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


@pytest.fixture
def hung_broker(monkeypatch):
    """A broker that takes no message until the test ends."""
    free = Flag()
    monkeypatch.setattr(hands_module, "PUBLISH_SECONDS", 0.1)
    monkeypatch.setattr(app, "send_task", lambda *args, **kwargs: free.wait(60))
    yield
    free.set()


def test_a_broker_that_hangs_does_not_stop_the_clock(hung_broker, monkeypatch):
    ran, hands = [], Hands()
    monkeypatch.setattr(hands, "_run", lambda task, args: ran.append(args))
    began = time.monotonic()
    hands.many([("some.task", "engine", (number,)) for number in range(5)])
    assert time.monotonic() - began < 2
    hands._pools["engine"].shutdown(wait=True)
    assert sorted(ran) == [(number,) for number in range(5)]


def test_a_broker_that_hangs_for_long_costs_one_thread(hung_broker, monkeypatch):
    monkeypatch.setattr(hands_module, "BROKER_REST_SECONDS", 0)
    hands = Hands()
    monkeypatch.setattr(hands, "_run", lambda task, args: None)
    for number in range(20):
        hands("some.task", "engine", (number,))
    assert [thread.name for thread in enumerate_threads()].count("publish") == 1
    hands.drain()


def test_a_broker_that_hangs_in_the_middle_of_a_batch_leaves_the_rest_to_the_relay(monkeypatch):
    free, sent, ran = Flag(), [], []

    def send(task, args, **kwargs):
        if len(sent) == 2:
            free.wait(60)
        sent.append(args)

    monkeypatch.setattr(hands_module, "PUBLISH_SECONDS", 0.1)
    monkeypatch.setattr(app, "send_task", send)
    hands = Hands()
    monkeypatch.setattr(hands, "_run", lambda task, args: ran.append(args))
    hands.many([("some.task", "engine", (number,)) for number in range(5)])
    hands._pools["engine"].shutdown(wait=True)
    free.set()
    assert sent[:2] == [(0,), (1,)]
    assert sorted(ran) == [(2,), (3,), (4,)]


def test_work_that_waits_here_is_not_heaped_up(hung_broker, monkeypatch):
    monkeypatch.setattr(hands_module, "MOST_WAITING", 3)
    go, ran = Flag(), []
    hands = Hands(threads_per_queue=1)
    monkeypatch.setattr(hands, "_run", lambda task, args: (go.wait(20), ran.append(args)))
    for _time in range(4):
        hands.many([("some.task", "engine", (number,)) for number in range(10)])
    go.set()
    hands._pools["engine"].shutdown(wait=True)
    assert ran == [(0,), (1,), (2,)]


@pytest.mark.django_db
def test_workers_that_are_behind_are_not_drowned_in_repeats(monkeypatch):
    monkeypatch.setattr(hands_module, "MOST_AT_BROKER", 3)
    monkeypatch.setattr(hands_module, "LEAST_ROOM", 1)
    for number in range(5):
        Reaction.objects.create(event=record_event(number), receiver="no.worker", due_at=timezone.now())
    hands = Hands()
    empty("engine")
    try:
        clock = Relay(hands)
        # What is periodic has no row that could be offered again.
        clock.skip_periodic()
        for _turn in range(3):
            Reaction.objects.update(due_at=Now())
            clock.turn()
        assert hands._ask_broker("engine") == 3
        assert hands.room("engine") == 0
    finally:
        empty("engine")
        hands.drain()


@pytest.mark.django_db
def test_mails_that_wait_to_be_written_take_no_room_from_orders_and_come_after_those_already_written(monkeypatch):
    """Too many of one kind must not fill a queue beyond its room, or it would be offered again and again."""
    monkeypatch.setattr(hands_module, "MOST_AT_BROKER", 3)
    monkeypatch.setattr(hands_module, "LEAST_ROOM", 1)
    for number in range(9):
        for receiver in ("notifications.tasks.tell_parcel_sent", "suppliers.tasks.repair_rejection"):
            Reaction.objects.create(event=record_event(number), receiver=receiver, due_at=Now())
    queue = Notification.objects.bulk_create(
        Notification(kind="x", recipient="a@example.com", key=str(number), message_id=f"<{number}>", due_at=Now())
        for number in range(2)
    )
    hands = Hands()
    empty("engine"), empty("mail")
    try:
        clock = Relay(hands)
        clock.skip_periodic()
        for _turn in range(2):
            clock.turn()
        assert (hands._ask_broker("engine"), hands._ask_broker("mail")) == (3, 3)
        assert not Notification.objects.filter(pk__in=[mail.pk for mail in queue], due_at__lte=Now()).exists()
    finally:
        empty("engine"), empty("mail")
        hands.drain()


@pytest.mark.django_db
def test_however_much_of_one_kind_waits_the_others_of_its_queue_come_too(monkeypatch):
    monkeypatch.setattr(hands_module, "MOST_AT_BROKER", 8)
    monkeypatch.setattr(hands_module, "LEAST_ROOM", 4)
    let_two_kinds_wait()
    IncomingEvent.objects.create(source="stripe", event_id="1", kind="x", body={}, due_at=Now())
    hands = Hands()
    empty("engine"), empty("payments")
    try:
        clock = Relay(hands)
        clock.skip_periodic()
        clock.turn()
        offered = Q(due_at__gt=Now())
        assert Reaction.objects.filter(offered).count() == 4
        assert IncomingEvent.objects.filter(offered, source="supplier:x").count() == 2
        # What says that somebody has paid waits with the payments, behind no supplier's news.
        assert (hands._ask_broker("engine"), hands._ask_broker("payments")) == (6, 1)
    finally:
        empty("engine"), empty("payments")
        hands.drain()


@pytest.mark.django_db
def test_of_many_kinds_that_wait_each_goes_on(monkeypatch):
    monkeypatch.setattr(hands_module, "MOST_AT_BROKER", 2)
    monkeypatch.setattr(hands_module, "LEAST_ROOM", 1)
    let_two_kinds_wait()
    NightlyAudit.objects.update_or_create(pk=1, defaults={"due_at": Now()})
    hands = Hands()
    empty("engine")
    try:
        clock = Relay(hands)
        clock.skip_periodic()
        clock.turn()
        offered = Q(due_at__gt=Now())
        # The last of the table comes though two kinds before it would take all there is.
        assert [rows.filter(offered).count() for rows in (Reaction.objects, IncomingEvent.objects)] == [1, 1]
        assert NightlyAudit.objects.get().due_at > timezone.now()
        # And nothing comes where there is no room at all.
        clock.turn()
        assert Reaction.objects.filter(offered).count() == 1
    finally:
        empty("engine")
        hands.drain()


@pytest.mark.django_db
def test_a_queue_is_filled_again_when_half_of_it_is_done_and_not_row_by_row(monkeypatch):
    monkeypatch.setattr(hands_module, "MOST_AT_BROKER", 8)
    monkeypatch.setattr(hands_module, "LEAST_ROOM", 4)
    hands = Hands()
    empty("engine")
    try:
        hands.many([("no.task", "engine", (number,)) for number in range(5)])
        assert hands.room("engine") == 0
        with app.connection_or_acquire() as connection:
            connection.default_channel._get("engine")
        assert hands.room("engine") == 4
    finally:
        empty("engine")
        hands.drain()


def let_two_kinds_wait() -> None:
    """Have more of two kinds wait than their queue has room for."""
    for number in range(20):
        Reaction.objects.create(event=record_event(number), receiver="no.worker", due_at=Now())
        IncomingEvent.objects.create(source="supplier:x", event_id=str(number), kind="x", body={}, due_at=Now())


def empty(queue: str) -> None:
    with app.connection_or_acquire() as connection:
        connection.default_channel.queue_purge(queue)


def record_event(number: int) -> Event:
    return Event.objects.create(kind="nothing.follows", subject_key=f"order:{number}", delivered_at=timezone.now())


def test_whatever_is_due_goes_to_a_queue_that_somebody_works_on_and_names_a_task_that_there_is():
    app.loader.import_default_modules()
    for sweep in SWEEPS:
        assert sweep.queue in QUEUES, sweep.name
    for entry in PERIODIC:
        assert entry.task in app.tasks, entry
        assert entry.queue in QUEUES, entry
