"""What a supplier says of each line and parcel: the same truth for customer, staff and audit, end to end."""

from __future__ import annotations

import copy as copying
import re
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from config.audit import run_audit
from config.waiting import keep_deadlines
from orders.models import Order, Refund, WorkItem
from orders.progress import parcel_cards
from suppliers.actions.parcels import take_shipment_copy
from suppliers.actions.track import take_order_copy
from suppliers.models import SupplierOrder
from tests.deals import deal_fixture, odd_supplier_fixture, open_reasons, process_fixture  # noqa: F401
from tests.factories import add_offer, make_person, make_supplier

pytestmark = pytest.mark.django_db


def holds() -> bool:
    """True if the audit finds nothing unexplained."""
    found = {finding.check.name: finding.violations for finding in run_audit() if finding.violations}
    assert found == {}
    return True


def subjects(mailbox, start: str) -> list[str]:
    return [mail["Subject"].strip() for mail in mailbox() if mail["Subject"].strip().startswith(start)]


def staff_page(client, order: Order) -> str:
    client.force_login(make_person(role="Store staff"))
    page = client.get(reverse("admin:orders_order_change", args=[order.pk])).content.decode()
    return re.sub(r"\s+", " ", page)


def test_pending_units_are_waited_for_and_then_confirmed(deal):
    made = deal("TEST-PENDING", 2)
    assert (made.row.status, made.line.confirmed) == ("placed", 0)
    assert made.words() == ("Paid", ["Ordered"])

    made.news(after=6)

    assert made.line.confirmed == 2
    assert made.words() == ("Confirmed", ["Confirmed"])
    assert holds()


def test_part_is_accepted_and_part_backordered_until_it_comes_in(deal, client, mailbox):
    made = deal("TEST-BACKORDER", 3)
    assert (made.line.confirmed, made.line.backordered) == (1, 2)
    assert made.words() == ("Partly confirmed", ["Confirmed", "Waiting for stock"])
    assert [[item.quantity for item in card.items] for card in parcel_cards(made.order)] == [[1], [2]]
    assert "Waiting for stock" in client.get(made.order.get_absolute_url()).content.decode()
    assert "1 accepted, 0 sent, 0 delivered, 2 backordered" in staff_page(client, made.order)
    assert holds()

    made.news_until(lambda: made.line.backordered == 0)
    assert made.line.confirmed == 3

    made.news_until(lambda: made.line.delivered == 3)
    assert [[part.quantity for part in parcel.lines.all()] for parcel in made.order.shipments.all()] == [[1], [2]]
    assert made.words() == ("Delivered", ["Delivered", "Delivered"])
    assert len(subjects(mailbox, "Sent: arrives")) == 2
    assert open_reasons() == []
    assert holds()


def test_backordered_units_that_never_come_are_cancelled_and_paid_back(deal, mailbox):
    made = deal("TEST-BACKORDER", 3)
    told = made.copy()
    told["version"] += 1
    told["lines"][0] |= {"quantity_backordered": 0, "quantity_rejected": 2, "reason": {"code": "discontinued"}}

    assert take_order_copy(made.row, told)
    made.relay.run_until_idle()

    assert (made.line.confirmed, made.line.backordered, made.line.cancelled, made.line.forwarded) == (1, 0, 2, 1)
    assert [refund.lines.get().quantity for refund in Refund.objects.all()] == [2]
    assert made.words() == ("Confirmed", ["Confirmed"])
    assert len(subjects(mailbox, "Cancelled: 2 ×")) == 1
    assert holds()


@pytest.mark.parametrize(("sku", "reason"), [("TEST-OOS", "out_of_stock"), ("TEST-PRICE", "price_changed")])
def test_rejected_units_are_cancelled_paid_back_and_told_once(deal, client, mailbox, sku, reason):
    made = deal(sku, 2)
    made.news()
    made.news()

    assert (made.line.cancelled, made.line.refunded, made.line.forwarded) == (2, 2, 0)
    assert made.row.lines.get().reason_code == reason
    assert made.words() == ("Cancelled", [])
    assert Refund.objects.get().amount_minor == made.order.total_minor
    assert f"2 rejected ({reason})" in staff_page(client, made.order)
    assert len(subjects(mailbox, "Cancelled: ")) == 1
    assert holds()


def test_what_a_supplier_cancels_later_is_paid_back_and_not_ordered_there_again(deal, client, mailbox):
    made = deal("TEST-DROP", 2)
    assert made.words() == ("Confirmed", ["Confirmed"])

    made.news_until(lambda: made.line.cancelled)
    made.news(after=60)

    assert (made.line.cancelled, made.line.confirmed, made.line.forwarded) == (2, 0, 0)
    assert SupplierOrder.objects.count() == 1
    assert made.row.status == "closed"
    assert Refund.objects.get().amount_minor == made.order.total_minor
    assert made.words() == ("Cancelled", [])
    assert "2 cancelled (cancelled_by_supplier)" in staff_page(client, made.order)
    assert len(subjects(mailbox, "Cancelled: ")) == 1
    assert holds()


def test_what_a_supplier_cancels_later_goes_to_the_next_one_that_fits(deal, mailbox):
    made = deal("TEST-DROP", 2)
    other = make_supplier("meridian", base_url="http://127.0.0.1:9/v1")
    add_offer(other, made.line.variant, price_minor=2500, stock=5)

    made.news_until(lambda: SupplierOrder.objects.filter(supplier=other).exists())

    assert (made.line.forwarded, made.line.cancelled) == (2, 0)
    assert Refund.objects.count() == 0
    assert subjects(mailbox, "Cancelled: ") == []
    assert holds()


def test_each_parcel_has_its_own_units_word_and_mail(deal, mailbox):
    made = deal("TEST-SPLIT", 3)
    made.news_until(lambda: made.line.delivered == 3)

    assert [[part.quantity for part in parcel.lines.all()] for parcel in made.order.shipments.all()] == [[1]] * 3
    numbers = set(made.order.shipments.values_list("tracking_number", flat=True))
    assert len(numbers) == 3
    sent = [mail for mail in mailbox() if mail["Subject"].strip().startswith("Sent: ")]
    told = {number for mail in sent for number in numbers if number in mail.get_body(("plain",)).get_content()}
    assert (len(sent), told) == (3, numbers)
    headings = sorted(re.search(r"parcel \d of 3", subject).group() for subject in subjects(mailbox, "Sent: "))
    assert headings == ["parcel 1 of 3", "parcel 2 of 3", "parcel 3 of 3"]
    assert made.words() == ("Delivered", ["Delivered"] * 3)
    assert holds()


def test_part_sent_and_part_delivered_is_told_as_such(deal):
    made = deal("TEST-BACKORDER", 3)
    made.news(after=21)
    assert made.words()[0] == "Partly sent"

    made.news(after=27)

    assert made.words()[0] == "Partly delivered"
    assert holds()


def renumbered(told: dict[str, Any], number: str) -> dict[str, Any]:
    told = copying.deepcopy(told)
    told["version"] += 1
    told |= {"tracking_number": number, "tracking_url": None}
    return told


def test_a_new_number_after_sending_is_told_once_and_the_old_one_is_kept(deal, client, mailbox):
    made = deal("TEST-OK")
    made.news(after=21)
    parcel, told = made.order.shipments.get(), made.parcel_copy()
    old = parcel.tracking_number

    for _time in range(2):
        take_shipment_copy(made.supplier, renumbered(told, "NEW-1"))
        made.relay.run_until_idle()
    second = renumbered(renumbered(told, "NEW-1"), "NEW-2")
    take_shipment_copy(made.supplier, second)
    made.relay.run_until_idle()

    parcel.refresh_from_db()
    assert parcel.tracking_number == "NEW-2"
    assert list(parcel.numbers.values_list("tracking_number", flat=True)) == [old, "NEW-1", "NEW-2"]
    new = [mail for mail in mailbox() if mail["Subject"].strip().startswith("New tracking number")]
    told_numbers = [re.findall(r"NEW-\d", mail.get_body(("plain",)).get_content()) for mail in new]
    assert told_numbers == [["NEW-1"], ["NEW-2"]]
    page = client.get(made.order.get_absolute_url()).content.decode()
    assert "NEW-2" in page
    assert old not in page
    client.force_login(make_person(role="Store staff"))
    found = client.get(f"/admin/orders/shipment/?q={old}").content.decode()
    assert reverse("admin:orders_shipment_change", args=[parcel.pk]) in found
    assert holds()


def test_a_number_that_changes_before_the_parcel_leaves_is_no_news(deal, mailbox):
    made = deal("TEST-OK")
    made.news(after=13)
    assert made.order.shipments.get().status == "label_created"

    take_shipment_copy(made.supplier, renumbered(made.parcel_copy(), "NEW-1"))
    made.relay.run_until_idle()

    assert made.order.shipments.get().tracking_number == "NEW-1"
    assert subjects(mailbox, "New tracking number") == []


def test_a_parcel_that_goes_back_to_its_sender_is_never_called_delivered(deal, client):
    made = deal("TEST-RTS", 2)
    made.news(after=37)
    assert made.order.shipments.get().status == "exception"
    keep_deadlines(now=timezone.now())
    assert open_reasons() == ["parcel_trouble"]
    made.news_until(lambda: made.order.shipments.filter(status="returned").exists())
    keep_deadlines(now=timezone.now())

    assert open_reasons() == ["parcel_back"]
    assert (made.line.shipped, made.line.delivered, made.line.returned) == (2, 0, 2)
    assert made.words() == ("Sent back", ["Sent back"])
    assert "Sent back" in client.get(made.order.get_absolute_url()).content.decode()
    assert holds()

    client.force_login(make_person(role="Store staff"))
    item = WorkItem.objects.get(closed_at=None)
    client.post(reverse("admin:orders_workitem_act", args=[item.pk, "refund-parcel"]))
    keep_deadlines(now=timezone.now())
    assert open_reasons() == []
    assert Refund.objects.get().amount_minor == made.order.total_minor
    assert holds()


def test_delivered_then_returned_asks_a_person_and_the_page_says_so(deal, client):
    made = deal("TEST-OK", 2)
    made.news_until(lambda: made.line.delivered == 2)
    told = made.parcel_copy()
    told["version"] += 1
    told["status"] = "returning"

    take_shipment_copy(made.supplier, told)
    made.relay.run_until_idle()
    keep_deadlines(now=timezone.now())

    assert (made.line.delivered, made.line.returned) == (2, 2)
    assert made.words() == ("Sent back", ["On its way back"])
    assert open_reasons() == ["parcel_back"]
    take_shipment_copy(made.supplier, told | {"version": told["version"] + 1, "status": "returned"})
    keep_deadlines(now=timezone.now())
    assert open_reasons() == ["parcel_back"]
    assert made.words() == ("Sent back", ["Sent back"])
    assert holds()


def test_a_hold_is_shown_to_staff_with_a_deadline_and_ends_when_the_copy_says_so(deal, client, mailbox):
    made = deal("TEST-HOLD")
    made.news(after=60)

    item = WorkItem.objects.get(closed_at=None)
    assert (item.reason, item.order, item.money_minor) == ("supplier_hold", made.order, made.order.total_minor)
    assert item.deadline_at > timezone.now()
    assert "address_check. Please confirm the address" in item.summary
    assert "Held: address_check Please confirm the address with the recipient" in staff_page(client, made.order)
    assert made.words() == ("Confirmed", ["Confirmed"])
    assert made.line.shipped == 0
    keep_deadlines(now=timezone.now())
    assert open_reasons() == ["supplier_hold"]

    made.process.control(f"orders/{made.row.reference}/hold", {"held": False})
    made.news()

    assert open_reasons() == []
    item.refresh_from_db()
    assert item.closed_by is None
    made.news_until(lambda: made.line.delivered == 1)
    assert holds()
