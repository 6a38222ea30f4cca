"""Take the broker away: kill it, empty it, let it hang."""

from __future__ import annotations

import contextlib
import time
from pathlib import Path

import redis

from tests.chaos.nemesis.world import POSTGRES, SQLITE, World, fault
from tests.chaos.plan import Planned
from tests.chaos.valkey import PrivateRedis

REDIS = frozenset({POSTGRES})
FILES = frozenset({SQLITE})


def _redis(world: World) -> PrivateRedis:
    assert world.shop.redis is not None
    return world.shop.redis


def _waiting(world: World) -> int:
    try:
        return _redis(world).waiting()
    except redis.RedisError:
        return 0


@fault("store", arms=REDIS)
def redis_killed(world: World, planned: Planned) -> str:
    """``kill -9`` with messages in it, and started again empty."""
    waiting = world.until(lambda: _waiting(world), 10, every=0.03)
    _redis(world).kill()
    _redis(world).start()
    return f"{waiting} messages were lost" if waiting else ""


@fault("store", arms=REDIS)
def redis_emptied(world: World, planned: Planned) -> str:
    """FLUSHALL with messages waiting."""
    waiting = world.until(lambda: _waiting(world), 10, every=0.03)
    with _redis(world).client() as client:
        client.flushall()
    return f"{waiting} messages were lost" if waiting else ""


@fault("store", arms=REDIS)
def redis_away(world: World, planned: Planned) -> str:
    """Nobody listens for some seconds; the relay must do the work itself."""
    world.held()
    _redis(world).kill()
    time.sleep(1.5)
    before = world.look.attempts()
    time.sleep(2 + planned.seconds)
    done = world.look.attempts() - before
    _redis(world).start()
    return f"{done} pieces of work were taken without it" if done else ""


@fault("store", arms=REDIS)
def redis_hung(world: World, planned: Planned) -> str:
    """It accepts connections and answers nothing."""
    world.held()
    _redis(world).freeze()
    time.sleep(2.5)
    before = world.look.attempts()
    time.sleep(2 + planned.seconds)
    done = world.look.attempts() - before
    _redis(world).thaw()
    return f"{done} pieces of work were taken meanwhile" if done else ""


@fault("store", arms=FILES)
def broker_emptied(world: World, planned: Planned) -> str:
    """All message files are gone between queueing and running."""
    folder = world.shop.folder / "var" / "broker" / "messages"
    lost = 0
    deadline = time.monotonic() + 10
    while not lost and time.monotonic() < deadline:
        lost = sum(_gone(file) for file in list(folder.glob("*.msg")))
        time.sleep(0.02)
    return f"{lost} messages were lost" if lost else ""


def _gone(file: Path) -> bool:
    with contextlib.suppress(OSError):
        file.unlink()
        return True
    return False


@fault("store", arms=FILES)
def broker_folder_missing(world: World, planned: Planned) -> str:
    """The folder of the messages is away for some seconds, with everything in it."""
    folder = world.shop.folder / "var" / "broker" / "messages"
    aside = folder.with_name("aside")
    world.held()
    folder.rename(aside)
    time.sleep(1.5)
    before = world.look.attempts()
    time.sleep(1 + planned.seconds)
    done = world.look.attempts() - before
    if folder.exists():
        for file in aside.iterdir():
            file.rename(folder / file.name)
        aside.rmdir()
    else:
        aside.rename(folder)
    return f"{done} pieces of work were taken without it" if done else ""
