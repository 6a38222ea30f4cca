"""When many cards are refused, everybody is asked a question for a while, without script (bar S7)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.utils import timezone

from orders.actions.defence import call_off, is_circuit_open, look_at_circuit
from orders.challenge import is_right, new_question
from orders.models import CardCircuit, CardDecline, Order, WorkItem
from tests.card_testing import (
    answer_question,
    answer_to,
    attack,
    browser,
    event,
    opens,
    order,
    pay,
    question_on,
)
from tests.factories import make_supplier, make_variant

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 11, 28, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def as_shipped(settings):
    """Set every limit to what the shop ships with (the tests' environment switches some off)."""
    settings.PAY_PAGES_PER_VISITOR, settings.PAY_PAGES_PER_NETWORK = 5, 10
    settings.CARD_DECLINES_PER_VISITOR, settings.CARD_DECLINES_PER_NETWORK = 8, 16


@pytest.fixture(name="sku")
def sku_fixture(db):
    return make_variant(make_supplier(), stock=None).sku


def test_many_refused_cards_bring_a_question_that_a_person_passes_without_script(sku):
    attack(sku, 15)
    assert not is_circuit_open()
    attack(sku, 1)
    assert is_circuit_open()
    item = WorkItem.objects.get(reason="card_testing")
    assert "16 of the last 50 cards were refused" in item.summary

    honest = browser("81.2.69.1", sku=sku)
    answer = order(honest, note="typed with care")
    assert answer["Location"] == "/checkout/check/"
    page = honest.get("/checkout/check/").content.decode()
    assert "One question first" in page
    assert "<script" not in page.partition("<main")[2].partition("</main>")[0]
    wrong = honest.post("/checkout/check/", {"answer": "no idea"})
    assert wrong.status_code == 422
    assert "That is not it." in wrong.content.decode()
    assert answer_to(question_on(wrong))
    nothing = honest.post("/checkout/check/", {"answer": ""})
    assert nothing.status_code == 422
    # Nothing typed, the same question.
    assert question_on(nothing) == question_on(wrong)

    back = answer_question(honest)
    assert back["Location"] == "/checkout/"
    form = honest.get("/checkout/").content.decode()
    assert "Thank you. Everything is as you left it" in form
    assert "typed with care" in form
    assert opens(honest, note="typed with care")
    # One answer, one pay page; going back to that page needs none.
    assert opens(honest, note="typed with care")
    assert order(honest, city="Cork")["Location"] == "/checkout/check/"


def test_the_circuit_closes_by_itself_and_asks_one_person_once(sku):
    with time_machine.travel(NOON, tick=False) as clock:
        attack(sku, 20)
        assert is_circuit_open()
        for _minute in range(20):
            look_at_circuit(now=timezone.now())
        assert WorkItem.objects.filter(reason="card_testing").count() == 1
        clock.shift(timedelta(minutes=61))
        assert not look_at_circuit(now=timezone.now())
        assert not WorkItem.objects.filter(reason="card_testing", closed_at=None).exists()
        assert opens(browser("81.2.69.1", sku=sku))


def test_good_cards_close_it_too_but_not_the_first_of_them(sku):
    with time_machine.travel(NOON, tick=False) as clock:
        attack(sku, 16)
        for number in range(50):
            clock.shift(1)
            visitor = browser(f"83.{number}.1.1", sku=sku)
            if not opens(visitor, email=f"{number}@example.org"):
                answer_question(visitor)
                assert opens(visitor, email=f"{number}@example.org")
            pay(Order.objects.latest("pk"))
        assert look_at_circuit(now=timezone.now())
        clock.shift(timedelta(minutes=10))
        assert not look_at_circuit(now=timezone.now())


def test_a_person_can_call_it_off(sku):
    with time_machine.travel(NOON, tick=False) as clock:
        attack(sku, 16)
        assert call_off(CardCircuit.objects.get(), now=timezone.now())
        assert not call_off(CardCircuit.objects.get(), now=timezone.now())
        attack(sku, 1)
        assert not is_circuit_open()
        assert not WorkItem.objects.filter(reason="card_testing", closed_at=None).exists()
        clock.shift(timedelta(minutes=59))
        attack(sku, 17)
        assert not is_circuit_open()


def test_an_old_refusal_told_late_is_no_attack_of_now(sku):
    opens(browser(sku=sku))
    made, yesterday = Order.objects.get(), timezone.now() - timedelta(days=1)
    for number in range(20):
        subject = {"id": "pi_1", "metadata": {"order": made.number}, "latest_charge": f"ch_old{number}"}
        event("payment_intent.payment_failed", subject, at=yesterday.timestamp())
    assert CardDecline.objects.count() == 20
    assert not is_circuit_open()


def test_a_question_without_a_reason_leads_back_to_the_checkout(client):
    assert client.get("/checkout/check/")["Location"] == "/checkout/"
    assert client.post("/checkout/check/", {"answer": "x"})["Location"] == "/checkout/"


def test_guessing_is_limited(sku, settings):
    attack(sku, 16)
    visitor = browser(sku=sku)
    order(visitor)
    visitor.get("/checkout/check/")
    answers = [visitor.post("/checkout/check/", {"answer": "lamp?"}).status_code for _guess in range(22)]
    assert set(answers[:20]) == {422}
    assert answers[-1] == 429


def test_every_question_has_an_answer_a_person_can_give():
    for _time in range(300):
        text, answers = new_question()
        assert is_right(f" {answer_to(text)}. ", answers), text
        assert not is_right("", answers)
        assert not is_right("forty-two", answers)
