"""What suppliers owe for refunds that are their fault: raised by event, once, matched, aged, never too much."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from orders.actions.again import ask_refund_again
from orders.actions.refund import _fail
from orders.models import Event, OrderLine, Payment, Reaction, Refund
from shop.csv_export import csv_rows
from suppliers.actions.credit_ageing import aged_credits, totals_by_currency
from suppliers.actions.credits import (
    DoesNotFit,
    TooMuchMatched,
    claim_credit,
    match_credit,
    raise_credits,
    undo_match,
    write_off_credit,
)
from suppliers.models import Supplier, SupplierCredit, SupplierInvoice, SupplierOrderLine
from tests import waiting
from tests.factories import make_person, make_supplier, make_variant
from tests.paying_back import delivered, pay_back, wish
from tests.waiting import put

pytestmark = pytest.mark.django_db


@pytest.fixture
def boss():
    return make_person("boss@example.com", is_superuser=True, is_staff=True)


@pytest.fixture
def staff(client):
    person = make_person(role="Store staff")
    client.force_login(person)
    return person


@pytest.fixture
def order():
    """Three things for 12.50 each that cost us 5.00 each, and 3.90 delivery."""
    return delivered((make_variant(make_supplier()), 3))


def paper(supplier: Supplier, amount: int = 1000, number: str = "GS-1", **fields: object) -> SupplierInvoice:
    facts = {"dated_on": date(2026, 11, 27), "currency": "EUR"}
    return SupplierInvoice.objects.create(supplier=supplier, number=number, amount_minor=amount, **facts | fields)


def credits() -> list[tuple]:
    return list(SupplierCredit.objects.order_by("pk").values_list("units", "amount_minor", "currency", "status"))


@pytest.mark.parametrize("reason", ["defective", "damaged", "wrong_item", "not_delivered"])
def test_a_refund_that_is_the_suppliers_fault_raises_what_the_units_cost(order, boss, relay, reason):
    pay_back(order, wish(reason, units={order.lines.get(): 2}), by=boss)
    relay.run_until_idle()

    credit = SupplierCredit.objects.get()
    assert credits() == [(2, 1000, "EUR", "open")]
    assert (credit.refund, credit.line, credit.reason) == (order.refunds.get(), SupplierOrderLine.objects.get(), reason)
    assert order.events.filter(kind="supplier_credit.opened").count() == 1


@pytest.mark.parametrize("reason", ["goodwill", "returned"])
def test_what_is_not_the_suppliers_fault_raises_nothing(order, boss, relay, reason):
    pay_back(order, wish(reason, units={order.lines.get(): 2}), by=boss)
    relay.run_until_idle()

    assert credits() == []


def test_however_often_the_event_is_told_one_refund_is_claimed_once(order, boss, relay):
    pay_back(order, wish("damaged", units={order.lines.get(): 1}), by=boss)
    event = Event.objects.get(kind="refund.requested")
    for _time in range(2):
        relay.run_until_idle()
        Reaction.objects.update(done_at=None, due_at=timezone.now(), lease_until=None)
    with transaction.atomic():
        raise_credits(event)

    assert credits() == [(1, 500, "EUR", "open")]
    copy = SupplierCredit.objects.get()
    copy.pk = None
    with pytest.raises(IntegrityError), transaction.atomic():
        copy.save(force_insert=True)


def test_goods_that_are_kept_for_less_are_shared_as_agreed(order, boss, relay):
    Supplier.objects.update(credit_share_percent=50)
    # A third of the price goes back: a third of the cost of 15.00, and half of that is the supplier's.
    pay_back(order, wish("defective", money={order.lines.get(): 1250}), by=boss)
    relay.run_until_idle()

    assert credits() == [(0, 250, "EUR", "open")]


def test_a_line_is_never_claimed_above_what_it_cost(order, boss, relay):
    line = order.lines.get()
    pay_back(order, wish("defective", money={line: 1250}), by=boss, key="less")
    pay_back(order, wish("defective", units={line: 3}), by=boss, key="all")
    relay.run_until_idle()

    assert credits() == [(0, 500, "EUR", "open"), (3, 1000, "EUR", "open")]


def test_goods_a_supplier_could_not_send_are_claimed_only_where_they_were_billed(boss, relay):
    for slug, bills_at in (("harbour", "order"), ("meridian", "dispatch")):
        order = delivered((make_variant(make_supplier(slug, bills_at=bills_at)), 2))
        rows = SupplierOrderLine.objects.filter(supplier_order__order=order)
        rows.update(accepted=1, shipped=1, delivered=1, rejected=1)
        OrderLine.objects.filter(order=order).update(forwarded=1, shipped=1, delivered=1, cancelled=1)
        pay_back(order, wish("supplier_cannot", units={order.lines.get(): 1}), by=boss, key=slug)
    relay.run_until_idle()

    assert [credit.supplier.slug for credit in SupplierCredit.objects.all()] == ["harbour"]
    assert credits() == [(1, 500, "EUR", "open")]


def test_units_of_two_suppliers_are_claimed_from_each(boss, relay):
    order = delivered((make_variant(make_supplier()), 3))
    line, first = order.lines.get(), SupplierOrderLine.objects.get()
    SupplierOrderLine.objects.update(quantity=1, accepted=1, shipped=1, delivered=1)
    other = make_supplier("meridian")
    supplier_order = first.supplier_order
    supplier_order.pk, supplier_order.supplier, supplier_order.reference = None, other, f"{order.number}-2-1"
    supplier_order.save(force_insert=True)
    first.pk, first.supplier_order, first.unit_cost, first.quantity = None, supplier_order, 60_000, 2
    first.accepted = first.shipped = first.delivered = 2
    first.save(force_insert=True)

    pay_back(order, wish("damaged", units={line: 3}), by=boss)
    relay.run_until_idle()

    assert credits() == [(1, 500, "EUR", "open"), (2, 1200, "EUR", "open")]


def test_a_refund_that_is_cut_over_two_payments_is_claimed_once(order, boss, relay):
    Payment.objects.update(captured_minor=2000)
    Payment.objects.create(order=order, stripe_id="pi_second", captured_minor=2140, currency="EUR")
    pay_back(order, wish("damaged", units={order.lines.get(): 3}), by=boss)
    relay.run_until_idle()

    assert order.refunds.count() == 2
    assert credits() == [(3, 1500, "EUR", "open")]


def test_a_refund_that_fails_takes_its_credit_back_and_a_new_try_claims_it_anew(order, boss, relay):
    (refund,) = pay_back(order, wish("damaged", units={order.lines.get(): 1}), by=boss).refunds
    relay.run_until_idle()
    _fail(refund, "account closed")
    relay.run_until_idle()
    assert credits() == [(1, 500, "EUR", "withdrawn")]

    ask_refund_again(refund, by=None)
    relay.run_until_idle()

    assert credits() == [(1, 500, "EUR", "withdrawn"), (1, 500, "EUR", "open")]


def test_a_refund_that_has_failed_already_raises_nothing_however_late_its_event_comes(order, boss, relay):
    (refund,) = pay_back(order, wish("damaged", units={order.lines.get(): 1}), by=boss).refunds
    _fail(refund, "account closed")
    relay.run_until_idle()

    assert credits() == []


def test_what_the_supplier_has_credited_stands_for_the_refund_in_the_failed_ones_place(order, boss, relay):
    (refund,) = pay_back(order, wish("damaged", units={order.lines.get(): 1}), by=boss).refunds
    relay.run_until_idle()
    match_credit(SupplierCredit.objects.get(), paper(Supplier.objects.get()), amount_minor=500, key="m", by=boss)
    _fail(refund, "account closed")
    relay.run_until_idle()
    ask_refund_again(refund, by=None)
    relay.run_until_idle()

    assert credits() == [(1, 500, "EUR", "matched")]


def test_a_credit_is_matched_in_part_then_whole_and_once_per_form(boss):
    credit = waiting.a_supplier_credit()
    first, second = paper(credit.supplier), paper(credit.supplier, number="GS-2")

    for _time in range(2):
        match_credit(credit, first, amount_minor=200, key="form", by=boss)
    credit.refresh_from_db()
    assert (credit.status, credit.matched_minor, credit.owed.minor) == ("open", 200, 300)
    match_credit(credit, second, amount_minor=300, key="form 2", by=boss)

    first.refresh_from_db()
    assert (credit.status, credit.owed.minor, first.left.minor) == ("matched", 0, 800)


def test_neither_side_of_a_match_gives_more_than_it_has(boss):
    credit = waiting.a_supplier_credit()
    small = paper(credit.supplier, 300)

    for amount in (301, 501, 0, -1):
        with pytest.raises(TooMuchMatched):
            match_credit(credit, small, amount_minor=amount, key=f"{amount}", by=boss)
    for model in (SupplierCredit, SupplierInvoice):
        with pytest.raises(IntegrityError), transaction.atomic():
            model.objects.update(matched_minor=501)

    credit.refresh_from_db()
    assert (credit.matched_minor, credit.matches.count()) == (0, 0)


def test_only_papers_of_the_same_supplier_and_currency_settle_a_credit_that_is_owed(boss):
    credit = waiting.a_supplier_credit()
    others = [paper(make_supplier("meridian")), paper(credit.supplier, currency="GBP")]
    for other in others:
        with pytest.raises(DoesNotFit):
            match_credit(credit, other, amount_minor=1, key=str(other.pk), by=boss)
    write_off_credit(credit, note="Closed its shop.", by=boss)
    with pytest.raises(DoesNotFit):
        match_credit(credit, paper(credit.supplier, number="GS-3"), amount_minor=1, key="late", by=boss)


def test_a_match_that_was_a_mistake_is_undone_once_and_both_sides_have_it_back(boss):
    credit = waiting.a_supplier_credit()
    invoice = paper(credit.supplier)
    match = match_credit(credit, invoice, amount_minor=500, key="m", by=boss)

    assert [undo_match(match, by=boss), undo_match(match, by=boss)] == [True, False]

    credit.refresh_from_db()
    invoice.refresh_from_db()
    assert (credit.status, credit.matched_minor, invoice.matched_minor) == ("claimed", 0, 0)


def test_a_number_is_noted_once_per_supplier(client, staff):
    supplier, other = make_supplier(), make_supplier("meridian")
    paper(supplier)
    typed = {"number": " GS-1 ", "dated_on": "2026-11-27", "amount": "12,50", "currency": "EUR", "note": ""}
    url = reverse("admin:suppliers_supplierinvoice_add")

    again = client.post(url, typed | {"supplier": supplier.pk})
    assert again.status_code == 200
    assert "noted already" in again.content.decode()
    assert 'value="12,50"' in again.content.decode()
    assert client.post(url, typed | {"supplier": other.pk}).status_code == 302
    made = SupplierInvoice.objects.get(supplier=other)
    assert (made.number, made.amount_minor, made.noted_by) == ("GS-1", 1250, staff)


@pytest.mark.parametrize("amount", ["x", "0", "-5", "1.234", "99999999999"])
def test_an_amount_that_is_none_is_refused_and_kept(client, staff, amount):
    typed = {"supplier": make_supplier().pk, "number": "1", "dated_on": "2026-11-27", "currency": "EUR"}
    answer = client.post(reverse("admin:suppliers_supplierinvoice_add"), typed | {"amount": amount})

    assert answer.status_code == 200
    assert f'value="{amount}"' in answer.content.decode()
    assert SupplierInvoice.objects.count() == 0


def test_a_paper_is_matched_on_its_page_all_at_once_or_not_at_all(client, staff):
    credit = waiting.a_supplier_credit()
    invoice = paper(credit.supplier, 400)
    url = reverse("admin:suppliers_supplierinvoice_match", args=[invoice.pk])
    assert "Owed: €5.00" in client.get(url).content.decode()

    for typed in ("5.01", "4.01", "x", ""):
        answer = client.post(url, {f"credit_{credit.pk}": typed})
        assert answer.status_code == 422, typed
        assert typed in answer.content.decode()
    for _time in range(2):
        client.post(url, {f"credit_{credit.pk}": "4", "form_key": "0b2f4f4e-6f0e-4f0e-8f0e-000000000001"})

    credit.refresh_from_db()
    invoice.refresh_from_db()
    assert (credit.matched_minor, invoice.matched_minor, credit.status) == (400, 400, "open")
    page = client.get(reverse("admin:suppliers_supplierinvoice_change", args=[invoice.pk])).content.decode()
    assert "€4.00" in page
    client.post(reverse("admin:suppliers_creditmatch_undo", args=[credit.matches.get().pk]))
    credit.refresh_from_db()
    assert credit.matched_minor == 0


def test_a_credit_is_claimed_and_written_off_on_its_page_with_a_reason(client, staff):
    credit = waiting.a_supplier_credit()
    url = reverse("admin:suppliers_suppliercredit_decide", args=[credit.pk])

    client.post(url, {"decide": "claim"})
    assert "say why" in client.post(url, {"decide": "write-off", "note": " "}, follow=True).content.decode()
    credit.refresh_from_db()
    assert credit.status == "claimed"
    client.post(url, {"decide": "write-off", "note": "Bankrupt."})
    credit.refresh_from_db()
    assert (credit.status, credit.note) == ("written_off", "Bankrupt.")


def aged_to(credit: SupplierCredit, days: int, **fields: object) -> SupplierCredit:
    return put(credit, opened_at=timezone.now() - timedelta(days=days), **fields)


def test_what_is_owed_is_aged_by_the_days_at_its_edges():
    credit = waiting.a_supplier_credit()
    found = []
    for days in (0, 30, 31, 60, 61, 90, 91, 400):
        aged_to(credit, days)
        (row,) = aged_credits(today=timezone.localdate())
        found.append([amount.minor > 0 for amount in row.amounts].index(True))

    assert found == [0, 0, 1, 1, 2, 2, 3, 3]
    assert row.total.minor == 500
    claim_credit(credit, by=make_person())
    put(credit, matched_minor=200)
    assert aged_credits(today=timezone.localdate())[0].total.minor == 300
    put(credit, status="written_off")
    assert aged_credits(today=timezone.localdate()) == []


def test_totals_are_per_currency_and_each_sum_leads_to_its_credits(client, staff):
    credit = aged_to(waiting.a_supplier_credit(), 40)
    copy = SupplierCredit.objects.get()
    refund = credit.refund
    refund.pk, refund.idempotency_key = None, "second"
    refund.save(force_insert=True)
    copy.pk, copy.refund, copy.currency, copy.amount_minor = None, refund, "GBP", 700
    copy.save(force_insert=True)

    page = client.get(reverse("admin:suppliers_suppliercredit_aged")).content.decode()
    totals = totals_by_currency(aged_credits(today=timezone.localdate()))

    assert [(row.currency, row.total.minor) for row in totals] == [("EUR", 500), ("GBP", 700)]
    link = f"?age=31-60&amp;supplier__id__exact={credit.supplier_id}&amp;currency=EUR"
    assert link in page
    listed = client.get(reverse("admin:suppliers_suppliercredit_changelist") + link.replace("&amp;", "&"))
    assert listed.status_code == 200
    assert "€5.00" in listed.content.decode()
    assert "£7.00" not in listed.content.decode()


def test_the_export_computes_nothing_a_supplier_or_colleague_wrote(client, staff):
    credit = put(waiting.a_supplier_credit(), note='=HYPERLINK("http://evil.example")')
    Supplier.objects.update(name="+Harbour, Ltd.")

    answer = client.get(reverse("admin:suppliers_suppliercredit_csv"))
    head, row = b"".join(answer.streaming_content).decode().splitlines()

    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    assert head.startswith('"supplier","order"')
    assert row.startswith(f'"\'+Harbour, Ltd.","{credit.order.number}"')
    assert row.endswith('"\'=HYPERLINK(""http://evil.example"")"')
    assert '"5.00","0.00","5.00","EUR"' in row


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "  ="])
def test_a_cell_that_begins_like_a_formula_is_text(start):
    _head, row = csv_rows(["a", "b"], [[f"{start}1+1", -5]])

    assert row == f'"\'{start}1+1","-5"\r\n'


def test_the_pages_cost_the_same_for_few_and_many(client, staff, boss, relay):
    def cost(name: str) -> int:
        url = reverse(f"admin:suppliers_{name}")
        client.get(url)
        with CaptureQueriesContext(connection) as asked:
            answer = client.get(url)
            assert answer.status_code == 200
            b"".join(answer) if answer.streaming else None
        return len(asked)

    names = ["suppliercredit_changelist", "suppliercredit_aged", "suppliercredit_csv", "supplierinvoice_changelist"]
    variant = make_variant(make_supplier(), stock=None)

    def make(count: int) -> None:
        for number in range(count):
            order = delivered((variant, 1))
            pay_back(order, wish("damaged", units={order.lines.get(): 1}), by=boss, key=f"{order.number}")
            paper(Supplier.objects.get(), number=f"{order.number}-{number}")
            with transaction.atomic():
                raise_credits(Event.objects.get(kind="refund.requested", order=order))

    make(1)
    few = [cost(name) for name in names]
    make(5)
    assert [cost(name) for name in names] == few
    assert max(few) <= 12


@pytest.mark.parametrize("role", ["Support agents", "Pharmacists", ""])
def test_who_may_not_see_or_settle_credits(client, role):
    credit = waiting.a_supplier_credit()
    invoice = paper(credit.supplier)
    client.force_login(make_person(role=role))

    for answer in (
        client.get(reverse("admin:suppliers_suppliercredit_aged")),
        client.get(reverse("admin:suppliers_suppliercredit_csv")),
        client.post(reverse("admin:suppliers_suppliercredit_decide", args=[credit.pk]), {"decide": "claim"}),
        client.post(reverse("admin:suppliers_supplierinvoice_match", args=[invoice.pk]), {f"credit_{credit.pk}": "1"}),
    ):
        assert answer.status_code in {302, 403}
    credit.refresh_from_db()
    assert (credit.status, credit.matched_minor) == ("open", 0)


def test_the_order_in_the_admin_shows_its_credits(client, staff, order, boss, relay):
    pay_back(order, wish("damaged", units={order.lines.get(): 1}), by=boss)
    relay.run_until_idle()

    page = client.get(reverse("admin:orders_order_change", args=[order.pk])).content.decode()

    assert "Credits of suppliers" in page
    assert reverse("admin:suppliers_suppliercredit_change", args=[SupplierCredit.objects.get().pk]) in page
    assert Refund.objects.count() == 1
