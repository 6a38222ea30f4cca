"""A newer copy of a supplier's that leaves a return where it was is news all the same, where something follows from it."""

from __future__ import annotations

import uuid

import pytest

from config.audit.returns import returns as audit_of_returns
from notifications.models import Notification
from orders.models import Event, OrderLine, Refund
from suppliers.actions.track import take_return_copy
from suppliers.models import Supplier, SupplierCredit, SupplierOrderLine
from support.models import Choice, Return
from support.return_states import ReturnStatus
from support.returning.decide import Verdict, decide
from tests.factories import make_person
from tests.returning import ask, sent_order

pytestmark = pytest.mark.django_db


@pytest.fixture
def row(relay) -> Return:
    """A return of two units whose supplier was asked."""
    made = ask(sent_order(2))
    Supplier.objects.update(contact_email="returns@harbour.example", uses_polling=False)
    boss = make_person("boss", is_superuser=True)
    decide(made, Verdict(Choice.REFUND_AFTER), form_key=uuid.uuid4(), by=boss)
    relay.run_until_idle()
    return again(made)


def again(row: Return) -> Return:
    return Return.objects.select_related("supplier_return", "ticket").get(pk=row.pk)


def tell(row: Return, version: int, status: str, relay, *, received: int = 0, **more) -> bool:
    (part,) = row.supplier_return.request["lines"]
    line = part | {"quantity_approved": 2, "quantity_received": received}
    copy = {"return_reference": row.number, "version": version, "status": status, "lines": [line]}
    taken = take_return_copy(Supplier.objects.get(), copy | {"goods_back_required": True} | more)
    relay.run_until_idle()
    return taken


def told(row: Return) -> list[str]:
    return list(row.ticket.messages.filter(thread="supplier").values_list("body", flat=True))


def test_goods_that_are_counted_after_they_were_received_are_paid(row, relay):
    tell(row, 5, "received", relay)
    assert again(row).status == ReturnStatus.RECEIVED
    assert not Refund.objects.exists()
    for _time in range(2):
        tell(row, 6, "received", relay, received=2)
    assert again(row).status == ReturnStatus.RESOLVED
    assert Refund.objects.get().lines.get().quantity == 2
    # What it says in words is the same.
    assert len(told(row)) == len(set(told(row)))


def test_a_label_that_follows_the_consent_reaches_the_customer(row, relay):
    tell(row, 2, "approved", relay)
    assert again(row).status == ReturnStatus.READY
    label = {"url": "https://labels.example/1.pdf", "tracking_number": "LB1", "carrier": {"name": "An Post"}}
    tell(row, 3, "approved", relay, label=label)
    assert again(row).label_url == "https://labels.example/1.pdf"
    assert Event.objects.filter(kind="return.label").count() == 1
    assert Notification.objects.filter(kind__startswith="return", text__contains="label").exists()


def ready_mails() -> list[str]:
    return list(Notification.objects.filter(kind="return-ready").order_by("pk").values_list("subject", flat=True))


def test_another_label_in_the_place_of_the_first_is_told_and_the_same_under_another_link_is_only_shown(row, relay):
    first = {"url": "https://labels.example/1.pdf?until=1", "tracking_number": "LB1", "carrier": {"name": "An Post"}}
    tell(row, 2, "approved", relay, label=first)
    tell(row, 3, "approved", relay, label=first | {"url": "https://labels.example/1.pdf?until=2"})
    assert again(row).label_url == "https://labels.example/1.pdf?until=2"
    assert len(ready_mails()) == 1
    tell(row, 4, "approved", relay, label={"url": "https://labels.example/2.pdf", "tracking_number": "LB2"})
    now = again(row)
    # The carrier of the first is not that of the second.
    assert (now.label_url, now.tracking_number, now.carrier_name) == ("https://labels.example/2.pdf", "LB2", "")
    assert [subject[:12] for subject in ready_mails()] == ["Send it back", "Your label i"]
    assert "earlier label" in Notification.objects.filter(kind="return-ready").latest("pk").text


def test_a_number_that_follows_its_label_is_shown_and_not_told(row, relay):
    label = {"url": "https://labels.example/1.pdf"}
    tell(row, 2, "approved", relay, label=label)
    tell(row, 3, "approved", relay, label=label | {"tracking_number": "LB1"})
    assert again(row).tracking_number == "LB1"
    assert len(ready_mails()) == 1


def test_another_address_takes_the_earlier_label_and_its_number_away(row, relay):
    label = {"url": "https://labels.example/1.pdf", "tracking_number": "LB1", "carrier": {"name": "An Post"}}
    tell(row, 2, "approved", relay, label=label)
    to = {"name": "Returns", "line1": "9 Dock Road", "postal_code": "T12 AB34", "city": "Cork", "country": "IE"}
    tell(row, 3, "approved", relay, return_to=to)
    now = again(row)
    assert (now.label_url, now.tracking_number, now.carrier_name) == ("", "", "")
    assert "LB1" not in Notification.objects.filter(kind="return-ready").latest("pk").text


def test_a_copy_without_an_address_leaves_the_one_that_a_person_typed(row, relay):
    tell(row, 2, "approved", relay)
    Return.objects.update(return_to="7 Yard, Galway")
    tell(row, 3, "approved", relay)
    assert again(row).return_to == "7 Yard, Galway"
    assert len(ready_mails()) == 1


def test_another_address_without_a_label_is_not_told_as_a_label(row, relay):
    tell(row, 2, "approved", relay)
    to = {"name": "Returns", "line1": "9 Dock Road", "postal_code": "T12 AB34", "city": "Cork", "country": "IE"}
    tell(row, 3, "approved", relay, return_to=to)
    assert "9 Dock Road" in again(row).return_to
    assert ready_mails()[-1].startswith("It goes to another address")


def test_a_newer_copy_that_says_nothing_new_is_no_news(row, relay):
    tell(row, 2, "approved", relay)
    news = Event.objects.filter(kind="supplier_return.updated")
    before = news.count()
    assert tell(row, 3, "approved", relay, updated_at="2026-11-29T10:00:00Z")
    assert news.count() == before
    assert again(row).supplier_return.version == 3


def test_units_that_a_parcel_told_first_are_no_finding(row):
    assert list(audit_of_returns()) == []
    # The parcel's copy has come, the order's not yet.
    SupplierOrderLine.objects.update(shipped=0, delivered=0)
    assert list(audit_of_returns()) == []
    assert OrderLine.objects.get().in_returns == 2


def test_what_a_supplier_gives_for_a_fault_that_was_paid_out_of_goodwill_is_noted(relay):
    made = ask(sent_order(2))
    Return.objects.update(basis="goodwill")
    Supplier.objects.update(contact_email="returns@harbour.example", uses_polling=False)
    made.refresh_from_db()
    boss = make_person("boss", is_superuser=True)
    decide(made, Verdict(Choice.REFUND_KEEP), form_key=uuid.uuid4(), by=boss)
    relay.run_until_idle()
    assert not SupplierCredit.objects.exists()
    given = {"type": "credit", "amount": {"amount": "10.00", "currency": "EUR"}}
    for version in (5, 6):
        tell(again(made), version, "resolved", relay, resolution=given)
    credit = SupplierCredit.objects.get()
    assert (credit.units, credit.amount_minor, credit.told_minor, credit.status) == (2, 1000, 1000, "credited")
