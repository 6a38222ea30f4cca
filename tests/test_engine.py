"""Events, reactions and leases: what is owed is done once, whatever dies in between."""

from __future__ import annotations

from datetime import timedelta
from threading import Barrier, Thread

import pytest
from django.db import connections, transaction
from django.utils import timezone

from config.celery import app
from config.reactions import REACTIONS
from config.relay import Relay, deliver_events
from config.timetable import PERIODIC, SWEEPS
from config.waiting import keep_deadlines
from orders import lease
from orders.actions.quarantine import set_aside, try_again
from orders.models import Event, Reaction, RelayBeat, WorkItem
from orders.reactions import react
from orders.signals import order_paid
from shop.prepared import PreparedUpdate
from tests import waiting
from tests.engine import an_order, reaction_fixture  # noqa: F401
from tests.factories import make_supplier
from tests.passing import put


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
def test_the_signal_of_an_event_reaches_other_peoples_receivers_once():
    seen = []

    def listener(event, **kwargs):
        seen.append(event.kind)

    order_paid.connect(listener)
    try:
        an_order()
        deliver_events()
        deliver_events()
    finally:
        order_paid.disconnect(listener)
    assert seen == ["order.paid"]


@pytest.mark.django_db
def test_a_receiver_that_breaks_the_transaction_undoes_only_its_own_writing():
    def broken(event, **kwargs):
        RelayBeat.objects.create(pk=7)
        RelayBeat.objects.create(pk=7)

    order_paid.connect(broken)
    try:
        order = an_order()
        deliver_events()
    finally:
        order_paid.disconnect(broken)
    assert not RelayBeat.objects.filter(pk=7).exists()
    owed = Reaction.objects.filter(event__order=order, event__kind="order.paid")
    assert owed.count() == len(REACTIONS[order_paid])


@pytest.mark.django_db
def test_a_row_that_kills_three_workers_is_set_aside_and_asks_one_person(reaction):
    rows, clock = Reaction.objects.filter(done_at=None), Relay(lambda task, queue, args: None)
    for _time in range(3):
        assert lease.take(rows, reaction.pk) is not None
        Reaction.objects.update(lease_until=lease.db_now_plus(-1), due_at=lease.db_now_plus(-1))
    # Its third taker is dead as well: nobody gets it any more.
    assert lease.take(rows, reaction.pk) is None
    clock.turn()
    clock.turn()
    reaction.refresh_from_db()
    assert (reaction.attempt, reaction.due_at) == (3, None)
    assert reaction.quarantined_at is not None
    assert WorkItem.objects.get(closed_at=None).reason == "quarantined"


@pytest.mark.django_db
@pytest.mark.parametrize("make", [make_supplier, waiting.a_probe, waiting.the_nightly_audit])
def test_a_duty_that_kills_three_workers_is_taken_up_again_after_a_pause_and_never_set_aside(make):
    duty, handed = put(make(), due_at=timezone.now()), []
    rows, clock = type(duty).objects, Relay(lambda task, queue, args: handed.append(task))
    clock.skip_periodic()
    for _time in range(3):
        assert lease.take(rows.all(), duty.pk) is not None
        rows.update(lease_until=lease.db_now_plus(-1), due_at=lease.db_now_plus(-1))
    clock.turn()
    duty.refresh_from_db()
    assert (duty.quarantined_at, duty.deaths, duty.failures, duty.lease_until) == (None, 0, 3, None)
    assert duty.due_at > timezone.now()
    assert (handed, WorkItem.objects.count()) == ([], 0)
    rows.update(due_at=lease.db_now_plus(-1))
    clock.turn()
    assert len(handed) == 1
    assert lease.take(rows.all(), duty.pk) is not None


@pytest.mark.django_db
def test_a_supplier_over_whose_lists_workers_keep_dying_asks_for_a_person():
    supplier = put(make_supplier(uses_polling=True), last_good_at=timezone.now(), failures=5)
    assert lease.begin_anew(supplier, "3 workers died over it")
    keep_deadlines(now=timezone.now() + timedelta(minutes=1))
    assert [item.reason for item in WorkItem.objects.filter(closed_at=None)] == ["supplier_silent"]


@pytest.mark.django_db
def test_what_was_set_aside_is_tried_again_with_a_clean_slate_when_a_person_says_so(reaction):
    set_aside(reaction, "for a test")
    assert not set_aside(reaction, "twice")
    assert try_again(reaction, by=None)
    assert not try_again(reaction, by=None)
    assert lease.take(Reaction.objects.all(), reaction.pk) is not None
    assert not WorkItem.objects.filter(closed_at=None).exists()
    kinds = Event.objects.filter(kind__startswith="row.").order_by("pk").values_list("kind", flat=True)
    assert list(kinds) == ["row.set_aside", "row.released"]


@pytest.mark.django_db
def test_a_result_ends_the_count_of_deaths(reaction):
    rows = Reaction.objects.filter(done_at=None)
    for _time in range(4):
        lease.take(rows, reaction.pk)
        Reaction.objects.update(lease_until=lease.db_now_plus(-1))
        lease.fail(lease.take(rows, reaction.pk), "no")
    reaction.refresh_from_db()
    assert (reaction.deaths, reaction.failures) == (0, 4)


@pytest.mark.django_db
def test_a_row_put_off_keeps_what_was_counted_against_it(reaction):
    Reaction.objects.update(failures=2, deaths=1, last_error="before")
    row = lease.take(Reaction.objects.all(), reaction.pk)
    assert lease.put_off(row, 30)
    reaction.refresh_from_db()
    assert (reaction.failures, reaction.deaths, reaction.last_error) == (2, 1, "before")
    assert reaction.lease_until is None


@pytest.mark.django_db
def test_a_row_that_somebody_deletes_while_it_is_taken_is_nobodys_work(reaction, monkeypatch):
    rows, ask = Reaction.objects.all(), PreparedUpdate.__call__

    def taken_and_deleted(statement, *values):
        done = ask(statement, *values)
        Reaction.objects.filter(pk=reaction.pk).delete()
        return done

    monkeypatch.setattr(PreparedUpdate, "__call__", taken_and_deleted)
    assert lease.take(rows, reaction.pk) is None
