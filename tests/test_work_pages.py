"""The pages of work: what needs a person is seen first, and solved in three clicks."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from notifications.models import Notification
from orders.actions.work import open_work
from orders.models import Event, Hold, WorkItem
from suppliers.models import Supplier, SupplierOrder
from tests import waiting
from tests.passing import let_time_pass, put
from tests.work import LIST, is_closed, press, staff_fixture, work_of  # noqa: F401

pytestmark = pytest.mark.django_db


def test_the_home_page_shows_work_first_with_count_age_money_and_the_next_step(client, staff):
    row = put(waiting.a_supplier_order(), status="refused")
    work_of(row, "supplier_refused", money_minor=2500)

    page = client.get("/admin/").content.decode()

    assert page.index("What needs a person") < page.index("Most urgent") < page.index("What has just happened")
    assert "A supplier refused an order" in page
    assert "€25.00" in page
    assert "Use the next supplier" in page


def test_the_home_page_says_that_all_is_clear(client, staff):
    page = client.get("/admin/").content.decode()

    assert page.count("0 - all clear") == 4


def test_a_refused_order_is_solved_in_three_clicks_from_home(client, staff, relay):
    row = put(waiting.a_supplier_order(), status="refused")
    item = work_of(row, "supplier_refused")
    home = client.get("/admin/").content.decode()

    link = re.search(r'href="(/admin/orders/workitem/\d+/act/[a-z-]+/)"', home).group(1)
    asked = client.get(link)
    done = client.post(link, follow=True)

    assert f"About {row.reference}" in asked.content.decode()
    assert "Another supplier is looked for" in done.content.decode()
    assert is_closed(item)
    row.refresh_from_db()
    assert row.status == "closed"
    acted = Event.objects.get(kind="work.acted")
    assert (acted.by, acted.facts["action"], acted.order) == (staff, "next-supplier", row.order)


def test_the_list_is_sorted_by_deadline_then_age_and_shows_open_work(client, staff):
    now, order = timezone.now(), waiting.paid_order()
    for number, (hours, opened) in enumerate([(5, 1), (1, 1), (5, 2)]):
        hold = Hold.objects.create(order=order, reason=["manual", "address", "margin"][number])
        until = now + timedelta(hours=hours)
        open_work(WorkItem.Reason.ORDER_HELD, hold, order=order, summary=f"Thing {number}", deadline_at=until)
        WorkItem.objects.filter(summary=f"Thing {number}").update(opened_at=now - timedelta(hours=opened))

    page = client.get(LIST).content.decode()

    assert page.index("Thing 1") < page.index("Thing 2") < page.index("Thing 0")
    WorkItem.objects.filter(summary="Thing 2").update(closed_at=now)
    assert "Thing 2" not in client.get(LIST).content.decode()
    assert "Thing 2" in client.get(f"{LIST}?open=no").content.decode()
    assert "Thing 2" in client.get(f"{LIST}?open=all").content.decode()


def test_the_page_of_an_item_shows_what_it_is_about_and_what_happened(client, staff):
    row = put(waiting.a_supplier_order(), status="refused")
    item = work_of(row, "supplier_refused", money_minor=2500)

    page = client.get(f"{LIST}{item.pk}/change/").content.decode()

    for part in (f"About {row.reference}", "€25.00", row.order.number, "Cancel and refund", "Work: opened"):
        assert part in page
    assert reverse("admin:suppliers_supplierorder_change", args=[row.pk]) in page


def test_the_order_page_shows_open_work_with_its_button(client, staff):
    row = put(waiting.a_supplier_order(), status="refused")
    item = work_of(row, "supplier_refused")

    page = client.get(reverse("admin:orders_order_change", args=[row.order_id])).content.decode()

    assert reverse("admin:orders_workitem_act", args=[item.pk, "next-supplier"]) in page


def test_an_item_whose_subject_is_gone_can_still_be_looked_at_and_closed(client, staff):
    mail = waiting.a_mail()
    item = work_of(mail, "mail_failed")
    Notification.objects.all().delete()

    assert client.get(f"{LIST}{item.pk}/change/").status_code == 200
    assert "is gone" in press(client, item, "send-mail").content.decode()
    press(client, item, "close")
    assert is_closed(item)


def test_old_rows_in_silence_reach_the_home_page_by_themselves(client, staff, relay):
    let_time_pass(put(waiting.a_supplier_order(), status="unknown"))

    relay.run_until_idle(with_periodic=True)

    assert "A supplier does not answer" in client.get("/admin/").content.decode()


def cost(client, path: str) -> int:
    client.get(path)
    with CaptureQueriesContext(connection) as queries:
        assert client.get(path).status_code == 200
    return len(queries)


def test_home_list_and_pages_of_work_cost_the_same_for_few_and_many(client, staff):
    order = waiting.paid_order()
    rows = [SupplierOrder(order=order, supplier=Supplier.objects.get(), part=n, reference=f"R-{n}") for n in range(40)]

    def measure(count: int) -> list[int]:
        for row in rows[:count]:
            if row.pk is None:
                row.save()
                open_work(WorkItem.Reason.SUPPLIER_SILENT, row, order=order, summary=str(row))
        first = WorkItem.objects.earliest("pk")
        paths = [
            "/admin/",
            LIST,
            f"{LIST}{first.pk}/change/",
            reverse("admin:orders_workitem_act", args=[first.pk, "close"]),
        ]
        return [cost(client, path) for path in paths]

    few = measure(2)
    many = measure(40)

    assert many == few
    assert all(found <= most for found, most in zip(many, [16, 10, 10, 8], strict=True)), many
