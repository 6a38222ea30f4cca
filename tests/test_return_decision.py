"""Agents decide a return on one screen: the rule's proposal, five choices, a second person where one is needed."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission
from django.utils import timezone

from orders.models import Event, OrderLine, Refund, RefundCap, Shipment, WorkItem
from suppliers.actions.credits import raise_credits
from suppliers.models import Offer, Supplier, SupplierReturn
from support.actions.ticket import tell_thread
from support.models import Claim, Replacement, Return, ReturnDecision
from support.return_states import DecisionStatus, ReturnStatus
from support.returning.decide import Verdict, decide, may_approve
from support.returning.flow import cancel_return
from support.returning.seconds import seconds_for
from support.uploads import Photo, store_photos
from tests.factories import make_person
from tests.returning import ask, decide_on_page, make_desk, make_staff, no_right_to_withdraw, sent_order, typed

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


# --- what is seen


def test_one_screen_shows_goods_reason_photos_customer_supplier_and_proposal(client, agent):
    order = sent_order(2)
    row = ask(order, words="The handle broke off.")
    message = row.ticket.messages.get(thread="customer")
    (photo,) = store_photos(message, [Photo("broken.png", PNG, "image/png")])
    Shipment.objects.update(delivered_at=timezone.now() - timedelta(days=12))
    page = screen(client, row)
    for words in (
        row.number, "It is faulty", "Money back", "12 days ago", "2 × Thing", "€12.50 each", "1 Quay, Cork",
        "The customer pays, unless it is our fault", "Cannot be asked by itself", "Alex Byrne",
        f"/support/files/{photo.token}/", "The rule proposes: Refund after return",
        "A fault (It is faulty): the law gives a remedy", "Refund without return", "Part refund", "Replacement", "Decline",
    ):  # fmt: skip
        assert words in page, words


def test_the_supplier_is_said_to_be_asked_as_it_is(client, agent):
    row = ask(sent_order(1))
    Supplier.objects.update(contact_email="hello@supplier.test")
    assert "Is asked by mail" in screen(client, row)
    Supplier.objects.update(capabilities=["returns"])
    assert "Takes returns through its API" in screen(client, row)


def test_what_it_costs_us_is_for_those_who_may_see_the_margin(client, agent):
    no_right_to_withdraw()
    row = ask(sent_order(1), reason="changed_mind")
    page = screen(client, row)
    assert "cost €5.00 each" not in page
    assert "Costs us" not in page
    client.force_login(make_staff())
    page = screen(client, row)
    assert "cost €5.00 each" in page
    # 12.50 and the delivery for goods that we have paid 5.00 for.
    assert "Costs us" in page


def test_photos_of_colleagues_are_for_agents(client, agent):
    row = ask(sent_order(1))
    note = tell_thread(row.ticket, "internal", "x", author="agent", by=agent)
    (photo,) = store_photos(note, [Photo("inside.png", PNG, "image/png")])
    assert photo.token in screen(client, row)
    client.force_login(make_staff())
    assert photo.token not in screen(client, row)
    client.logout()
    assert client.get(f"/support/files/{photo.token}/").status_code == 404


def test_what_cannot_be_chosen_is_shown_with_the_reason(client, agent):
    order = sent_order(1)
    row = ask(order)
    Offer.objects.update(availability="out_of_stock", stock=0)
    page = screen(client, row)
    assert "No supplier has it at the moment" in page
    answer = decide_on_page(client, row, choice="replacement")
    assert answer.status_code == 422
    assert "No supplier has it at the moment" in answer.content.decode()
    row.refresh_from_db()
    assert row.status == ReturnStatus.REQUESTED


# --- deciding


def test_the_proposal_is_two_clicks_away_from_the_case(client, agent):
    row = ask(sent_order(1))
    workspace = client.get(f"/desk/tickets/{row.ticket_id}/").content.decode()
    # One: the link in the case. Two: the button, for the proposal is chosen and its words are written.
    assert f'href="/desk/returns/{row.pk}/"' in workspace
    assert decide_on_page(client, row).status_code == 302
    row.refresh_from_db()
    assert (row.status, row.choice) == (ReturnStatus.READY, "refund_after")
    assert row.return_to == "1 Quay, Cork"
    assert SupplierReturn.objects.get().return_reference == row.number
    assert f"under the number {row.number}" in said(row)
    assert "decided by" in said(row, "internal")


def test_refund_without_return_pays_at_once_and_is_a_claim(client, agent):
    row = ask(sent_order(1))
    decide_on_page(client, row, choice="refund_keep")
    raise_credits(Event.objects.get(kind="refund.requested"))
    row.refresh_from_db()
    refund, claim = Refund.objects.get(), Claim.objects.get()
    assert row.status == ReturnStatus.RESOLVED
    assert claim.amount_minor == refund.amount_minor
    assert "keep it or give it away" in said(row)
    page = screen(client, row)
    assert Refund.objects.get().status in {"requested", "pending", "succeeded"}
    assert "Refund" in page
    assert claim.number in page
    assert "Owes us" not in page
    client.force_login(make_staff())
    assert "Owes us €5.00" in screen(client, row)


@pytest.mark.parametrize(("back", "state"), [("no", ReturnStatus.RESOLVED), ("yes", ReturnStatus.READY)])
def test_a_replacement_goes_at_once_or_after_the_goods_came_back(client, agent, back, state):
    row = ask(sent_order(1), solution="replacement")
    assert decide_on_page(client, row, goods_back=back).status_code == 302
    row.refresh_from_db()
    assert (row.choice, row.status) == ("replacement", state)
    assert Replacement.objects.exists() is (back == "no")


def test_a_part_refund_is_what_was_typed_and_its_words_say_so(client, agent):
    row = ask(sent_order(1), solution="keep")
    decide_on_page(client, row, choice="part_refund", amount="4,20")
    assert Refund.objects.get().amount_minor == 420
    assert "We are paying you back €4.20 of the price." in said(row)


@pytest.mark.parametrize("amount", ["", "0", "-3", "much", "1e9", "4.205", "99999", "\x00", "9" * 30])
def test_an_amount_that_makes_no_sense_is_asked_for_again_with_what_was_typed(client, agent, amount):
    row = ask(sent_order(1), solution="keep")
    answer = decide_on_page(client, row, choice="part_refund", amount=amount, text_part_refund="My own words.")
    assert answer.status_code == 422
    page = answer.content.decode()
    assert "There is a problem" in page
    assert "My own words." in page
    assert not ReturnDecision.objects.exists()


def test_no_more_than_is_left_is_paid_back_in_part(client, agent):
    row = ask(sent_order(1), solution="keep")
    answer = decide_on_page(client, row, choice="part_refund", amount="30")
    assert answer.status_code == 422
    assert "at most" in answer.content.decode()


def test_fewer_units_are_looked_at_before_they_are_decided(client, agent):
    no_right_to_withdraw()
    row = ask(sent_order(3), reason="changed_mind")
    (line,) = row.lines.all()
    answer = decide_on_page(client, row, **{f"units_{line.pk}": 2})
    page = answer.content.decode()
    # Nothing yet: the amounts on the page were those for three.
    assert answer.status_code == 200
    assert "for these units now" in page
    assert not ReturnDecision.objects.exists()
    again = typed(page)
    assert "2 × Thing" in again["text_refund_after"]
    assert client.post(f"/desk/returns/{row.pk}/", again).status_code == 302
    line.refresh_from_db()
    assert line.quantity == 2
    assert OrderLine.objects.get().in_returns == 2


def test_own_words_stay_when_the_units_change(client, agent):
    no_right_to_withdraw()
    row = ask(sent_order(3), reason="changed_mind")
    (line,) = row.lines.all()
    page = decide_on_page(client, row, **{f"units_{line.pk}": 2, "text_refund_after": "Mine.", "look": 1})
    assert typed(page.content.decode())["text_refund_after"] == "Mine."


def test_one_of_two_things_can_be_left_out(client, agent):
    no_right_to_withdraw()
    row = ask(sent_order(1, 1), reason="changed_mind")
    first, second = row.lines.all()
    page = decide_on_page(client, row, **{f"units_{second.pk}": 0, "look": 1}).content.decode()
    client.post(f"/desk/returns/{row.pk}/", typed(page))
    assert list(row.lines.values_list("pk", flat=True)) == [first.pk]
    assert OrderLine.objects.get(pk=second.order_line_id).in_returns == 0


@pytest.mark.parametrize("units", ["0", "-1", "4", "x", ""])
def test_units_that_make_no_sense_are_refused(client, agent, units):
    row = ask(sent_order(3))
    (line,) = row.lines.all()
    assert decide_on_page(client, row, **{f"units_{line.pk}": units}).status_code == 422
    assert not ReturnDecision.objects.exists()


@pytest.mark.parametrize("junk", [{"choice": "everything"}, {"choice": ""}, {"form_key": "x"}, {"seen": "1.x-|"}])
def test_junk_is_no_error_of_the_server(client, agent, junk):
    row = ask(sent_order(1))
    assert decide_on_page(client, row, **junk).status_code in {200, 302, 422}
    assert client.post(f"/desk/returns/{row.pk}/", {}).status_code == 422


# --- nothing twice


def test_the_same_form_sent_twice_decides_once(client, agent):
    row = ask(sent_order(1))
    data = typed(screen(client, row)) | {"choice": "refund_keep"}
    for _time in range(2):
        assert client.post(f"/desk/returns/{row.pk}/", data).status_code == 302
    assert ReturnDecision.objects.count() == Refund.objects.count() == 1
    assert said(row).count("keep it or give it away") == 1


def test_of_two_agents_the_second_is_shown_what_the_first_decided(client, agent):
    row = ask(sent_order(1))
    data = typed(screen(client, row)) | {"choice": "refund_keep"}
    decide(row, Verdict("decline"), form_key=uuid.uuid4(), by=make_desk("Mia"))
    answer = client.post(f"/desk/returns/{row.pk}/", data, follow=True)
    page = answer.content.decode()
    assert "Nothing was done" in page
    assert "waits for a second person" in page
    assert not Refund.objects.exists()


def test_what_the_customer_took_back_meanwhile_is_not_decided(client, agent):
    row = ask(sent_order(1))
    data = typed(screen(client, row)) | {"choice": "refund_keep"}
    cancel_return(row, by=None)
    page = client.post(f"/desk/returns/{row.pk}/", data, follow=True).content.decode()
    assert "Nothing was done" in page
    assert not Refund.objects.exists()
    assert not ReturnDecision.objects.exists()


# --- a second person


def test_declining_a_right_says_beforehand_who_else_must_agree_and_waits_for_them(client, agent):
    second = make_staff()
    row = ask(sent_order(1))
    page = screen(client, row)
    assert "Needs a second person: it is a legal right." in page
    assert second.get_short_name() in page
    decide_on_page(client, row, choice="decline", text_decline="Sorry, no.")
    row.refresh_from_db()
    assert row.status == ReturnStatus.REQUESTED
    assert "Sorry, no." not in said(row)
    decision = ReturnDecision.objects.get()
    assert WorkItem.objects.get(reason="return_decision", closed_at=None).subject_key == f"return:{row.pk}"
    # Who decided cannot be the second one, an agent has not the right to it, and both are told who has.
    assert "Approve it" not in screen(client, row)
    assert "Take my decision back" in screen(client, row)
    client.force_login(make_desk("Mia"))
    assert second.get_short_name() in screen(client, row)
    client.post(f"/desk/returns/{row.pk}/answer/{decision.pk}/", {"answer": "approve"})
    row.refresh_from_db()
    assert row.status == ReturnStatus.REQUESTED
    client.force_login(second)
    assert "Approve it" in screen(client, row)
    client.post(f"/desk/returns/{row.pk}/answer/{decision.pk}/", {"answer": "approve"})
    row.refresh_from_db()
    assert row.status == ReturnStatus.DECLINED
    assert "Sorry, no." in said(row)
    assert not WorkItem.objects.filter(reason="return_decision", closed_at=None).exists()


def test_a_second_person_refuses_and_somebody_decides_anew(client, agent):
    row = ask(sent_order(1))
    decide_on_page(client, row, choice="decline")
    decision = ReturnDecision.objects.get()
    client.force_login(make_staff())
    for _time in range(2):
        client.post(f"/desk/returns/{row.pk}/answer/{decision.pk}/", {"answer": "refuse"})
    decision.refresh_from_db()
    assert decision.status == DecisionStatus.REFUSED
    client.force_login(agent)
    assert decide_on_page(client, row, choice="refund_keep").status_code == 302
    assert Refund.objects.count() == 1


def test_the_first_person_takes_a_decision_back(client, agent):
    row = ask(sent_order(1))
    decide_on_page(client, row, choice="decline")
    client.post(f"/desk/returns/{row.pk}/answer/{ReturnDecision.objects.get().pk}/", {"answer": "refuse"})
    assert "The rule proposes" in screen(client, row)


def test_above_the_limit_it_waits_for_somebody_with_a_higher_one(client, agent):
    no_right_to_withdraw()
    row = ask(sent_order(1, price=20_000), reason="changed_mind")
    second = make_staff()
    page = screen(client, row)
    assert "Needs a second person: above your limit." in page
    decide_on_page(client, row, choice="refund_keep")
    decision = ReturnDecision.objects.get()
    assert (decision.needs, decision.status) == ("cap", DecisionStatus.ASKED)
    assert not Refund.objects.exists()
    client.force_login(second)
    client.post(f"/desk/returns/{row.pk}/answer/{decision.pk}/", {"answer": "approve"})
    assert Refund.objects.get().amount_minor >= 20_000


def test_for_fewer_units_the_limit_counts_what_those_cost(client, agent):
    no_right_to_withdraw()
    row = ask(sent_order(4, price=10_000), reason="changed_mind")
    (line,) = row.lines.all()
    made = decide(row, Verdict("refund_keep", units={line.pk: 1}), form_key=uuid.uuid4(), by=agent)
    assert made.needs == ""
    assert 10_000 <= made.amount_minor < 20_000
    assert Claim.objects.get().amount_minor == Refund.objects.get().amount_minor


@pytest.mark.parametrize(("needs", "amount"), [("right", 0), ("cap", 30_000), ("cap", 500_000)])
def test_who_is_named_as_second_person_is_who_may_be_it(agent, needs, amount):
    row = ask(sent_order(1))
    people = [agent, make_desk("Mia"), make_staff(), make_staff("Ben"), make_person(), make_person(is_superuser=True)]
    people.append(make_person(role="Pharmacists"))
    decision = ReturnDecision(parent=row, needs=needs, amount_minor=amount, decided_by=agent, choice="decline")
    named = {one.pk for one in seconds_for(row.order, needs, amount, besides=agent.pk)}
    assert named == {one.pk for one in people if may_approve(decision, one)}
    assert agent.pk not in named
    assert RefundCap.objects.count() == 2


# --- who may


@pytest.mark.parametrize(
    ("role", "looks", "decides"),
    [
        ("Support agents", 200, 302),
        ("Store staff", 200, 302),
        ("Pharmacists", 403, 403),
        ("", 403, 403),
    ],
)
def test_who_may_look_and_who_may_decide(client, role, looks, decides):
    row = ask(sent_order(1))
    client.force_login(make_desk("Mia"))
    data = typed(screen(client, row))
    client.force_login(make_person(role=role))
    assert client.get(f"/desk/returns/{row.pk}/").status_code == looks
    assert client.post(f"/desk/returns/{row.pk}/", data).status_code == decides
    client.logout()
    assert client.get(f"/desk/returns/{row.pk}/").status_code == 302


def test_who_may_only_look_sees_no_button(client):
    row = ask(sent_order(1))
    person = make_person()
    person.user_permissions.add(Permission.objects.get(codename="view_return"))
    client.force_login(person)
    page = screen(client, row)
    assert "You may look at it, not decide it." in page
    assert client.post(f"/desk/returns/{row.pk}/", {"choice": "decline"}).status_code == 403
