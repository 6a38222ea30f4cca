"""Fill the shop of a journey: connect the simulated suppliers, read their catalogues, make an agent."""

from __future__ import annotations

import json
import os
import time

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

import django  # noqa: E402

django.setup()

from demo.german import put_german  # noqa: E402
from demo.merchants import connect_demo_supplier, make_people  # noqa: E402
from suppliers.actions.catalog import sync_supplier  # noqa: E402
from suppliers.adapters.base import Resting, TryLater, Unclear  # noqa: E402
from suppliers.models import Supplier  # noqa: E402


def read(supplier: Supplier) -> None:
    """Read a supplier's catalogue; on a busy machine its answers may be late, and then it is left alone for a while."""
    until = time.monotonic() + 60
    while True:
        try:
            sync_supplier(supplier, report=lambda text: None)
        except (Resting, TryLater, Unclear):
            if time.monotonic() > until:
                raise
            Supplier.objects.filter(pk=supplier.pk).update(opened_at=None, closed_until=None)
            time.sleep(1)
        else:
            return


for slug, facts in json.loads(os.environ["JOURNEY_SUPPLIERS"]).items():
    supplier = connect_demo_supplier(
        slug, base_url=facts["base"] + "/v1", api_key=facts["key"], webhook_secret=facts["secret"]
    )
    read(supplier)
if not os.environ["JOURNEY_POLLING"]:
    Supplier.objects.update(uses_polling=False)
make_people()
put_german()
