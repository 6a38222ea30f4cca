"""The arrows between the apps point one way: imports, foreign keys, reverse accessors, third-party doors."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from django.apps import apps

ROOT = Path(__file__).resolve().parent.parent
FLOORS = ["shop", "orders", "suppliers", "support", "notifications"]
# Which of our files may open which door.
DOORS = {
    "stripe": {"orders/stripe_client.py"},
    # The one outbound client; whoever wants to call somebody goes through it.
    "urllib3": {"suppliers/outbound.py"},
    "requests": set(),
    "httpx": set(),
    # The one mailbox that is read; its way in has time limits.
    "imaplib": {"notifications/inbound/imap.py"},
    "celery": {"config/celery.py", "config/tasks.py"} | {f"{app}/tasks.py" for app in FLOORS},
    "kombu": {"config/hands.py", "config/file_broker.py", "config/redis_broker.py"},
    "redis": {"config/cache.py", "config/redis_broker.py"},
}
# Simulated suppliers and the payment sandbox stand for other people's servers.
STRANGERS = ("demo/supplier/", "demo/payments/", "demo/pictures/", "demo/carrier/")


def imported_by(source: str) -> set[str]:
    """Return the modules a source imports, also inside functions and under TYPE_CHECKING."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            found.add(node.module)
        elif isinstance(node, ast.ImportFrom) and node.level:
            found.add("." * node.level)
    return found


def forbidden(path: str, source: str) -> list[str]:
    """Return what a file imports and may not."""
    app = path.split("/")[0]
    wrong = []
    for module in imported_by(source):
        top = module.split(".")[0]
        if module.startswith("."):
            wrong.append(f"{path} imports relatively")
        if app in FLOORS and top in [*FLOORS[FLOORS.index(app) + 1 :], "config", "demo", "tests"]:
            wrong.append(f"{path} imports {module}")
        if path.startswith(STRANGERS) and (top in [*FLOORS, "config", "django"] or module == "demo.merchants"):
            wrong.append(f"{path} imports {module}")
        if app in [*FLOORS, "config"] and top in DOORS and path not in DOORS[top]:
            wrong.append(f"{path} opens the door to {top}")
    return wrong


def our_files() -> list[Path]:
    folders = [*FLOORS, "config", "demo"]
    return [file for folder in folders for file in (ROOT / folder).rglob("*.py") if "migrations" not in file.parts]


def test_no_file_imports_against_the_arrows():
    wrong = [entry for file in our_files() for entry in forbidden(str(file.relative_to(ROOT)), file.read_text())]
    assert wrong == []


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("shop/views/x.py", "from orders.models import Order"),
        ("orders/x.py", "def f():\n    import suppliers.models"),
        ("suppliers/x.py", "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from support import models"),
        ("support/x.py", "from notifications.tasks import send_notification"),
        ("shop/x.py", "from config.celery import app"),
        ("orders/x.py", "from . import models"),
        ("orders/actions/pay.py", "import stripe"),
        ("support/views/x.py", "import requests"),
        ("notifications/actions/x.py", "from celery import shared_task"),
        ("demo/supplier/x.py", "from shop.money import Money"),
        ("demo/carrier/x.py", "from suppliers.carriers.directory import CARRIERS"),
    ],
)
def test_a_planted_violation_is_found(path, source):
    assert forbidden(path, source)


def wrong_relations(models) -> list[str]:
    """Return foreign keys that point to a later app, and reverse names that a later app plants in an earlier one."""
    wrong = []
    for model in models:
        for field in model._meta.get_fields():
            if not field.is_relation or field.auto_created or field.related_model is None:
                continue
            here, there = model._meta.app_label, field.related_model._meta.app_label
            if here not in FLOORS or there not in FLOORS or here == there:
                continue
            if FLOORS.index(there) > FLOORS.index(here):
                wrong.append(f"{model.__name__}.{field.name} points to {there}")
            if not field.remote_field.hidden:
                wrong.append(f"{model.__name__}.{field.name} plants a name in {there}")
    return wrong


def test_foreign_keys_point_down_and_leave_no_names_behind():
    assert wrong_relations(apps.get_models()) == []


def test_a_planted_relation_is_found():
    class Hidden:
        hidden = False

    class Field:
        is_relation, auto_created, name = True, False, "ticket"
        remote_field = Hidden()

        class related_model:
            class _meta:
                app_label = "support"

    class Model:
        __name__ = "Order"

        class _meta:
            app_label = "orders"

            @staticmethod
            def get_fields():
                return [Field()]

    Model.__name__ = "Order"
    assert len(wrong_relations([Model])) == 2


def test_files_stay_short():
    long = {
        str(file.relative_to(ROOT)): lines
        for file in our_files()
        if (lines := len(file.read_text().splitlines())) > 400
    }
    assert long == {}


def queues(source: str) -> bool:
    """True if a source puts a task on the queue."""
    calls = [node.func for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
    named = {func.attr for func in calls if isinstance(func, ast.Attribute)}
    return bool(named & {"delay", "apply_async", "send_task", "signature"})


def test_only_the_relays_hands_speak_to_the_broker_so_no_page_ever_waits_for_it():
    found = [str(file.relative_to(ROOT)) for file in our_files() if queues(file.read_text())]
    assert found == ["config/hands.py"]


@pytest.mark.parametrize("source", ["send.delay(1)", "task.apply_async((1,))", "app.send_task('x')"])
def test_that_check_bites(source):
    assert queues(source)
