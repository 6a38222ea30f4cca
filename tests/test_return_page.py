"""The page of a return: how it stands in words and steps, what to do, what came of it; and replacements wherever lines are."""

from __future__ import annotations

import re
import uuid
from datetime import date, timedelta

import pytest
from django.test import Client
from django.utils import timezone

from orders.actions.line_review import lines_to_review
from orders.models import Order, Refund
from orders.progress import order_word
from shop import kept
from shop.models import Basket, Market
from shop.words import day, moment
from suppliers.models import Offer
from support.barcode import code_39
from support.models import Choice, Replacement, Return, Ticket
from support.return_states import ReplacementStatus, ReturnStatus
from support.returning.asking import Wanted, ask_return
from support.returning.decide import Verdict, approve_decision, decide
from support.returning.flow import Found, Label, expire, hand_in, look_again, make_ready, receive
from support.returning.withdrawing import withdraw
from tests.accounts import make_customer
from tests.casework import said as said_in
from tests.factories import make_person, make_supplier, make_variant
from tests.sending_back import make_sent_order, words_of

pytestmark = pytest.mark.django_db
LABEL = Label("Harbour\n1 Quay\nCork", "Mark the box.", "https://labels.example/1", "An Post", "", date(2027, 1, 8))


@pytest.fixture
def agent():
    return make_person("ada@example.com", is_superuser=True)


@pytest.fixture
def order():
    supplier = make_supplier(capabilities=["returns"])
    return make_sent_order((make_variant(supplier, name="Oak board", price_minor=2000), 2))


def asked(order, units: int = 1, **wanted: object) -> Return:
    wanted = {"reason": "defective"} | wanted
    return ask_return(order, Wanted({order.lines.first().pk: units}, **wanted), form_key=uuid.uuid4())[0]


def decided(row: Return, agent, choice: Choice = Choice.REFUND_AFTER, **terms: object) -> Return:
    decide(row, Verdict(choice, **terms), form_key=uuid.uuid4(), by=agent)
    row.refresh_from_db()
    return row


@pytest.fixture
def ready(order, agent):
    row = decided(asked(order), agent)
    make_ready(row, LABEL, by=None)
    return row


def page_of(client, row: Return) -> str:
    answer = client.get(row.get_absolute_url())
    assert answer["X-Robots-Tag"] == "noindex"
    return words_of(answer)


def steps_of(client, row: Return) -> list[str]:
    """Return the labels of the steps that are done or where it stands."""
    page = client.get(row.get_absolute_url()).content.decode()
    return re.findall(r'class="step step-(?:done|current)".*?step-label">([^<]+)', page, re.S)


def test_a_return_is_followed_from_the_request_to_the_money(client, order, agent):
    row = asked(order)
    assert steps_of(client, row) == ["Asked"]
    decided(row, agent)
    assert steps_of(client, row) == ["Asked", "Accepted"]
    make_ready(row, LABEL, by=None)
    said = page_of(client, row)
    for words in ("Harbour 1 Quay Cork", "Mark the box.", f"Hand it in by {day(LABEL.return_by)}.", "An Post"):
        assert words in said
    assert 'href="https://labels.example/1"' in client.get(row.get_absolute_url()).content.decode()
    hand_in(row)
    assert steps_of(client, row) == ["Asked", "Accepted", "On its way"]
    receive(row, {row.lines.get().pk: Found(1)}, by=agent)
    assert steps_of(client, row) == ["Asked", "Accepted", "On its way", "Received", "Refunded"]
    said = page_of(client, row)
    assert "€20.00 to the card ending in 4242" in said
    assert "1 received" in said


def test_until_it_is_answered_the_page_names_the_day_of_the_answer_and_none_that_has_passed(client, order):
    row = asked(order)
    assert f"answers by {moment(row.ticket.answer_due_at)}" in page_of(client, row)
    Ticket.objects.update(answer_due_at=timezone.now() - timedelta(hours=1))
    assert "A person looks at it, and answers by mail" in page_of(client, row)


def test_a_customers_word_moves_the_steps_and_no_money(client, ready):
    Return.objects.update(refund_at_handover=True)
    path = f"{ready.get_absolute_url()}handed-in/"
    for _click in range(2):
        assert client.post(path, {"tracking_number": "CE123456789IE"})["Location"] == ready.get_absolute_url()
    ready.refresh_from_db()
    assert (ready.status, ready.tracking_number) == (ReturnStatus.IN_TRANSIT, "CE123456789IE")
    assert not Refund.objects.exists()
    # What the carrier has seen pays, once, though the customer was faster.
    for _scan in range(2):
        assert not hand_in(ready)
    assert Refund.objects.get().amount_minor == 2000


def test_a_number_that_is_typed_after_the_scan_is_kept(client, ready):
    hand_in(ready)
    path = f"{ready.get_absolute_url()}handed-in/"
    for number in ("CE123456789IE", "ANOTHER"):
        client.post(path, {"tracking_number": number})
    ready.refresh_from_db()
    assert (ready.status, ready.tracking_number) == (ReturnStatus.IN_TRANSIT, "CE123456789IE")


def test_only_what_waits_for_its_parcel_can_be_handed_in(client, order, agent):
    row = asked(order)
    for change in (lambda: None, lambda: decided(row, agent)):
        change()
        client.post(f"{row.get_absolute_url()}handed-in/")
        row.refresh_from_db()
        assert row.handed_in_at is None
    assert client.get(f"{row.get_absolute_url()}handed-in/").status_code == 405
    make_ready(row, LABEL, by=None)
    answer = client.post(f"{row.get_absolute_url()}handed-in/", {"tracking_number": "9" * 65})
    assert answer.status_code == 422
    assert "9" * 65 in answer.content.decode()


def test_a_request_can_be_taken_back_until_it_is_handed_in(client, ready):
    page = client.get(ready.get_absolute_url()).content.decode()
    assert "Take the request back" in page
    client.post(f"{ready.get_absolute_url()}cancel/")
    ready.refresh_from_db()
    assert ready.status == ReturnStatus.CANCELLED
    assert "You have taken it back." in page_of(client, ready)


def test_once_handed_in_it_cannot_be_taken_back(client, ready):
    hand_in(ready)
    assert "Take the request back" not in page_of(client, ready)
    answer = client.post(f"{ready.get_absolute_url()}cancel/", follow=True)
    assert "It can no longer be taken back" in answer.content.decode()
    ready.refresh_from_db()
    assert ready.status == ReturnStatus.IN_TRANSIT


def test_a_refusal_says_why_and_an_objection_lands_in_the_case_once_and_wakes_it(client, order, agent):
    row = asked(order)
    second = make_person("bob@example.com", is_superuser=True)
    verdict = Verdict(Choice.DECLINE, text="The photo shows another product.")
    approve_decision(decide(row, verdict, form_key=uuid.uuid4(), by=agent), by=second)
    said = page_of(client, row)
    assert "We could not agree to it." in said
    assert "The photo shows another product." in said
    path, key = f"{row.get_absolute_url()}objection/", str(uuid.uuid4())
    empty = client.post(path, {"message": "", "form_key": key})
    assert empty.status_code == 422
    assert "Tell us in a few words why." in words_of(empty)
    for _click in range(2):
        assert client.post(path, {"message": "It is the very one.", "form_key": key}).status_code == 302
    objections = [text for text in said_in(row.ticket) if "It is the very one." in text]
    assert objections == [f"I object to the decision about {row.number}.\n\nIt is the very one."]
    row.ticket.refresh_from_db()
    assert row.ticket.status == "open"


def test_an_objection_to_what_was_not_declined_is_none(client, order):
    row = asked(order)
    client.post(f"{row.get_absolute_url()}objection/", {"message": "No!"})
    assert all("object" not in text for text in said_in(row.ticket))


def test_every_state_has_its_words(client, ready, agent):
    expected = {
        "expired": "It was not handed in by",
        "review": "Something came out other than agreed.",
        "inspected": "It has arrived, and is being looked at.",
        "received": "It has arrived, and is being looked at.",
    }
    for status in ReturnStatus.values:
        Return.objects.update(status=status)
        said = page_of(client, ready)
        assert expected.get(status, "") in said
        assert f"Return {ready.number}" in said


def test_not_handed_in_and_decided_anew_say_so(client, ready):
    last = timezone.localdate() - timedelta(days=8)
    Return.objects.update(return_by=last)
    ready.refresh_from_db()
    assert expire(ready)
    said = page_of(client, ready)
    assert f"It was not handed in by {day(last)}." in said
    assert "Ask anew" in said
    assert look_again(ready, "it came after all", by=None)
    said = page_of(client, ready)
    assert "We look at it, and write to you." in said
    assert "it came after all" not in said


def test_what_need_not_come_back_says_keep_or_give_away(client, order, agent):
    row = decided(asked(order), agent, Choice.REFUND_KEEP)
    assert "Nothing has to be sent back: keep it, or give it away." in page_of(client, row)
    assert steps_of(client, row) == ["Asked", "Accepted", "Refunded"]
    part = decided(asked(order, solution="keep"), agent, Choice.PART_REFUND, amount_minor=500)
    said = page_of(client, part)
    assert "You keep it, and have part of the price back." in said
    assert "€5.00" in said
    assert steps_of(client, part)[-1] == "Partly refunded"


def steps_with_todo(client, row: Return) -> list[str]:
    page = client.get(row.get_absolute_url()).content.decode()
    return re.findall(r'class="step step-.*?step-label">([^<]+)', page, re.S)


def test_a_refusal_that_is_looked_at_again_was_never_accepted(client, order, agent):
    row = asked(order, solution="replacement")
    second = make_person("bob@example.com", is_superuser=True)
    approve_decision(decide(row, Verdict(Choice.DECLINE, text="No."), form_key=uuid.uuid4(), by=agent), by=second)
    client.force_login(agent)
    client.post(f"/desk/returns/{row.pk}/step/", {"step": "anew"})
    row.refresh_from_db()
    assert row.status == ReturnStatus.REVIEW
    assert steps_with_todo(client, row) == ["Asked", "Being looked at", "Replaced"]
    said = page_of(client, row)
    assert "We look at your request again, as you asked" in said
    assert "Something came out other than agreed." not in said


def test_where_nobody_had_the_new_goods_the_page_tells_of_money_only(client, order, agent):
    row = decided(asked(order, solution="replacement"), agent, Choice.REPLACEMENT)
    assert steps_with_todo(client, row)[-1] == "Replaced"
    make_ready(row, LABEL, by=None)
    Offer.objects.update(availability="out_of_stock", stock=0)
    receive(row, {row.lines.get().pk: Found(1)}, by=agent)
    assert not Replacement.objects.exists()
    said = page_of(client, row)
    assert "nobody has the new goods, so your money is on its way" in said
    assert "new goods are ordered" not in said
    assert steps_of(client, row)[-1] == "Refunded"


def test_new_goods_that_fall_away_later_are_told_as_money_once(client, order, replaced):
    assert "Done: the new goods are ordered" in page_of(client, replaced)
    Replacement.objects.update(status=ReplacementStatus.FAILED)
    said = page_of(client, replaced)
    assert "nobody has the new goods, so your money is on its way" in said
    assert "new goods are ordered" not in said
    assert "Nobody has the replacement any more" not in said
    Return.objects.update(status=ReturnStatus.IN_TRANSIT)
    assert "Nobody has the replacement any more: you get your money back instead." in page_of(client, replaced)


def test_a_withdrawal_calls_itself_so(client, order):
    (row,) = withdraw(order, None, form_key=uuid.uuid4()).returns
    assert "Withdrawal from the contract" in page_of(client, row)


def test_the_slip_has_order_number_bars_goods_and_address_and_no_chrome(client, ready, order):
    page = client.get(f"{ready.get_absolute_url()}slip/")
    said = words_of(page)
    for words in (f"Return {ready.number}", f"Order {order.number}", "Harbour 1 Quay Cork", "Oak board"):
        assert words in said
    html = page.content.decode()
    assert html.count("<rect x=") == len(code_39(ready.number).bars)
    assert '<nav class="paper-bar no-print"' in html
    assert '<header class="site' not in html
    assert "style=" not in html


def test_bars_are_those_of_code_39():
    bars = code_39("R").bars
    # Star, R, star; five bars each, three of nine elements are wide.
    assert len(bars) == 15
    assert [width for _at, width in bars[:5]] == [1, 1, 3, 3, 1]
    assert [width for _at, width in bars[5:10]] == [3, 1, 1, 3, 1]
    assert all(at + width <= nxt for (at, width), (nxt, _width) in zip(bars, bars[1:], strict=False))


def test_whoever_has_not_the_orders_link_finds_nothing(client, ready):
    other = make_sent_order((make_variant(make_supplier("quay")), 1))
    for token in (other.token, uuid.uuid4(), "nonsense"):
        for rest in ("", "slip/"):
            assert client.get(f"/orders/{token}/returns/{ready.number}/{rest}").status_code == 404
        for rest in ("handed-in/", "cancel/", "objection/"):
            assert client.post(f"/orders/{token}/returns/{ready.number}/{rest}").status_code == 404
    ready.refresh_from_db()
    assert ready.status == ReturnStatus.READY


def test_order_page_and_case_list_returns_with_state_and_link(client, ready, order):
    link = f'href="{ready.get_absolute_url()}"'
    for path in (order.get_absolute_url(), ready.ticket.get_absolute_url()):
        answer = client.get(path)
        assert link in answer.content.decode()
        assert "To be handed in" in words_of(answer)
        assert "1 × Oak board" in words_of(answer)
    Market.objects.update(withdrawal_days=14)
    kept.forget_all()
    page = client.get(order.get_absolute_url()).content.decode()
    assert f'href="/orders/{order.token}/returns/new/">Return something' in page


@pytest.fixture
def replaced(order, agent):
    row = decided(asked(order, solution="replacement"), agent, Choice.REPLACEMENT, goods_back=False)
    order.refresh_from_db()
    return row


def test_a_replacement_is_named_so_wherever_lines_are_listed(client, order, replaced):
    words = "1 × Replacement for Oak board, free of charge €0.00"
    page = words_of(client.get(order.get_absolute_url()))
    assert words in page
    assert re.search(r"Replacement (Ordered|Confirmed) Arrives", page)
    assert "Parcel 1 of 1" in page
    said = page_of(client, replaced)
    assert "Replaced" in said
    assert "Follow its parcel on the page of your order" in said
    user = make_customer(order.email)
    Order.objects.update(user=user)
    account = Client()
    account.force_login(user)
    assert "Replacement for Oak board, free of charge" in words_of(account.get("/account/"))


def test_a_replacement_is_not_bought_again_not_reviewed_and_not_counted(client, order, replaced):
    assert [line.replaces_id for line in lines_to_review(order)] == [None]
    assert str(order_word(order).text) == "Delivered"
    client.post(f"/orders/{order.token}/again/")
    assert list(Basket.objects.latest("pk").lines.values_list("quantity", flat=True)) == [2]
