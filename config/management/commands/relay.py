"""The clock of the shop."""

from __future__ import annotations

import signal
from argparse import ArgumentParser

from django.core.management.base import BaseCommand

from config.hands import Hands
from config.relay import Relay, run_until_idle
from shop.turns import ENDING


class Command(BaseCommand):
    """Deliver events and hand out due work; see ``config/relay.py``."""

    help = "The clock: delivers events and hands due work to Celery (or does it, without a broker)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--once", action="store_true", help="do everything that is due in this process, then exit")

    def handle(self, *, once: bool, **options: object) -> None:
        if once:
            self.stdout.write(f"{run_until_idle()} done")
            return
        for signum in (signal.SIGTERM, signal.SIGINT):
            signal.signal(signum, lambda *_args: ENDING.set())
        hands = Hands()
        self.stdout.write("relay: running")
        Relay(hands).run(ENDING)
        hands.drain()
