"""What was cancelled before its money was taken: owed by nobody, and nothing else passes for it."""

from __future__ import annotations

import pytest

from config.audit import run_audit
from orders.actions.cancel import cancel_units
from orders.actions.capture import work_on_authorisation
from orders.actions.holds import release_holds
from orders.actions.opening import open_session
from orders.actions.payment import settle
from orders.models import Order, Payment, Refund, RefundLine
from tests.comparing import found, reconcile
from tests.factories import make_order, make_supplier, make_variant

pytestmark = pytest.mark.django_db


@pytest.fixture(name="order")
def order_fixture(sandbox, settings) -> Order:
    """Two things for 12.50 and 3.90 delivery, authorised; one was cancelled, and 14.45 of 28.90 was taken."""
    settings.LEASE_SECONDS, settings.REVIEW_ABOVE_MINOR = 75, 1
    order = make_order((make_variant(make_supplier(), stock=None), 2))
    session = open_session(order.sessions.get())
    sandbox.control(f"sessions/{session.stripe_id}/pay", {})
    settle(order.sessions.get())
    cancel_units(order, {order.lines.get().pk: 1}, reason=Refund.Reason.CANCELLED, by=None, key="one")
    release_holds(order, by=None)
    work_on_authorisation(order.authorisations.get().pk)
    order.refresh_from_db()
    assert (order.status, order.total_minor, Payment.objects.get().captured_minor) == ("paid", 2890, 1445)
    row = Refund.objects.get()
    assert (row.reason, row.amount_minor, row.status, row.stripe_id) == ("not_taken", 1445, "succeeded", "")
    return order


def compared() -> list[tuple[str, str]]:
    reconcile()
    reconcile("full")
    return found()


def audited(name: str) -> list[str]:
    return [text for one in run_audit() if one.check.name == name for text in one.violations]


def test_it_fits_and_so_does_what_goes_back_of_the_rest(order):
    assert compared() == []
    cancel_units(order, {order.lines.get().pk: 1}, reason=Refund.Reason.SUPPLIER_CANNOT, by=None, key="two")
    assert Payment.objects.get().refunded_minor == 1445
    order.refresh_from_db()
    assert order.status == "cancelled"
    assert ("misfit", f"order:{order.pk}") not in compared()
    assert audited("V02 paid") == []


def test_without_its_row_the_order_is_short_of_money(order):
    RefundLine.objects.all().delete()
    Refund.objects.all().delete()
    assert compared() == [("misfit", f"order:{order.pk}")]
    assert len(audited("V02 paid")) == 1


@pytest.mark.parametrize("change", [{"status": "failed"}, {"currency": "USD"}, {"reason": "goodwill"}])
def test_a_row_that_failed_or_is_of_another_kind_or_currency_excuses_nothing(order, change):
    Refund.objects.update(**change)
    assert ("misfit", f"order:{order.pk}") in compared()
    assert len(audited("V02 paid")) == 1


def test_a_cent_more_than_was_left_to_take_is_a_difference(order):
    Payment.objects.update(captured_minor=1446)
    assert ("misfit", f"order:{order.pk}") in compared()
    assert len(audited("V02 paid")) == 1


def test_one_orders_row_excuses_no_other_order(order):
    other = make_order((make_variant(make_supplier("meridian"), stock=None), 2))
    Order.objects.filter(pk=other.pk).update(status="paid", paid_at=order.paid_at)
    Payment.objects.create(
        order=other, stripe_id="transfer-1", provider="bank_transfer", captured_minor=1445, currency="EUR"
    )
    assert compared() == [("misfit", f"order:{other.pk}")]
