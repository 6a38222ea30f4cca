"""Why goods come back: rates by product, supplier and batch; products that do so too often; suppliers that come later."""

from __future__ import annotations

import csv
from datetime import timedelta
from io import StringIO

import pytest
from django.utils import timezone

from orders.models import Shipment, WorkItem
from shop.models import Product
from suppliers.actions import faultiness
from suppliers.actions.route import next_offer
from suppliers.models import Supplier
from support.models import Return
from support.returning import learning
from support.returning.learning import LOOK_BACK, Span, by_batch, by_product, by_supplier, learn
from tests.factories import add_offer, make_person, make_supplier, make_variant
from tests.returning import ask, make_desk, make_staff, sent_order
from tests.test_queries import cost

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def few(monkeypatch):
    """A few units say enough here."""
    monkeypatch.setattr(learning, "LEAST_UNITS", 4)
    monkeypatch.setattr(faultiness, "LEAST_UNITS", 4)


def lately() -> Span:
    now = timezone.now()
    return Span(now - LOOK_BACK, now + timedelta(days=1))


def sent_and_back(supplier, variant, *, sent: int, back: int, **wanted) -> None:
    order = sent_order(sent, supplier=supplier, variants=[variant])
    if back:
        ask(order, {order.lines.get().pk: back}, **wanted)


def test_rates_by_product_and_supplier_count_units_and_reasons():
    harbour, meridian = make_supplier("harbour"), make_supplier("meridian")
    mug, pan = make_variant(harbour, name="Mug", stock=99), make_variant(meridian, name="Pan", stock=99)
    sent_and_back(harbour, mug, sent=8, back=2, reason="defective")
    sent_and_back(harbour, mug, sent=2, back=1, reason="damaged")
    sent_and_back(meridian, pan, sent=5, back=0)
    tally = by_product(lately())[mug.product_id]
    assert (tally.sent, tally.returned, tally.faulty, tally.percent) == (10, 3, 3, 30)
    assert dict(tally.reasons) == {"defective": 2, "damaged": 1}
    assert pan.product_id not in by_product(lately())
    suppliers = by_supplier(lately())
    assert suppliers[harbour.pk].percent == 30
    assert suppliers[meridian.pk].percent == 0


def test_what_came_to_nothing_does_not_count():
    harbour = make_supplier()
    mug = make_variant(harbour, stock=99)
    sent_and_back(harbour, mug, sent=8, back=2)
    for status in ("declined", "cancelled", "expired"):
        Return.objects.update(status=status, decided_at=timezone.now())
        assert by_product(lately()) == {}


def test_a_batch_is_what_one_supplier_sent_in_a_month_or_week():
    harbour = make_supplier()
    mug = make_variant(harbour, stock=99)
    sent_and_back(harbour, mug, sent=4, back=1)
    Shipment.objects.update(shipped_at=timezone.now() - timedelta(days=70))
    sent_and_back(harbour, mug, sent=6, back=3)
    tallies = sorted(by_batch(lately()).items(), key=lambda pair: pair[0][1])
    assert [(tally.sent, tally.returned) for _key, tally in tallies] == [(4, 1), (6, 3)]
    assert all(step.day == 1 for (_pk, step), _tally in tallies)
    now = timezone.now()
    weeks = by_batch(Span(now - timedelta(days=30), now + timedelta(days=1)))
    ((_pk, monday), tally) = next(iter(weeks.items()))
    assert (len(weeks), monday.weekday(), tally.sent, tally.returned) == (1, 0, 6, 3)


def test_a_product_above_its_limit_is_brought_to_a_person_once_and_closes_by_itself():
    harbour = make_supplier()
    mug = make_variant(harbour, name="Mug", stock=99)
    sent_and_back(harbour, mug, sent=8, back=2)
    for _time in range(2):
        learn(now=timezone.now() + timedelta(hours=1))
    item = WorkItem.objects.get(reason="product_returns")
    assert item.subject_key == f"product:{mug.product_id}"
    assert "Mug: 2 of 8 units came back" in item.summary
    sent_and_back(harbour, mug, sent=30, back=0)
    learn(now=timezone.now() + timedelta(hours=1))
    item.refresh_from_db()
    assert not item.is_open


@pytest.mark.parametrize(("limit", "is_flagged"), [(None, True), (25, True), (26, False), (0, True)])
def test_a_product_may_have_a_limit_of_its_own(limit, is_flagged):
    harbour = make_supplier()
    mug = make_variant(harbour, stock=99)
    Product.objects.update(return_limit_percent=limit)
    sent_and_back(harbour, mug, sent=8, back=2)
    learn(now=timezone.now() + timedelta(hours=1))
    assert WorkItem.objects.filter(reason="product_returns").exists() is is_flagged


def test_few_units_say_nothing(monkeypatch):
    monkeypatch.setattr(learning, "LEAST_UNITS", 9)
    monkeypatch.setattr(faultiness, "LEAST_UNITS", 9)
    harbour = make_supplier()
    sent_and_back(harbour, make_variant(harbour, stock=99), sent=8, back=8)
    learn(now=timezone.now() + timedelta(hours=1))
    assert not WorkItem.objects.exists()
    assert Supplier.objects.get().fault_percent is None


def test_a_suppliers_score_falls_with_its_faults_and_only_with_those():
    harbour, meridian = make_supplier("harbour"), make_supplier("meridian")
    sent_and_back(harbour, make_variant(harbour, stock=99), sent=8, back=2, reason="defective")
    sent_and_back(meridian, make_variant(meridian, stock=99), sent=8, back=2, reason="changed_mind")
    learn(now=timezone.now() + timedelta(hours=1))
    harbour.refresh_from_db()
    meridian.refresh_from_db()
    assert (harbour.fault_percent, harbour.fault_units) == (25, 8)
    assert meridian.fault_percent == 0


def test_of_two_that_keep_the_promise_the_one_without_faults_comes_first():
    first, cheap, dear = (make_supplier(name) for name in ("first", "cheap", "dear"))
    variant = make_variant(first, stock=99)
    add_offer(cheap, variant, price_minor=1000)
    add_offer(dear, variant, price_minor=1200)
    line = sent_order(1, supplier=first, variants=[variant]).lines.get()

    def chosen() -> str:
        return next_offer(line, 1, without=[first.pk], now=timezone.now()).supplier.slug

    assert chosen() == "cheap"
    Supplier.objects.filter(slug="cheap").update(fault_percent=9)
    assert chosen() == "cheap"
    Supplier.objects.filter(slug="cheap").update(fault_percent=10)
    assert chosen() == "dear"
    # The promise counts for more: who keeps it comes first, faults or not.
    Supplier.objects.filter(slug="dear").update(fault_percent=0)
    line.delivery.promised_latest_on = timezone.localdate()
    assert chosen() == "dear"


def test_the_admin_shows_the_score(client):
    client.force_login(make_staff())
    make_supplier()
    assert "too few units" in client.get("/admin/suppliers/supplier/").content.decode()
    Supplier.objects.update(fault_percent=12, fault_units=340)
    page = client.get("/admin/suppliers/supplier/").content.decode()
    assert "12 % of 340 units; others come first" in page


def test_the_page_shows_plots_and_tables_and_leads_from_the_work(client):
    client.force_login(make_staff())
    harbour = make_supplier()
    mug = make_variant(harbour, name="Mug", stock=99)
    sent_and_back(harbour, mug, sent=8, back=2)
    learn(now=timezone.now() + timedelta(hours=1))
    page = client.get("/desk/returns/learning/").content.decode()
    assert page.count("<svg viewBox") == 3
    for words in ("Mug", "Harbour", "25 %", "By batch", "No supplier names the lots"):
        assert words in page, words
    item = WorkItem.objects.get(reason="product_returns")
    target = client.get(f"/admin/orders/workitem/{item.pk}/act/why-returned/").url
    assert target == f"/desk/returns/learning/?product={mug.product_id}"
    assert "Why Mug comes back" in client.get(target).content.decode()


@pytest.mark.parametrize(
    "query", ["days=x", "days=-1", "product=x", "product=99999999999999999999", "product=²", "days=30"]
)
def test_a_page_asked_for_nonsense_is_a_page(client, query):
    client.force_login(make_desk())
    assert client.get(f"/desk/returns/learning/?{query}").status_code == 200


def test_no_cell_of_the_table_is_taken_for_a_formula(client):
    client.force_login(make_staff())
    harbour = make_supplier(name="=cmd|' /C calc'!A0")
    mug = make_variant(harbour, name="=1+1", stock=99)
    sent_and_back(harbour, mug, sent=8, back=2)
    answer = client.get("/desk/returns/learning/export/")
    rows = list(csv.DictReader(StringIO(b"".join(answer.streaming_content).decode())))
    product = next(row for row in rows if row["what"] == "product")
    assert (product["name"], product["sent"], product["returned"], product["rate_percent"]) == (
        "'=1+1",
        "8",
        "2",
        "25.0",
    )
    assert {row["what"] for row in rows} == {"product", "supplier", "batch"}
    assert all(not row["name"].startswith("=") for row in rows)


@pytest.mark.parametrize("page", ["", "export/"])
def test_who_may_see_it(client, page):
    path = f"/desk/returns/learning/{page}"
    assert client.get(path).status_code == 302
    for person, status in ((make_person(), 403), (make_person(role="Pharmacists"), 403), (make_desk(), 200)):
        client.force_login(person)
        assert client.get(path).status_code == status


def test_it_costs_the_same_for_few_and_many(client, django_assert_max_num_queries):
    client.force_login(make_desk())
    harbour = make_supplier()
    costs = []
    for count in (2, 10):
        for _number in range(count):
            sent_and_back(harbour, make_variant(harbour, stock=99), sent=8, back=2)
        costs.append(cost(client, "/desk/returns/learning/"))
    assert costs[0] == costs[1]
    assert costs[0] <= 16, costs
    with django_assert_max_num_queries(8):
        by_product(lately())
        by_supplier(lately())
        by_batch(lately())
