"""Celery: the fast path for work whose record is in the database."""

from __future__ import annotations

import os
from importlib import import_module
from pathlib import Path

from celery import Celery
from celery.signals import task_prerun, worker_shutting_down

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

from django.conf import settings  # noqa: E402  (the line above must come first)
from django.db import close_old_connections  # noqa: E402

from shop.turns import ENDING  # noqa: E402

app = Celery("waybill")
# Work is kept apart by purpose, so that a slow supplier delays nobody's mail.
QUEUES = ("engine", "suppliers", "payments", "mail", "pictures", "events")


def _transport_options() -> dict[str, object]:
    if settings.REDIS_URL:
        return {
            # A hung Redis must cost the relay a second, not a minute.
            "socket_timeout": 5,
            "socket_connect_timeout": 1,
            "visibility_timeout": 3600,
            "global_keyprefix": f"{settings.REDIS_KEY_PREFIX}:",
            "max_retries": 0,
        }
    folder = Path(settings.CELERY_BROKER_FOLDER)
    for name in ("messages", "control"):
        # The file broker fails at the first message when its folders are missing.
        (folder / name).mkdir(parents=True, exist_ok=True)
    return {
        "data_folder_in": str(folder / "messages"),
        "data_folder_out": str(folder / "messages"),
        "control_folder": str(folder / "control"),
        "polling_interval": 0.1,
    }


app.conf.update(
    broker_url=settings.CELERY_BROKER_URL,
    broker_transport=f"config.{'redis' if settings.REDIS_URL else 'file'}_broker:Transport",
    broker_transport_options=_transport_options(),
    broker_connection_retry_on_startup=True,
    broker_connection_timeout=1,
    task_publish_retry=False,
    task_serializer="json",
    accept_content=["json"],
    task_ignore_result=True,
    task_default_queue="engine",
    task_soft_time_limit=settings.CELERY_TASK_SOFT_TIME_LIMIT,
    task_time_limit=settings.CELERY_TASK_TIME_LIMIT,
    # A task that dies with its worker comes back by the lease in the database; late
    # acknowledgement on top costs little and brings it back sooner over Redis.
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    # Over files a worker looks anew only when it has worked off what it took: one at a time would be
    # twenty tasks a second.
    worker_prefetch_multiplier=1 if settings.REDIS_URL else 4,
    worker_hijack_root_logger=False,
    timezone="UTC",
)
# Celery would close a thread's connection before and after each task; a new one costs more than most tasks do.
app.conf["CELERY_DB_REUSE_MAX"] = 10**9
TASK_MODULES = ("orders.tasks", "suppliers.tasks", "support.tasks", "notifications.tasks", "config.tasks")


def load_tasks() -> None:
    """Import every task, once Django is ready: the relay runs them itself when there is no broker."""
    for module in TASK_MODULES:
        import_module(module)


@task_prerun.connect
def keep_connection(**_kwargs: object) -> None:
    """Before a task: go on with the thread's database connection if it is neither too old nor broken."""
    close_old_connections()


@worker_shutting_down.connect
def end_soon(**_kwargs: object) -> None:
    """On SIGTERM: let what is in the middle of a long reading stop at its next step."""
    ENDING.set()
