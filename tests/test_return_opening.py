"""Agents open returns for customers, find those that wait, and see all of one in the admin."""

from __future__ import annotations

import uuid

import pytest
from django.utils import timezone

from notifications.models import Notification
from orders.keys import bound_key
from orders.models import Cancellation, Event, WorkItem
from shop.words import exact_moment
from support.actions.ticket import tell_thread
from support.models import Claim, Return, TicketMessage, Withdrawal
from support.return_states import ReturnStatus
from support.returning.decide import Verdict, decide
from tests.casework import make_case
from tests.factories import make_paid_order, make_person, make_supplier, make_variant
from tests.returning import ask, decide_on_page, make_desk, make_staff, no_right_to_withdraw, sent_order
from tests.test_queries import cost

pytestmark = pytest.mark.django_db
PNG = b"\x89PNG"


@pytest.fixture
def agent(client):
    person = make_desk()
    client.force_login(person)
    return person


def screen(client, row: Return) -> str:
    answer = client.get(f"/desk/returns/{row.pk}/")
    assert answer.status_code == 200
    return answer.content.decode()


def said(row: Return, thread: str = "customer") -> str:
    return "\n".join(row.ticket.messages.filter(thread=thread).values_list("body", flat=True))


# --- an agent opens one


def test_an_agent_opens_a_return_in_the_customers_case(client, agent):
    order = sent_order(2)
    case = make_case(order)
    line = order.lines.get()
    path = f"/desk/tickets/{case.pk}/return/"
    assert path in client.get(f"/desk/tickets/{case.pk}/").content.decode()
    key = str(uuid.uuid4())
    data = {
        f"units_{line.pk}": 1,
        "reason": "damaged",
        "solution": "replacement",
        "form_key": key,
        "words": "By phone.",
    }
    for _time in range(2):
        answer = client.post(path, data)
    row = Return.objects.get()
    assert answer.url == f"/desk/returns/{row.pk}/"
    assert (row.ticket_id, row.opened_by, row.solution) == (case.pk, agent, "replacement")
    assert "By phone." in said(row, "internal")
    assert "By phone." not in said(row)
    assert "Opened by" in screen(client, row)


def test_a_withdrawal_by_telephone_needs_no_reason_and_nobody_to_agree(client, agent):
    order = sent_order(1)
    case, line = make_case(order), order.lines.get()
    data = {f"units_{line.pk}": 1, "reason": "withdrawal", "solution": "refund"}
    client.post(f"/desk/tickets/{case.pk}/return/", data)
    row = Return.objects.get()
    assert (row.basis, row.reason, row.status) == ("withdrawal", "", ReturnStatus.READY)


def test_a_withdrawal_by_telephone_is_written_down_and_has_its_receipt_like_any_other(client, agent, relay):
    order = sent_order(2, supplier=make_supplier(contact_email="desk@supplier.example"))
    case, line, key = make_case(order), order.lines.get(), uuid.uuid4()
    data = {f"units_{line.pk}": 2, "reason": "withdrawal", "solution": "refund", "form_key": str(key)}
    for _click in range(2):
        answer = client.post(f"/desk/tickets/{case.pk}/return/", data | {"words": "She was cross."})
    row, noted = Return.objects.get(), Withdrawal.objects.get()
    assert answer.url == f"/desk/returns/{row.pk}/"
    assert (row.basis, row.status, row.opened_by, row.ticket_id) == ("withdrawal", "accepted", agent, case.pk)
    assert (noted.form_key, noted.units, noted.words) == (bound_key(key, order), {str(line.pk): 2}, "")
    relay.run_until_idle()
    receipt = Notification.objects.get(kind="withdrawal-received")
    assert exact_moment(Event.objects.get(kind="order.withdrawn").at) in receipt.text
    assert receipt.recipient == order.email
    assert "cross" not in receipt.text
    assert "She was cross." in said(row, "internal")
    assert not Notification.objects.filter(kind="return-asked").exists()


def test_a_withdrawal_by_telephone_stops_what_has_not_left(client, agent, relay):
    order = make_paid_order((make_variant(make_supplier(), name="Oak board"), 2))
    case, line, path = make_case(order), order.lines.get(), "/desk/tickets/{}/return/"
    data = {f"unsent_{line.pk}": 1, "solution": "refund", "form_key": str(uuid.uuid4())}
    assert "has not left" in client.get(path.format(case.pk)).content.decode()
    wrong = client.post(path.format(case.pk), data | {"reason": "damaged"})
    assert wrong.status_code == 422
    for _click in range(2):
        answer = client.post(path.format(case.pk), data | {"reason": "withdrawal", "words": "By phone."})
        assert answer.url == f"/desk/tickets/{case.pk}/"
    assert (Cancellation.objects.get().lines.get().quantity, Return.objects.count()) == (1, 0)
    assert "By phone." in "".join(case.messages.filter(thread="internal").values_list("body", flat=True))
    relay.run_until_idle()
    assert "1 × Oak board" in Notification.objects.get(kind="withdrawal-received").text


def test_a_withdrawal_is_for_money_and_in_its_time(client, agent):
    order = sent_order(1)
    case, line = make_case(order), order.lines.get()
    data = {f"units_{line.pk}": 1, "reason": "withdrawal", "solution": "replacement"}
    answer = client.post(f"/desk/tickets/{case.pk}/return/", data)
    assert answer.status_code == 422
    assert "Who withdraws wants money back." in answer.content.decode()
    no_right_to_withdraw()
    answer = client.post(f"/desk/tickets/{case.pk}/return/", data | {"solution": "refund"})
    assert answer.status_code == 422
    assert "The time to withdraw from the contract is over." in answer.content.decode()
    assert not Return.objects.exists()


def test_for_whom_an_agent_asks_no_rule_settles_it_with_a_part(client, agent):
    no_right_to_withdraw(accepts_by_rule=True)
    order = sent_order(1)
    case, line = make_case(order), order.lines.get()
    data = {f"units_{line.pk}": 1, "reason": "damaged", "solution": "keep"}
    client.post(f"/desk/tickets/{case.pk}/return/", data)
    assert Return.objects.get().status == ReturnStatus.REQUESTED


def test_an_agent_may_open_what_no_rule_offers_and_then_a_person_decides_it(client, agent):
    no_right_to_withdraw(return_days=0, accepts_by_rule=True)
    order = sent_order(1)
    case, line = make_case(order), order.lines.get()
    data = {f"units_{line.pk}": 1, "reason": "changed_mind", "solution": "refund"}
    client.post(f"/desk/tickets/{case.pk}/return/", data)
    row = Return.objects.get()
    assert (row.basis, row.status) == ("goodwill", ReturnStatus.REQUESTED)


@pytest.mark.parametrize(
    "bad", [{"units": 0}, {"units": 9}, {"units": "x"}, {"solution": "exchange"}, {"reason": "nonsense"}]
)
def test_what_cannot_be_opened_is_said_and_what_was_typed_stays(client, agent, bad):
    order = sent_order(2)
    case, line = make_case(order), order.lines.get()
    data = {f"units_{line.pk}": bad.pop("units", 1), "reason": "damaged", "solution": "refund", "words": "Kept."} | bad
    answer = client.post(f"/desk/tickets/{case.pk}/return/", data)
    assert answer.status_code == 422
    assert "Kept." in answer.content.decode()
    assert not Return.objects.exists()


def test_units_that_are_in_a_return_already_are_not_offered(client, agent):
    order = sent_order(1)
    row = ask(order)
    page = client.get(f"/desk/tickets/{row.ticket_id}/return/").content.decode()
    assert "Nothing of this order can be sent back" in page


# --- the list, the inbox and the work


def test_the_list_has_each_return_where_it_waits(client, agent):
    rows = {name: ask(sent_order(1, supplier=make_supplier(name))) for name in ("decide", "second", "goods", "here")}
    decide(rows["second"], Verdict("decline"), form_key=uuid.uuid4(), by=agent)
    for name in ("goods", "here"):
        decide(rows[name], Verdict("refund_after"), form_key=uuid.uuid4(), by=agent)
    Return.objects.filter(pk=rows["here"].pk).update(status="received", received_at=timezone.now())
    for name, row in rows.items():
        page = client.get("/desk/returns/", {"view": name}).content.decode()
        assert [one.number for one in rows.values() if f">{one.number}<" in page] == [row.number]
    page = client.get("/desk/returns/", {"q": rows["here"].order.number}).content.decode()
    assert rows["here"].number in page
    assert rows["goods"].number not in page
    page = client.get("/desk/returns/", {"view": "open", "supplier": "goods", "reason": "defective"}).content.decode()
    assert rows["goods"].number in page
    assert rows["decide"].number not in page


@pytest.mark.parametrize("query", ["view=x", "page=99", "page=x", "q=%FF", "reason=x&supplier=x", "q=" + "x" * 500])
def test_a_list_asked_for_nonsense_is_a_list(client, agent, query):
    assert client.get(f"/desk/returns/?{query}").status_code == 200


def test_a_request_is_among_the_returns_to_decide_in_the_inbox(client, agent):
    row = ask(sent_order(1))
    assert row.ticket.number in client.get("/desk/?view=returns").content.decode()
    decide_on_page(client, row, choice="refund_keep")
    assert row.ticket.number not in client.get("/desk/?view=returns").content.decode()


def test_the_work_leads_to_the_screen(client, agent):
    row = ask(sent_order(1))
    decide_on_page(client, row, choice="decline")
    client.force_login(make_staff())
    item = WorkItem.objects.get(reason="return_decision")
    home = client.get("/admin/").content.decode()
    address = f"/admin/orders/workitem/{item.pk}/act/decide-return/"
    assert address in home
    assert client.get(address).url == f"/desk/returns/{row.pk}/"
    item.refresh_from_db()
    assert item.is_open


def test_the_pages_cost_the_same_for_few_and_many(client):
    person = make_person(is_superuser=True, is_staff=True)
    client.force_login(person)
    supplier = make_supplier()
    variant = make_variant(supplier, stock=500)
    costs = []
    for count in (2, 12):
        for _number in range(count):
            row = ask(sent_order(1, supplier=supplier, variants=[variant]))
            tell_thread(row.ticket, "internal", "x", author="agent", by=person)
        pages = ["/desk/returns/?view=open", f"/desk/returns/{row.pk}/", "/admin/support/return/"]
        costs.append([cost(client, page) for page in pages])
    assert costs[0] == costs[1]
    assert costs[0][0] <= 12, costs
    assert costs[0][1] <= 40, costs


def test_the_admin_shows_all_of_a_return_and_changes_nothing(client, agent):
    row = ask(sent_order(1))
    decide_on_page(client, row, choice="refund_keep")
    client.force_login(make_staff())
    page = client.get(f"/admin/support/return/{row.pk}/change/").content.decode()
    for words in (row.number, Claim.objects.get().number, "Refund without return", f"/desk/returns/{row.pk}/"):
        assert words in page, words
    assert 'name="_save"' not in page
    for model in ("claim", "replacement"):
        assert client.get(f"/admin/support/{model}/").status_code == 200
    assert TicketMessage.objects.filter(ticket=row.ticket).exists()
