"""The staff's page about the margin: who sees it, what it costs, and that no cell of its export is a formula."""

from __future__ import annotations

import csv
import io
import re
from datetime import date
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from orders.models import Order, OrderLine, Payment
from shop.csv_export import csv_rows
from shop.models import Product
from suppliers.margin.figures import GROUPS, Period, Sums
from suppliers.margin.forms import days_of
from suppliers.margin.plot import plot_of
from suppliers.models import Supplier
from tests.factories import make_paid_order, make_person, make_supplier, make_variant
from tests.test_margin import forwarded

pytestmark = pytest.mark.django_db


@pytest.fixture
def staff(client):
    person = make_person(role="Store staff")
    client.force_login(person)
    return person


def sell(count: int = 1, **fields: object) -> Order:
    supplier = Supplier.objects.filter(slug="harbour").first() or make_supplier()
    for _number in range(count):
        order = make_paid_order((make_variant(supplier, **fields), 1))
        forwarded(order)
    Payment.objects.update(fee_minor=0, fee_currency="EUR")
    return order


@pytest.mark.parametrize("role", ["Support agents", "Pharmacists"])
def test_only_store_staff_see_what_the_shop_earns(client, role):
    for path in ("/admin/margin/", "/admin/margin/export/"):
        assert client.get(path).status_code == 302
        client.force_login(make_person(role=role, is_staff=True))
        assert client.get(path).status_code == 403
        client.logout()


def test_the_admins_home_leads_there(client, staff):
    assert 'href="/admin/margin/"' in client.get("/admin/").content.decode()


@pytest.mark.parametrize("by", list(GROUPS))
def test_the_page_names_the_groups_and_their_margin(client, staff, by):
    order = sell(name="Enamel mug", price_minor=1250)
    page = client.get("/admin/margin/", {"by": by}).content.decode()
    line = order.lines.get()
    names = {"supplier": "Harbour", "product": "Enamel mug", "order": order.number, "line": line.sku}
    assert names.get(by, date.today().strftime("%B %Y")) in page
    net = line.paid_minor - line.tax_minor
    assert f"<b>{order.money(net - 500 - 390)}</b>" in page


def test_without_a_choice_the_lists_stand_on_what_is_shown(client, staff):
    sell()
    page = client.get("/admin/margin/").content.decode()
    first = dict(re.findall(r'<select name="(\w+)"[^>]*>\s*<option value="(\w+)"', page))
    assert first == {"period": "month", "by": "supplier"}
    assert ">Harbour</a>" in page


def test_the_plot_is_drawn_without_script_or_style_and_stands_there_as_a_table_too(client, staff):
    sell()
    page = client.get("/admin/margin/").content.decode()
    plot = page[page.index("<figure") : page.index("</figure>")]
    assert '<svg viewBox="0 0 960 260"' in plot
    assert "style=" not in plot
    assert "<script" not in plot
    assert 'role="img"' in plot
    assert plot.count("<tr>") == plot.count('<rect class="sales"') + 1


def test_what_is_not_known_is_said_and_is_not_nothing(client, staff):
    sell()
    OrderLine.objects.update(unit_cost=None)
    page = client.get("/admin/margin/", {"by": "order"}).content.decode()
    assert "The margin of 1 line is not known" in page
    assert "<b>unknown</b>" in page


def test_nothing_sold_says_so(client, staff):
    page = client.get("/admin/margin/", {"period": "last_quarter"}).content.decode()
    assert "Nothing was sold in these days" in page
    assert "<svg viewBox" not in page


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"period": "free"}, "Enter both days"),
        ({"period": "free", "first": "2026-02-30", "last": "2026-03-01"}, "Enter a valid date"),
        ({"period": "free", "first": "2026-03-02", "last": "2026-03-01"}, "lies before the first"),
        ({"period": "free", "first": "2000-01-01", "last": "2026-03-01"}, "at most five years"),
        ({"period": "free", "first": "0001-01-01", "last": "0001-01-02"}, "between 1990 and 2200"),
        ({"period": "for ever"}, "Select a valid choice"),
        ({"by": "1; DROP TABLE"}, "Select a valid choice"),
        ({"currency": "EURO"}, "at most 3 characters"),
    ],
)
def test_a_choice_that_makes_no_sense_says_what_to_do_and_keeps_what_was_typed(client, staff, asked, words):
    for path in ("/admin/margin/", "/admin/margin/export/"):
        answer = client.get(path, asked)
        assert answer.status_code == 422
        assert words in answer.content.decode()
    if "first" in asked:
        assert f'value="{asked["first"]}"' in answer.content.decode()


def cost(client, path: str, asked: dict) -> int:
    with CaptureQueriesContext(connection) as queries:
        answer = client.get(path, asked)
        assert answer.status_code == 200
        b"".join(answer.streaming_content) if answer.streaming else answer.content
    return len(queries)


def test_the_page_and_its_export_ask_no_more_for_many_lines_than_for_few(client, staff):
    asked = [(path, {"by": by}) for path in ("/admin/margin/", "/admin/margin/export/") for by in GROUPS]
    sell(2)
    client.get("/admin/margin/")
    few = [cost(client, *one) for one in asked]
    sell(8)
    assert [cost(client, *one) for one in asked] == few
    assert max(few) <= 12


def test_more_groups_than_fit_on_a_page_go_on_on_the_next(client, staff, monkeypatch):
    from suppliers.margin import page

    monkeypatch.setattr(page, "PAGE_SIZE", 2)
    sell(3)
    first, second = (client.get("/admin/margin/", {"by": "order", "page": number}) for number in (1, 2))
    assert len(first.context["rows"]) == 2
    assert len(second.context["rows"]) == 1
    assert "Page 2 of 2" in second.content.decode()


def exported(client, **asked: str) -> list[list[str]]:
    answer = client.get("/admin/margin/export/", asked)
    assert answer.streaming
    text = b"".join(answer.streaming_content).decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text)))


def test_the_export_has_every_group_with_plain_numbers(client, staff):
    order = sell()
    head, row = exported(client, by="order")
    told = dict(zip(head, row, strict=True))
    assert (told["order"], told["Lines"], told["Currency"]) == (order.number, "1", "EUR")
    assert Decimal(told["Sales"]) == order.total.decimal
    assert Decimal(told["Margin"]) == Decimal(told["Net sales"]) - Decimal(told["Cost of goods"]) - Decimal("3.90")


@pytest.mark.parametrize("name", ["=cmd|' /C calc'!A0", "+1", "-1", "@SUM(A1)", "\t=1", " =1", "＝1"])
def test_no_cell_of_the_export_is_a_formula(client, staff, name):
    sell()
    Product.objects.update(name=name)
    _head, row = exported(client, by="product")
    assert row[0] == f"'{name}"


def test_a_loss_stays_a_number():
    assert list(csv_rows(["a"], [[Decimal("-1.50")], ["-1.50"], [None], ['say "x"']])) == [
        '"a"\r\n', '"-1.50"\r\n', "\"'-1.50\"\r\n", '""\r\n', '"say ""x"""\r\n',
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("choice", "first", "last"),
    [
        ("month", "2026-02-01", "2026-02-28"),
        ("last_month", "2026-01-01", "2026-01-31"),
        ("quarter", "2026-01-01", "2026-02-28"),
        ("last_quarter", "2025-10-01", "2025-12-31"),
        ("year", "2026-01-01", "2026-02-28"),
    ],
)
def test_periods_by_name(choice, first, last):
    assert days_of(choice, date(2026, 2, 28)) == (date.fromisoformat(first), date.fromisoformat(last))


@pytest.mark.parametrize("last", ["2026-01-05", "2026-01-31", "2026-03-01", "2026-07-10", "2027-12-31"])
def test_every_day_of_a_period_finds_its_step_of_the_plot(last):
    period = Period(date(2026, 1, 4), date.fromisoformat(last), "EUR")
    days = [date.fromordinal(number) for number in range(period.first.toordinal(), period.last.toordinal() + 1)]
    sums = [Sums((day,), 1, 0, {}, {"net": 300}, -100, 300) for day in days]
    plot = plot_of(sums, period)
    assert len(plot.bars) <= 32
    assert all(bar.is_loss for bar in plot.bars)
    assert all(bar.sales_y >= 0 and bar.margin_y + bar.margin_height <= plot.height for bar in plot.bars)
    shown = [bar for bar in plot.bars if bar.shown]
    assert 1 <= len(shown) <= 12
