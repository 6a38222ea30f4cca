"""A backlog of webhooks about one thing: the newest copy is taken in, and the older ones are done with it."""

from __future__ import annotations

import copy as copying
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from orders.models import IncomingEvent, Shipment
from suppliers.actions.inbox import subject_of, work_incoming
from suppliers.models import Supplier
from suppliers.webhooks import _without_decimals
from tests.deals import (  # noqa: F401  (fixtures)
    Deal,
    deal_fixture,
    odd_supplier_fixture,
    open_reasons,
    process_fixture,
)

pytestmark = pytest.mark.django_db


def told(deal: Deal, serial: int, copy: dict[str, Any], what: str = "shipment") -> IncomingEvent:
    body = _without_decimals({"data": {what: copy}})
    return IncomingEvent.objects.create(
        source=f"supplier:{deal.supplier.slug}",
        event_id=f"evt_{serial}",
        kind=f"{what}.updated",
        subject=subject_of(f"{what}.updated", body),
        body=body,
        due_at=timezone.now(),
    )


@pytest.fixture
def backlog(deal):
    """Return a deal whose goods came, and every copy of its parcel as a webhook that nobody has worked on."""
    made = deal("TEST-OK", 2)
    Supplier.objects.update(uses_polling=False)
    copies: dict[int, dict[str, Any]] = {}
    for _turn in range(60):
        made.process.control("advance", {"seconds": 6})
        parcels = [copy for copy in made.parcels() if copy["reference"] == made.row.reference]
        copies |= {copy["version"]: copy for copy in parcels}
        if parcels and parcels[0]["status"] == "delivered":
            break
    assert len(copies) >= 4
    return made, [told(made, version, copy) for version, copy in sorted(copies.items())]


def test_of_many_copies_that_wait_the_newest_is_taken_and_the_others_are_done(backlog, relay, mailbox):
    deal, rows = backlog
    work_incoming(rows[0].pk)

    assert deal.line.delivered == 2
    assert Shipment.objects.get().status == "delivered"
    outcomes = set(IncomingEvent.objects.values_list("outcome", "due_at"))
    assert outcomes == {(f"overtaken by {rows[-1].event_id}", None)}
    relay.run_until_idle()
    subjects = [message["Subject"].split(":")[0].strip() for message in mailbox()]
    assert sorted(subjects) == ["Delivered", "Order confirmed", "Sent"]


def test_a_newest_copy_that_breaks_the_contract_does_not_hide_a_good_one(backlog):
    _deal, rows = backlog
    bad = copying.deepcopy(rows[-1].body)
    bad["data"]["shipment"]["lines"][0]["quantity"] = 1_000
    IncomingEvent.objects.filter(pk=rows[-1].pk).update(body=bad)
    for row in rows[:-1]:
        work_incoming(row.pk)

    assert Shipment.objects.get().status == rows[-2].body["data"]["shipment"]["status"]
    work_incoming(rows[-1].pk)
    assert open_reasons() == ["parcel_garbage"]


def test_what_another_worker_has_in_hand_is_left_to_it(backlog):
    _deal, rows = backlog
    until = timezone.now() + timedelta(minutes=1)
    IncomingEvent.objects.filter(pk=rows[1].pk).update(lease_until=until)
    work_incoming(rows[0].pk)

    rows[1].refresh_from_db()
    assert (rows[1].done_at, rows[1].lease_until) == (None, until)
    assert IncomingEvent.objects.filter(done_at=None).count() == 1


def test_copies_of_other_things_are_left_alone(backlog):
    deal, rows = backlog
    order = told(deal, 100, deal.copy(), "order")
    work_incoming(rows[0].pk)

    order.refresh_from_db()
    assert order.done_at is None


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"data": None},
        {"data": {"order": None}},
        {"data": {"order": {"reference": "LF-1"}}},
        {"data": {"order": {"reference": "LF-1", "version": "2"}}},
        {"data": {"order": {"version": 2}}},
        {"data": {"reference": "LF-1"}},
        {"data": []},
    ],
)
def test_what_brings_no_whole_copy_is_about_nothing(body):
    assert subject_of("order.updated", body) == ""
