"""Orders that a person looks at first: authorised, decided, then taken in whole or in part, or let go."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from orders.actions.approval import grant_approval, refuse_approval
from orders.actions.authorisation import NothingToDecide, refuse_order
from orders.actions.cancel import request_cancellation
from orders.actions.holds import place_hold, release_hold, release_holds
from orders.models import Authorisation, Hold, Order, Payment, Refund, WorkItem
from suppliers.models import SupplierOrder
from tests.factories import make_order, make_paid_order, make_person, make_supplier, make_variant
from tests.money import assert_it_adds_up, intents, open_work, pay, tell, work_again
from tests.pharmacy import gated

pytestmark = pytest.mark.django_db


def subjects(mailbox) -> list[str]:
    return [message["Subject"].strip().split(" (")[0].split(":")[0] for message in mailbox()]


@pytest.fixture(name="held")
def held_fixture(sandbox, relay, settings):
    """An order of 2 things for 12.50 and 3.90 delivery, from so much on reviewed, and authorised by its card."""
    settings.REVIEW_ABOVE_MINOR = 2000
    order = make_order((make_variant(make_supplier(), stock=9), 2))
    pay(sandbox, order)
    tell(sandbox, settings)
    relay.run_until_idle()
    order.refresh_from_db()
    return order


def due_now() -> None:
    Authorisation.objects.exclude(due_at=None).update(due_at=timezone.now(), lease_until=None)


def test_an_order_under_review_is_only_authorised_and_nothing_of_it_goes_out(held, sandbox, client, mailbox):
    kept = held.authorisations.get()

    assert (held.status, held.paid_at, kept.status, kept.amount_minor) == ("authorised", None, "held", 2890)
    assert intents(sandbox) == [("requires_capture", 0)]
    assert (Payment.objects.count(), SupplierOrder.objects.count()) == (0, 0)
    assert timedelta(days=6, hours=23) < kept.lapses_at - timezone.now() <= timedelta(days=7)
    item = WorkItem.objects.get(reason="decide_payment", closed_at=None)
    assert (item.money_minor, item.deadline_at) == (2890, kept.lapses_at - timedelta(hours=24))
    page = client.get(held.get_absolute_url()).content.decode()
    assert "We are checking your order" in page
    assert "€28.90" in page
    assert "Pay €" not in page
    assert subjects(mailbox) == ["We are checking your order"]
    assert_it_adds_up()


def test_an_order_that_nothing_holds_is_paid_at_once(sandbox, relay, settings):
    settings.REVIEW_ABOVE_MINOR = 10_000
    order = make_order((make_variant(make_supplier(), stock=9), 2))
    pay(sandbox, order)
    tell(sandbox, settings)
    relay.run_until_idle()

    order.refresh_from_db()
    assert (order.status, order.holds.count(), order.authorisations.count()) == ("paid", 0, 0)


def test_a_country_can_be_reviewed_whatever_the_order_costs(settings):
    settings.REVIEW_COUNTRIES = ["IE"]

    order = make_order((make_variant(make_supplier()), 1))

    assert [hold.reason for hold in order.holds.all()] == ["payment_review"]
    assert order.sessions.get().authorises


def test_staff_accept_on_the_orders_page_and_the_money_is_taken_once(held, sandbox, relay, client, mailbox, settings):
    client.force_login(make_person(role="Store staff"))
    url = f"/admin/orders/order/{held.pk}/change/"
    page = client.get(url).content.decode()
    assert "Accept: release all holds and take €28.90" in page

    for _click in range(2):
        assert client.post(url, empty_form(page) | {"_accept": "1"}).status_code == 302
    relay.run_until_idle()
    tell(sandbox, settings, times=2, order_of="newest first")
    relay.run_until_idle()

    held.refresh_from_db()
    assert (held.status, held.payments.get().captured_minor) == ("paid", 2890)
    assert intents(sandbox) == [("succeeded", 2890)]
    assert held.events.filter(kind="order.paid").count() == 1
    assert held.lines.get().forwarded == 2
    assert held.authorisations.get().status == "captured"
    assert open_work() == []
    assert "Order confirmed" in subjects(mailbox)
    assert_it_adds_up()


def empty_form(page: str) -> dict[str, str]:
    names = ("lines", "deliveries", "estimates")
    return {f"{name}-{part}_FORMS": "0" for name in names for part in ("TOTAL", "INITIAL")}


def test_a_refused_order_is_cancelled_its_money_let_go_and_its_customer_told(held, sandbox, relay, client, mailbox):
    client.force_login(make_person(role="Store staff"))
    url = f"/admin/orders/order/{held.pk}/change/"
    client.post(url, empty_form("") | {"_refuse": "1", "money_note": "address of a parcel forwarder"})
    relay.run_until_idle()

    held.refresh_from_db()
    kept = held.authorisations.get()
    assert (held.status, kept.status, kept.note) == ("cancelled", "released", "address of a parcel forwarder")
    assert intents(sandbox) == [("canceled", 0)]
    assert held.lines.get().variant.reserved == 0
    assert held.holds.filter(released_at=None).count() == 0
    assert subjects(mailbox)[-1] == "We could not accept your order"
    assert "Nothing was taken" in client.get(held.get_absolute_url()).content.decode()
    assert (open_work(), Refund.objects.count()) == ([], 0)
    assert_it_adds_up()
    with pytest.raises(NothingToDecide):
        refuse_order(held, by=None)


def test_what_nobody_decides_is_let_go_by_the_shop_before_it_lapses(held, sandbox, relay):
    past = timezone.now() + timedelta(minutes=59)
    Authorisation.objects.update(lapses_at=past, due_at=timezone.now())
    relay.run_until_idle()

    held.refresh_from_db()
    assert (held.status, held.authorisations.get().status) == ("cancelled", "released")
    assert intents(sandbox) == [("canceled", 0)]
    assert_it_adds_up()


def test_a_look_before_the_time_is_over_decides_nothing(held, sandbox, relay):
    due_now()
    relay.run_until_idle()

    kept = Authorisation.objects.get()
    assert (kept.status, intents(sandbox)) == ("held", [("requires_capture", 0)])
    assert kept.due_at > timezone.now() + timedelta(days=6)


def test_what_was_cancelled_before_the_decision_is_never_taken(held, sandbox, relay, client):
    line = held.lines.get()
    request_cancellation(held, {line.pk: 1}, key="one", by=None)
    relay.run_until_idle()
    release_holds(held, by=make_person(role="Store staff"))
    relay.run_until_idle()

    held.refresh_from_db()
    row = Refund.objects.get()
    assert (held.status, intents(sandbox)) == ("paid", [("succeeded", 1445)])
    assert (row.reason, row.status, row.amount_minor, held.payments.get().refunded_minor) == (
        "not_taken", "succeeded", 1445, 0,
    )  # fmt: skip
    line.refresh_from_db()
    assert (line.refunded, line.refunded_minor, line.forwarded) == (1, 1445, 1)
    assert sandbox.control("ledger")["refunds"] == []
    assert "Not charged" in client.get(held.get_absolute_url()).content.decode()
    assert_it_adds_up()


def test_a_customer_who_cancels_all_of_it_is_never_charged(held, sandbox, relay):
    request_cancellation(held, key="all", by=None)
    relay.run_until_idle()

    held.refresh_from_db()
    assert (held.status, held.authorisations.get().status) == ("cancelled", "released")
    assert intents(sandbox) == [("canceled", 0)]
    assert_it_adds_up()


def test_what_is_cancelled_between_the_decision_and_the_act_is_paid_back(held, sandbox, relay):
    release_holds(held, by=None)
    held.refresh_from_db()
    request_cancellation(held, key="all", by=None)
    relay.run_until_idle()

    held.refresh_from_db()
    assert (held.status, intents(sandbox)) == ("cancelled", [("succeeded", 2890)])
    assert [row["amount"] for row in sandbox.control("ledger")["refunds"]] == [2890]
    assert open_work() == []
    assert_it_adds_up()


@pytest.mark.parametrize("fault", ["drop_after", "error_500_before", "error_500_after"])
def test_whatever_stripe_answers_the_money_is_taken_once(held, sandbox, relay, fault):
    sandbox.control("faults", [{"match": "POST /v1/payment_intents/*/capture", "kind": fault, "times": 2}])
    release_holds(held, by=None)
    for _time in range(4):
        relay.run_until_idle()
        due_now()

    held.refresh_from_db()
    assert (held.status, intents(sandbox)) == ("paid", [("succeeded", 2890)])
    assert (held.payments.count(), open_work()) == (1, [])


@pytest.mark.parametrize(("act", "state", "taken"), [("capture", "paid", 2890), ("cancel", "cancelled", 0)])
def test_what_is_decided_in_the_dashboard_counts(held, sandbox, relay, settings, act, state, taken):
    intent = held.authorisations.get().stripe_id
    sandbox.control(act, {"payment_intent": intent})
    tell(sandbox, settings, kinds="payment_intent", times=2)
    relay.run_until_idle()

    held.refresh_from_db()
    assert (held.status, intents(sandbox)[0][1]) == (state, taken)
    assert not WorkItem.objects.filter(reason="decide_payment", closed_at=None).exists()
    assert_it_adds_up()


def test_another_amount_taken_in_the_dashboard_is_noted_and_a_person_is_asked(held, sandbox, relay, settings):
    sandbox.control("capture", {"payment_intent": held.authorisations.get().stripe_id, "amount": 1000})
    tell(sandbox, settings, kinds="payment_intent")
    relay.run_until_idle()

    assert held.payments.get().captured_minor == 1000
    assert open_work() == ["payment_unexpected"]


def test_an_authorisation_that_lapses_before_it_is_taken_ends_the_order(held, sandbox, relay, mailbox):
    sandbox.control("faults", [{"match": "*/capture", "kind": "error_500_before"}])
    release_holds(held, by=None)
    sandbox.control("jobs", {"subject": held.authorisations.get().stripe_id})
    for _time in range(2):
        relay.run_until_idle()
        due_now()

    held.refresh_from_db()
    assert (held.status, intents(sandbox)) == ("cancelled", [("canceled", 0)])
    assert subjects(mailbox)[-1] == "We could not accept your order"
    assert_it_adds_up()


def test_every_webhook_twice_and_in_any_order_comes_to_the_same(held, sandbox, relay, settings):
    release_holds(held, by=None)
    relay.run_until_idle()
    for order_of in ("newest first", "any"):
        tell(sandbox, settings, times=2, order_of=order_of)
        work_again()
        relay.run_until_idle()

    held.refresh_from_db()
    kinds = list(held.events.filter(kind__startswith="authorisation.").order_by("pk").values_list("kind", flat=True))
    assert kinds == ["authorisation.noted", "authorisation.capturing", "authorisation.captured"]
    assert (held.status, held.payments.count()) == ("paid", 1)


# --- goods on prescription


@pytest.fixture(name="prescribed")
def prescribed_fixture(sandbox, relay, settings):
    supplier = make_supplier()
    order = make_order((make_variant(supplier, stock=9), 1), (gated(supplier, stock=9), 1))
    pay(sandbox, order)
    tell(sandbox, settings)
    relay.run_until_idle()
    order.refresh_from_db()
    return order


def test_a_prescription_is_decided_before_the_money_is_taken(prescribed, sandbox, relay):
    line = prescribed.lines.exclude(gated_at=None).get()
    assert (prescribed.status, open_work()) == ("authorised", ["approval", "decide_payment"])

    grant_approval(line, 1, by=make_person(role="Pharmacists"))
    relay.run_until_idle()

    prescribed.refresh_from_db()
    assert (prescribed.status, intents(sandbox)) == ("paid", [("succeeded", 2890)])
    assert [row.forwarded for row in prescribed.lines.all()] == [1, 1]
    assert open_work() == []
    assert_it_adds_up()


def test_what_a_pharmacist_refuses_is_never_charged_and_the_rest_goes_out(prescribed, sandbox, relay, mailbox):
    line = prescribed.lines.exclude(gated_at=None).get()

    refuse_approval(line, 1, by=make_person(role="Pharmacists"))
    relay.run_until_idle()

    prescribed.refresh_from_db()
    assert (prescribed.status, intents(sandbox)) == ("paid", [("succeeded", 1445)])
    assert [row.forwarded for row in prescribed.lines.all()] == [1, 0]
    assert sandbox.control("ledger")["refunds"] == []
    assert "A change to your order" in subjects(mailbox)
    note = prescribed.papers.get(kind="credit_note")
    assert (note.content["reason"], note.content["payments"]) == ("not_taken", [])
    assert note.total_minor == prescribed.total_minor - 1445
    assert_it_adds_up()


def test_a_bank_that_cannot_authorise_is_not_offered_for_an_order_under_review(sandbox, settings):
    settings.REVIEW_ABOVE_MINOR = 1
    order = make_order((make_variant(make_supplier()), 1))
    pay(sandbox, order, card="4000000000000002")

    (session,) = sandbox.control("ledger")["sessions"]
    assert session["payment_method_types"] == ["card"]


# --- holds by hand


def test_a_hold_by_hand_keeps_what_was_not_sent_off_and_lets_it_go_again(relay, settings, client):
    settings.FORWARD_GRACE_SECONDS = 600
    order = make_paid_order((make_variant(make_supplier(), stock=9), 1))
    relay.run_until_idle()
    assert SupplierOrder.objects.get().status == "ready"

    hold = place_hold(order, Hold.Reason.MANUAL, by=make_person(role="Store staff"))
    assert place_hold(order, Hold.Reason.MANUAL, by=None) is None
    relay.run_until_idle()
    row = SupplierOrder.objects.get()
    assert (row.status, row.due_at) == ("held", None)
    assert_it_adds_up()

    assert release_hold(hold, by=None)
    relay.run_until_idle()
    row.refresh_from_db()
    assert row.status == "ready"
    assert row.due_at > timezone.now() + timedelta(minutes=9)


def test_only_staff_reach_the_buttons(client, held):
    client.force_login(make_person(role="Support agents"))
    url = f"/admin/orders/order/{held.pk}/change/"

    client.post(url, empty_form("") | {"_accept": "1"})

    assert Order.objects.get().status == "authorised"
    assert Authorisation.objects.get().status == "held"
