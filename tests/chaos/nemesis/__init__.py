"""The nemesis: every way in which a run disturbs the shop, and the threads that do it as planned."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence

from tests.chaos.nemesis import broker, databases, mail, payments, processes, suppliers, webhooks  # noqa: F401
from tests.chaos.nemesis.world import KINDS, World
from tests.chaos.plan import Planned

# An order waits no longer than this for a nemesis that is behind its plan.
ORDER_WAITS = 0.9


class Nemesis:
    """Carries out a plan: one thread per lane, each fault when its order has come."""

    def __init__(self, world: World, planned: Sequence[Planned]) -> None:
        self.world = world
        self.planned = list(planned)
        self._undone = {fault.index for fault in planned}
        self._lock = threading.Condition()
        lanes = sorted({fault.lane for fault in planned})
        self._threads = [threading.Thread(target=self._serve, args=(lane,), name=f"nemesis-{lane}") for lane in lanes]

    def start(self) -> None:
        """Begin to wait for orders."""
        for thread in self._threads:
            thread.start()

    def join(self) -> None:
        """Wait until everything planned is done."""
        for thread in self._threads:
            thread.join()

    def may_start(self, order: int, *, slack: int) -> None:
        """Let an order begin when no fault is more than ``slack`` orders behind; for a while at most."""
        deadline = time.monotonic() + ORDER_WAITS
        with self._lock:
            while self._behind(order - slack) and time.monotonic() < deadline:
                self._lock.wait(0.2)

    def _behind(self, order: int) -> bool:
        return any(fault.index in self._undone and fault.at_order < order for fault in self.planned)

    def _serve(self, lane: str) -> None:
        for planned in [fault for fault in self.planned if fault.lane == lane]:
            while self.world.crowd.started < planned.at_order:
                time.sleep(0.05)
            self._commit(planned)
            with self._lock:
                self._undone.discard(planned.index)
                self._lock.notify_all()

    def _commit(self, planned: Planned) -> None:
        began = time.time()
        try:
            evidence = KINDS[planned.kind].act(self.world, planned)
        except Exception as error:  # noqa: BLE001  (a fault that fails is no hit, and is said)
            self.world.journal.note(
                "fault_failed", kind=planned.kind, target=planned.target, why=f"{type(error).__name__}: {error}"[:500]
            )
            evidence = ""
        self.world.journal.note(
            "fault",
            index=planned.index,
            kind=planned.kind,
            target=planned.target,
            began=round(began, 3),
            orders=self.world.crowd.started,
            hit=bool(evidence),
            evidence=evidence,
        )
