"""The audit runs by itself every night, and asks a person once about each check that does not hold."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db.models import F
from django.utils import timezone

from config.audit import CHECKS
from config.models import AuditCheck, NightlyAudit
from config.nightly import audit_by_night, next_night
from orders import lease
from orders.models import OrderLine, Payment, WorkItem
from shop.models import Variant
from tests.factories import make_paid_order, make_person, make_supplier, make_variant

pytestmark = pytest.mark.django_db


@pytest.fixture
def order(relay):
    made = make_paid_order((make_variant(make_supplier()), 2))
    relay.run_until_idle()
    return made


def night_falls(relay) -> None:
    NightlyAudit.objects.update(due_at=timezone.now())
    relay.run_until_idle()


def open_checks() -> list[str]:
    keys = WorkItem.objects.filter(reason="audit", closed_at=None).values_list("subject_key", flat=True)
    return sorted(AuditCheck.objects.get(pk=int(key.split(":")[1])).name for key in keys)


def test_the_row_is_there_after_migrating_and_due_at_night(settings):
    row = NightlyAudit.objects.get()
    assert timezone.now() < row.due_at <= timezone.now() + timedelta(hours=25)
    assert timezone.localtime(row.due_at).hour == settings.AUDIT_HOUR


def test_the_next_night_is_never_now(settings):
    settings.AUDIT_HOUR = 3
    dublin = ZoneInfo("Europe/Dublin")
    assert next_night(datetime(2026, 7, 1, 2, 59, tzinfo=dublin)) == datetime(2026, 7, 1, 3, tzinfo=dublin)
    assert next_night(datetime(2026, 7, 1, 3, tzinfo=dublin)) == datetime(2026, 7, 2, 3, tzinfo=dublin)


def test_a_night_over_a_sound_shop_asks_nobody(order, relay):
    night_falls(relay)
    row = NightlyAudit.objects.get()
    assert (row.unexplained, row.lease_until, row.last_error) == (0, None, "")
    assert row.ran_at > timezone.now() - timedelta(minutes=2)
    assert row.due_at > timezone.now()
    assert AuditCheck.objects.count() == len(CHECKS)
    assert open_checks() == []


def test_each_broken_check_is_one_piece_of_work_however_many_nights_it_lasts(order, relay):
    Variant.objects.update(reserved=7)
    OrderLine.objects.update(tax_minor=F("tax_minor") + 1)
    for _night in range(3):
        night_falls(relay)
    assert open_checks() == ["V04 totals", "V11 reserved"]
    assert WorkItem.objects.filter(reason="audit").count() == 2
    assert NightlyAudit.objects.get().unexplained == 2
    item = WorkItem.objects.get(subject_key=f"auditcheck:{AuditCheck.objects.get(name='V04 totals').pk}")
    assert order.number in item.summary


def test_what_holds_again_is_closed_by_the_next_night(order, relay):
    Variant.objects.update(reserved=7)
    night_falls(relay)
    Variant.objects.update(reserved=2)
    night_falls(relay)
    assert open_checks() == []
    assert WorkItem.objects.get(reason="audit").closed_at is not None


def test_work_closed_by_hand_comes_back_while_the_check_is_broken(order, relay):
    Variant.objects.update(reserved=7)
    night_falls(relay)
    WorkItem.objects.update(closed_at=timezone.now())
    night_falls(relay)
    assert open_checks() == ["V11 reserved"]


def test_a_check_that_is_no_more_is_forgotten_with_its_work(order, relay):
    Variant.objects.update(reserved=7)
    night_falls(relay)
    AuditCheck.objects.filter(name="V11 reserved").update(name="V99 given up")
    Variant.objects.update(reserved=2)
    night_falls(relay)
    assert not AuditCheck.objects.filter(name="V99 given up").exists()
    assert not WorkItem.objects.filter(reason="audit", closed_at=None).exists()


def test_two_at_once_are_one_run(order):
    NightlyAudit.objects.update(due_at=timezone.now())
    assert lease.take(NightlyAudit.objects.all(), 1) is not None
    assert not audit_by_night(1)
    assert NightlyAudit.objects.get().ran_at is None


def test_a_night_that_fails_is_tried_again(order, monkeypatch):
    def broken():
        raise RuntimeError("no disk")

    NightlyAudit.objects.update(due_at=timezone.now())
    with monkeypatch.context() as failing:
        failing.setattr("config.nightly.run_audit", broken)
        assert not audit_by_night(1)
    row = NightlyAudit.objects.get()
    assert (row.ran_at, row.failures) == (None, 1)
    assert row.due_at < timezone.now() + timedelta(minutes=1)
    assert "no disk" in row.last_error
    assert audit_by_night(1)


def test_staff_see_now_and_last_night(order, relay, client):
    client.force_login(make_person(role="Store staff"))
    page = client.get("/admin/audit/").content.decode()
    assert "unexplained: 0" in page
    assert "No nightly run yet." in page
    night_falls(relay)
    Payment.objects.update(currency="USD")
    page = client.get("/admin/audit/").content.decode()
    assert "Last nightly run:" in page
    assert ", unexplained: 0." in page
    assert "unexplained: 2" in page
    for check in CHECKS:
        assert check.name in page
    NightlyAudit.objects.update(due_at=timezone.now() - timedelta(hours=1))
    assert "The nightly run is late." in client.get("/admin/audit/").content.decode()
