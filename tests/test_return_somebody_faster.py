"""What a customer has typed stays when somebody was faster, and what is asked once more before it is done."""

from __future__ import annotations

import re
import uuid
from importlib import import_module

import pytest

from orders.actions.cancel import request_cancellation
from shop.models import Variant
from support.models import Choice, Return
from support.returning.asking import Wanted, ask_return
from support.returning.decide import Verdict, approve_decision, decide
from support.returning.flow import cancel_return, look_again
from support.returning.withdrawing import withdraw
from tests.casework import make_case, said
from tests.factories import make_paid_order, make_person, make_supplier, make_variant
from tests.products import make_kettle
from tests.returning import make_desk, make_staff, no_right_to_withdraw
from tests.sending_back import fields_of, make_sent_order, words_of

pytestmark = pytest.mark.django_db
CHANGED = "What can go back has changed meanwhile."


@pytest.fixture
def order():
    return make_sent_order((make_variant(make_supplier(), name="Oak board", price_minor=2000), 2))


def somebody_is_faster(order, units: int = 1) -> None:
    line = order.lines.order_by("pk").first()
    ask_return(order, Wanted({line.pk: units}, reason="defective"), form_key=uuid.uuid4())


def just_before(monkeypatch, deed: str, order, units: int = 1) -> None:
    """Let somebody be faster in the moment between a form that is right and what it asks for."""
    module, name = deed.rsplit(".", 1)
    real = getattr(import_module(module), name)

    def late(*args, **kwargs):
        somebody_is_faster(order, units)
        return real(*args, **kwargs)

    monkeypatch.setattr(deed, late)


@pytest.mark.parametrize("taken", [1, 2])
def test_a_request_that_came_too_late_keeps_what_was_typed(client, order, monkeypatch, taken):
    path = f"/orders/{order.token}/returns/new/"
    typed = {"reason": "defective", "solution": "refund", "words": "It has a crack from end to end."}
    check = client.post(path, fields_of(client.get(path).content.decode()) | typed)
    just_before(monkeypatch, "support.views.return_request.ask_return", order, taken)

    answer = client.post(path, fields_of(check.content.decode()) | {"send": "1"})

    assert answer.status_code == 422
    assert CHANGED in words_of(answer)
    assert Return.objects.count() == 1
    if taken == 1:
        assert "It has a crack from end to end." in words_of(answer)
        assert fields_of(answer.content.decode())["reason"] == "defective"


def test_a_withdrawal_that_came_too_late_keeps_what_was_chosen(client, monkeypatch):
    supplier = make_supplier()
    goods = [(make_variant(supplier, name=name), 1) for name in ("Oak board", "Knife")]
    order = make_sent_order(*goods)
    path = f"/orders/{order.token}/withdraw/"
    second = order.lines.order_by("pk").last()
    check = client.post(path, fields_of(client.get(path).content.decode()))
    just_before(monkeypatch, "support.views.withdrawal.withdraw", order)

    answer = client.post(path, fields_of(check.content.decode()) | {"confirm": "1"})

    assert answer.status_code == 422
    assert CHANGED in words_of(answer)
    assert fields_of(answer.content.decode())["lines"] == [str(second.pk)]
    assert Return.objects.count() == 1


@pytest.fixture
def declined(order) -> Return:
    row = ask_return(order, Wanted({order.lines.get().pk: 1}, reason="defective"), form_key=uuid.uuid4())[0]
    boss, second = make_person("a", is_superuser=True), make_person("b", is_superuser=True)
    approve_decision(decide(row, Verdict(Choice.DECLINE), form_key=uuid.uuid4(), by=boss), by=second)
    row.refresh_from_db()
    return row


def test_an_objection_stands_in_the_case_though_it_is_looked_at_anew_already(client, declined):
    look_again(declined, "somebody looks at it again", by=None)
    path = f"{declined.get_absolute_url()}objection/"
    empty = client.post(path, {"message": ""})
    assert empty.status_code == 422
    assert "Object to the decision" in words_of(empty)

    answer = client.post(path, {"message": "It is the very one."}, follow=True)

    assert "Your objection is with us" in words_of(answer)
    assert any("It is the very one." in text for text in said(declined.ticket))


def test_an_objection_to_what_was_decided_anew_stands_in_the_case(client, declined):
    look_again(declined, "somebody looks at it again", by=None)
    declined.refresh_from_db()
    boss = make_person("c", is_superuser=True)
    decide(declined, Verdict(Choice.REFUND_AFTER, goods_back=True), form_key=uuid.uuid4(), by=boss)
    answer = client.post(f"{declined.get_absolute_url()}objection/", {"message": "The very one."}, follow=True)
    assert "Meanwhile it was decided anew" in words_of(answer)
    assert any("The very one." in text for text in said(declined.ticket))


def test_a_withdrawal_is_taken_back_only_after_it_was_asked_once_more(client, order):
    withdrawn = withdraw(order, None, form_key=uuid.uuid4()).returns[0]
    page = client.get(withdrawn.get_absolute_url()).content.decode()
    asked = page.partition("<summary>Take the request back</summary>")[2].partition("</details>")[0]
    assert "the contract stands as before" in asked
    assert "Yes, take the withdrawal back" in asked
    assert page.count("/cancel/") == 1

    client.force_login(make_staff())
    desk = client.get(f"/desk/returns/{withdrawn.pk}/").content.decode()
    asked = desk.partition("<summary>The customer takes it back</summary>")[2].partition("</details>")[0]
    assert "It is a withdrawal from the contract" in asked
    assert 'value="cancel"' in asked
    assert desk.count('value="cancel"') == 1


def test_who_has_cancelled_is_not_told_to_have_withdrawn(client):
    order = make_paid_order((make_variant(make_supplier(), price_minor=2000), 1))
    request_cancellation(order, key="c-1", by=None)
    said = words_of(client.get(f"/orders/{order.token}/withdraw/"))
    assert "Nothing is left to withdraw from" in said
    assert "You have withdrawn" not in said


def test_an_agent_is_offered_only_what_can_take_the_place_of_the_goods(client):
    client.force_login(make_desk())
    colours = [{"Colour": name} for name in ("Red", "Blue", "Green", "Gold", "Grey")]
    red, blue, green, gold, grey = make_kettle(make_supplier(), options=colours, price_minor=2000)
    Variant.objects.filter(pk=blue.pk).update(price_minor=1500)
    Variant.objects.filter(pk=gold.pk).update(price_minor=9000)
    Variant.objects.filter(pk=grey.pk).update(is_active=False)
    order = make_sent_order((red, 1))
    page = client.get(f"/desk/tickets/{make_case(order).pk}/return/").content.decode()
    box = page.partition('name="exchange_for"')[2].partition("</select>")[0]
    offered = {int(pk) for pk in re.findall(r'value="(\d+)"', box)}
    assert offered == {blue.pk, green.pk}


def test_numbers_longer_than_any_are_no_error_of_the_server(client, order):
    no_right_to_withdraw()
    somebody_is_faster(order)
    row = Return.objects.get()
    client.force_login(make_staff())
    data = {"look": "1", "seen": f"1.{'9' * 5000}", "choice": "refund_after"}
    data |= {f"units_{line.pk}": str(line.quantity) for line in row.lines.all()}
    assert client.post(f"/desk/returns/{row.pk}/", data).status_code in {200, 422}


@pytest.mark.parametrize("answer", [{}, {"answer": ""}, {"answer": "maybe"}])
def test_no_answer_to_a_decision_is_none(client, order, answer):
    somebody_is_faster(order)
    row = Return.objects.get()
    made = decide(row, Verdict(Choice.DECLINE), form_key=uuid.uuid4(), by=make_person("a", is_superuser=True))
    client.force_login(make_person("b", is_superuser=True))
    said = client.post(f"/desk/returns/{row.pk}/answer/{made.pk}/", answer, follow=True)
    made.refresh_from_db()
    assert made.status == "asked"
    assert "Nothing was done." in said.content.decode()


def test_a_return_that_was_taken_back_shows_no_button(client, order):
    somebody_is_faster(order)
    row = Return.objects.get()
    cancel_return(row, by=None)
    assert "Take the request back" not in client.get(row.get_absolute_url()).content.decode()
