"""Run the simulated service alone: ``python -m demo.carrier --port … --ledger … --api-key …``."""

from __future__ import annotations

import argparse
import signal
import sys
import threading
from pathlib import Path

from demo.carrier.books import Books, Service
from demo.carrier.server import CarrierServer

HOST = "127.0.0.1"


def main() -> int:
    """Serve until SIGTERM or SIGINT."""
    parser = argparse.ArgumentParser(prog="python -m demo.carrier", description=__doc__)
    parser.add_argument("--port", type=int, required=True, help="0 takes a free one and prints it")
    parser.add_argument("--ledger", type=Path, required=True, help="SQLite file; made if it does not exist")
    parser.add_argument("--api-key", required=True, help="what the platform sends as as-api-key")
    parser.add_argument("--webhook-url", default="", help="where events go; without it none are sent")
    parser.add_argument("--webhook-secret", default="", help="what they are signed with")
    told = parser.parse_args()
    told.ledger.parent.mkdir(parents=True, exist_ok=True)
    service = Service(Books(told.ledger), told.api_key, told.webhook_url, told.webhook_secret)
    server = CarrierServer((HOST, told.port), service)
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_given: ended.set())
    server.start()
    print(f"carriers listen on http://{HOST}:{server.server_port}", flush=True)
    ended.wait()
    service.stopping.set()
    server.shutdown()
    return 0


if __name__ == "__main__":
    sys.exit(main())
