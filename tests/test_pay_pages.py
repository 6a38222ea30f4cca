"""One basket, several pay pages: none that was given up can be paid, and what is paid all the same is not lost."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from threading import Barrier, Thread

import pytest
from django.db import connections
from django.utils import timezone

from orders.actions.cancel import cancel_units
from orders.actions.checkout import give_up
from orders.actions.opening import open_session
from orders.actions.payment import record_payment, settle
from orders.models import CheckoutSession, Order, Refund, WorkItem
from orders.stripe_client import StripeUnclear
from suppliers.models import SupplierOrder
from tests.factories import make_order, make_supplier, make_variant
from tests.test_checkout import TYPED, add

pytestmark = pytest.mark.django_db
EXPIRE = "POST /v1/checkout/sessions/*/expire"


def pages(sandbox) -> list[str]:
    """Return how the sandbox's pay pages stand, oldest first."""
    return [row["status"] for row in reversed(sandbox.control("ledger")["sessions"])]


def check_out(client, **changes: str) -> Order:
    client.post("/checkout/", TYPED | changes)
    return Order.objects.order_by("pk").last()


def replaced(client, sandbox) -> tuple[Order, Order]:
    """Check out, go back, check out with a changed address while Stripe cannot end the first page."""
    add(client, make_variant(make_supplier(), stock=9))
    old = check_out(client)
    sandbox.control("faults", [{"match": EXPIRE, "kind": "error_500_before"}])
    new = check_out(client, city="Cork")
    assert old != new
    return old, new


def pay_page(sandbox, order: Order, **asked: object) -> None:
    sandbox.control(f"sessions/{order.sessions.get().stripe_id}/pay", asked)


def test_a_changed_basket_ends_the_old_pay_page_at_once(client, sandbox):
    add(client, make_variant(make_supplier()))
    check_out(client)
    check_out(client, city="Cork")

    assert pages(sandbox) == ["expired", "open"]
    assert [order.sessions.get().state for order in Order.objects.order_by("pk")] == ["expired", "open"]


def test_when_stripe_does_not_answer_the_end_of_the_old_page_stays_owed(client, sandbox, relay):
    old, _new = replaced(client, sandbox)
    assert pages(sandbox) == ["open", "open"]
    assert old.sessions.get().state == "ending"

    relay.run_until_idle()
    assert pages(sandbox) == ["expired", "open"]
    assert (old.sessions.get().state, old.sessions.get().due_at) == ("expired", None)


def test_an_old_page_that_was_paid_already_wins_over_the_changed_basket(client, sandbox):
    add(client, make_variant(make_supplier()))
    order = check_out(client)
    pay_page(sandbox, order)

    page = client.post("/checkout/", TYPED | {"city": "Cork"}, follow=True).content.decode()
    order.refresh_from_db()
    assert (Order.objects.count(), order.status) == (1, "paid")
    assert "You have paid this order already" in page


def test_a_basket_whose_bank_is_deciding_is_bought_and_not_ordered_again(client, sandbox):
    add(client, make_variant(make_supplier()))
    order = check_out(client)
    pay_page(sandbox, order, bank="succeed", seconds=600)

    client.post("/checkout/", TYPED | {"city": "Cork"})
    assert [(row.status, row.city) for row in Order.objects.all()] == [("placed", "Dublin")]
    assert client.get("/basket/").content.decode().count("Thing T-") == 0


@pytest.mark.parametrize("new_is_paid_first", [False, True])
def test_money_for_a_replaced_order_goes_back_with_a_mail_and_is_never_forwarded(
    client, sandbox, relay, mailbox, new_is_paid_first
):
    old, new = replaced(client, sandbox)
    for order in [new, old] if new_is_paid_first else [old]:
        pay_page(sandbox, order)
        settle(order.sessions.get())
    relay.run_until_idle()

    old.refresh_from_db()
    refund = old.refunds.get()
    assert (old.status, refund.status, refund.amount_minor) == ("cancelled", "succeeded", old.total_minor)
    assert sum(part.amount_minor for part in refund.lines.all()) == old.total_minor
    assert [mail["Subject"].split(" on its")[0] for mail in mailbox() if old.number in mail["Subject"]] == [
        "Refund of €16.40"
    ]
    assert list(SupplierOrder.objects.values_list("order", flat=True)) == [new.pk] * new_is_paid_first


def test_money_for_an_order_whose_replacement_was_never_paid_goes_on(client, sandbox, relay):
    old, new = replaced(client, sandbox)
    pay_page(sandbox, old)
    give_up(new)
    settle(old.sessions.get())
    relay.run_until_idle()

    old.refresh_from_db()
    variant = old.lines.get().variant
    assert (old.status, old.refunds.count(), variant.reserved) == ("paid", 0, 1)


def test_a_second_payment_of_an_order_that_ran_out_pays_nothing_twice_and_asks_a_person(relay):
    order = make_order((make_variant(make_supplier()), 1))
    give_up(order)
    for intent in ("pi_one", "pi_two"):
        record_payment(order, stripe_id=intent, paid=order.total)
    order.refresh_from_db()
    assert order.status == "late_paid"
    assert WorkItem.objects.get(closed_at=None).subject_key == f"payment:{order.payments.get(stripe_id='pi_two').pk}"

    relay.run_until_idle()
    order.refresh_from_db()
    assert (order.status, order.lines.get().variant.reserved) == ("paid", 1)
    assert order.events.filter(kind="order.paid").count() == 1


def test_a_pay_page_that_would_end_too_soon_for_stripe_is_replaced_by_a_new_one(client, sandbox, relay):
    order = make_order((make_variant(make_supplier()), 1))
    order.sessions.update(expires_at=timezone.now() + timedelta(minutes=20))

    answer = client.post(f"/orders/{order.token}/pay/")
    assert answer["Location"].startswith(sandbox.base + "/pay/")
    assert list(order.sessions.order_by("serial").values_list("state", flat=True)) == ["ending", "open"]
    relay.run_until_idle()
    order.refresh_from_db()
    assert (order.status, order.sessions.get(serial=1).state) == ("placed", "expired")
    assert order.reservations.get().expires_at == order.pay_by > timezone.now() + timedelta(minutes=35)


def test_a_pay_page_whose_address_never_reached_us_is_ended_all_the_same(sandbox, relay):
    order = make_order((make_variant(make_supplier()), 1))
    sandbox.control("faults", [{"match": "POST /v1/checkout/sessions", "kind": "drop_after"}])
    with pytest.raises(StripeUnclear):
        open_session(order.sessions.get())
    assert (pages(sandbox), order.sessions.get().stripe_id) == (["open"], "")

    give_up(order)
    relay.run_until_idle()
    assert pages(sandbox) == ["expired"]
    assert order.sessions.get().state == "expired"


@pytest.mark.parametrize("times", [1, 2, 5])
def test_errors_that_stripe_repeats_for_a_day_do_not_keep_the_pay_page_shut(sandbox, times):
    session = make_order((make_variant(make_supplier()), 1)).sessions.get()
    sandbox.control("faults", [{"match": "POST /v1/checkout/sessions", "kind": "error_500_before", "times": times}])
    failures = 0
    while not session.stripe_id:
        try:
            open_session(session)
        except StripeUnclear:
            failures += 1
            assert failures <= times

    assert open_session(session).url.startswith(sandbox.base)
    assert pages(sandbox) == ["open"]


def test_money_on_a_page_that_stripe_made_and_then_denied_is_noted_and_the_other_page_ended(sandbox, relay):
    order = make_order((make_variant(make_supplier()), 1))
    session = order.sessions.get()
    sandbox.control("faults", [{"match": "POST /v1/checkout/sessions", "kind": "error_500_after"}])
    with pytest.raises(StripeUnclear):
        open_session(session)
    open_session(session)
    denied = sandbox.control("ledger")["sessions"][-1]["id"]
    assert denied != session.stripe_id

    sandbox.control(f"sessions/{denied}/pay", {})
    # Nothing but the comparison with Stripe's own list brings it.
    relay.run_until_idle(with_periodic=True)
    order.refresh_from_db()
    assert (order.status, order.payments.count()) == ("paid", 1)
    assert pages(sandbox) == ["complete", "expired"]


def test_what_was_cancelled_while_the_pay_page_was_open_is_paid_back_when_it_is_paid(sandbox, relay):
    order = make_order((make_variant(make_supplier()), 3))
    line = order.lines.get()
    open_session(order.sessions.get())
    cancel_units(order, {line.pk: 1}, reason=Refund.Reason.CANCELLED, by=None, key="one less")
    pay_page(sandbox, order)
    for _time in range(2):
        settle(order.sessions.get())
    relay.run_until_idle()

    line.refresh_from_db()
    assert [(row.amount_minor, row.status) for row in order.refunds.all()] == [(line.paid_minor // 3, "succeeded")]
    assert (line.refunded, line.cancelled, line.forwarded) == (1, 1, 2)


def test_a_bank_that_never_answers_lets_the_goods_go_after_two_weeks(sandbox):
    variant = make_variant(make_supplier())
    order = make_order((variant, 1))
    session = open_session(order.sessions.get())
    pay_page(sandbox, order, bank="succeed", seconds=3600)
    settle(session)
    order.sessions.update(created_at=timezone.now() - timedelta(days=15))
    for _time in range(2):
        settle(order.sessions.get())

    order.refresh_from_db()
    variant.refresh_from_db()
    assert (order.status, variant.reserved) == ("expired", 0)
    assert WorkItem.objects.get(closed_at=None).subject_key == f"order:{order.pk}"
    # Should it answer after all, the money comes late, and is dealt with as such.
    sandbox.control("jobs", {"subject": session.stripe_id})
    settle(order.sessions.get())
    order.refresh_from_db()
    assert order.status == "late_paid"
    assert not WorkItem.objects.filter(closed_at=None).exists()


def at_once(*acts) -> list[str]:
    """Run acts in threads that begin together; return how each ended."""
    barrier, outcomes = Barrier(len(acts)), []

    def run(act) -> None:
        try:
            barrier.wait(timeout=20)
            act()
            outcomes.append("done")
        except Exception as error:  # noqa: BLE001  (whatever it is, it is shown)
            outcomes.append(repr(error))
        finally:
            connections.close_all()

    threads = [Thread(target=run, args=[act]) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    return outcomes


@pytest.mark.race
@pytest.mark.django_db(transaction=True)
def test_return_page_webhook_and_sweep_at_once_note_one_payment(sandbox):
    variant = make_variant(make_supplier(), stock=50)
    for _round in range(5):
        order = make_order((variant, 1))
        open_session(order.sessions.get())
        pay_page(sandbox, order)
        told = [CheckoutSession.objects.select_related("order").get(order=order) for _number in range(6)]

        assert at_once(*[partial(settle, session) for session in told]) == ["done"] * 6
        order.refresh_from_db()
        assert (order.status, order.payments.count()) == ("paid", 1)
        assert order.events.filter(kind="order.paid").count() == 1


@pytest.mark.race
@pytest.mark.django_db(transaction=True)
def test_an_order_given_up_the_moment_its_money_comes_is_paid_or_paid_late_and_never_neither(sandbox):
    variant = make_variant(make_supplier(), stock=50)
    for _round in range(8):
        order = make_order((variant, 1))
        session = open_session(order.sessions.get())
        pay_page(sandbox, order)
        mine = Order.objects.get(pk=order.pk)

        assert at_once(partial(settle, session), partial(give_up, mine)) == ["done"] * 2
        order.refresh_from_db()
        assert order.status in {"paid", "late_paid"}
        assert order.payments.get().captured == order.total
        held = order.reservations.get().state
        assert held == ("kept" if order.status == "paid" else "released")
