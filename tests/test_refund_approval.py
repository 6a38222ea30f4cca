"""Above a cap a second person decides: never the same one, once, and the customer hears only of what happens."""

from __future__ import annotations

from uuid import uuid4

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse

from orders.actions.refund_by_hand import (
    AlreadyDecided,
    MayNotApprove,
    QuoteChanged,
    approve_refund,
    decline_refund,
)
from orders.actions.refund_caps import cap_of, is_within_cap
from orders.models import Refund, RefundCap, RefundRequest, WorkItem
from support.actions.ticket import open_ticket
from support.models import TicketMessage, Topic
from tests.factories import make_person, make_supplier, make_variant
from tests.paying_back import delivered, pay_back, preview, wish
from tests.work import is_closed, press

pytestmark = pytest.mark.django_db


@pytest.fixture
def order():
    """Three things for 12.50 with 3.90 delivery; agents may pay back 15.00 at once and 30.00 in all."""
    RefundCap.objects.filter(group__name="Support agents").update(per_refund_minor=1500, per_order_minor=3000)
    RefundCap.objects.filter(group__name="Store staff").update(per_refund_minor=5000, per_order_minor=5000)
    return delivered((make_variant(make_supplier()), 3))


@pytest.fixture
def agent():
    return make_person("ada@example.com", role="Support agents", name="Ada Agent")


@pytest.fixture
def staff():
    return make_person("sam@example.com", role="Store staff", name="Sam Staff")


def asked(order, agent) -> RefundRequest:
    return pay_back(order, wish("defective", units={order.lines.get(): 3}), by=agent).request


def case(order):
    facts = {"email": order.email, "name": "", "topic": Topic.DEFECTIVE, "subject": "?", "body": "?"}
    return open_ticket(order=order, form_key=uuid4(), **facts)


def thread(ticket, name: str) -> list[str]:
    return list(TicketMessage.objects.filter(ticket=ticket, thread=name).order_by("pk").values_list("body", flat=True))


def test_each_role_has_its_cap_superusers_none_and_everybody_else_nothing(agent, staff):
    assert (cap_of(agent, "EUR").per_refund_minor, cap_of(agent, "EUR").per_order_minor) == (15_000, 30_000)
    assert cap_of(staff, "EUR").per_refund_minor == 100_000
    # No cap was set in yen, so nobody may pay back any by themselves.
    assert cap_of(staff, "JPY").per_refund_minor == cap_of(make_person(), "EUR").per_refund_minor == 0
    assert cap_of(make_person(is_superuser=True), "EUR") is None


def test_within_the_cap_it_goes_out_at_once_and_all_by_hand_for_one_order_counts(order, agent):
    line = order.lines.get()
    other = make_person(role="Support agents")

    assert pay_back(order, wish(money={line: 1500}), by=agent, key="1").request is None
    assert pay_back(order, wish(money={line: 1400}), by=other, key="2").request is None
    third = pay_back(order, wish(money={line: 200}), by=agent, key="3")

    assert third.refunds == ()
    assert third.request.amount_minor == 200
    assert order.refunds.count() == 2


def test_what_failed_does_not_count_against_the_cap(order, agent):
    line = order.lines.get()
    (refund,) = pay_back(order, wish(money={line: 1500}), by=agent).refunds
    Refund.objects.filter(pk=refund.pk).update(status="failed")

    assert is_within_cap(agent, order, 1500)


def test_above_the_cap_nothing_is_paid_and_a_person_is_asked_with_the_money_at_stake(order, agent, relay, mailbox):
    request = asked(order, agent)
    relay.run_until_idle()

    item = WorkItem.objects.get(reason="refund_approval", closed_at=None)
    assert (request.status, request.amount_minor, item.money_minor) == ("asked", 4140, 4140)
    assert order.refunds.count() == 0
    assert not [mail for mail in mailbox() if "Refund" in mail["Subject"]]


def test_another_person_approves_it_and_it_goes_out_once(order, agent, staff, relay):
    request = asked(order, agent)

    refunds = [approve_refund(request, by=staff), approve_refund(request, by=staff)]

    assert refunds[0] == refunds[1]
    refund = order.refunds.get()
    assert (refund.amount_minor, refund.reason, refund.requested_by) == (4140, "defective", agent)
    assert (request.status, request.decided_by) == ("approved", staff)
    assert not WorkItem.objects.filter(reason="refund_approval", closed_at=None).exists()


def test_nobody_approves_their_own_not_even_with_every_right(order):
    boss = make_person(is_superuser=True)
    RefundCap.objects.all().delete()
    agent = make_person(role="Support agents")
    request = asked(order, agent)
    RefundRequest.objects.update(asked_by=boss)
    request.refresh_from_db()

    with pytest.raises(MayNotApprove):
        approve_refund(request, by=boss)
    with pytest.raises(IntegrityError), transaction.atomic():
        RefundRequest.objects.update(status="approved", decided_by=boss)
    assert order.refunds.count() == 0


def test_whoever_approves_needs_the_right_and_a_cap_that_holds_it(order, agent, staff):
    request = asked(order, agent)
    RefundCap.objects.filter(group__name="Store staff").update(per_refund_minor=4139, per_order_minor=9999)

    for person in (staff, make_person(role="Support agents"), make_person(role="Pharmacists")):
        with pytest.raises(MayNotApprove):
            approve_refund(request, by=person)

    assert approve_refund(request, by=make_person(is_superuser=True))


def test_what_has_changed_since_it_was_asked_is_not_approved_unseen(order, agent, staff):
    request = asked(order, agent)
    pay_back(order, wish(money={order.lines.get(): 100}), by=agent, key="meanwhile")

    with pytest.raises(QuoteChanged) as changed:
        approve_refund(request, by=staff)
    assert order.refunds.count() == 1

    # Seen as it is now, it may be.
    (refund,) = approve_refund(request, shown=changed.value.quote.shown(), by=staff)
    assert refund.amount_minor == 4040


def test_a_declined_refund_is_told_to_its_asker_and_never_to_the_customer(order, agent, staff, relay, mailbox, client):
    ticket = case(order)
    client.force_login(agent)
    pk = order.lines.get().pk
    url = f"/desk/tickets/{ticket.pk}/lines/{pk}/refund/"
    answer = client.post(url, preview(client, url, {f"units_{pk}": "3", "reason": "defective"}), follow=True)
    assert "€41.40 waits for approval" in answer.content.decode()
    request = RefundRequest.objects.get()

    decline_refund(request, answer="Ask for a photo first.", by=staff)
    relay.run_until_idle()

    assert thread(ticket, "internal") == [
        "€41.40 waits for approval; asked by Ada.",
        "€41.40: declined by Sam. Ask for a photo first.",
    ]
    assert thread(ticket, "customer") == ["?"]
    assert [mail for mail in mailbox() if "efund" in mail["Subject"]] == []
    with pytest.raises(AlreadyDecided):
        approve_refund(request, by=staff)


def test_an_approved_refund_is_told_in_the_case_it_was_asked_from_once(order, agent, staff, relay, mailbox, client):
    ticket = case(order)
    client.force_login(agent)
    pk = order.lines.get().pk
    url = f"/desk/tickets/{ticket.pk}/lines/{pk}/refund/"
    client.post(url, preview(client, url, {f"units_{pk}": "3", "reason": "defective"}))

    approve_refund(RefundRequest.objects.get(), by=staff)
    relay.run_until_idle()
    relay.run_until_idle()

    assert thread(ticket, "customer")[1:] == [f"We are paying you back €41.40 for {order.lines.get().name}."]
    assert len([mail for mail in mailbox() if mail["Subject"].strip().startswith("Refund of")]) == 1


def test_a_request_of_which_nothing_is_left_ends_by_itself(order, agent, staff, relay):
    request = asked(order, agent)
    pay_back(order, wish(units={order.lines.get(): 3}), by=make_person(is_superuser=True), key="meanwhile")
    relay.run_until_idle()

    request.refresh_from_db()
    assert (request.status, request.decided_by) == ("lapsed", None)
    assert not WorkItem.objects.filter(reason="refund_approval", closed_at=None).exists()
    with pytest.raises(AlreadyDecided):
        approve_refund(request, by=staff)


def test_the_button_of_the_work_list_approves_exactly_what_was_asked(order, agent, staff, client):
    request = asked(order, agent)
    item = WorkItem.objects.get(reason="refund_approval")
    client.force_login(staff)

    page = press(client, item, "approve-refund").content.decode()

    assert "€41.40 goes back." in page
    assert is_closed(item)
    request.refresh_from_db()
    assert request.status == "approved"


def test_the_page_shows_every_amount_and_decides(order, agent, staff, client):
    request = asked(order, agent)
    client.force_login(staff)
    url = reverse("admin:orders_refundrequest_change", args=[request.pk])
    decide = reverse("admin:orders_refundrequest_decide", args=[request.pk])
    page = client.get(url).content.decode()
    assert "Approve: pay back €41.40" in page
    assert "€7.74" in page

    answer = client.post(decide, {"decide": "decline", "answer": ""}, follow=True)
    assert "say why" in answer.content.decode()
    client.post(decide, {"decide": "approve", "shown": page.split('name="shown" value="')[1].split('"')[0]})

    request.refresh_from_db()
    assert (request.status, order.refunds.get().amount_minor) == ("approved", 4140)
    assert "Paid back" in client.get(url).content.decode()


def test_the_page_shows_what_changed_and_pays_nothing_of_what_nobody_saw(order, agent, staff, client):
    request = asked(order, agent)
    client.force_login(staff)
    url = reverse("admin:orders_refundrequest_change", args=[request.pk])
    shown = client.get(url).content.decode().split('name="shown" value="')[1].split('"')[0]
    pay_back(order, wish(money={order.lines.get(): 100}), by=agent, key="meanwhile")

    decide = reverse("admin:orders_refundrequest_decide", args=[request.pk])
    page = client.post(decide, {"decide": "approve", "shown": shown}, follow=True).content.decode()

    assert "Nothing was paid, for something has changed meanwhile" in page
    assert "Approve: pay back €40.40" in page
    assert order.refunds.count() == 1


@pytest.mark.parametrize("role", ["Support agents", "Pharmacists", ""])
def test_who_may_not_reach_the_approval_pages(order, agent, client, role):
    request = asked(order, agent)
    client.force_login(make_person(role=role))
    decide = reverse("admin:orders_refundrequest_decide", args=[request.pk])

    for answer in (
        client.get(reverse("admin:orders_refundrequest_change", args=[request.pk])),
        client.post(decide, {"decide": "approve"}),
        client.get(reverse("admin:orders_order_refund", args=[order.pk])),
    ):
        assert answer.status_code in {302, 403}
    request.refresh_from_db()
    assert (request.status, order.refunds.count()) == ("asked", 0)


def test_store_staff_may_not_raise_their_own_caps(staff, client):
    client.force_login(staff)
    cap = RefundCap.objects.get(group__name="Store staff")
    url = reverse("admin:orders_refundcap_change", args=[cap.pk])

    assert client.get(url).status_code == 200
    typed = {"group": cap.group_id, "currency": "EUR", "per_refund_minor": 9, "per_order_minor": 9}
    assert client.post(url, typed).status_code == 403
    cap.refresh_from_db()
    assert cap.per_refund_minor == 100_000
