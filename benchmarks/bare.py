"""The plain limit: a Celery task that does nothing but the POST, on the shop's own settings of broker and worker."""

from __future__ import annotations

import os
from threading import local

import requests
from celery import Celery

from config.celery import app as shop

app = Celery("bare")
app.conf.update({name: shop.conf[name] for name in (
    "broker_url", "broker_transport_options", "task_acks_late", "task_reject_on_worker_lost",
    "worker_prefetch_multiplier", "task_ignore_result",
)}, task_default_queue="bare")  # fmt: skip
_mine = local()


@app.task(name="bare.post")
def post(reference: str) -> None:
    """Send one order-sized body, over a connection that is kept."""
    if not hasattr(_mine, "session"):
        _mine.session = requests.Session()
        _mine.session.trust_env = False
    body = {"reference": reference, "lines": [{"line_id": "L1", "sku": "A", "quantity": 1}], "padding": "x" * 600}
    _mine.session.post(os.environ["BARE_URL"], json=body, timeout=30)
