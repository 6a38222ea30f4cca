"""The key of a form is its order's, case's or person's: sent for another, it is another request, and loses nothing."""

from __future__ import annotations

import uuid

import pytest
from django.test import Client
from django.utils import timezone

from orders.actions.cancel import request_cancellation
from orders.models import Cancellation
from support.actions.ask_supplier import ask_supplier, supplier_answers
from support.actions.closing import customer_goes_on
from support.actions.new_case import open_for_customer
from support.actions.roster import write_hand_over
from support.actions.solve import cancel_line
from support.actions.ticket import add_note, agent_answers, answer_due, customer_writes
from support.models import HandOver, Return, SupplierQuestion, Ticket, TicketMessage, Topic, Withdrawal
from support.returning.asking import Wanted, ask_return
from support.returning.decide import Verdict, decide
from support.returning.withdrawing import withdraw
from support.returning.words import photos_for_supplier
from support.uploads import Photo
from tests.casework import make_agent, make_case, said
from tests.factories import make_paid_order, make_supplier, make_variant
from tests.photos import photo
from tests.returning import ask, make_desk, sent_order
from tests.test_return_receipt import note

pytestmark = pytest.mark.django_db


@pytest.fixture
def key() -> uuid.UUID:
    return uuid.uuid4()


def wish(order, words: str, name: str) -> Wanted:
    units = {order.lines.get().pk: 1}
    return Wanted(units, reason="defective", words=words, photos=[Photo(name, photo(), "image/jpeg")])


def unsent_order():
    return make_paid_order((make_variant(make_supplier()), 2))


def test_a_return_asked_for_with_another_orders_key_is_its_own_with_its_own_case_and_photos(key):
    mine, theirs = sent_order(1), sent_order(1)
    (first,) = ask_return(theirs, wish(theirs, "Theirs.", "theirs.jpg"), form_key=key)

    (second,) = ask_return(mine, wish(mine, "Mine.", "mine.jpg"), form_key=key)

    assert (second.order, second.ticket.order, said(second.ticket)) == (mine, mine, ["Mine."])
    assert (first.order, said(first.ticket)) == (theirs, ["Theirs."])
    assert [one.original_name for one in photos_for_supplier(second)] == ["mine.jpg"]
    assert [one.original_name for one in photos_for_supplier(first)] == ["theirs.jpg"]
    # A second click is still one request.
    assert ask_return(mine, wish(mine, "Mine.", "mine.jpg"), form_key=key) == [second]
    assert (Return.objects.count(), Ticket.objects.count()) == (2, 2)


def test_an_agent_opens_returns_of_two_cases_with_one_key(client, key):
    client.force_login(make_desk())
    for order in (sent_order(1), sent_order(1)):
        case = make_case(order)
        data = {f"units_{order.lines.get().pk}": 1, "reason": "damaged", "solution": "refund", "words": "By phone."}
        for _click in range(2):
            answer = client.post(f"/desk/tickets/{case.pk}/return/", data | {"form_key": str(key)})
            assert answer.status_code == 302
        row = Return.objects.get(order=order)
        assert answer.url == f"/desk/returns/{row.pk}/"
        assert row.ticket == case
        assert len([text for text in said(case, "internal") if "By phone." in text]) == 1


@pytest.mark.parametrize("make", [lambda: sent_order(1), unsent_order])
def test_a_withdrawal_with_another_orders_key_is_taken_in(key, make):
    first, second = make(), make()
    withdraw(first, None, form_key=key)
    done = withdraw(second, None, form_key=key)

    assert (done.withdrawal.order, withdraw(second, None, form_key=key)) == (second, done)
    assert set(Withdrawal.objects.values_list("order", flat=True)) == {first.pk, second.pk}
    stopped = set(Cancellation.objects.values_list("order", flat=True))
    assert stopped == ({first.pk, second.pk} if done.cancellation else set())


def test_the_page_of_a_withdrawal_leads_to_the_receipt_of_its_own_order(key):
    for order in (unsent_order(), unsent_order()):
        line = order.lines.get()
        data = {"lines": line.pk, f"units_{line.pk}": 2, "confirm": "1", "form_key": str(key)}
        page = f"/orders/{order.token}/withdraw/"
        for _click in range(2):
            answer = Client().post(page, data)
            assert (answer.status_code, answer["Location"]) == (302, f"{page}?done={key}")
        assert Client().get(answer["Location"]).context["order"] == order
    assert Withdrawal.objects.count() == 2


def test_a_decision_with_another_returns_key_is_made(key):
    agent, rows = make_desk(), [ask(sent_order(1)), ask(sent_order(1))]
    for row in rows:
        made = decide(row, Verdict("decline", text=f"No to {row.number}."), form_key=key, by=agent)
        assert decide(row, Verdict("decline"), form_key=key, by=agent) == made
        assert made.parent == row


def test_goods_of_two_returns_are_noted_with_one_key(client, key):
    agent = make_desk()
    client.force_login(agent)
    for row in (ask(sent_order(1)), ask(sent_order(1))):
        decide(row, Verdict("refund_after"), form_key=uuid.uuid4(), by=agent)
        assert note(client, row, key=str(key)).status_code == 302
        row.refresh_from_db()
        assert row.status == "resolved"


def test_cancellations_of_two_orders_with_one_key(key):
    agent = make_agent()
    for order in (unsent_order(), unsent_order()):
        made = request_cancellation(order, {order.lines.get().pk: 1}, key=f"page-{key}", by=None)
        assert request_cancellation(order, None, key=f"page-{key}", by=None) == made
        case, line = make_case(order), order.lines.get()
        mine = cancel_line(case, line, quantity=1, reason=Cancellation.Reason.CUSTOMER_REQUEST, by=agent, key=key)
        assert (made.order, mine.order) == (order, order)
        assert len(said(case)) == 2


def test_a_case_opened_with_another_persons_key_is_their_own(key):
    order, agent = unsent_order(), make_agent()
    mine = make_case(body="Mine.", email="mia@example.com", form_key=key)
    others = [
        make_case(body="Theirs.", email="ben@example.com", form_key=key),
        make_case(order, body="Of the order.", form_key=key),
        make_case(order, body="A stranger's.", email="ben@example.net", form_key=key),
    ]
    assert make_case(body="Mine.", email="MIA@example.com", form_key=key) == mine
    assert [said(case) for case in (mine, *others)] == [["Mine."], ["Theirs."], ["Of the order."], ["A stranger's."]]
    facts = {"order": None, "name": "", "topic": Topic.QUESTION, "subject": "?", "by": agent, "is_note": True}
    made = [
        open_for_customer(email=email, body=email, form_key=key, **facts)
        for email in ("cy@example.com", "di@example.com")
    ]
    assert [said(case, "internal") for case in made] == [["cy@example.com"], ["di@example.com"]]


def test_what_is_written_into_two_cases_with_one_key_stands_in_both(key):
    agent = make_agent()
    cases = [make_case(email="mia@example.com"), make_case(email="ben@example.com")]
    for case in cases:
        for _click in range(2):
            where, _new = customer_goes_on(case, "More.", form_key=key)
            assert where == case
            customer_writes(case, "Again.", form_key=uuid.uuid5(key, "another form"))
            add_note(case, "A note.", by=agent, form_key=uuid.uuid5(key, "note"))
            agent_answers(case, "An answer.", by=agent, form_key=uuid.uuid5(key, "answer"))
        assert said(case)[1:] == ["More.", "Again.", "An answer."]
        assert said(case, "internal") == ["A note."]


def test_the_desk_says_how_its_own_answer_stands(client, key, settings):
    settings.UNDO_SECONDS = 10
    client.force_login(make_agent())
    for case in (make_case(), make_case()):
        data = {"message": "An answer.", "form_key": str(key), "seen": "999999", "send": "next"}
        answer = client.post(f"/desk/tickets/{case.pk}/reply/", data, follow=True)
        assert f"/desk/tickets/{case.pk}/#held" in answer.content.decode()
        kept = client.post(f"/desk/tickets/{case.pk}/draft/", {"message": "x", "form_key": str(key)}).json()
        assert kept["saved"] is False


def test_questions_to_suppliers_and_their_answers_and_hand_overs_with_one_key(key):
    agent = make_agent()
    for case in (make_case(), make_case()):
        asked = {"due_at": answer_due(timezone.now()), "by": agent, "form_key": key, "supplier": make_supplier()}
        question = ask_supplier(case, None, "Where is it?", **asked)
        assert ask_supplier(case, None, "Where is it?", **asked) == question
        assert supplier_answers(question, "Here.", form_key=key)
        assert not supplier_answers(question, "Here.", form_key=key)
        assert said(case, TicketMessage.Thread.SUPPLIER) == ["Where is it?", "Here."]
    assert SupplierQuestion.objects.count() == 2
    notes = [write_hand_over(name, form_key=key, by=make_agent(f"{name} Agent")) for name in ("Ada", "Mia")]
    assert ([note.body for note in notes], HandOver.objects.count()) == (["Ada", "Mia"], 2)
