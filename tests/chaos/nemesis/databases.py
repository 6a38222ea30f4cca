"""Hurt the database: cut connections, hold locks."""

from __future__ import annotations

import time

from tests.chaos.database import PostgresLook, SqliteLook
from tests.chaos.nemesis.world import POSTGRES, SQLITE, World, fault
from tests.chaos.plan import Planned

# A page that asks in the second after a cut may still see it.
AFTERMATH = 1.5


@fault("store", arms=frozenset({POSTGRES}))
def backends_terminated(world: World, planned: Planned) -> str:
    """End the connections that are in a transaction right now."""
    look = world.look
    assert isinstance(look, PostgresLook)
    with world.journal.window("database"):
        busy = world.until(lambda: look.terminate(only_busy=True)[1], 10, every=0.02)
        time.sleep(AFTERMATH)
    return f"{busy} transactions were cut" if busy else ""


@fault("store", arms=frozenset({POSTGRES}))
def all_connections_cut(world: World, planned: Planned) -> str:
    """End every connection of the shop, again and again, as a restart of the server would."""
    look = world.look
    assert isinstance(look, PostgresLook)
    ended = busy = 0
    with world.journal.window("database"):
        for _time in range(2 + planned.turns):
            cut = look.terminate(only_busy=False)
            ended, busy = ended + cut[0], busy + cut[1]
            time.sleep(0.6)
        time.sleep(AFTERMATH)
    return f"{ended} connections were cut, {busy} of them in a transaction" if busy else ""


@fault("store", arms=frozenset({POSTGRES}))
def tables_locked(world: World, planned: Planned) -> str:
    """Hold a lock that every writer of an order waits for."""
    look = world.look
    assert isinstance(look, PostgresLook)
    with world.journal.window("database"), look.locked():
        time.sleep(1 + planned.seconds)
        blocked = look.blocked()
    return f"{blocked} connections waited for the lock" if blocked else ""


@fault("store", arms=frozenset({SQLITE}))
def write_lock_held(world: World, planned: Planned) -> str:
    """Hold SQLite's one write lock for some seconds while customers buy."""
    look = world.look
    assert isinstance(look, SqliteLook)
    world.flying()
    with world.journal.window("database"):
        with look.locked():
            time.sleep(2 + planned.seconds)
            waited = world.crowd.flying.count(longer_than=1)
        time.sleep(AFTERMATH)
    return f"{waited} customers waited for the lock" if waited else ""
