"""What tests of work for people share."""

from __future__ import annotations

import pytest
from django.urls import reverse

from orders.actions.work import open_work
from orders.models import WorkItem
from tests.factories import make_person

LIST = "/admin/orders/workitem/"


@pytest.fixture(name="staff")
def staff_fixture(client):
    person = make_person(role="Store staff")
    client.force_login(person)
    return person


def work_of(row, reason: str, **facts: object) -> WorkItem:
    """Ask a person about a row, and return the item."""
    open_work(WorkItem.Reason(reason), row, order=getattr(row, "order", None), summary=f"About {row}", **facts)
    return WorkItem.objects.get(reason=reason, closed_at=None)


def press(client, item: WorkItem, key: str):
    """Press the button of an item, and return the page that follows."""
    return client.post(reverse("admin:orders_workitem_act", args=[item.pk, key]), follow=True)


def is_closed(item: WorkItem) -> bool:
    item.refresh_from_db()
    return item.closed_at is not None
