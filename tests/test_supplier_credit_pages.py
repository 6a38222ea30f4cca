"""The pages on which what suppliers owe is noted, settled, aged and exported."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from orders.models import Event, Refund
from shop.csv_export import csv_rows
from suppliers.actions.credit_ageing import aged_credits, totals_by_currency
from suppliers.actions.credits import (
    claim_credit,
    raise_credits,
)
from suppliers.models import Supplier, SupplierCredit, SupplierInvoice
from tests import waiting
from tests.factories import make_person, make_supplier, make_variant
from tests.passing import put
from tests.paying_back import delivered, pay_back, wish
from tests.test_supplier_credits import boss_fixture, credits, order_fixture, paper, staff_fixture  # noqa: F401  (fixtures)

pytestmark = pytest.mark.django_db


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
    # By the calendar: an hour before midnight a day of summer time is another one.
    return put(credit, opened_at=timezone.localtime() - timedelta(days=days), **fields)


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
