"""An order that is not paid yet is cancelled by its customer: the pay page is closed first, a payment wins."""

from __future__ import annotations

import uuid

import pytest
from django.utils import timezone

from notifications.models import Notification
from orders.actions.cancel import NothingToCancel, request_cancellation
from orders.actions.checkout import give_up
from orders.actions.opening import open_session
from orders.actions.payment import settle
from orders.models import Cancellation, CheckoutSession, Order, Payment
from suppliers.models import SupplierOrder
from tests.comparing import reconcile
from tests.dialogue import ask, unexplained
from tests.factories import make_order, make_supplier, make_variant

pytestmark = pytest.mark.django_db


@pytest.fixture
def order() -> Order:
    return make_order((make_variant(make_supplier(), price_minor=2500, stock=9), 2))


def at_stripe(sandbox, order: Order) -> list[str]:
    known = {session["id"]: session["status"] for session in sandbox.control("ledger")["sessions"]}
    return [known[row.stripe_id] for row in order.sessions.exclude(stripe_id="").order_by("pk")]


def held(order: Order) -> int:
    return order.reservations.exclude(state="released").count()


def test_the_pay_page_is_closed_and_the_goods_are_let_go(sandbox, relay, order):
    open_session(order.sessions.get())

    cancellation = ask(order)
    assert held(order) == 1
    relay.run_until_idle()

    order.refresh_from_db()
    cancellation.refresh_from_db()
    assert (order.status, cancellation.status) == ("cancelled", "accepted")
    assert at_stripe(sandbox, order) == ["expired"]
    assert held(order) == 0
    line = order.lines.get()
    assert (line.cancelled, line.variant.reserved) == (2, 0)
    # No mail about an order goes out before it is paid.
    assert Notification.objects.count() == 0
    assert unexplained() == []


def test_a_page_that_may_have_been_opened_unseen_is_closed_too(sandbox, relay, order):
    # The answer to our call was lost: Stripe has a page, and our row knows of none.
    session = order.sessions.get()
    open_session(session)
    CheckoutSession.objects.update(state="new", stripe_id="", url="")

    ask(order)
    relay.run_until_idle()

    order.refresh_from_db()
    assert order.status == "cancelled"
    assert at_stripe(sandbox, order) == ["expired"]
    assert len(sandbox.control("ledger")["sessions"]) == 1


def test_a_payment_that_was_faster_wins_and_the_customer_may_ask_again(sandbox, relay, order):
    session = open_session(order.sessions.get())
    sandbox.control(f"sessions/{session.stripe_id}/pay", {"card": "4242424242424242"})

    first = ask(order)
    relay.run_until_idle()

    order.refresh_from_db()
    first.refresh_from_db()
    assert (order.status, first.status, first.lines.get().why) == ("paid", "refused", "paid")
    assert Payment.objects.get().captured_minor == order.total_minor
    assert held(order) == 1
    # Now that it is paid, it is a cancellation like any other.
    second = ask(order)
    relay.run_until_idle()
    second.refresh_from_db()
    assert second.status == "accepted"
    assert Payment.objects.get().refunded_minor == order.total_minor


def test_while_stripe_is_away_the_goods_stay_held_and_it_is_tried_again(sandbox, relay, order, settings):
    open_session(order.sessions.get())
    settings.STRIPE_API_BASE = "http://127.0.0.1:9"
    ask(order)
    relay.run_until_idle()
    order.refresh_from_db()
    assert (order.status, held(order), Cancellation.objects.get().status) == ("placed", 1, "requested")
    assert "Stripe does not answer" in Cancellation.objects.get().last_error

    settings.STRIPE_API_BASE = sandbox.base
    Cancellation.objects.update(due_at=timezone.now())
    relay.run_until_idle()

    order.refresh_from_db()
    assert (order.status, held(order)) == ("cancelled", 0)
    assert at_stripe(sandbox, order) == ["expired"]


def test_stripes_word_that_the_page_is_closed_may_come_first(sandbox, relay, order):
    session = open_session(order.sessions.get())
    cancellation = ask(order)

    assert give_up(order)
    relay.run_until_idle()

    order.refresh_from_db()
    cancellation.refresh_from_db()
    assert (order.status, cancellation.status, held(order)) == ("cancelled", "accepted", 0)
    assert order.events.filter(kind="cancellation.answered").count() == 1
    session.refresh_from_db()
    settle(session)
    assert Payment.objects.count() == 0


def test_an_unpaid_order_is_cancelled_as_a_whole_or_not_at_all(order):
    line = order.lines.get()
    with pytest.raises(NothingToCancel):
        request_cancellation(order, {line.pk: 1}, key=uuid.uuid4().hex, by=None)
    assert Cancellation.objects.count() == 0


def test_from_the_page_it_is_cancelled_and_meanwhile_cannot_be_paid(client, sandbox, relay, order):
    page = f"/orders/{order.token}/"
    assert "nothing was taken" in client.get(page + "cancel/").content.decode()
    client.post(page + "cancel/", {"form_key": str(uuid.uuid4())})

    waiting = client.get(page).content.decode()
    assert "You asked to cancel this order" in waiting
    assert f"Pay {order.total}" not in waiting
    assert client.post(page + "pay/").headers["Location"] == page
    assert sandbox.control("ledger")["sessions"] == []

    relay.run_until_idle()
    done = client.get(page).content.decode()
    assert "This order is cancelled" in done
    assert "data-refresh-seconds" not in done
    assert "There is nothing to cancel" in client.get(page + "cancel/").content.decode()


def test_what_was_paid_back_in_full_elsewhere_is_not_sent(sandbox, relay, order, settings):
    settings.FORWARD_GRACE_SECONDS = 600
    session = open_session(order.sessions.get())
    sandbox.control(f"sessions/{session.stripe_id}/pay", {"card": "4242424242424242"})
    settle(session)
    relay.run_until_idle()
    assert SupplierOrder.objects.get().status == "ready"
    intent = Payment.objects.get().stripe_id
    half = order.total_minor // 2

    sandbox.control("refunds", {"payment_intent": intent, "amount": half})
    reconcile()
    assert Cancellation.objects.count() == 0
    sandbox.control("refunds", {"payment_intent": intent})
    for _time in range(2):
        reconcile()
    relay.run_until_idle()

    order.refresh_from_db()
    assert (order.status, Cancellation.objects.get().status) == ("cancelled", "accepted")
    assert SupplierOrder.objects.get().status == "closed"
    # The money had gone back; nothing more of it does.
    assert sum(order.refunds.values_list("amount_minor", flat=True)) == order.total_minor
    assert order.work_items.count() == 0
    assert unexplained() == []
