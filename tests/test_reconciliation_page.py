"""What staff see of the comparison with Stripe: when it ran, what it looked at, and what nothing explains."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from config.models import Comparison, MoneyFinding
from tests.comparing import (  # noqa: F401  (fixtures)
    as_shipped_fixture,
    noted,
    reconcile,
    strangers_payment,
    variant_fixture,
)
from tests.factories import make_paid_order, make_person

pytestmark = pytest.mark.django_db


@pytest.fixture(name="staff")
def staff_fixture(client):
    client.force_login(make_person(role="Store staff"))
    return client


def test_the_page_says_that_nothing_was_compared_yet(staff):
    page = staff.get("/admin/reconciliation/").content.decode()
    assert page.count("not run yet") == 2
    assert "not run yet" in staff.get("/admin/").content.decode()


def test_the_page_says_when_it_ran_what_it_looked_at_and_that_nothing_is_open(staff, sandbox, variant):
    noted(sandbox, variant)
    reconcile()
    reconcile("full")
    page = staff.get("/admin/reconciliation/").content.decode()
    assert "unexplained: 0" in page
    assert "payment intents: 1" in page
    assert "not run yet" not in page
    assert "failing" not in page


def test_the_page_says_since_when_it_fails(staff, settings):
    reconcile()
    page = staff.get("/admin/reconciliation/").content.decode()
    assert "failing since" in page
    assert "StripeUnclear" in page


def test_the_page_says_when_it_is_late(staff, sandbox, variant):
    reconcile()
    Comparison.objects.update(finished_at=timezone.now() - timedelta(days=2))
    assert "Late. Is the relay running?" in staff.get("/admin/reconciliation/").content.decode()


def test_each_kind_leads_to_its_list_and_each_line_to_order_stripe_and_next_step(staff, sandbox, variant):
    intent = strangers_payment(sandbox)
    order = make_paid_order((variant, 1))
    reconcile("full")
    page = staff.get("/admin/reconciliation/?kind=stray_payment").content.decode()
    assert f"https://dashboard.stripe.com/test/payments/{intent}" in page
    assert "Compare again now" in page
    assert order.number not in page
    page = staff.get("/admin/reconciliation/?kind=not_at_stripe").content.decode()
    assert f"/admin/orders/order/{order.pk}/change/" in page
    for odd in ("?kind=<b>", "?page=x", "?kind=unit&page=99"):
        assert staff.get(f"/admin/reconciliation/{odd}").status_code == 200


def test_the_page_costs_the_same_for_few_and_many_differences(staff, variant):
    def cost() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert staff.get("/admin/reconciliation/").status_code == 200
        return len(queries)

    order = make_paid_order((variant, 1))

    def find(first: int, last: int) -> None:
        MoneyFinding.objects.bulk_create(
            MoneyFinding(kind="amount", key=f"pi_{number}", says="x", currency="EUR", amount_minor=1, order=order)
            for number in range(first, last)
        )

    find(0, 2)
    few = cost()
    find(2, 120)
    assert cost() <= few
    assert few <= 14
    assert "Page 1 of 3" in staff.get("/admin/reconciliation/").content.decode()


def test_nobody_but_staff_sees_it(client):
    for role in ("Support agents", "Pharmacists"):
        client.force_login(make_person(role=role))
        assert client.get("/admin/reconciliation/").status_code in {302, 403}
