"""The environment of the tests, set before Django reads its settings (pytest ``-p tests.environment``)."""

from __future__ import annotations

import gc
import os
import tempfile
from pathlib import Path
from urllib.parse import urlsplit

from scripts.translations import compile_changed

# Django reads the languages once, when it starts.
compile_changed()
# Looking for garbage after every few hundred objects costs five seconds in a hundred.
gc.set_threshold(100_000, 50, 50)
# The developer's own files must not leak into the tests.
os.environ["WAYBILL_IGNORE_ENV_FILES"] = "1"
# Runs that go on at the same time are told apart by the turn, their processes by the worker.
_worker = f"{os.environ.get('WAYBILL_TEST_TURN', 'only')}_{os.environ.get('PYTEST_XDIST_WORKER', 'main')}"
_folder = (
    Path(tempfile.gettempdir())
    / f"waybill-tests-{os.getuid()}"
    / f"{os.environ.get('WAYBILL_TEST_ON', 'sqlite')}-{_worker}"
)
(_folder / "static").mkdir(parents=True, exist_ok=True)
os.environ["VAR_DIR"] = str(_folder)
if os.environ.get("WAYBILL_TEST_ON") == "postgres":
    os.environ["DATABASE_URL"] = os.environ["TEST_DATABASE_URL"]
    os.environ["REDIS_URL"] = os.environ.get("TEST_REDIS_URL", "")
    os.environ["REDIS_KEY_PREFIX"] = f"waybill-test-{_worker}"
    DATABASE = f"test_{urlsplit(os.environ['DATABASE_URL']).path.strip('/')}_{_worker}"
else:
    # A file, because races need several connections.
    DATABASE = str(_folder / "test.sqlite3")
    os.environ.pop("DATABASE_URL", None)
    os.environ.pop("REDIS_URL", None)
os.environ |= {
    "WAYBILL_TESTING": "1",
    "DEBUG": "1",
    "SECRET_KEY": "tests-only-" + "k" * 50,
    "SITE_URL": "http://testserver",
    "OUTBOUND_ALLOW_PRIVATE": "1",
    "STRIPE_SECRET_KEY": "sk_test_sandbox_tests",
    "STRIPE_WEBHOOK_SECRET": "whsec_tests",
    "STRIPE_API_BASE": "http://127.0.0.1:9",
    "EMAIL_URL": "",
    "ALLOWED_HOSTS": "testserver,127.0.0.1,localhost",
    "HAND_OVER_SECONDS": "2",
    "LEASE_SECONDS": "4",
    "TOGETHER_SECONDS": "0.5",
    "RETRY_SECONDS": "1",
    "RETRY_MAX_SECONDS": "2",
    "SUPPLIER_CONNECT_SECONDS": "2",
    "SUPPLIER_READ_SECONDS": "2",
    "FORWARD_GRACE_SECONDS": "0",
    # Else what is sent would depend on the hour of the day.
    "DIGEST_HOUR": "-1",
    "DELAY_SETTLE_SECONDS": "0",
    # Tests order by the dozen, at once, and under one name; those of the defence set its limits.
    "PAY_PAGES_PER_VISITOR": "0",
    "CARD_DECLINES_PER_VISITOR": "0",
    "CHECKOUT_MIN_SECONDS": "0",
    "CONTACT_MIN_SECONDS": "0",
    # Answers go out at once; those of taking them back set its time.
    "UNDO_SECONDS": "0",
    "LOG_LEVEL": "ERROR",
    # Playwright keeps an event loop in the test's thread; Django would refuse its database there.
    "DJANGO_ALLOW_ASYNC_UNSAFE": "1",
}
