"""Invoices and credit notes: issued once, numbered without gaps, frozen, and right to the last cent."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from config.audit import run_audit
from orders.actions.again import ask_refund_again
from orders.actions.papers import issue_credit_note, issue_invoice, issue_invoices
from orders.actions.payment import record_payment
from orders.actions.refund import RefundPart, import_refund, refundable_minor, units_minor
from orders.models import Event, Order, OrderLine, Paper, PaperCounter, Reaction, Refund
from orders.models.approval import AppendOnly
from orders.papers.content import DoesNotAddUp
from orders.providers.base import RefundFacts
from orders.states import RefundStatus, move_refund
from shop.models import Product
from tests.factories import make_order, make_paid_order, make_supplier, make_variant
from tests.papers import credited, invoiced, pay_back

pytestmark = pytest.mark.django_db
YEAR = timezone.localdate().year


@pytest.fixture
def order():
    supplier = make_supplier()
    variants = [make_variant(supplier, price_minor=price) for price in (999, 1250)]
    return make_paid_order((variants[0], 3), (variants[1], 1))


def test_an_invoice_says_what_was_sold_to_whom_by_whom(order, settings):
    settings.SELLER = {"name": "Shop Ltd", "lines": ["Cork"], "vat_number": "IE1", "registration": "", "contact": ""}
    paper = invoiced(order)
    told = paper.content

    assert (paper.number, paper.total_minor) == (f"INV-{YEAR}-00001", order.total_minor)
    assert told["seller"]["name"] == "Shop Ltd"
    assert told["buyer"] == {
        "name": "Alex Byrne",
        "company": "",
        "lines": ["12 Main Street", "Dublin", "D02 X285", "Ireland"],
    }
    assert [(line["quantity"], line["unit_minor"]) for line in told["lines"]] == [(3, 999), (1, 1250)]
    assert told["sums"]["total_minor"] == order.total_minor
    assert told["sums"]["tax_minor"] == order.tax_minor
    assert told["order"]["number"] == order.number
    assert [(one["brand"], one["last4"], one["amount_minor"]) for one in told["payments"]] == [
        ("visa", "4242", order.total_minor)
    ]


def test_an_order_has_one_invoice_however_often_it_is_issued(order):
    assert invoiced(order) == invoiced(order)
    assert Paper.objects.count() == 1
    assert Event.objects.filter(kind="paper.issued").count() == 1


def test_an_order_that_is_not_paid_has_none():
    order = make_order((make_variant(make_supplier()), 1))
    assert issue_invoice(order) is None
    assert PaperCounter.objects.count() == 0


def test_the_relay_issues_papers_after_payment_and_after_a_refund(order, relay):
    relay.run_until_idle()
    assert list(Paper.objects.values_list("kind", flat=True)) == ["invoice"]
    line = order.lines.first()
    pay_back(order, [RefundPart(line, 1, units_minor(line, 1))], key="k")
    relay.run_until_idle()
    assert list(Paper.objects.values_list("kind", flat=True)) == ["invoice", "credit_note"]
    # Told again, as after a worker that died: nothing more is issued.
    Reaction.objects.filter(receiver__startswith="orders.tasks.issue_").update(done_at=None, due_at=timezone.now())
    relay.run_until_idle()
    assert Paper.objects.count() == 2


def test_numbers_run_on_per_kind_and_begin_anew_each_year(order, time_machine):
    variant = order.lines.first().variant
    assert invoiced(order).number.endswith("-00001")
    assert invoiced(make_paid_order((variant, 1))).number.endswith("-00002")
    assert credited(order, [RefundPart(order.lines.first(), 0, 100)], key="k").number == f"CN-{YEAR}-00001"
    # New year in Dublin is what counts.
    time_machine.move_to(f"{YEAR + 1}-01-01T00:00:30+00:00")
    assert invoiced(make_paid_order((variant, 1))).number == f"INV-{YEAR + 1}-00001"


def test_a_number_that_is_rolled_back_was_never_given(order):
    class PowerCut(Exception):
        pass

    with pytest.raises(PowerCut), transaction.atomic():
        invoiced(order)
        raise PowerCut
    assert Paper.objects.count() == 0
    assert invoiced(order).serial == 1


def test_several_orders_get_their_invoices_in_one_go_for_few_queries_each(order, django_assert_max_num_queries):
    variant = make_variant(make_supplier(), stock=None)
    orders = [make_paid_order((variant, 1)) for _number in range(8)]
    with django_assert_max_num_queries(10 + 4 * len(orders)):
        issued = issue_invoices([one.pk for one in orders])
    assert [issued[one.pk].serial for one in orders] == list(range(1, 9))
    assert issue_invoices([one.pk for one in orders]) == issued


def test_one_order_that_does_not_add_up_keeps_no_other_from_its_invoice(order, relay):
    bad = make_paid_order((make_variant(make_supplier()), 1))
    OrderLine.objects.filter(order=bad).update(discount_minor=1)
    relay.run_until_idle()
    assert list(Paper.objects.values_list("order", "serial")) == [(order.pk, 1)]
    owed = Reaction.objects.get(receiver="orders.tasks.issue_invoice", done_at=None)
    assert (owed.event.order, owed.last_error.split(":")[0]) == (bad, "DoesNotAddUp")


def test_what_changes_later_changes_no_paper(order):
    before = invoiced(order).content
    Product.objects.update(name="Another name")
    Order.objects.update(name="Another person", line1="Elsewhere")
    OrderLine.objects.update(name="Another thing", tax_basis_points=1)
    assert Paper.objects.get().content == before


def test_a_paper_is_neither_changed_nor_deleted(order):
    paper = invoiced(order)
    for attempt in (
        paper.save,
        paper.delete,
        Paper.objects.all().delete,
        lambda: Paper.objects.update(serial=3),
        lambda: Paper.objects.bulk_update([paper], ["serial"]),
    ):
        with pytest.raises(AppendOnly):
            attempt()
    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("UPDATE orders_paper SET total_minor = 1")
    assert Paper.objects.get().total_minor == order.total_minor


def test_no_invoice_is_issued_whose_lines_are_not_what_was_charged(order):
    OrderLine.objects.filter(order=order).update(discount_minor=1)
    with pytest.raises(DoesNotAddUp):
        issue_invoice(order)
    assert (Paper.objects.count(), PaperCounter.objects.count()) == (0, 0)


def test_a_credit_note_names_its_invoice_and_the_share_of_each_line(order):
    line = order.lines.first()
    amount = units_minor(line, 2)
    note = credited(order, [RefundPart(line, 2, amount)], key="k")

    assert note.invoice == order.papers.get(kind="invoice")
    assert note.content["invoice"]["number"] == note.invoice.number
    assert (note.total_minor, note.content["reason"]) == (amount, "damaged")
    (told,) = note.content["lines"]
    assert (told["quantity"], told["total_minor"]) == (2, amount)
    assert told["tax_minor"] == line.tax_minor * amount // line.paid_minor
    assert told["goods_minor"] + told["delivery_minor"] - told["discount_minor"] == amount


def test_credit_notes_over_everything_take_back_exactly_the_invoice(order):
    invoice = invoiced(order)
    for serial in range(3):
        line = order.lines.first()
        credited(order, [RefundPart(line, 1, units_minor(line, 1))], key=f"one-{serial}")
    rest = order.lines.last()
    credited(order, [RefundPart(rest, 0, 1)], key="a cent")
    credited(order, [RefundPart(OrderLine.objects.get(pk=rest.pk), 1, refundable_minor(rest) - 1)], key="rest")

    notes = order.papers.filter(kind="credit_note")
    assert notes.count() == 5
    for name, whole in invoice.content["sums"].items():
        assert sum(note.content["sums"][name] for note in notes) == whole, name


def test_a_refund_that_is_not_through_has_no_credit_note(order):
    line = order.lines.first()
    refund = pay_back(order, [RefundPart(line, 1, 100)], key="k")
    Refund.objects.update(status=RefundStatus.PENDING)
    assert issue_credit_note(refund) is None


def test_a_refund_that_comes_back_and_is_sent_again_has_one_credit_note(order):
    note = credited(order, [RefundPart(order.lines.first(), 1, 500)], key="k")
    move_refund(note.refund, RefundStatus.FAILED, by=None)
    OrderLine.objects.update(refunded=0, refunded_minor=0)
    order.payments.update(refunded_minor=0)
    again = ask_refund_again(note.refund, by=None)
    move_refund(again, RefundStatus.SUCCEEDED, by=None)
    assert issue_credit_note(again) is None
    assert list(order.papers.filter(kind="credit_note")) == [note]
    # One more of the same sum is a new one.
    credited(order, [RefundPart(OrderLine.objects.get(pk=order.lines.first().pk), 1, 500)], key="other")


def test_a_larger_refund_after_one_that_came_back_is_noted_for_the_difference_only(order):
    line = order.lines.first()
    note = credited(order, [RefundPart(line, 1, 500)], key="k")
    move_refund(note.refund, RefundStatus.FAILED, by=None)
    OrderLine.objects.update(refunded=0, refunded_minor=0)
    order.payments.update(refunded_minor=0)
    line.refresh_from_db()
    rest = credited(order, [RefundPart(line, 3, line.paid_minor)], key="all")
    assert rest.total_minor == line.paid_minor - 500
    assert rest.content["sums"]["tax_minor"] + note.content["sums"]["tax_minor"] == line.tax_minor


def test_refunds_noted_out_of_turn_have_one_note_each(order):
    first, second = (pay_back(order, [RefundPart(order.lines.first(), 1, 100)], key=key) for key in "ab")
    assert issue_credit_note(second).serial == 2
    assert issue_credit_note(first).serial == 1
    assert Paper.objects.count() == 3


def test_money_paid_beyond_the_invoice_goes_back_without_a_credit_note(order):
    record_payment(order, stripe_id="pi_twice", paid=order.total)
    second = order.payments.get(stripe_id="pi_twice")
    refund = import_refund(second, RefundFacts("re_1", "succeeded", order.total_minor, order.currency, ""))
    move_refund(refund, RefundStatus.SUCCEEDED, by=None)
    assert issue_credit_note(refund) is None


def broken() -> set[str]:
    return {finding.check.name for finding in run_audit() if finding.violations}


def test_the_audit_finds_a_sale_without_its_invoice_and_a_refund_without_its_note(order):
    long_ago = timezone.now() - timedelta(hours=1)
    Order.objects.update(paid_at=long_ago)
    assert "V17 papers" in broken()
    invoiced(order)
    assert "V17 papers" not in broken()
    refund = pay_back(order, [RefundPart(order.lines.first(), 1, 100)], key="k")
    Refund.objects.update(status_changed_at=long_ago)
    assert "V17 papers" in broken()
    issue_credit_note(refund)
    assert "V17 papers" not in broken()
