"""Each step of a return is told once, in one mail that has all of it, and no sum of money in two."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
from django.utils import timezone

from notifications.models import Notification
from orders.actions.again import ask_refund_again
from orders.actions.refund import RefundPart, request_refund
from orders.models import Event, Order, OrderLine, Refund
from shop.words import day, exact_moment
from suppliers.actions.forward import forward_order
from suppliers.models import Supplier, SupplierOrderLine
from support.models import Choice, Return
from support.return_states import ReturnStatus
from support.returning.asking import Wanted, ask_return
from support.returning.decide import Verdict, approve_decision, decide
from support.returning.flow import (
    Found,
    Label,
    cancel_return,
    expire,
    hand_in,
    look_again,
    make_ready,
    note_handed_in,
    receive,
)
from support.returning.supplier_word import keep
from support.returning.tending import remind
from support.returning.withdrawing import withdraw
from tests.factories import make_paid_order, make_person, make_supplier, make_variant
from tests.return_letters import accepted, ask, at_handover, says, sold, told

pytestmark = pytest.mark.django_db


@pytest.fixture
def agent():
    return make_person("agent", is_superuser=True)


@pytest.fixture(autouse=True)
def quiet(settings):
    """Answers to mails lead into cases; nobody is asked for reviews."""
    settings.REPLY_ADDRESS = "help@reply.example"
    settings.REVIEW_REQUEST_DAYS = 0


@pytest.fixture
def order() -> Order:
    """An order of three boards that were sent and are there."""
    return sold((make_variant(make_supplier(), name="Oak board", stock=9, price_minor=2500), 3))


# --- a withdrawal


def test_a_withdrawal_has_its_receipt_at_once_with_what_and_when(order, relay):
    line = order.lines.get()
    (row,) = withdraw(order, {line.pk: 2}, form_key=uuid.uuid4(), words="Too dark for our kitchen.").returns
    mails = told(relay, order)
    receipt = mails["withdrawal-received"]
    at = Event.objects.get(kind="order.withdrawn").at
    says(receipt, exact_moment(at), str(at.year), "2 × Oak board", order.number, order.name, order.email, row.number)
    says(receipt, "within 14 days", "Too dark for our kitchen.", "the way you paid")
    assert receipt.subject.startswith("Withdrawal received")
    assert order.token in receipt.text
    # Into the case of the return, and in the conversation of the order.
    assert f"help+t{row.ticket_id}-" in receipt.headers["Reply-To"]
    assert receipt.headers["References"].startswith("<order-")
    # The receipt is the only answer to the request; the label has a mail of its own.
    assert set(mails) <= {"withdrawal-received", "return-ready"}


def test_what_has_not_left_is_named_as_being_stopped_and_that_is_one_mail(relay):
    order = make_paid_order((make_variant(make_supplier(), name="Oak board", stock=9), 2))
    forward_order(order)
    SupplierOrderLine.objects.update(pending=0, accepted=2)
    OrderLine.objects.update(confirmed=2)
    Supplier.objects.update(capabilities=["cancellation"])
    done = withdraw(order, None, form_key=uuid.uuid4())
    assert not done.returns
    receipt = told(relay, order)
    assert "cancellation-asked" not in receipt
    says(receipt["withdrawal-received"], "being stopped", "2 × Oak board", "within 14 days")


# --- a request


def test_a_request_is_confirmed_with_what_happens_next_and_by_when_and_once(order, relay):
    row = ask(order, 2, words="The edge is split.")
    mails = told(relay, order)
    # Not as a case as well: the return's own mail is the answer.
    assert set(mails) == {"return-asked"}
    says(mails["return-asked"], row.number, "2 × Oak board", "It is faulty", "Nothing is to be sent until then")
    says(mails["return-asked"], "The edge is split.", exact_moment(row.asked_at))
    assert row.number in mails["return-asked"].subject


def test_goods_from_two_places_are_one_answer_that_explains_the_two_parcels(relay):
    one, two = make_supplier("harbour"), make_supplier("meridian")
    order = sold(
        (make_variant(one, name="Oak board", stock=9), 1), (make_variant(two, name="Linen cushion", stock=9), 1)
    )
    wish = Wanted({line.pk: 1 for line in order.lines.all()}, reason="damaged")
    rows = ask_return(order, wish, form_key=uuid.uuid4())
    assert len(rows) == 2
    mail = told(relay, order)["return-asked"]
    says(mail, *[row.number for row in rows], "Oak board", "Linen cushion", "2 parcels")


def test_where_the_label_follows_at_once_the_request_itself_is_no_mail_of_its_own(order, relay):
    row = ask(order, reason="changed_mind")
    row.refresh_from_db()
    make_ready(row, Label("1 Quay"), by=None)
    mails = told(relay, order)
    assert set(mails) == {"return-ready"}
    # It is a withdrawal in other words, so this is its receipt.
    says(mails["return-ready"], exact_moment(row.asked_at), "1 Quay", day(row.return_by))


def test_the_way_back_is_told_with_address_label_last_day_and_who_pays(order, relay, agent):
    row = accepted(order, by=agent, text="Sorry about the crack.")
    mail = told(relay, order)["return-ready"]
    says(mail, "1 Quay", "https://labels.example/1.pdf", day(row.return_by), "costs you nothing", "€25.00")
    says(mail, "Sorry about the crack.", row.number, row.get_absolute_url())
    assert mail.subject.startswith(f"Send it back by {day(row.return_by)}")


def test_a_link_that_is_not_https_is_in_no_mail(order, relay, agent):
    row = ask(order)
    decide(row, Verdict(Choice.REFUND_AFTER, goods_back=True), form_key=uuid.uuid4(), by=agent)
    row.refresh_from_db()
    make_ready(row, Label("1 Quay", label_url="http://labels.example/1.pdf"), by=None)
    mail = told(relay, order)["return-ready"]
    assert "labels.example" not in mail.text
    assert "costs you nothing" not in mail.text
    says(mail, "We pay the postage.")


def test_one_reminder_and_only_while_it_can_be_handed_in(order, relay, agent):
    row = accepted(order, by=agent)
    told(relay, order)
    assert remind(row)
    assert not remind(row)
    says(told(relay, order)["return-ending"], day(row.return_by), "1 Quay", row.number)


# --- the money, in one mail


def all_about(sum_: str, order: Order) -> list[str]:
    """Return the kinds of mails that say this sum is being paid back."""
    rows = Notification.objects.filter(order=order, text__contains=f"We are paying you back {sum_}")
    return sorted(rows.values_list("kind", flat=True))


def test_money_at_the_hand_over_is_told_with_it_and_never_again(order, relay, agent):
    at_handover(order)
    row = accepted(order, 2, by=agent)
    told(relay, order)
    assert hand_in(row)
    (line,) = row.lines.all()
    mails = told(relay, order)
    amount = Refund.objects.get().amount
    assert mails["return-sent-back"].subject.startswith(f"Refund of {amount} on its way")
    says(mails["return-sent-back"], "handed in", amount)
    receive(row, {line.pk: Found(2)}, by=None)
    mails = told(relay, order)
    assert mails["return-resolved"].subject.startswith("Complete:")
    assert "refund" not in mails
    assert all_about(str(amount), order) == ["return-sent-back"]


def test_money_that_a_scan_brings_after_the_customers_own_word_is_told_once(order, relay, agent):
    at_handover(order)
    row = accepted(order, 2, by=agent)
    assert note_handed_in(row)
    says(told(relay, order)["return-sent-back"], "Once the carrier has scanned the parcel")
    for _scan in range(2):
        assert not hand_in(row)
    amount = str(Refund.objects.get().amount)
    mails = told(relay, order)
    assert mails["return-scanned"].subject.startswith(f"Refund of {amount} on its way")
    assert all_about(amount, order) == ["return-scanned"]
    receive(row, {row.lines.get().pk: Found(2)}, by=None)
    assert told(relay, order)["return-resolved"].subject.startswith("Complete:")
    assert all_about(amount, order) == ["return-scanned"]


def test_a_parcel_that_is_lost_after_its_scan_is_told_so(order, relay, agent):
    at_handover(order)
    row = accepted(order, by=agent)
    note_handed_in(row)
    hand_in(row)
    look_again(Return.objects.get(), "no scan for ten days", by=None)
    mails = told(relay, order)
    says(mails["return-review"], "has not arrived as it should")
    assert all_about("€25.00", order) == ["return-scanned"]


def test_money_at_receipt_is_told_with_the_end_of_the_return(order, relay, agent):
    row = accepted(order, 2, by=agent)
    told(relay, order)
    hand_in(row)
    receive(row, {}, by=None, is_inspected=False)
    mails = told(relay, order)
    says(mails["return-arrived"], "14 days", row.number)
    says(mails["return-sent-back"], "Once the goods are here")
    receive(row, {row.lines.get().pk: Found(2)}, by=None)
    amount = Refund.objects.get().amount
    mails = told(relay, order)
    assert set(mails) == {"return-ready", "return-sent-back", "return-arrived", "return-resolved"}
    assert all_about(str(amount), order) == ["return-resolved"]


def test_what_arrives_and_is_looked_at_at_once_is_one_mail(order, relay, agent):
    row = accepted(order, by=agent)
    told(relay, order)
    receive(row, {row.lines.get().pk: Found(1)}, by=None)
    mails = told(relay, order)
    assert "return-arrived" not in mails
    says(mails["return-resolved"], "The goods are here", "We are paying you back €25.00")


def test_nothing_has_to_go_back_says_so_with_the_money(order, relay, agent):
    row = ask(order)
    decide(row, Verdict(Choice.REFUND_KEEP, text="Please keep it."), form_key=uuid.uuid4(), by=agent)
    mails = told(relay, order)
    assert set(mails) == {"return-kept"}
    says(mails["return-kept"], "Keep it, or give it away", str(Refund.objects.get().amount), "Please keep it.")


def test_a_supplier_that_waives_the_goods_is_told_as_nothing_to_send_back(order, relay, agent):
    row = ask(order)
    decide(row, Verdict(Choice.REFUND_AFTER, goods_back=True), form_key=uuid.uuid4(), by=agent)
    row.refresh_from_db()
    Return.objects.filter(pk=row.pk).update(status=ReturnStatus.ACCEPTED)
    keep(Return.objects.get(pk=row.pk))
    mails = told(relay, order)
    says(mails["return-kept"], "Keep it, or give it away", str(Refund.objects.get().amount))


def test_part_of_it_comes_that_part_is_paid_and_the_rest_looked_at_in_one_mail(order, relay, agent):
    row = accepted(order, 3, by=agent)
    told(relay, order)
    receive(row, {row.lines.get().pk: Found(2)}, by=agent)
    mails = told(relay, order)
    first = Refund.objects.get().amount
    says(mails["return-review"], str(first), "2 of 3", "a little longer")
    decide(Return.objects.get(), Verdict(Choice.REFUND_KEEP, text="We believe you."), form_key=uuid.uuid4(), by=agent)
    second = Refund.objects.order_by("-pk").first().amount
    mails = told(relay, order)
    says(mails["return-resolved"], str(second), "We believe you.")
    assert "refund" not in mails
    assert (all_about(str(first), order), all_about(str(second), order)) == (["return-review"], ["return-resolved"])


def test_a_refund_that_failed_and_is_tried_again_is_told_as_a_refund(order, relay, agent, monkeypatch):
    row = ask(order)
    decide(row, Verdict(Choice.REFUND_KEEP), form_key=uuid.uuid4(), by=agent)
    told(relay, order)
    refund = Refund.objects.get()
    Refund.objects.update(status="failed", due_at=None)
    refund.refresh_from_db()
    refund.payment.refunded_minor -= refund.amount_minor
    refund.payment.save(update_fields=["refunded_minor"])
    OrderLine.objects.update(refunded_minor=0)
    assert ask_refund_again(refund, by=agent)
    assert "refund" in told(relay, order)


def test_a_refund_outside_a_return_is_told_as_before(order, relay):
    part = RefundPart(order.lines.get(), 0, 500, 0)
    request_refund(order, [part], reason=Refund.Reason.GOODWILL, by=None, key="goodwill")
    assert set(told(relay, order)) == {"refund"}


# --- other ends


def test_a_refusal_says_why_and_how_to_object(order, relay, agent):
    row = ask(order)
    why = "The photos show that it was sawn."
    decision = decide(row, Verdict(Choice.DECLINE, text=why), form_key=uuid.uuid4(), by=agent)
    assert told(relay, order).keys() == {"return-asked"}
    approve_decision(decision, by=make_person("second", is_superuser=True))
    mail = told(relay, order)["return-declined"]
    says(mail, why, "Do you disagree?", row.get_absolute_url())
    # The Union's platform is gone since July 2025.
    assert "ec.europa.eu" not in mail.text + mail.html


def test_taken_back_and_not_handed_in_are_confirmed(order, relay, agent):
    row = ask(order)
    cancel_return(row, by=None)
    says(told(relay, order)["return-cancelled"], row.number, "do not send")
    late = accepted(order, by=agent)
    Return.objects.filter(pk=late.pk).update(return_by=timezone.localdate() - timedelta(days=8))
    assert expire(late)
    says(told(relay, order)["return-expired"], late.number, "Have you sent it?")


def test_a_parcel_that_is_lost_on_its_way_back_is_told_so(order, relay, agent):
    row = accepted(order, by=agent)
    hand_in(row)
    told(relay, order)
    look_again(Return.objects.get(), "no scan for ten days", by=None)
    mail = told(relay, order)["return-review"]
    says(mail, "has not arrived as it should")
    assert "no scan for ten days" not in mail.text
