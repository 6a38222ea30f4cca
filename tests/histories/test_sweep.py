"""One sweep finds all that is late, however much that is, and the next one finds nothing more."""

from __future__ import annotations

import pytest
from django.db import connection
from django.db.models import Model
from django.test.utils import CaptureQueriesContext

from orders.actions.watch import BATCH
from orders.models import OrderDelivery, WorkItem
from tests.delays import hand_over, on, sell, watch

pytestmark = pytest.mark.django_db
# More than two batches hold.
MANY = 2 * BATCH + 100


def copies(row: Model, changes: list[dict[str, object]]) -> None:
    """Make a row once more for each set of changes."""
    fields = {field.attname: getattr(row, field.attname) for field in row._meta.fields} | {"id": None}
    type(row).objects.bulk_create(type(row)(**fields | change) for change in changes)


def late_deliveries(count: int) -> None:
    """Make so many deliveries that nobody has confirmed, each with a line of its own."""
    order = sell()
    hand_over(order, confirmed=False)
    delivery, line = order.deliveries.get(), order.lines.get()
    copies(delivery, [{"service": f"way{number}"} for number in range(1, count)])
    others = OrderDelivery.objects.exclude(pk=delivery.pk).values_list("pk", flat=True)
    copies(line, [{"delivery_id": pk, "position": place} for place, pk in enumerate(others, start=2)])


def test_one_sweep_finds_all_that_is_late():
    late_deliveries(MANY)

    with on("2026-11-25", 11), CaptureQueriesContext(connection) as queries:
        assert watch() == MANY

    assert OrderDelivery.objects.filter(late_kind="unconfirmed").count() == MANY
    assert WorkItem.objects.filter(reason="late", closed_at=None).count() == MANY
    # In batches, and not one by one.
    assert len(queries) < MANY / 10
    with on("2026-11-25", 11):
        assert watch() == 0
