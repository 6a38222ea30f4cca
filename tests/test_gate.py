"""Gated goods wait for a pharmacist, whose decision is made once and never changed."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, connection, transaction
from django.urls import reverse

from orders.actions.approval import NothingToDecide, grant_approval, refuse_approval
from orders.models import Approval, Event, WorkItem
from orders.models.approval import AppendOnly
from shop.models import User
from suppliers.models import SupplierOrder
from tests.factories import make_paid_order, make_person, make_variant
from tests.pharmacy import forwarded, gated, line_fixture, pharmacist_fixture, supplier_fixture, waiting  # noqa: F401

pytestmark = pytest.mark.django_db


# --- what waits, and what goes on


def test_gated_goods_wait_for_a_pharmacist_with_a_deadline_while_other_lines_go_on(supplier, relay, settings):
    settings.APPROVAL_HOURS = 6
    order = make_paid_order((gated(supplier), 2), (make_variant(supplier), 1))
    relay.run_until_idle()
    waits, goes = order.lines.order_by("position")
    assert (waits.forwarded, waits.open, goes.forwarded) == (0, 2, 1)
    work = WorkItem.objects.get(closed_at=None, reason="approval")
    assert work.deadline_at == order.paid_at + timedelta(hours=6)
    assert work.money_minor == waits.paid_minor
    assert [row.order_line for row in SupplierOrder.objects.get().lines.all()] == [goes]


def test_granted_units_are_forwarded_and_the_work_is_closed(line, relay, pharmacist):
    approval = grant_approval(line, 3, by=pharmacist, reason="seen")
    relay.run_until_idle()
    assert forwarded(line) == 3
    assert not waiting(line)
    assert SupplierOrder.objects.get().lines.get().quantity == 3
    event = Event.objects.get(kind="approval.granted")
    assert (event.by, event.order, event.facts) == (pharmacist, line.order, {"line": line.pk, "units": 3})
    assert event.subject_key == f"approval:{approval.pk}"


def test_fewer_units_granted_leave_the_rest_waiting(line, relay, pharmacist):
    grant_approval(line, 2, by=pharmacist)
    relay.run_until_idle()
    assert forwarded(line) == 2
    assert waiting(line)
    grant_approval(line, 1, by=pharmacist)
    relay.run_until_idle()
    assert forwarded(line) == 3
    assert not waiting(line)


def test_refused_units_are_cancelled_refunded_and_told_in_one_act(line, relay, pharmacist, mailbox):
    refuse_approval(line, 3, by=pharmacist, reason="interacts with another medicine")
    refund = line.order.refunds.get()
    assert (refund.reason, refund.amount_minor, refund.requested_by) == (
        "not_approved",
        line.order.total_minor,
        pharmacist,
    )
    line.refresh_from_db()
    assert (line.cancelled, line.open) == (3, 0)
    assert not waiting(line)
    relay.run_until_idle()
    assert SupplierOrder.objects.count() == 0
    told = [mail for mail in mailbox() if "A change to your order" in mail["Subject"]]
    assert len(told) == 1
    assert line.name not in told[0]["Subject"]
    assert "pharmacist" in told[0].get_body(("plain",)).get_content()
    assert "interacts" not in told[0].as_string()
    assert not [mail for mail in mailbox() if mail["Subject"].startswith("Refund of")]


def test_one_click_twice_is_one_decision(line, pharmacist):
    key = uuid.uuid4()
    assert grant_approval(line, 1, by=pharmacist, key=key) == grant_approval(line, 1, by=pharmacist, key=key)
    key = uuid.uuid4()
    assert refuse_approval(line, 1, by=pharmacist, key=key) == refuse_approval(line, 1, by=pharmacist, key=key)
    line.refresh_from_db()
    assert (Approval.objects.count(), line.cancelled, line.order.refunds.count()) == (2, 1, 1)


@pytest.mark.parametrize("units", [0, 4])
def test_no_more_is_decided_than_waits(line, pharmacist, units):
    for decide in (grant_approval, refuse_approval):
        with pytest.raises(NothingToDecide):
            decide(line, units, by=pharmacist)
    assert Approval.objects.count() == 0


# --- who may decide


@pytest.mark.parametrize("role", ["Store staff", "Support agents", ""])
def test_only_pharmacists_decide(line, role):
    person = make_person(role=role)
    for decide in (grant_approval, refuse_approval):
        with pytest.raises(PermissionDenied):
            decide(line, 1, by=person)
    with pytest.raises(PermissionDenied):
        grant_approval(line, 1, by=None)
    assert Approval.objects.count() == 0


def test_a_right_that_was_taken_away_counts_at_once(line, pharmacist):
    assert pharmacist.has_perm("orders.add_approval")
    User.objects.filter(pk=pharmacist.pk).update(is_active=False)
    with pytest.raises(PermissionDenied):
        grant_approval(line, 1, by=pharmacist)


def test_a_superuser_decides_in_the_admin_and_staff_cannot(line, relay, client):
    address = reverse("admin:orders_approval_add")
    form = {"order_line": line.pk, "units": 3, "decision": "granted", "reason": "seen"}
    client.force_login(make_person(role="Store staff"))
    assert client.post(address, form).status_code == 403
    assert Approval.objects.count() == 0
    boss = make_person(is_staff=True, is_superuser=True)
    client.force_login(boss)
    assert client.post(address, form).status_code == 302
    assert client.post(address, form | {"units": 9}).status_code == 302
    approval = Approval.objects.get()
    assert (approval.by, approval.units) == (boss, 3)
    relay.run_until_idle()
    assert forwarded(line) == 3
    for name in ("change", "delete"):
        page = reverse(f"admin:orders_approval_{name}", args=[approval.pk])
        assert client.post(page, form | {"units": 1, "post": "yes"}).status_code == 403
    assert Approval.objects.get().units == 3


# --- append-only


def test_an_approval_is_never_changed_or_deleted(line, pharmacist):
    approval = grant_approval(line, 1, by=pharmacist)
    approval.units = 3
    for attempt in (
        approval.save,
        approval.delete,
        Approval.objects.all().delete,
        lambda: Approval.objects.update(units=3),
        lambda: Approval.objects.bulk_update([approval], ["units"]),
        lambda: Approval.objects.update_or_create(pk=approval.pk, defaults={"units": 3}),
    ):
        with pytest.raises(AppendOnly):
            attempt()
    assert Approval.objects.get().units == 1


@pytest.mark.parametrize("statement", ["UPDATE orders_approval SET units = 3", "DELETE FROM orders_approval"])
def test_the_database_itself_refuses(line, pharmacist, statement):
    grant_approval(line, 1, by=pharmacist)
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
    assert Approval.objects.get().units == 1
