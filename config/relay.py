"""The relay: the clock of the shop.

Several times a second it delivers what happened (events) and hands what is due (rows) to Celery,
many at a time. Any number of relays may run: each event and each row goes to one of them.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from functools import cached_property
from threading import Event as Flag

from django.db import InterfaceError, OperationalError, close_old_connections, connection, transaction
from django.db.models import Exists
from django.db.models.functions import Now

from config.celery import app
from config.hands import Job
from config.reactions import owe
from config.timetable import PERIODIC, SWEEPS, Sweep
from orders import lease
from orders.actions.quarantine import set_aside
from orders.models import Event, RelayBeat
from orders.signals import EventSignal

logger = logging.getLogger(__name__)
# With nothing to do, this is how late the first step of something new may come; one query each.
IDLE_SECONDS = 0.35
# While there is work, one step's end is the next one's beginning: a paid order takes two.
BUSY_SECONDS = 0.05
BUSY_FOR_SECONDS = 2.0
BEAT_SECONDS = 5.0
ROWS_PER_SWEEP = 500
EVENTS_PER_TURN = 500
Hand = Callable[[str, str, tuple[object, ...]], None]


def run_here(task: str, queue: str, args: tuple[object, ...]) -> None:
    """Run a task in this very thread: for tests, ``--once``, and when there is no broker."""
    app.tasks[task](*args)


class Relay:
    """One clock. ``hand`` gets (task, queue, args) for everything due; if it has ``many``, all of a turn at once."""

    def __init__(self, hand: Hand) -> None:
        self.hand = hand
        self._last_run: dict[str, float] = {}
        self._beaten = float("-inf")

    def run(self, stop: Flag) -> None:
        """Turn until ``stop`` is set; a database that is away is waited for."""
        busy_until = 0.0
        while not stop.is_set():
            began = time.monotonic()
            try:
                if self.turn():
                    busy_until = began + BUSY_FOR_SECONDS
            except (OperationalError, InterfaceError) as error:
                logger.warning("database does not answer: %s", type(error).__name__)
                close_old_connections()
            pause = BUSY_SECONDS if began < busy_until else IDLE_SECONDS
            stop.wait(max(0.02, pause - (time.monotonic() - began)))

    def turn(self) -> int:
        """Do one turn; return how many events were delivered and rows handed out."""
        self._run_periodic()
        due = self._what_is_due()
        count = delivered = deliver_events() if due["events"] else 0
        rooms: dict[str, int | None] = {}
        for sweep in SWEEPS:
            # Delivered events make reactions due at once, so those are looked at again.
            if due[sweep.name] or (delivered and "receiver" in sweep.needs):
                count += self._hand_out(sweep, rooms)
        return count

    def skip_periodic(self) -> None:
        """Count everything periodic as done just now."""
        self._last_run = {periodic.task: time.monotonic() for periodic in PERIODIC}

    def _what_is_due(self) -> dict[str, bool]:
        rows = RelayBeat.objects.filter(pk=1)
        if time.monotonic() - self._beaten >= BEAT_SECONDS:
            if not rows.update(beat_at=Now()):
                RelayBeat.objects.get_or_create(pk=1, defaults={"beat_at": Now()})
            self._beaten = time.monotonic()
        names, statement, values = self._question
        with connection.cursor() as cursor:
            cursor.execute(statement, values)
            return dict(zip(names, cursor.fetchone() or [True] * len(names), strict=True))

    @cached_property
    def _question(self) -> tuple[list[str], str, tuple[object, ...]]:
        """What is due, as one statement; written once, for that takes several times as long as asking it."""
        asked = {sweep.name: Exists(lease.due(sweep.rows()).order_by()) for sweep in SWEEPS}
        asked["events"] = Exists(Event.objects.filter(delivered_at=None))
        # The beat's own row carries the answers.
        answers = RelayBeat.objects.filter(pk=1).values_list(*asked.values())
        return list(asked), *answers.query.sql_with_params()

    def _hand_out(self, sweep: Sweep, rooms: dict[str, int | None]) -> int:
        """Hand out what is due, as far as there is ``rooms`` for it; what finds no room is the first of a later turn.

        ``rooms`` is filled in: what is left in a queue, None where there was nothing from the first.
        """
        room = getattr(self.hand, "room", None)
        if sweep.queue not in rooms:
            rooms[sweep.queue] = ROWS_PER_SWEEP if room is None else room(sweep.queue) or None
        left = rooms[sweep.queue]
        if left is None:
            return 0
        # Half of the room, and one row where none is left: however much of other kinds waits, each kind goes on.
        most = left if room is None else max(1, -(-left // 2))
        rows = lease.hand_over(
            sweep.rows().only(*lease.COLUMNS, *sweep.needs), min(ROWS_PER_SWEEP, most * sweep.together)
        )
        poisoned = [row for row in rows if row.is_poisoned]
        for row in poisoned:
            stop = lease.begin_anew if row.is_duty else set_aside
            stop(row, f"{lease.MOST_DEATHS} workers died over it")
        jobs = sweep.jobs([row for row in rows if not row.is_poisoned])
        if room is not None:
            rooms[sweep.queue] = left - len(jobs)
        self._hand(jobs)
        return len(rows)

    def _hand(self, jobs: Sequence[Job]) -> None:
        many = getattr(self.hand, "many", None)
        if many is not None:
            many(jobs)
            return
        for job in jobs:
            self.hand(*job)

    def _run_periodic(self) -> None:
        for periodic in PERIODIC:
            last = self._last_run.get(periodic.task)
            if last is None or time.monotonic() - last >= periodic.every():
                self._last_run[periodic.task] = time.monotonic()
                self.hand(periodic.task, periodic.queue, ())


def deliver_events() -> int:
    """Write down what follows from undelivered events, oldest first, and send their signals; return how many.

    What is owed is written in the transaction that marks the events delivered. A receiver of other
    people that fails is logged and does not stop the others.
    """
    with transaction.atomic():
        # What another relay has in hand is passed over (SQLite has one writer at a time).
        undelivered = Event.objects.filter(delivered_at=None).order_by("pk")
        events = list(undelivered.select_for_update(skip_locked=True, no_key=True)[:EVENTS_PER_TURN])
        if events:
            Event.objects.filter(pk__in=[event.pk for event in events]).update(delivered_at=Now())
            owe(events)
        for event in events:
            signal = EventSignal.by_kind.get(event.kind)
            if signal is not None and signal.has_listeners(Event):
                _send(signal, event)
    return len(events)


class _Undone(Exception):
    """Rolls back what receivers of one event wrote, and nothing else."""


def _send(signal: EventSignal, event: Event) -> None:
    try:
        with transaction.atomic():
            for receiver, answer in signal.send_robust(sender=Event, event=event):
                if isinstance(answer, OperationalError | InterfaceError):
                    raise answer
                if isinstance(answer, Exception):
                    logger.error("receiver %r of %s failed", receiver, event.kind, exc_info=answer)
            if transaction.get_connection().needs_rollback:
                raise _Undone
    except _Undone:
        logger.error("what receivers of %s wrote is undone: one of them broke the transaction", event.kind)


def run_until_idle(limit: int = 50, *, with_periodic: bool = True) -> int:
    """Turn, running everything here, until nothing is due; return how much was done.

    For tests and ``relay --once``. Work that became due again later is left for then. ``with_periodic``:
    also what has no row of its own, once, as a relay does when it starts.
    """
    relay = Relay(run_here)
    if not with_periodic:
        relay.skip_periodic()
    done = 0
    for _turn in range(limit):
        count = relay.turn()
        done += count
        if not count:
            break
    return done
