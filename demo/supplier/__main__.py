"""Run one simulated supplier: ``python -m demo.supplier --profile … --port … --ledger … --api-key …``."""

from __future__ import annotations

import argparse
import logging
import signal
import sys
import threading
from pathlib import Path

from demo.carrier.books import Books, Service
from demo.carrier.server import CarrierServer
from demo.supplier.delivery import Delivery
from demo.supplier.handover import Handover
from demo.supplier.ledger import Ledger
from demo.supplier.profile import load_profile
from demo.supplier.server import SupplierServer
from demo.supplier.steps import Scheduler
from demo.supplier.stock import load_catalogue
from demo.supplier.supplier import Supplier


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m demo.supplier", description=__doc__)
    parser.add_argument("--profile", type=Path, required=True, help="JSON file that describes the supplier")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True, help="0 takes a free one and prints it")
    parser.add_argument("--ledger", type=Path, required=True, help="SQLite file; made if it does not exist")
    parser.add_argument("--api-key", required=True, help="what the platform sends as bearer")
    parser.add_argument("--read-only-key", help="a second key that may only read")
    parser.add_argument("--webhook-url", help="where events go; without it none are sent")
    parser.add_argument("--webhook-secret", default="", help="whsec_ and base64, as Standard Webhooks writes it")
    parser.add_argument("--webhooks", choices=["on", "off"], default="on")
    parser.add_argument("--speed", type=float, default=1.0, help="2 makes everything take half the time")
    parser.add_argument("--public-base", help="address under which pictures and labels are found")
    parser.add_argument("--seed", type=int, default=1, help="decides what befalls which order")
    parser.add_argument("--sandbox-skus", action="store_true", help="list the contract's TEST SKUs")
    parser.add_argument("--carriers-url", help="address of the simulated carriers; they see this supplier's parcels")
    parser.add_argument("--carriers-key", default="", help="their API key")
    parser.add_argument("--carriers-port", type=int, help="run the simulated carriers in this process, on that port")
    parser.add_argument("--carriers-webhook-url", default="", help="where their events go")
    parser.add_argument("--carriers-webhook-secret", default="", help="what those are signed with")
    return parser.parse_args()


def main() -> int:
    """Serve until SIGTERM or SIGINT."""
    told = arguments()
    logging.basicConfig(format="%(name)s: %(message)s")
    profile = load_profile(told.profile, sandbox=told.sandbox_skus)
    if not profile.catalogue.is_file():
        print(f"The catalogue {profile.catalogue} does not exist.", file=sys.stderr)
        return 1
    told.ledger.parent.mkdir(parents=True, exist_ok=True)
    supplier = Supplier(
        profile=profile,
        ledger=Ledger(told.ledger),
        api_key=told.api_key,
        public_base="",
        read_only_key=told.read_only_key,
        webhook_url=told.webhook_url,
        webhook_secret=told.webhook_secret,
        webhooks_on=told.webhooks == "on",
        speed=told.speed,
        seed=told.seed,
    )
    server = SupplierServer((told.host, told.port), supplier)
    supplier.public_base = (told.public_base or f"http://{told.host}:{server.server_port}").rstrip("/")
    load_catalogue(supplier)
    carriers = run_carriers(told) if told.carriers_port is not None else None
    if told.carriers_url:
        supplier.carriers = Handover(told.carriers_url, told.carriers_key)
        supplier.carriers.start()
    serve(server)
    if carriers is not None:
        carriers.service.stopping.set()
        carriers.shutdown()
    return 0


def run_carriers(told: argparse.Namespace) -> CarrierServer:
    """Run the simulated carriers beside the supplier: they are idle most of the time, and a process is not free."""
    books = Books(told.ledger.with_name("carriers.sqlite3"))
    service = Service(books, told.carriers_key, told.carriers_webhook_url, told.carriers_webhook_secret)
    server = CarrierServer((told.host, told.carriers_port), service)
    server.start()
    return server


def serve(server: SupplierServer) -> None:
    """Let time pass and answer requests until a signal comes."""
    supplier = server.supplier
    threads = [Scheduler(supplier), Delivery(supplier)]

    def stop(_signal: int, _frame: object) -> None:
        supplier.stopping.set()
        supplier.news.set()
        # shutdown() waits for the serving loop, which runs on this very thread.
        threading.Thread(target=server.shutdown).start()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    for thread in threads:
        thread.start()
    print(f"{supplier.profile.name} listens on {supplier.public_base}", flush=True)
    server.serve_forever(poll_interval=0.1)
    for thread in threads:
        thread.join(timeout=5)
    server.server_close()


if __name__ == "__main__":
    sys.exit(main())
