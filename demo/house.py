"""Bring up the whole demo shop on one machine, and take it down again: ``python -m demo.house``.

Starts simulated suppliers and payment sandbox, fills the shop, then web, worker and relay; waits
for ctrl-c; stops everything. ``DEMO_SHOP=pharmacy`` brings up the pharmacy (``demo/shops.py``). Needs no Django in
this process.
"""

from __future__ import annotations

import argparse
import base64
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from demo.shops import ROOT, SHOPS, VAR, DemoShop

HOST = "127.0.0.1"
START_SECONDS = 90
STOP_SECONDS = 8
# Names and passwords are printed; people come to look.
LOGINS = ("staff@demo.test", "agent@demo.test", "pharmacist@demo.test", "customer@demo.test")
PASSWORD = "demo-demo-demo"


class CannotStart(Exception):
    """One sentence that says what is in the way and what to do."""


def is_free(port: int) -> bool:
    """True if nobody listens on a port of this machine."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def free_port(near: int) -> int:
    """Return a free port, as near above another as possible."""
    for port in range(near, near + 200):
        if is_free(port):
            return port
    raise CannotStart(f"No free port between {near} and {near + 200}. Stop something, or set PORT.")


class House:
    """All processes of the demo shop, by name."""

    def __init__(self, port: int, shop: DemoShop) -> None:
        self.port = port
        self.shop = shop
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self.stopping = False
        names = ("payments", *shop.suppliers, "carriers")
        self.ports = {name: free_port(port + 11 + 20 * place) for place, name in enumerate(names)}
        self.env = self._environment()

    def _environment(self) -> dict[str, str]:
        facts = self._kept_secrets()
        suppliers = {
            slug: {"base": f"http://{HOST}:{self.ports[slug]}", "key": facts["supplier_key"], "secret": facts["hook"]}
            for slug in self.shop.suppliers
        }
        settings = {
            "DEBUG": "1",
            "SECRET_KEY": facts["secret_key"],
            "FIELD_ENCRYPTION_KEY": facts["field_key"],
            "SITE_URL": f"http://{HOST}:{self.port}",
            "OUTBOUND_ALLOW_PRIVATE": "1",
            "STRIPE_API_BASE": f"http://{HOST}:{self.ports['payments']}",
            "STRIPE_SECRET_KEY": facts["stripe_key"],
            "STRIPE_WEBHOOK_SECRET": facts["stripe_hook"],
            "SELLER_ADDRESS": "1 Mill Lane | Cork | T12 X0X0 | Ireland",
            "SELLER_VAT_NUMBER": "IE0000000XX (demo)",
            "SELLER_REGISTRATION": "Companies Registration Office 000000 (demo)",
            "SELLER_CONTACT": "hello@larkfield.example",
            "FORWARD_GRACE_SECONDS": "5",
            "DELAY_SETTLE_SECONDS": "5",
            "SUPPLIER_POLL_SECONDS": "10",
            "SUPPLIER_STOCK_SECONDS": "60",
            "HAND_OVER_SECONDS": "10",
            "AFTERSHIP_API_BASE": f"http://{HOST}:{self.ports['carriers']}",
            "AFTERSHIP_API_KEY": facts["carriers_key"],
            "AFTERSHIP_WEBHOOK_SECRET": facts["carriers_hook"],
            "CARRIER_POLL_SECONDS": "20",
            "CARRIER_LOOK_SECONDS": "2",
            "RECONCILE_SECONDS": "60",
            "FEE_SECONDS": "15",
            # So that there is something to decide: large orders are authorised first; and a second way to pay.
            "REVIEW_ABOVE_MINOR": "20000",
            "BANK_TRANSFER_IBAN": "IE29AIBK93115212345678",
            "BANK_TRANSFER_BIC": "AIBKIE2D",
            **self.shop.settings,
        }
        # So that manage.py, run by hand, speaks to the same shop.
        (VAR / "demo.env").write_text("".join(f"{name}={value}\n" for name, value in settings.items()))
        (VAR / "demo.env").chmod(0o600)
        return (
            os.environ
            | settings
            | {"STATIC_COLLECTED": "1", "DEMO_SUPPLIERS": json.dumps(suppliers), "PYTHONUNBUFFERED": "1"}
        )

    def _kept_secrets(self) -> dict[str, str]:
        file = self.shop.folder / "demo-secrets.json"
        kept = json.loads(file.read_text()) if file.exists() else {}
        if "carriers_key" not in kept:
            made = {
                "secret_key": secrets.token_urlsafe(50),
                "field_key": base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
                "supplier_key": secrets.token_urlsafe(24),
                "hook": "whsec_" + base64.b64encode(secrets.token_bytes(24)).decode(),
                "stripe_key": "sk_test_sandbox_" + secrets.token_hex(12),
                "stripe_hook": "whsec_" + secrets.token_hex(16),
                "carriers_key": secrets.token_urlsafe(24),
                "carriers_hook": secrets.token_urlsafe(24),
            }
            kept = made | kept
            file.write_text(json.dumps(kept))
            file.chmod(0o600)
        return kept

    # --- processes

    def commands(self) -> dict[str, list[str]]:
        """Return the command of every process, in the order they start."""
        site, facts = f"http://{HOST}:{self.port}", self._kept_secrets()
        made = {
            "payments": ["-m", "demo.payments", "--port", str(self.ports["payments"])]
            + ["--ledger", str(self.shop.folder / "demo" / "payments.sqlite3"), "--secret-key", facts["stripe_key"]]
            + ["--webhook-url", f"{site}/webhooks/stripe/", "--webhook-secret", facts["stripe_hook"]],
        }
        for slug in self.shop.suppliers:
            made[slug] = ["-m", "demo.supplier", "--profile", f"demo/supplier/profiles/{slug}.json"]
            made[slug] += [
                "--port",
                str(self.ports[slug]),
                "--ledger",
                str(self.shop.folder / "demo" / f"{slug}.sqlite3"),
            ]
            # As one word each: a drawn secret may begin with a dash.
            made[slug] += [f"--api-key={facts['supplier_key']}", f"--webhook-secret={facts['hook']}"]
            made[slug] += ["--webhook-url", f"{site}/webhooks/suppliers/{slug}/"]
            made[slug] += ["--carriers-url", f"http://{HOST}:{self.ports['carriers']}"]
            made[slug] += [f"--carriers-key={facts['carriers_key']}"]
        # The first supplier's process has room for the carriers.
        made[self.shop.suppliers[0]] += ["--carriers-port", str(self.ports["carriers"])]
        made[self.shop.suppliers[0]] += ["--carriers-webhook-url", f"{site}/webhooks/carriers/aftership/"]
        made[self.shop.suppliers[0]] += [f"--carriers-webhook-secret={facts['carriers_hook']}"]
        web = ["-m", "gunicorn", "config.wsgi", "--bind", f"{HOST}:{self.port}", "--workers", "1", "--threads", "8"]
        worker = ["-m", "celery", "-A", "config", "worker", "--pool", "threads", "--concurrency", "4"]
        worker += [
            "-Q",
            "engine,suppliers,payments,mail,pictures,events",
            "--without-gossip",
            "--without-mingle",
            "--loglevel",
            "WARNING",
        ]
        return made | {"web": web, "worker": worker, "relay": ["manage.py", "relay"]}

    def start(self, name: str) -> None:
        """Start one process; its output goes to its log."""
        with (self.shop.folder / "log" / f"{name}.log").open("ab") as log:
            self.processes[name] = subprocess.Popen(
                [sys.executable, *self.commands()[name]],
                cwd=ROOT,
                env=self.env,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                # Ctrl-c reaches this process only, which then stops the others in order.
                start_new_session=True,
            )

    def wait_for(self, name: str, url: str) -> None:
        """Wait until a process answers; raise CannotStart when it ends or never does."""
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if self.processes[name].poll() is not None:
                raise CannotStart(f"{name} ended at once. Its last words are in {self._log(name)}.")
            try:
                with urlopen(url, timeout=2):
                    return
            except (URLError, OSError) as error:
                if getattr(error, "code", None):
                    return
            time.sleep(0.1)
        raise CannotStart(f"{name} does not answer. Look into {self._log(name)}.")

    def _log(self, name: str) -> Path:
        return self.shop.folder.relative_to(ROOT) / "log" / f"{name}.log"

    def fill(self) -> None:
        """Set up the database and read the suppliers' catalogues; the second start does nothing of it.

        Meanwhile style and scripts are collected as for a shop in production: people come to look, also at how
        quick it is.
        """
        collect = [sys.executable, "manage.py", "collectstatic", "--noinput", "-v0"]
        collecting = subprocess.Popen(collect, cwd=ROOT, env=self.env)
        done = subprocess.run([sys.executable, "manage.py", "demo_setup"], cwd=ROOT, env=self.env)
        if collecting.wait() or done.returncode:
            raise CannotStart("The demo shop could not be filled; the reason stands above.")

    def up(self) -> None:
        """Start everything."""
        for name in ("payments", *self.shop.suppliers):
            self.start(name)
        for name in ("payments", *self.shop.suppliers):
            self.wait_for(name, f"http://{HOST}:{self.ports[name]}/")
        self.fill()
        for name in ("web", "worker", "relay"):
            self.start(name)
        self.wait_for("web", f"http://{HOST}:{self.port}/health/live")

    def watch(self) -> None:
        """Stay until told to stop; what ends by itself is started again."""
        while not self.stopping:
            for name, process in list(self.processes.items()):
                if process.poll() is not None and not self.stopping:
                    print(f"{name} has ended ({self._log(name)}); starting it again.", flush=True)
                    self.start(name)
            time.sleep(1)

    def down(self) -> None:
        """Stop everything, politely first. A second ctrl-c changes nothing: it must not leave half behind."""
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)
        self.stopping = True
        for process in self.processes.values():
            if process.poll() is None:
                process.terminate()
        deadline = time.monotonic() + STOP_SECONDS
        for process in self.processes.values():
            try:
                process.wait(timeout=max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


def welcome(port: int, payments_port: int, shop: DemoShop) -> str:
    """Return what a newcomer needs to know."""
    site = f"http://{HOST}:{port}"
    return f"""
{shop.name} is open: {site}

  shop             {site}/
  mails sent       {site}/dev/mail/
  support desk     {site}/desk/
  admin            {site}/admin/
  payments         http://{HOST}:{payments_port}/dashboard/  (refund, dispute, as the provider's own people)

  log-ins (password {PASSWORD}):
    {", ".join(LOGINS)}

  discount codes: {shop.codes} (at the checkout)
  pay with card 4242 4242 4242 4242; an order is delivered within two minutes.
  ctrl-c stops everything; ./run --fresh begins anew.
"""


def read_port() -> int:
    """Return the port from the environment. Raises CannotStart for one that is none, or taken."""
    text = os.environ.get("PORT", "8000")
    if not text.isdigit() or not 0 < int(text) < 65_000:
        raise CannotStart(f"PORT is {text!r}; it must be a number such as 8000.")
    if not is_free(int(text)):
        raise CannotStart(f"Port {text} is in use. Stop what listens there, or choose another: PORT=8010 ./run")
    return int(text)


def make_folders(shop: DemoShop, *, fresh: bool) -> None:
    """Make the folders that hold everything the demo keeps, emptied first if ``fresh``; another shop's stay."""
    others = {one.folder for one in SHOPS.values()} - {shop.folder}
    for path in shop.folder.glob("*") if fresh else ():
        if path not in others:
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    for folder in ("log", "demo"):
        (shop.folder / folder).mkdir(parents=True, exist_ok=True)


def read_shop() -> DemoShop:
    """Return the shop that DEMO_SHOP names. Raises CannotStart for one that there is not."""
    name = os.environ.get("DEMO_SHOP", "household")
    if name not in SHOPS:
        raise CannotStart(f"DEMO_SHOP is {name!r}; there are: {', '.join(SHOPS)}.")
    return SHOPS[name]


def main() -> int:
    """Run until ctrl-c; return the exit code."""
    parser = argparse.ArgumentParser(prog="./run", description="The whole shop, with simulated suppliers and payments.")
    parser.add_argument("--fresh", action="store_true", help="begin anew: forget all orders and data")
    options = parser.parse_args()
    house = None

    def stop(_signal: int, _frame: object) -> None:
        raise KeyboardInterrupt

    # Started in the background, a shell hands its children an ignored SIGINT.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    try:
        port, shop = read_port(), read_shop()
        make_folders(shop, fresh=options.fresh)
        print("Starting suppliers and payments, and filling the shop from their catalogues ...", flush=True)
        house = House(port, shop)
        house.up()
        print(welcome(port, house.ports["payments"], shop), flush=True)
        house.watch()
    except CannotStart as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nStopping ...", flush=True)
    finally:
        if house is not None:
            house.down()
    return 0


if __name__ == "__main__":
    sys.exit(main())
