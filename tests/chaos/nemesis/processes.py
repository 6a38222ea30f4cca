"""Kill, freeze and restart the shop's own processes."""

from __future__ import annotations

import time
from collections.abc import Sequence

from tests.chaos.database import Lease
from tests.chaos.nemesis.world import GIVEN_BACK, WAITS, World, fault
from tests.chaos.plan import Planned
from tests.chaos.shop import LEASE_SECONDS

WORKERS = ("worker", "worker2")
# Most pieces of work take less.
SOON_GIVEN_BACK = 0.7


def _stop_with_leases(world: World, names: Sequence[str]) -> set[Lease]:
    """SIGSTOP processes at a moment when they hold leases; return what is theirs.

    What others hold they give back soon. When nothing is left, the processes are let go again, and
    the next moment is taken.
    """
    deadline = time.monotonic() + WAITS
    while time.monotonic() < deadline:
        world.held(seconds=1)
        for name in names:
            world.shop.freeze(name)
        held = world.look.leases()
        if held:
            time.sleep(SOON_GIVEN_BACK)
        if held := world.look.still_held(held):
            return held
        for name in names:
            world.shop.thaw(name)
        time.sleep(0.05)
    for name in names:
        world.shop.freeze(name)
    return set()


def _kill_workers(world: World, names: Sequence[str], away: float) -> str:
    before = _stop_with_leases(world, names)
    for name in names:
        world.shop.kill(name)
    time.sleep(away)
    for name in names:
        world.shop.start(name)
    time.sleep(max(0.0, GIVEN_BACK - away))
    orphans = world.look.still_held(before)
    return f"{len(orphans)} leases were given back by nobody: {_named(orphans)}" if orphans else ""


def _named(leases: set[Lease]) -> str:
    return ", ".join(sorted({lease[0] for lease in leases}))


@fault("processes")
def kill_worker(world: World, planned: Planned) -> str:
    """``kill -9`` of a worker that holds leases; nobody else gives them back."""
    return _kill_workers(world, [WORKERS[planned.index % 2]], 0)


@fault("processes")
def kill_both_workers(world: World, planned: Planned) -> str:
    """Both at once: for a while nobody but the relay could work."""
    return _kill_workers(world, WORKERS, planned.seconds)


@fault("processes")
def kill_relay(world: World, planned: Planned) -> str:
    """``kill -9`` of the relay while something is due; it stays away while more falls due."""
    due = world.until(world.look.due, 10)
    world.shop.kill("relay")
    time.sleep(planned.seconds)
    waiting = world.look.due()
    world.shop.start("relay")
    return f"{due} due when it died, {waiting} when it came back" if due and waiting else ""


@fault("processes")
def kill_web(world: World, planned: Planned) -> str:
    """``kill -9`` of the web server in the middle of customers' requests."""
    with world.journal.window("web"):
        flying, moment = world.flying(), time.time()
        world.shop.kill("web")
        world.shop.start("web")
        time.sleep(0.5)
        _wait_for_web(world)
    cut = world.cuts_since(moment)
    return f"{cut} of {flying} requests under way were cut" if cut else ""


def _wait_for_web(world: World) -> None:
    world.until(world.shop._answers, 25)


@fault("processes")
def kill_everything(world: World, planned: Planned) -> str:
    """The power goes: all our processes at once."""
    with world.journal.window("web"):
        before, moment = _stop_with_leases(world, WORKERS), time.time()
        for name in world.shop.names:
            world.shop.kill(name)
        time.sleep(planned.seconds / 2)
        for name in world.shop.names:
            world.shop.start(name)
        orphans = world.look.still_held(before)
        _wait_for_web(world)
    cut = world.cuts_since(moment)
    return f"{len(orphans)} leases and {cut} requests died" if orphans or cut else ""


@fault("processes")
def freeze_worker(world: World, planned: Planned) -> str:
    """SIGSTOP beyond the lease, then SIGCONT: it wakes up and believes that it still holds its rows."""
    name = WORKERS[planned.index % 2]
    before = _stop_with_leases(world, [name])
    try:
        time.sleep(GIVEN_BACK)
        held = world.look.still_held(before)
        if held:
            time.sleep(LEASE_SECONDS + planned.seconds - GIVEN_BACK)
    finally:
        world.shop.thaw(name)
    return f"{len(held)} leases ran out while it was frozen: {_named(held)}" if held else ""


@fault("processes")
def freeze_relay(world: World, planned: Planned) -> str:
    """SIGSTOP of the clock while things fall due."""
    due = world.until(world.look.due, 10)
    world.shop.freeze("relay")
    time.sleep(2 + planned.seconds)
    waiting = world.look.due()
    world.shop.thaw("relay")
    return f"{due} due when it stopped, {waiting} when it went on" if due and waiting else ""


@fault("processes")
def freeze_web(world: World, planned: Planned) -> str:
    """SIGSTOP of the web server with requests under way."""
    with world.journal.window("web"):
        flying = world.flying()
        world.shop.freeze("web")
        time.sleep(planned.seconds)
        waited = world.crowd.flying.count(longer_than=planned.seconds / 2)
        world.shop.thaw("web")
    return f"{waited} customers waited for {planned.seconds} s" if flying and waited else ""


@fault("processes")
def rolling_restart(world: World, planned: Planned) -> str:
    """SIGTERM to one after the other under load, as a deploy does; what was begun is to be ended."""
    flying, held = world.flying(seconds=3), world.held(seconds=3)
    forced = []
    for name in world.shop.names:
        with world.journal.window("web" if name == "web" else name):
            if not world.shop.end_gently(name):
                forced.append(name)
            world.shop.start(name)
            if name == "web":
                _wait_for_web(world)
    if forced:
        world.journal.note("did_not_drain", names=forced)
    return f"{flying} requests and {len(held)} leases under way" if flying or held else ""
