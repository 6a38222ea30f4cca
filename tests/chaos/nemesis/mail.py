"""The mail server: away, refusing, slow, or gone in the instant between taking a mail and saying so."""

from __future__ import annotations

import time

from tests.chaos.nemesis.world import World, fault
from tests.chaos.plan import Planned


def _spoil(world: World, mode: str, turns: int, seconds: float = 0) -> int:
    sink = world.shop.sink
    sink.misbehave(mode, turns, seconds)
    world.until(lambda: sink.hits[mode] >= turns, 8)
    sink.behave()
    return sink.hits[mode]


@fault("mail")
def mail_server_away(world: World, planned: Planned) -> str:
    """Nobody listens."""
    before = world.look.failed_mails()
    world.shop.sink.stop()
    world.until(lambda: world.look.failed_mails() > before, 5 + planned.seconds)
    failed = world.look.failed_mails() - before
    world.shop.sink.start()
    return f"{failed} mails failed" if failed > 0 else ""


@fault("mail")
def mail_server_busy(world: World, planned: Planned) -> str:
    """421 to whoever connects."""
    hits = _spoil(world, "busy", planned.turns)
    return f"{hits} callers were sent away" if hits else ""


@fault("mail")
def mail_address_refused(world: World, planned: Planned) -> str:
    """450 to the recipient, for now."""
    hits = _spoil(world, "refuse_rcpt", planned.turns)
    return f"{hits} recipients were refused" if hits else ""


@fault("mail")
def mail_refused_after_data(world: World, planned: Planned) -> str:
    """451 after the whole mail was sent."""
    hits = _spoil(world, "refuse_data", planned.turns)
    return f"{hits} mails were refused" if hits else ""


@fault("mail")
def mail_cut_after_data(world: World, planned: Planned) -> str:
    """The mail is taken, and the line is cut before the server says so: a second copy is honest."""
    hits = _spoil(world, "cut_after_data", planned.turns)
    return f"{hits} mails were taken without a word" if hits else ""


@fault("mail")
def mail_slow(world: World, planned: Planned) -> str:
    """An answer just within the time-out."""
    hits = _spoil(world, "slow", planned.turns, seconds=1.5)
    time.sleep(0.1)
    return f"{hits} mails were taken slowly" if hits else ""
