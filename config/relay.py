"""The relay: the clock of the shop.

Every second it delivers what happened (events) and hands what is due (rows) to Celery. When
the broker does not answer, it does the work itself, in a pool with a share per queue, never on
its clock thread. Any number of relays may run: rows are handed over by conditional UPDATE.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, TimeoutError as FutureTimeout
from threading import Event as Flag
from typing import Any

from django.db import InterfaceError, OperationalError, close_old_connections, connections, transaction
from django.db.models import Exists
from django.utils import timezone
from kombu.exceptions import KombuError

from config.celery import QUEUES, app
from config.timetable import PERIODIC, SWEEPS, Sweep
from orders import lease
from orders.models import Event, RelayBeat
from orders.signals import EventSignal

logger = logging.getLogger(__name__)
TICK_SECONDS = 1.0
# A message to a broker that hangs is waited for no longer than this.
PUBLISH_SECONDS = 1.0
# After a failure the broker is left alone for so long; the work goes on here meanwhile.
BROKER_REST_SECONDS = 5.0
ROWS_PER_SWEEP = 200
# More than that do not wait in one queue. What waits longer than HAND_OVER_SECONDS is offered again, and
# workers that are behind would get ever more repeats of what they already have.
MOST_WAITING = 400
EVENTS_PER_TICK = 200
Hand = Callable[[str, str, tuple[object, ...]], None]


def run_here(task: str, queue: str, args: tuple[object, ...]) -> None:
    """Run a task in this very thread: for tests, ``--once``, and when there is no broker."""
    app.tasks[task](*args)


class Hands:
    """Give work to Celery; do it in threads of this process while the broker does not answer."""

    def __init__(self, threads_per_queue: int = 4) -> None:
        self._publisher = ThreadPoolExecutor(2, thread_name_prefix="publish")
        self._pools = {queue: ThreadPoolExecutor(threads_per_queue, thread_name_prefix=queue) for queue in QUEUES}
        self._rest_until = 0.0

    def __call__(self, task: str, queue: str, args: tuple[object, ...]) -> None:
        """Publish one task, or run it in the queue's own pool."""
        if not self._publish(task, queue, args):
            self._pools[queue].submit(self._run, task, args)

    def room(self, queue: str) -> int:
        """Return how many more pieces of work may wait in a queue now, at the broker or here."""
        answered, waiting = self._ask(_waiting, queue)
        if not answered:
            waiting = self._pools[queue]._work_queue.qsize()
        return max(0, MOST_WAITING - waiting)

    def _publish(self, task: str, queue: str, args: tuple[object, ...]) -> bool:
        return self._ask(app.send_task, task, args, queue=queue, retry=False)[0]

    def _ask(self, question: Callable[..., object], *args: object, **options: object) -> tuple[bool, Any]:
        """Ask the broker something, but not for long; the first value is False if it does not answer."""
        if time.monotonic() < self._rest_until:
            return False, None
        sent: Future[object] = self._publisher.submit(question, *args, **options)
        try:
            return True, sent.result(timeout=PUBLISH_SECONDS)
        except FutureTimeout:
            # It hangs. Should the message arrive after all, the lease keeps it harmless.
            self._publisher = ThreadPoolExecutor(2, thread_name_prefix="publish")
        except (OSError, KombuError) as error:
            logger.warning("broker does not answer: %s", type(error).__name__)
        except Exception:  # noqa: BLE001  (whatever a transport raises, the work goes on here)
            logger.exception("broker refuses messages")
        self._rest_until = time.monotonic() + BROKER_REST_SECONDS
        return False, None

    def _run(self, task: str, args: tuple[object, ...]) -> None:
        close_old_connections()
        try:
            app.tasks[task](*args)
        except Exception:  # noqa: BLE001  (the row is due again by itself)
            logger.exception("%s%s failed", task, args)
        finally:
            # The thread may end before its connection does.
            connections.close_all()

    def drain(self) -> None:
        """Let what was begun end; take nothing new."""
        for pool in self._pools.values():
            pool.shutdown(wait=True, cancel_futures=True)
        self._publisher.shutdown(wait=False, cancel_futures=True)


def _waiting(queue: str) -> int:
    """Count the messages that wait in a queue at the broker."""
    with app.connection_or_acquire() as connection:
        # Asked for by its public name, a queue with our key prefix is said not to exist (kombu 5.7).
        return connection.default_channel._size(queue)


class Relay:
    """One clock. ``hand`` gets (task, queue, args) for everything due."""

    def __init__(self, hand: Hand) -> None:
        self.hand = hand
        self._last_run: dict[str, float] = {}

    def run(self, stop: Flag) -> None:
        """Turn until ``stop`` is set; a database that is away is waited for."""
        while not stop.is_set():
            began = time.monotonic()
            try:
                self.turn()
            except (OperationalError, InterfaceError) as error:
                logger.warning("database does not answer: %s", type(error).__name__)
                close_old_connections()
            stop.wait(max(0.05, TICK_SECONDS - (time.monotonic() - began)))

    def turn(self) -> int:
        """Do one turn; return how many events were delivered and rows handed out."""
        self._run_periodic()
        due = self._what_is_due()
        count = deliver_events() if due["events"] else 0
        for sweep in SWEEPS:
            # Delivered events make reactions due at once, so those are looked at again.
            if due[sweep.name] or (count and sweep.name == "reactions"):
                count += self._hand_out(sweep)
        return count

    def _what_is_due(self) -> dict[str, bool]:
        # The beat's own row carries the answers, so that an idle turn costs one question.
        questions = {sweep.name: Exists(lease.due(sweep.rows()).order_by()) for sweep in SWEEPS}
        questions["events"] = Exists(Event.objects.filter(delivered_at=None))
        if not RelayBeat.objects.filter(pk=1).update(beat_at=timezone.now()):
            RelayBeat.objects.get_or_create(pk=1)
        return RelayBeat.objects.filter(pk=1).values(**questions).get()

    def _hand_out(self, sweep: Sweep) -> int:
        handed = 0
        room = getattr(self.hand, "room", None)
        most = ROWS_PER_SWEEP if room is None else min(ROWS_PER_SWEEP, room(sweep.queue))
        for row in lease.due(sweep.rows())[:most]:
            if lease.hand_over(sweep.rows(), row.pk):
                self.hand(sweep.task(row), sweep.queue, (row.pk,))
                handed += 1
        return handed

    def _run_periodic(self) -> None:
        for periodic in PERIODIC:
            last = self._last_run.get(periodic.task)
            if last is None or time.monotonic() - last >= periodic.every():
                self._last_run[periodic.task] = time.monotonic()
                self.hand(periodic.task, periodic.queue, ())


def deliver_events() -> int:
    """Send the signal of each undelivered event, oldest first; return how many.

    Our own receivers only write down what is owed, in the transaction that marks the event
    delivered. A receiver of other people that fails is logged and does not stop the others.
    """
    waiting = Event.objects.filter(delivered_at=None).order_by("pk").values_list("pk", flat=True)
    return sum(_deliver(pk) for pk in waiting[:EVENTS_PER_TICK])


def _deliver(event_id: int) -> bool:
    with transaction.atomic():
        mine = Event.objects.filter(pk=event_id, delivered_at=None).update(delivered_at=timezone.now())
        if not mine:
            return False
        event = Event.objects.get(pk=event_id)
        signal = EventSignal.by_kind.get(event.kind)
        if signal is None:
            return True
        for receiver, answer in signal.send_robust(sender=Event, event=event):
            if isinstance(answer, OperationalError | InterfaceError):
                raise answer
            if isinstance(answer, Exception):
                logger.error("receiver %r of %s failed", receiver, event.kind, exc_info=answer)
    return True


def run_until_idle(limit: int = 50) -> int:
    """Turn, running everything here, until nothing is due; return how much was done.

    For tests and ``relay --once``. Work that became due again later is left for then.
    """
    relay = Relay(run_here)
    done = 0
    for _turn in range(limit):
        count = relay.turn()
        done += count
        if not count:
            break
    return done
