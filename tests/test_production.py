"""Production settings: no warning, no start without secrets, no sandbox."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import requests

from tests import tables
from tests.journeys.stack import wait_for

ROOT = Path(__file__).resolve().parent.parent
GOOD = {
    "SECRET_KEY": "x1Y" * 20 + "-long-random-enough",
    "FIELD_ENCRYPTION_KEY": "ZGV2ZWxvcG1lbnQtb25seS1ub3QtYS1zZWNyZXQtMDE=",
    "ALLOWED_HOSTS": "shop.example",
    "STRIPE_SECRET_KEY": "sk_live_x",
    "STRIPE_WEBHOOK_SECRET": "whsec_x",
    "WAYBILL_IGNORE_ENV_FILES": "1",
}
SELLER = {"SELLER_ADDRESS": "1 Mill Lane | Cork | Ireland", "SELLER_VAT_NUMBER": "IE1234567WA"}


def manage(tmp_path, *words: str, **changes: str | None) -> subprocess.CompletedProcess[str]:
    env = {"PATH": os.environ["PATH"], "VAR_DIR": str(tmp_path)} | GOOD | SELLER
    env |= {name: value for name, value in changes.items() if value is not None}
    for name in [name for name, value in changes.items() if value is None]:
        env.pop(name)
    return subprocess.run(
        [sys.executable, "manage.py", *words], cwd=ROOT, env=env, capture_output=True, text=True, timeout=240
    )


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    """Return the folder of a shop as a deploy leaves it: migrated, with its static files collected."""
    folder = tmp_path_factory.mktemp("production")
    tables.copy_to_file(folder / "shop.sqlite3")
    assert manage(folder, "migrate", "-v0").returncode == 0
    assert "post-processed" in manage(folder, "collectstatic", "--noinput").stdout
    return folder


def test_the_deployment_checks_have_nothing_to_say(tmp_path):
    done = manage(tmp_path, "check", "--deploy", "--fail-level", "WARNING")
    assert done.returncode == 0, done.stderr
    assert "no issues" in done.stdout


@pytest.mark.parametrize("name", [name for name in GOOD if name != "WAYBILL_IGNORE_ENV_FILES"])
def test_it_refuses_to_start_without(tmp_path, name):
    done = manage(tmp_path, "check", **{name: None})
    assert done.returncode != 0
    assert f"Set {name}" in done.stderr


def test_it_refuses_a_payment_sandbox(tmp_path):
    done = manage(tmp_path, "check", STRIPE_API_BASE="http://127.0.0.1:8011")
    assert "Unset STRIPE_API_BASE" in done.stderr


def test_private_addresses_are_warned_of(tmp_path):
    done = manage(tmp_path, "check", "--deploy", OUTBOUND_ALLOW_PRIVATE="1")
    assert "waybill.W001" in done.stderr


def test_the_mail_preview_and_the_gallery_are_not_there_in_production(tmp_path):
    script = (
        "from django.urls import resolve, Resolver404\n"
        "for path in ('/dev/mail/', '/styleguide/', '/media/x'):\n"
        "    try:\n        resolve(path); print('THERE', path)\n    except Resolver404: pass\n"
    )
    done = manage(tmp_path, "shell", "-v0", "-c", script)
    assert done.returncode == 0, done.stderr
    assert "THERE" not in done.stdout


def test_settings_documented_in_the_example_are_the_ones_read():
    example = (ROOT / ".env.example").read_text()
    for name in (
        "SECRET_KEY",
        "DEBUG",
        "ALLOWED_HOSTS",
        "SITE_URL",
        "DATABASE_URL",
        "REDIS_URL",
        "STRIPE_SECRET_KEY",
        "STRIPE_WEBHOOK_SECRET",
        "STRIPE_API_BASE",
        "EMAIL_URL",
        "DEFAULT_FROM_EMAIL",
        "FIELD_ENCRYPTION_KEY",
        "SHOP_NAME",
        "SHOP_CURRENCY",
        "SHOP_COUNTRY",
        "OUTBOUND_ALLOW_PRIVATE",
    ):
        assert f"{name}=" in example, name


def test_static_files_are_collected_hashed_and_used(shop):
    script = (
        "from django.test import Client\n"
        "client = Client(headers={'host': 'shop.example'})\n"
        "for path in ('/', '/nope/', '/account/login/', '/basket/'):\n"
        "    answer = client.get(path, secure=True)\n"
        "    print(path, answer.status_code, 'Strict-Transport-Security' in answer.headers, b'/foundation.' in answer.content)\n"
        "print(client.get('/').headers['Location'])\n"
    )
    done = manage(shop, "shell", "-v0", "-c", script)
    assert done.stdout.splitlines()[-5:] == [
        "/ 200 True True",
        "/nope/ 404 True True",
        "/account/login/ 200 True True",
        "/basket/ 200 True True",
        "https://shop.example/",
    ], done.stderr


def test_health_is_told_to_whoever_asks_by_address(shop):
    script = (
        "from django.test import Client\n"
        "client = Client(headers={'host': '10.0.0.7:8000'})\n"
        "for path in ('/health/live', '/health/ready', '/'):\n"
        "    answer = client.get(path)\n"
        "    print(path, answer.status_code, 'Content-Security-Policy' in answer.headers)\n"
    )
    done = manage(shop, "shell", "-v0", "-c", script)
    # No relay has turned yet, so it is alive and not ready; the shop itself answers to its name only.
    assert done.stdout.splitlines()[-3:] == ["/health/live 200 True", "/health/ready 503 True", "/ 400 True"], (
        done.stderr
    )


def test_every_model_of_ours_can_be_looked_at_in_the_admin():
    from django.apps import apps
    from django.contrib import admin

    shown = set(admin.site._registry)
    for options in list(admin.site._registry.values()):
        shown |= {inline.model for inline in options.inlines}
    ours = {
        model
        for app in ("shop", "orders", "suppliers", "support", "notifications")
        for model in apps.get_app_config(app).get_models()
    }
    # The relay's one row stands on the admin's home; the counter's numbers stand on the papers;
    # a zone's countries and services stand on the page of its delivery profile.
    # When news of arrivals are due is the clock's own business; what was told is a delay.
    elsewhere = {"PaperCounter", "RelayBeat", "ZoneCountry", "DeliveryService", "ArrivalNotice"}
    # What lists and search read is written by itself, and an account's addresses are its own business.
    elsewhere |= {"Listing", "ListingFact", "SearchWord", "SavedAddress"}
    # The desk has pages of its own for who works when, for what agents set and write, and for the figures of articles.
    elsewhere |= {"AgentProfile", "Draft", "HandOver", "HandOverRead", "HelpVisit", "SavedView", "Shift", "Tick"}
    # Gone within a minute.
    elsewhere |= {"HeldAnswer", "Presence"}
    assert {model.__name__ for model in ours - shown} == elsewhere


@pytest.mark.parametrize("is_there", [True, False], ids=["database there", "database away"])
def test_a_server_reads_the_shop_before_it_forks_and_begins_whether_or_not_its_database_is_there(shop, is_there):
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    # A folder is no database.
    url = f"sqlite:///{shop / 'shop.sqlite3'}" if is_there else f"sqlite:///{shop}"
    env = {"PATH": os.environ["PATH"], "VAR_DIR": str(shop), "DATABASE_URL": url} | GOOD | SELLER
    words = ["-m", "gunicorn", "config.wsgi", "--bind", f"127.0.0.1:{port}", "--workers", "2", "--no-control-socket"]
    server = subprocess.Popen([sys.executable, *words], cwd=ROOT, env=env, stderr=subprocess.PIPE, text=True)
    try:
        wait_for(lambda: status_of(port, "/health/live") == 200, "it is alive")
        assert [status_of(port, "/") for _time in range(4)] == [200 if is_there else 503] * 4
    finally:
        server.terminate()
        told = server.communicate(timeout=30)[1]
    assert "nothing could be read beforehand" not in told


def status_of(port: int, path: str) -> int | None:
    """Ask as a proxy does; None if nobody answers."""
    headers = {"Host": "shop.example", "X-Forwarded-Proto": "https"}
    try:
        return requests.get(f"http://127.0.0.1:{port}{path}", headers=headers, timeout=10).status_code
    except requests.ConnectionError:
        return None
