"""A backlog of webhooks about one thing: the newest copy is taken in, and the older ones are done with it."""

from __future__ import annotations

import copy as copying
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from orders.models import IncomingEvent, Shipment
from suppliers.actions.copies import work_copies
from suppliers.actions.inbox import subject_of, work_incoming
from suppliers.actions.poll import poll_supplier
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


def test_old_news_are_seen_through_together_whatever_their_number(backlog, django_assert_max_num_queries):
    deal, rows = backlog
    for copy in (deal.copy(), {**deal.copy(), "version": 1, "updated_at": "2020-01-01T00:00:00Z"}):
        rows.append(told(deal, 100 + copy["version"], copy, "order"))
    Supplier.objects.update(uses_polling=True)
    poll_supplier(deal.supplier.pk)
    with django_assert_max_num_queries(5):
        work_copies([row.pk for row in rows])

    assert set(IncomingEvent.objects.values_list("outcome", "due_at", "lease_until")) == {("nothing new", None, None)}
    assert not IncomingEvent.objects.filter(done_at=None).exists()
    assert deal.line.delivered == 2


def test_news_among_old_copies_are_taken_in(backlog):
    deal, rows = backlog
    for row in rows[:-2]:
        IncomingEvent.objects.filter(pk__in=[later.pk for later in rows[-2:]]).update(done_at=timezone.now())
        work_incoming(row.pk)
    IncomingEvent.objects.update(done_at=None, outcome="", due_at=timezone.now())
    work_copies([row.pk for row in rows])

    assert (deal.line.delivered, Shipment.objects.get().status) == (2, "delivered")
    outcomes = dict(IncomingEvent.objects.values_list("event_id", "outcome"))
    assert outcomes.pop(rows[-1].event_id) in {"taken", f"overtaken by {rows[-1].event_id}"}
    assert set(outcomes.values()) == {"nothing new", f"overtaken by {rows[-1].event_id}"}


def test_old_news_that_another_worker_has_in_hand_are_left_to_it(backlog):
    deal, rows = backlog
    work_incoming(rows[-1].pk)
    until = timezone.now() + timedelta(minutes=1)
    IncomingEvent.objects.update(done_at=None)
    IncomingEvent.objects.filter(pk=rows[1].pk).update(due_at=until, lease_until=until)
    work_copies([row.pk for row in rows])

    assert list(IncomingEvent.objects.filter(done_at=None).values_list("pk", flat=True)) == [rows[1].pk]


def test_a_good_copy_that_is_known_closes_the_work_about_a_bad_one_among_many_as_well(backlog):
    deal, rows = backlog
    Supplier.objects.update(uses_polling=True)
    poll_supplier(deal.supplier.pk)
    bad = told(deal, 200, {**deal.copy(), "version": 99, "lines": []}, "order")
    work_incoming(bad.pk)
    assert open_reasons() == ["supplier_garbage"]
    good = told(deal, 201, deal.copy(), "order")
    work_copies([*(row.pk for row in rows), good.pk])
    assert open_reasons() == []


@pytest.mark.parametrize("version", ["3", None, True, 0, -1, 2**40])
def test_a_version_that_is_none_is_no_old_news(backlog, version):
    deal, rows = backlog
    work_incoming(rows[-1].pk)
    odd = told(deal, 300, {**rows[-1].body["data"]["shipment"], "version": 1})
    odd.body["data"]["shipment"]["version"] = version
    odd.save()
    work_copies([rows[0].pk, odd.pk])
    assert open_reasons() == ["parcel_garbage"]


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
