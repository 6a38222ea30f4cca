"""Who does what the relay hands out: Celery, or threads of this process while the broker does not answer."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Condition, Lock, Thread

from django.db import close_old_connections, connections
from kombu.exceptions import KombuError

from config.celery import QUEUES, app

logger = logging.getLogger(__name__)
# A broker that takes no message for so long hangs.
PUBLISH_SECONDS = 1.0
# After a failure the broker is left alone for so long; the work goes on here meanwhile.
BROKER_REST_SECONDS = 5.0
# More than that need not wait in this process: the rows are due again by themselves.
MOST_WAITING = 500
# Nor at the broker. What waits longer than HAND_OVER_SECONDS is offered again, and workers that are
# behind would get ever more repeats of what they already have; and what waits as rows can still go together.
MOST_AT_BROKER = 40
# Filled up again when half of them are taken: handing rows out one by one costs the relay as much as working on them.
LEAST_ROOM = 20
Job = tuple[str, str, tuple[object, ...]]


class Batch:
    """Messages on their way to the broker, in a thread of their own that may hang."""

    def __init__(self, jobs: Sequence[Job]) -> None:
        self.jobs = jobs
        self.sent = 0
        self.failure: Exception | None = None
        self._is_over = False
        self._given_up = False
        self._news = Condition()
        # A daemon, so that a hung broker does not keep the process from ending.
        Thread(target=self._send, name="publish", daemon=True).start()

    @property
    def is_over(self) -> bool:
        """True once the thread has ended, however it did."""
        return self._is_over

    def wait(self) -> bool:
        """Wait as long as messages go out; False if none has for PUBLISH_SECONDS."""
        with self._news:
            while not self._is_over:
                before = self.sent
                self._news.wait_for(lambda before=before: self._is_over or self.sent > before, PUBLISH_SECONDS)
                if not self._is_over and self.sent == before:
                    # Should the one under way arrive after all, the lease keeps it harmless.
                    self._given_up = True
                    return False
        return True

    def _send(self) -> None:
        try:
            # One connection for all of them.
            with app.producer_or_acquire() as producer:
                for task, queue, args in self.jobs:
                    app.send_task(task, args, queue=queue, producer=producer, retry=False)
                    with self._news:
                        self.sent += 1
                        self._news.notify_all()
                        if self._given_up:
                            return
        except Exception as error:  # noqa: BLE001  (whatever a transport raises, the work goes on in the relay)
            self.failure = error
        finally:
            with self._news:
                self._is_over = True
                self._news.notify_all()


class Hands:
    """Give work to Celery; do it in a pool with a share per queue while the broker does not answer."""

    def __init__(self, threads_per_queue: int = 4) -> None:
        self._pools = {queue: ThreadPoolExecutor(threads_per_queue, thread_name_prefix=queue) for queue in QUEUES}
        self._waiting: dict[str, set[tuple[str, tuple[object, ...]]]] = {queue: set() for queue in QUEUES}
        self._lock = Lock()
        self._rest_until = 0.0
        self._hung: Batch | None = None
        self._asking: Thread | None = None

    def __call__(self, task: str, queue: str, args: tuple[object, ...]) -> None:
        """Publish one task, or run it in the queue's own pool."""
        self.many([(task, queue, args)])

    def many(self, jobs: Sequence[Job]) -> None:
        """Publish tasks over one connection; what the broker does not take runs here."""
        for job in jobs[self._publish(jobs) :]:
            self._run_soon(*job)

    def room(self, queue: str) -> int:
        """Return how many more pieces of work may wait in a queue now: at the broker, or here while it is away."""
        at_broker = None if time.monotonic() < self._rest_until else self._ask_broker(queue)
        if at_broker is not None:
            free = MOST_AT_BROKER - at_broker
            return free if free >= LEAST_ROOM else 0
        with self._lock:
            return max(0, MOST_WAITING - len(self._waiting[queue]))

    def _ask_broker(self, queue: str) -> int | None:
        """Return how many messages wait in a queue at the broker; None if it does not say so in time."""
        if self._asking is not None and self._asking.is_alive():
            return None
        answers: list[int] = []
        self._asking = Thread(target=_count_waiting, args=(queue, answers), name="ask", daemon=True)
        self._asking.start()
        self._asking.join(PUBLISH_SECONDS)
        if not answers:
            self._rest_until = time.monotonic() + BROKER_REST_SECONDS
            return None
        return answers[0]

    def _publish(self, jobs: Sequence[Job]) -> int:
        """Return how many of the jobs, from the first, the broker has surely taken."""
        if not jobs or time.monotonic() < self._rest_until:
            return 0
        if self._hung is not None and not self._hung.is_over:
            # One thread hangs; a second would hang as well.
            self._rest_until = time.monotonic() + BROKER_REST_SECONDS
            return 0
        batch, self._hung = Batch(jobs), None
        if not batch.wait():
            logger.warning("broker hangs")
            self._hung = batch
        elif isinstance(batch.failure, OSError | KombuError):
            logger.warning("broker does not answer: %s", type(batch.failure).__name__)
        elif batch.failure is not None:
            logger.error("broker refuses messages", exc_info=batch.failure)
        else:
            return len(jobs)
        self._rest_until = time.monotonic() + BROKER_REST_SECONDS
        return batch.sent

    def _run_soon(self, task: str, queue: str, args: tuple[object, ...]) -> None:
        with self._lock:
            waiting = self._waiting[queue]
            if (task, args) in waiting or len(waiting) >= MOST_WAITING:
                return
            waiting.add((task, args))
        self._pools[queue].submit(self._run_one, task, queue, args)

    def _run_one(self, task: str, queue: str, args: tuple[object, ...]) -> None:
        try:
            self._run(task, args)
        finally:
            with self._lock:
                self._waiting[queue].discard((task, args))

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


def _count_waiting(queue: str, answers: list[int]) -> None:
    try:
        with app.connection_or_acquire() as connection:
            # Asked for by its public name, a queue with our key prefix is said not to exist (kombu 5.7).
            answers.append(connection.default_channel._size(queue))
    except (OSError, KombuError) as error:
        logger.warning("broker does not answer: %s", type(error).__name__)
    except Exception:  # noqa: BLE001  (whatever a transport raises, the work goes on in the relay)
        logger.exception("broker does not count its messages")
