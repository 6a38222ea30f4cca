"""A supplier without an API for returns: asked by mail, answers on its signed page, or by telephone; odd words change nothing."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
from django.core import signing
from django.utils import timezone

from notifications.models import Notification
from orders.models import Event, OrderLine, Refund, WorkItem
from suppliers.actions.returns import ask_return as work_on_return
from suppliers.actions.returns_told import PUT
from suppliers.actions.track import take_return_copy
from suppliers.models import Supplier, SupplierCredit, SupplierOrder, SupplierOrderLine, SupplierReturn
from support.models import Choice, Return
from support.return_links import return_path
from support.return_states import ReturnStatus
from support.returning.asking import Wanted, ask_return
from support.returning.decide import Verdict, decide
from support.returning.flow import LONGEST_WAY, SUPPLIER_PATIENCE, cancel_return, hand_in
from support.returning.proposal import propose
from support.returning.tending import tend_return
from tests.dialogue import unexplained
from tests.factories import make_paid_order, make_person, make_supplier, make_variant
from tests.passing import sweep

pytestmark = pytest.mark.django_db
MAIL = "returns@harbour.example"
ADDRESS = "Harbour Returns\r\nPoligono 9\r\n46113 Moncada\r\nSpain"


@pytest.fixture
def agent():
    return make_person("agent", is_superuser=True)


@pytest.fixture
def order(relay):
    """Three units of one thing and one of another, sent by a supplier that reads mails."""
    supplier = make_supplier()
    Supplier.objects.update(contact_email=MAIL, capabilities=[], uses_polling=False)
    order = make_paid_order((make_variant(supplier, stock=9), 3), (make_variant(supplier, stock=9), 1))
    relay.run_until_idle()
    for row in SupplierOrderLine.objects.select_related("supplier_order"):
        units = row.quantity
        SupplierOrderLine.objects.filter(pk=row.pk).update(pending=0, accepted=units, shipped=units, delivered=units)
        OrderLine.objects.filter(pk=row.order_line_id).update(confirmed=units, shipped=units, delivered=units)
    SupplierOrder.objects.update(status="placed", placed_at=timezone.now(), due_at=None)
    return order


def broken() -> list[str]:
    """Return what the audit says of returns and credits; these goods were never in a parcel."""
    return [text for text in unexplained() if text.startswith(("V15", "V17", "V03", "V07 history"))]


def back(order, agent, relay, units=2, *, choice=Choice.REFUND_AFTER, **more) -> Return:
    lines = {order.lines.first().pk: units} | more.pop("lines", {})
    (row,) = ask_return(order, Wanted(lines, **{"reason": "defective"} | more), form_key=uuid.uuid4())
    decide(row, Verdict(choice, goods_back=True), form_key=uuid.uuid4(), by=agent)
    relay.run_until_idle()
    return again(row)


def again(row: Return) -> Return:
    return Return.objects.select_related("supplier_return", "ticket").get(pk=row.pk)


def agree(**changes):
    return {"take-0": "2", "goods_back": "yes", "return_to": ADDRESS, "form_key": str(uuid.uuid4())} | changes


def steps(row: Return) -> list[str]:
    return [event.facts["step"] for event in Event.objects.filter(kind=PUT).order_by("pk")]


def pass_days(row: SupplierReturn, days: int) -> None:
    then = timezone.now() - timedelta(days=days)
    SupplierReturn.objects.filter(pk=row.pk).update(due_at=then, status_changed_at=then)


@pytest.fixture
def mailed(order, agent, relay):
    """A return that was asked by mail, and the address of the page in it."""
    row = back(order, agent, relay)
    mail = Notification.objects.get(kind="supplier-return")
    signed = mail.text.split("/supplier/returns/")[1].split("/")[0]
    return row, f"/supplier/returns/{signed}/"


def test_asked_by_mail_with_a_page_that_shows_nothing_of_the_customer(client, order, mailed):
    row, address = mailed
    assert (row.supplier_return.channel, row.supplier_return.status, row.status) == ("mail", "requested", "accepted")
    mail, shown = Notification.objects.get(kind="supplier-return"), client.get(address)
    assert (mail.recipient, mail.order) == (MAIL, None)
    assert shown.status_code == 200
    assert shown["Cache-Control"] == "private, no-store"
    for secret in (order.email, order.name, order.line1, str(order.total)):
        assert secret not in shown.content.decode()
        assert secret not in mail.text


def test_the_whole_way_by_mail_and_page(client, mailed, agent, relay):
    row, address = mailed
    assert client.post(address, agree(label_url="https://labels.example/1.pdf")).status_code == 302
    relay.run_until_idle()
    row = again(row)
    assert (row.supplier_return.status, row.status) == ("approved", "ready")
    assert row.return_to.splitlines() == ADDRESS.splitlines()
    assert row.label_url == "https://labels.example/1.pdf"

    arrived = {"came-0": "2", "not-0": "1", "why-0": "worn", "gives": "later", "form_key": str(uuid.uuid4())}
    assert client.post(address, arrived).status_code == 302
    relay.run_until_idle()
    row = again(row)
    # What is beyond doubt is paid at once, the rest a person decides about.
    assert (row.supplier_return.status, row.status) == ("received", "review")
    assert Refund.objects.get().lines.get().quantity == 1
    decide(row, Verdict(Choice.REFUND_KEEP), form_key=uuid.uuid4(), by=agent)
    relay.run_until_idle()
    assert sum(part.quantity for refund in Refund.objects.all() for part in refund.lines.all()) == 2
    assert broken() == []


def test_what_the_supplier_gives_is_noted_once_and_another_amount_is_shown(client, mailed, relay):
    row, address = mailed
    client.post(address, agree())
    client.post(address, {"came-0": "2", "not-0": "0", "gives": "later"})
    relay.run_until_idle()
    given = {"gives": "credit", "amount": "3,50"}
    for _time in range(2):
        assert client.post(address, given).status_code == 302
        relay.run_until_idle()
    credit = SupplierCredit.objects.get()
    assert (credit.status, credit.told_minor, credit.units) == ("credited", 350, 2)
    # Another amount than it owes is shown, and never changed.
    assert credit.amount_minor != credit.told_minor
    sweep()
    assert WorkItem.objects.filter(reason="supplier_credit", closed_at=None).count() == 1
    assert "nothing more to do" in client.get(address).content.decode()
    assert broken() == []


def test_the_customer_may_keep_it_and_is_paid_at_once(client, order, agent, relay):
    row = back(order, agent, relay)
    client.post(return_path(row.supplier_return), agree(goods_back="no", return_to=""))
    relay.run_until_idle()
    assert again(row).status == ReturnStatus.RESOLVED
    assert Refund.objects.get().lines.get().quantity == 2
    assert "what you give for it" in client.get(return_path(row.supplier_return)).content.decode()


def test_several_lines_and_a_part_that_is_not_taken(client, order, agent, relay):
    row = back(order, agent, relay, lines={order.lines.last().pk: 1})
    page = return_path(row.supplier_return)
    assert client.get(page).content.decode().count('name="take-') == 2
    refused = client.post(page, agree(**{"take-1": "0"}))
    assert refused.status_code == 422
    assert "Say why not all of it" in refused.content.decode()
    assert ADDRESS.splitlines()[1] in refused.content.decode()
    client.post(page, agree(**{"take-1": "0", "why-1": "hygiene"}))
    relay.run_until_idle()
    row = again(row)
    assert row.status == ReturnStatus.READY
    assert [part["quantity_rejected"] for part in row.supplier_return.last_copy["lines"]] == [0, 1]


def test_not_taken_at_all_and_the_customers_return_goes_on(client, order, agent, relay):
    row = back(order, agent, relay)
    client.post(return_path(row.supplier_return), agree(**{"take-0": "0", "why-0": "too old", "return_to": ""}))
    relay.run_until_idle()
    row = again(row)
    assert (row.supplier_return.status, row.status) == ("rejected", "ready")
    assert row.return_to == "1 Quay, Cork"


@pytest.mark.parametrize(
    "garbage",
    [
        {},
        {"take-0": "-1"},
        {"take-0": "999999999999999999999"},
        {"take-0": "two"},
        {"goods_back": "maybe"},
        {"return_to": ""},
        {"label_url": "javascript:alert(1)"},
        {"return_by": "yesterday"},
        {"return_by": "1999-01-01"},
        {"return_to": "\x00"},
        {"why-0": "x" * 5000, "take-0": "1"},
    ],
)
def test_garbage_on_the_page_is_said_and_nothing_is_written(client, order, agent, relay, garbage):
    row = back(order, agent, relay)
    answer = client.post(return_path(row.supplier_return), agree(**garbage) if garbage else {})
    assert answer.status_code == 422
    assert again(row).supplier_return.status == "requested"


@pytest.mark.parametrize("typed", ["", "free", "-1", "1e9", "0", "0.001", "99999999999"])
def test_an_amount_that_is_none_is_said(client, order, agent, relay, typed):
    row = back(order, agent, relay)
    SupplierReturn.objects.update(status="received")
    answer = client.post(return_path(row.supplier_return), {"gives": "credit", "amount": typed})
    assert answer.status_code == 422


def test_the_link_is_unguessable_lapses_and_opens_nothing_else(client, order, agent, relay, settings):
    row = back(order, agent, relay)
    page = return_path(row.supplier_return)
    signed = page.split("/")[-2]
    assert client.get(page.replace(signed, signed[:-2] + "xx")).status_code == 404
    assert client.get(f"/supplier/returns/{row.number}/").status_code == 404
    other = signing.TimestampSigner(salt="support.question", sep="~").sign(row.number)
    assert client.get(f"/supplier/returns/{other}/").status_code == 404
    assert client.get(f"/supplier/{signed}/").status_code == 404
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("support.return_links.LINK_LIFE", timedelta(seconds=-1))
        assert client.get(page).status_code == 410


def test_silence_is_reminded_of_twice_and_then_a_person_asks(order, agent, relay):
    row = back(order, agent, relay)
    assert steps(row) == ["asked"]
    for _time in range(4):
        pass_days(row.supplier_return, 7)
        relay.run_until_idle()
    assert steps(row) == ["asked", "reminded", "chased"]
    assert Notification.objects.filter(kind="supplier-return").count() == 3
    pass_days(row.supplier_return, 7)
    sweep()
    assert WorkItem.objects.filter(reason="return_silent", subject_key__startswith="supplierreturn").count() == 1


def test_the_customer_does_not_wait_for_a_silent_supplier(order, agent, relay):
    row = back(order, agent, relay)
    assert row.due_at - row.decided_at >= SUPPLIER_PATIENCE - timedelta(minutes=1)
    Return.objects.update(due_at=timezone.now())
    for _time in range(2):
        tend_return(row.pk)
    row = again(row)
    assert (row.status, row.return_to) == (ReturnStatus.READY, "1 Quay, Cork")
    # Its label, late, still helps.
    take_return_copy(
        Supplier.objects.get(),
        row.supplier_return.last_copy
        | {"version": 9, "status": "approved", "goods_back_required": True, "label": {"url": "https://l.example/1"}},
    )
    relay.run_until_idle()
    row = again(row)
    assert (row.status, row.label_url) == (ReturnStatus.READY, "https://l.example/1")
    assert Event.objects.filter(kind="return.label").count() == 1
    subjects = list(Notification.objects.filter(kind="return-ready").order_by("pk").values_list("subject", flat=True))
    assert [subject.partition(":")[0][:13] for subject in subjects] == ["Send it back ", "Your label is"]


def test_lost_on_the_way_back_is_decided_by_a_person(order, agent, relay):
    row = back(order, agent, relay)
    Return.objects.update(status="ready", return_to="x", return_by=timezone.localdate())
    assert hand_in(row)
    tend_return(row.pk)
    assert again(row).status == ReturnStatus.IN_TRANSIT
    Return.objects.update(handed_in_at=timezone.now() - LONGEST_WAY, due_at=timezone.now(), lease_until=None)
    tend_return(row.pk)
    row = again(row)
    assert row.status == ReturnStatus.REVIEW
    assert WorkItem.objects.filter(reason="return_decision", closed_at=None).count() == 1
    # A fault, so the way back was ours: the customer is not the loser.
    assert propose(row).choice == Choice.REFUND_KEEP
    decide(row, Verdict(Choice.REFUND_KEEP), form_key=uuid.uuid4(), by=agent)
    assert again(row).status == ReturnStatus.RESOLVED
    assert Refund.objects.get().lines.get().quantity == 2


def test_withdrawn_by_mail(order, agent, relay):
    row = back(order, agent, relay)
    cancel_return(row, by=None)
    relay.run_until_idle()
    row = again(row)
    assert (row.supplier_return.status, row.status) == ("cancelled", "cancelled")
    assert steps(row) == ["asked", "withdrawn"]
    assert "withdrawn" in Notification.objects.filter(kind="supplier-return").latest("pk").subject


def test_by_hand_an_agent_notes_what_was_said(client, order, agent, relay):
    Supplier.objects.update(contact_email="")
    row = back(order, agent, relay)
    assert (row.supplier_return.channel, row.status) == ("by_hand", "ready")
    sweep()
    assert WorkItem.objects.filter(reason="return_silent", closed_at=None).count() == 1
    client.force_login(agent)
    page = f"/desk/returns/{row.pk}/supplier/"
    assert client.get(page).status_code == 200
    assert client.post(page, {}).status_code == 422
    assert client.post(page, agree()).status_code == 302
    relay.run_until_idle()
    assert again(row).supplier_return.status == "approved"
    assert "noted by" in row.ticket.messages.filter(thread="internal").latest("pk").body
    sweep()
    assert not WorkItem.objects.filter(reason="return_silent", closed_at=None).exists()


def copy_of(row: Return, version: int, status: str, **more):
    (part,) = row.supplier_return.request["lines"]
    counts = {name: more.pop(name, 0) for name in ("quantity_approved", "quantity_received", "quantity_refused")}
    return {
        "return_reference": row.number, "version": version, "status": status, "lines": [part | counts],
        "goods_back_required": True, **more,
    }  # fmt: skip


def test_words_out_of_order_twice_and_stale_move_it_once(order, agent, relay):
    row, supplier = back(order, agent, relay), Supplier.objects.get()
    received = copy_of(row, 8, "received", quantity_approved=2, quantity_received=2)
    for copy in (received, received, copy_of(row, 5, "approved"), copy_of(row, 6, "in_transit")):
        take_return_copy(supplier, copy)
        relay.run_until_idle()
    row = again(row)
    assert (row.supplier_return.status, row.status) == ("received", "resolved")
    assert Refund.objects.count() == 1
    assert broken() == []


@pytest.mark.parametrize(
    "odd",
    [
        {"status": "approved", "version": 30},
        {"status": "lost", "version": 30},
        {"lines": "none", "version": 30},
        {"lines": [{"line_id": "L", "quantity": 1, "quantity_received": 2}], "version": 30},
        {"lines": [{"line_id": "L", "quantity": 1, "quantity_refused": 1}], "version": 30},
        {"lines": [{"line_id": "L", "quantity": 1, "quantity_approved": True}], "version": 30},
        {"resolution": {"type": "credit", "amount": {"amount": "much"}}, "version": 30},
        {"resolution": {"type": "credit", "amount": {"amount": "-5", "currency": "EUR"}}, "version": 30},
        {"resolution": {"type": "credit", "amount": {"amount": "1e-999999999", "currency": "EUR"}}, "version": 30},
        {"resolution": {"type": "credit", "amount": {"amount": "0e999999999", "currency": "EUR"}}, "version": 30},
        {"label": "here", "version": 30},
        {"return_to": {"line1": {}}, "version": 30},
        {"version": "thirty"},
    ],
)
def test_a_word_that_makes_no_sense_is_work_and_changes_nothing(order, agent, relay, odd):
    row, supplier = back(order, agent, relay), Supplier.objects.get()
    take_return_copy(supplier, copy_of(row, 8, "in_transit", quantity_approved=2))
    relay.run_until_idle()
    assert not take_return_copy(supplier, copy_of(row, 9, "in_transit", quantity_approved=2) | odd)
    relay.run_until_idle()
    row = again(row)
    assert (row.supplier_return.status, row.supplier_return.version, row.status) == ("in_transit", 8, "in_transit")
    assert WorkItem.objects.filter(reason="supplier_garbage", closed_at=None).count() == 1


def test_a_withdrawal_noted_while_it_is_being_asked_is_not_forgotten(order, agent, relay):
    row = back(order, agent, relay)
    SupplierReturn.objects.update(withdrawn_at=timezone.now(), due_at=timezone.now(), channel="api")
    # Its answer to the question comes in between.
    take_return_copy(Supplier.objects.get(), copy_of(row, 4, "approved", quantity_approved=2))
    assert SupplierReturn.objects.get().due_at is not None
    take_return_copy(Supplier.objects.get(), copy_of(row, 5, "in_transit", quantity_approved=2))
    work_on_return(row.supplier_return.pk)
    assert SupplierReturn.objects.get().due_at is None
