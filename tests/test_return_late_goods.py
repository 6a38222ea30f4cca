"""Goods that came although they seemed lost, that came in part, or about which two people say different things."""

from __future__ import annotations

import uuid

import pytest
from django.test import Client

from orders.models import OrderLine, Refund, WorkItem
from support.models import Return, ReturnLine
from support.return_states import ReturnStatus
from support.returning.decide import Verdict, approve_decision, decide
from support.returning.flow import Found, hand_in, look_again, receive, reopen
from support.returning.proposal import propose
from support.returning.supplier_word import ACTS
from tests.dialogue import unexplained
from tests.factories import make_person
from tests.returning import ask, make_desk, no_right_to_withdraw, sent_order

pytestmark = pytest.mark.django_db


@pytest.fixture
def agent():
    return make_desk()


@pytest.fixture
def second():
    return make_person("second", is_superuser=True)


def ready(*units: int, agent) -> Return:
    row = ask(sent_order(*units))
    decide(row, Verdict("refund_after"), form_key=uuid.uuid4(), by=agent)
    row.refresh_from_db()
    return row


@pytest.fixture
def lost(agent):
    """A return of two units that were handed in and have not arrived."""
    row = ready(2, agent=agent)
    hand_in(row)
    look_again(row, "they seem to be lost", by=None)
    assert row.status == ReturnStatus.REVIEW
    return row


def line_of(row: Return) -> ReturnLine:
    return row.lines.order_by("pk").first()


def is_asked_about() -> bool:
    return WorkItem.objects.filter(reason="return_decision", closed_at=None).exists()


def inside(row: Return) -> str:
    return "\n".join(row.ticket.messages.filter(thread="internal").values_list("body", flat=True))


def decline(row: Return, agent, second) -> None:
    approve_decision(decide(row, Verdict("decline"), form_key=uuid.uuid4(), by=agent), by=second)
    row.refresh_from_db()


# --- what is declined after a part of it was paid


def test_the_rest_of_what_was_paid_in_part_may_be_asked_for_again(agent, second):
    row = ready(2, agent=agent)
    receive(row, {line_of(row).pk: Found(1, condition="as_new")}, by=agent)
    decline(row, agent, second)
    assert row.status == ReturnStatus.RESOLVED
    assert OrderLine.objects.get().in_returns == line_of(row).quantity == 1
    assert not is_asked_about()
    assert ask(row.order, {line_of(row).order_line_id: 1}).status == ReturnStatus.REQUESTED


def test_what_was_declined_and_comes_after_all_is_told_to_colleagues_once(agent, second):
    row = ready(2, agent=agent)
    receive(row, {line_of(row).pk: Found(1, condition="as_new")}, by=agent)
    decline(row, agent, second)
    told = {"line_id": line_of(row).supplier_line.line_id, "quantity_received": 2, "quantity_refused": 0}
    for _time in range(2):
        ACTS["received"](row, {"lines": [told]})
    assert inside(row).count("more came back than was paid for") == 1
    assert Refund.objects.count() == 1


def test_a_line_of_which_nothing_came_is_no_part_of_it_any_more(agent, second):
    row = ready(1, 2, agent=agent)
    first, other = row.lines.order_by("pk")
    receive(row, {first.pk: Found(1, condition="as_new")}, by=agent)
    decline(row, agent, second)
    assert row.lines.get() == first
    assert OrderLine.objects.get(pk=other.order_line_id).in_returns == 0
    assert OrderLine.objects.get(pk=first.order_line_id).in_returns == 1
    assert [text for text in unexplained() if text.startswith("V15")] == []


# --- what came although it seemed lost


def test_goods_that_seemed_lost_and_come_are_paid_as_was_agreed(lost):
    assert receive(lost, {line_of(lost).pk: Found(2)}, by=None)
    lost.refresh_from_db()
    assert lost.status == ReturnStatus.RESOLVED
    assert lost.received_at is not None
    assert Refund.objects.get().lines.get().quantity == 2
    assert not is_asked_about()
    assert [text for text in unexplained() if text.startswith("V15")] == []


def test_of_goods_that_seemed_lost_only_what_came_is_paid(lost):
    receive(lost, {line_of(lost).pk: Found(1)}, by=None)
    lost.refresh_from_db()
    assert lost.status == ReturnStatus.REVIEW
    assert Refund.objects.get().lines.get().quantity == 1
    assert is_asked_about()


def test_goods_that_seemed_lost_and_nobody_has_looked_at_are_told_to_colleagues(lost):
    assert any("never arrived" in one for one in propose(lost).why) == lost.shop_pays
    assert not receive(lost, {}, by=None, is_inspected=False)
    lost.refresh_from_db()
    assert lost.status == ReturnStatus.REVIEW
    assert lost.received_at is not None
    assert "the goods have come" in inside(lost)
    assert not any("never arrived" in one for one in propose(lost).why)


def test_while_a_second_person_is_asked_what_comes_is_theirs_to_judge(lost, agent):
    decide(lost, Verdict("decline"), form_key=uuid.uuid4(), by=agent)
    assert not receive(lost, {line_of(lost).pk: Found(2)}, by=None)
    lost.refresh_from_db()
    assert (lost.status, line_of(lost).received) == (ReturnStatus.REVIEW, 2)
    assert not Refund.objects.exists()
    assert "the goods have come" in inside(lost)


def test_what_was_declined_and_is_looked_at_again_is_not_paid_because_it_comes(agent):
    no_right_to_withdraw()
    row = ask(sent_order(1), reason="changed_mind")
    decide(row, Verdict("decline"), form_key=uuid.uuid4(), by=agent)
    row.refresh_from_db()
    assert reopen(row, "an objection", by=agent)
    assert not receive(row, {line_of(row).pk: Found(1)}, by=None)
    row.refresh_from_db()
    assert row.status == ReturnStatus.REVIEW
    assert not Refund.objects.exists()


def test_the_desk_notes_goods_that_seemed_lost(lost, agent, client: Client):
    client.force_login(agent)
    path, pk = f"/desk/returns/{lost.pk}/receive/", line_of(lost).pk
    assert path in client.get(f"/desk/returns/{lost.pk}/").content.decode()
    told = {f"came_{pk}": "on", f"units_{pk}": 2, f"refused_{pk}": 0, f"condition_{pk}": "as_new", f"note_{pk}": ""}
    assert client.post(path, told | {"form_key": str(uuid.uuid4())}).status_code == 302
    lost.refresh_from_db()
    assert lost.status == ReturnStatus.RESOLVED


# --- what one of us saw, and what the supplier says


def says(row: Return, received: int, refused: int = 0) -> ReturnLine:
    """Let the supplier say what it has; return the line as it stands then."""
    line = line_of(row)
    told = {"line_id": line.supplier_line.line_id, "quantity_received": received, "quantity_refused": refused}
    ACTS["received"](row, {"lines": [told | {"decision_reason": "worn"}]})
    return line_of(row)


def test_a_suppliers_copy_takes_nothing_from_what_one_of_us_saw(agent):
    row = ready(2, agent=agent)
    seen = Found(1, condition="damaged", note="Shelf 4", written_off=True)
    receive(row, {line_of(row).pk: seen}, by=agent)
    line = says(row, 0)
    assert (line.received, line.refused) == (1, 0)
    line = says(row, 2, 1)
    assert (line.received, line.refused) == (2, 1)
    assert (line.condition, line.note, line.written_off) == ("damaged", "Shelf 4", True)


def test_a_supplier_may_correct_what_only_it_has_said(agent):
    row = ready(2, agent=agent)
    assert says(row, 2, 1).refused == 1
    line = says(row, 1, 1)
    assert (line.received, line.refused, line.note) == (1, 1, "worn")
