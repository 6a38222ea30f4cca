from __future__ import annotations

import argparse
import os
import signal
import socket
import sys
import threading
from pathlib import Path
from types import FrameType

from demo.payments.ledger import Ledger
from demo.payments.sandbox import Options, Sandbox
from demo.payments.server import Server

# Nobody's real key begins like this, so that neither side can be taken for the original.
KEY_MARKER = "sk_test_sandbox_"
ENVIRONMENT = "PAYMENT_SANDBOX_"
BACKLOG = 128


def parser() -> argparse.ArgumentParser:
    """Describe the flags; each can also be given in the environment, as PAYMENT_SANDBOX_<FLAG>."""
    arguments = argparse.ArgumentParser(prog="python -m demo.payments", description="A sandbox in the place of Stripe.")
    arguments.add_argument("--host", default=_from_environment("host", "127.0.0.1"))
    arguments.add_argument("--port", type=int, default=_from_environment("port", "8009"), help="0 takes any free one")
    arguments.add_argument("--ledger", type=Path, default=_from_environment("ledger", "var/payments.sqlite3"))
    arguments.add_argument("--secret-key", default=_from_environment("secret_key"), help=f"begins with {KEY_MARKER}")
    arguments.add_argument("--webhook-url", default=_from_environment("webhook_url"), help="none: events are only kept")
    arguments.add_argument("--webhook-secret", default=_from_environment("webhook_secret"), help="begins with whsec_")
    arguments.add_argument("--public-base", default=_from_environment("public_base"), help="where browsers reach it")
    arguments.add_argument("--settle-seconds", type=float, default=_from_environment("settle_seconds", "3"))
    arguments.add_argument("--min-expiry-seconds", type=int, default=_from_environment("min_expiry_seconds", "1800"))
    return arguments


def _from_environment(name: str, default: str | None = None) -> str | None:
    return os.environ.get(ENVIRONMENT + name.upper()) or default


def main() -> int:
    arguments = parser()
    asked = arguments.parse_args()
    if not (asked.secret_key or "").startswith(KEY_MARKER):
        arguments.error(f"--secret-key must begin with {KEY_MARKER}")
    if asked.webhook_url and not (asked.webhook_secret or "").startswith("whsec_"):
        arguments.error("--webhook-url needs a --webhook-secret that begins with whsec_")
    try:
        server = _server(asked)
    except OSError as error:
        print(f"Payment sandbox: cannot listen on {asked.host}:{asked.port}: {error.strerror}", file=sys.stderr)
        return 1
    _serve(server)
    return 0


def _server(asked: argparse.Namespace) -> Server:
    listener = _listener(asked.host, asked.port)
    port = listener.getsockname()[1]
    options = Options(
        secret_key=asked.secret_key,
        public_base=(asked.public_base or f"http://127.0.0.1:{port}").rstrip("/"),
        webhook_url=asked.webhook_url,
        webhook_secret=asked.webhook_secret,
        settle_seconds=asked.settle_seconds,
        min_expiry_seconds=asked.min_expiry_seconds,
    )
    return Server(Sandbox(options, Ledger(asked.ledger)), listener)


def _listener(host: str, port: int) -> socket.socket:
    # Bound before anything else, because the pay page's address needs the port.
    listener = socket.create_server((host, port), backlog=BACKLOG)
    listener.set_inheritable(False)
    return listener


def _serve(server: Server) -> None:
    def stop(_signal: int, _frame: FrameType | None) -> None:
        # shutdown() waits for the serving loop, which is the thread that runs this handler.
        threading.Thread(target=server.shutdown).start()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    server.start_threads()
    print(f"Payment sandbox listening on {server.sandbox.options.public_base}", flush=True)
    server.serve_forever(poll_interval=0.1)
    server.stop_threads()
    server.server_close()
    server.sandbox.ledger.close()


if __name__ == "__main__":
    sys.exit(main())
