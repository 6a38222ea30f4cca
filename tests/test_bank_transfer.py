"""The second way to pay: the customer transfers the money, staff note it, and nothing that arrives is lost."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.test import Client
from django.utils import timezone

from config.environment import iban
from orders.actions.refund import RefundPart, request_refund
from orders.actions.transfer import record_transfer
from orders.models import CheckoutSession, Order, Payment, Refund, WorkItem
from shop.models import BasketLine, Variant
from shop.money import Money
from shop.words import moment
from suppliers.models import SupplierOrder
from tests.factories import make_person, make_supplier, make_variant
from tests.money import assert_it_adds_up, open_work
from tests.test_checkout import TYPED, add

pytestmark = pytest.mark.django_db
IBAN = "IE29AIBK93115212345678"


@pytest.fixture(autouse=True)
def offered(settings):
    settings.BANK_TRANSFER_IBAN = IBAN
    settings.BANK_TRANSFER_BIC = "AIBKIE2D"


@pytest.fixture(name="order")
def order_fixture(client, relay) -> Order:
    """One thing for 12.50 and 3.90 delivery, to be paid by transfer."""
    add(client, make_variant(make_supplier(), stock=5))
    answer = client.post("/checkout/", TYPED | {"pay_with": "bank_transfer"})
    relay.run_until_idle()
    order = Order.objects.get()
    assert answer["Location"] == f"{order.get_absolute_url()}?thanks=1"
    return order


def arrive(order: Order, minor: int, **fields: object) -> Payment:
    facts = {"received": Money(minor, "EUR"), "key": uuid.uuid4().hex, "by": None} | fields
    made = record_transfer(order, **facts)
    order.refresh_from_db()
    return made


def test_without_an_iban_there_is_nothing_to_choose(client, settings):
    settings.BANK_TRANSFER_IBAN = ""
    add(client, make_variant(make_supplier()))

    page = client.get("/checkout/").content.decode()
    refused = client.post("/checkout/", TYPED | {"pay_with": "bank_transfer"})

    assert "How do you want to pay?" not in page
    assert refused.status_code == 422
    assert "Choose one of the ways to pay." in refused.content.decode()
    assert Order.objects.count() == 0


def test_an_iban_that_cannot_be_right_is_refused_at_the_start():
    class Env:
        def __init__(self, value):
            self.value = value

        def str(self, name, default=""):
            return self.value

    assert iban(Env("IE29 AIBK 9311 5212 3456 78"), "X") == IBAN
    with pytest.raises(ImproperlyConfigured, match="check digits"):
        iban(Env("IE29AIBK93115212345679"), "X")


def test_the_checkout_offers_both_and_keeps_the_choice(client):
    add(client, make_variant(make_supplier()))

    page = client.get("/checkout/").content.decode()
    again = client.post("/checkout/", {"pay_with": "bank_transfer", "email": "x"}).content.decode()

    assert page.count('name="pay_with"') == 2
    assert 'value="stripe" checked' in page
    assert 'value="bank_transfer" checked' in again


def test_order_page_and_mail_say_where_the_money_goes(order, client, mailbox):
    assert (order.status, order.pay_with) == ("placed", "bank_transfer")
    assert timedelta(days=6) < order.pay_by - timezone.now() < timedelta(days=8)
    assert order.reservations.get().expires_at == order.pay_by
    assert BasketLine.objects.count() == 0
    page = client.get(order.get_absolute_url()).content.decode()
    (mail,) = mailbox()
    text = mail.get_body(("plain",)).get_content()
    for written in (page, text):
        assert "IE29 AIBK 9311 5212 3456 78" in written
        assert "AIBKIE2D" in written
        assert "€16.40" in written
        assert order.number in written
    assert "Pay €16.40" not in page
    assert "data-refresh" not in page
    assert mail["Subject"].strip() == f"Please transfer €16.40 ({order.number})"
    assert_it_adds_up()


def test_whoever_has_ordered_is_thanked_with_where_how_much_and_until_when(order, client):
    page = client.get(f"{order.get_absolute_url()}?thanks=1").content.decode()
    for words in (
        "We have your order.",
        "Please transfer €16.40",
        "IE29 AIBK 9311 5212 3456 78",
        moment(order.pay_by),
        "What happens next",
        f"The same details go to {TYPED['email']}.",
        "As soon as your money is here we confirm the order",
        "Arrives",
        "Track your order",
    ):
        assert words in page, words
    for words in ("Payment received", "Your order is paid", "data-refresh", "/pay/"):
        assert words not in page, words
    later = client.get(order.get_absolute_url()).content.decode()
    assert "What happens next" not in later
    assert "Payment received" not in later
    assert "Please transfer €16.40" in later
    assert "What happens next" not in Client().get(f"{order.get_absolute_url()}?thanks=1").content.decode()


def test_a_slip_in_the_address_is_put_right_before_the_money_is_there(order, client, relay, mailbox):
    assert f"/orders/{order.token}/email/" in client.get(f"{order.get_absolute_url()}?thanks=1").content.decode()
    answer = client.post(f"/orders/{order.token}/email/", {"email": "right@example.com"})
    relay.run_until_idle()
    order.refresh_from_db()
    assert (order.email, order.status) == ("right@example.com", "placed")
    assert "Please transfer €16.40" in client.get(answer["Location"]).content.decode()
    (mail,) = [one for one in mailbox() if one["To"] == "right@example.com"]
    assert "IE29 AIBK 9311 5212 3456 78" in mail.get_body(("plain",)).get_content()
    assert_it_adds_up()


def test_the_delivery_address_is_put_right_before_the_money_is_there(order, client, relay):
    client.post(f"/orders/{order.token}/address/", {**TYPED, "line1": "1 Mill Lane"})
    relay.run_until_idle()
    assert_it_adds_up()
    arrive(order, 1640)
    relay.run_until_idle()
    assert SupplierOrder.objects.get().request["ship_to"]["line1"] == "1 Mill Lane"


def test_what_arrives_in_full_pays_the_order_once(order, relay, mailbox):
    for _click in range(2):
        arrive(order, 1640, key="same", reference="ALEX BYRNE LF")
    relay.run_until_idle()

    payment = order.payments.get()
    assert (order.status, payment.captured_minor, payment.provider) == ("paid", 1640, "bank_transfer")
    assert (payment.fee_minor, payment.fee_currency, payment.due_at) == (0, "EUR", None)
    assert order.lines.get().forwarded == 1
    assert "Order confirmed" in mailbox()[-1]["Subject"]
    assert open_work() == []
    assert_it_adds_up()


def test_the_days_of_arrival_count_from_the_day_the_money_is_here(order):
    def days() -> dict[str, object]:
        promised, expected = (
            ["promised_earliest_on", "promised_latest_on"],
            ["expected_earliest_on", "expected_latest_on"],
        )
        return order.deliveries.values(*promised, *expected, "ship_by_on").get()

    told = days()
    # As if all of it had been said a fortnight ago.
    earlier = {name: day - timedelta(days=14) for name, day in told.items()}
    order.deliveries.update(**earlier)
    Order.objects.update(placed_at=timezone.now() - timedelta(days=14))
    arrive(order, 1640)
    assert days() == told


def test_too_little_is_kept_and_the_rest_completes_it(order, relay):
    arrive(order, 1000)
    relay.run_until_idle()
    assert (order.status, open_work()) == ("placed", ["payment_unexpected"])
    assert_it_adds_up()

    arrive(order, 640)
    relay.run_until_idle()
    assert (order.status, open_work(), order.payments.count()) == ("paid", [], 2)
    assert_it_adds_up()


def test_too_much_pays_the_order_and_the_surplus_is_owed(order, relay, client):
    arrive(order, 2000)
    relay.run_until_idle()
    item = WorkItem.objects.get(closed_at=None)
    assert (order.status, item.reason, item.money_minor) == ("paid", "overpaid", 360)
    assert_it_adds_up()

    client.force_login(make_person(role="Store staff"))
    for _click in range(2):
        client.post(f"/admin/orders/workitem/{item.pk}/act/pay-surplus-back/")
    relay.run_until_idle()
    refund = order.refunds.get()
    assert (refund.amount_minor, refund.status, open_work()) == (360, "requested", ["refund_by_hand"])
    assert_it_adds_up()


def test_a_refund_is_transferred_by_a_person_and_noted(order, relay, client):
    arrive(order, 1640)
    line = order.lines.get()
    request_refund(order, [RefundPart(line, 0, 500)], reason=Refund.Reason.GOODWILL, by=None, key="kind")
    relay.run_until_idle()
    item = WorkItem.objects.get(reason="refund_by_hand", closed_at=None)
    assert (item.money_minor, Refund.objects.get().status, Refund.objects.get().due_at) == (500, "requested", None)
    assert_it_adds_up()

    client.force_login(make_person(role="Store staff"))
    for _click in range(2):
        client.post(f"/admin/orders/workitem/{item.pk}/act/paid-back/")
    refund = Refund.objects.get()
    assert (refund.status, open_work()) == ("succeeded", [])
    assert refund.order.events.filter(kind="refund.succeeded").count() == 1
    assert_it_adds_up()


def test_what_is_never_transferred_runs_out_and_gives_its_goods_back(order, relay):
    past = timezone.now() - timedelta(minutes=1)
    CheckoutSession.objects.update(expires_at=past, due_at=past)
    relay.run_until_idle()

    order.refresh_from_db()
    assert order.status == "expired"
    assert Variant.objects.get().reserved == 0
    assert_it_adds_up()


def test_a_transfer_that_comes_after_that_goes_on_if_the_goods_are_there(order, relay):
    past = timezone.now() - timedelta(minutes=1)
    CheckoutSession.objects.update(expires_at=past, due_at=past)
    relay.run_until_idle()
    order.refresh_from_db()
    arrive(order, 1640)
    relay.run_until_idle()

    order.refresh_from_db()
    assert (order.status, order.lines.get().forwarded) == ("paid", 1)


def test_money_for_an_order_that_is_over_is_noted_and_a_person_is_asked(order, relay, client):
    client.post(f"/orders/{order.token}/cancel/", {"form_key": str(uuid.uuid4())})
    relay.run_until_idle()
    order.refresh_from_db()
    assert order.status == "cancelled"
    arrive(order, 1640)

    assert (order.status, open_work()) == ("cancelled", ["payment_unexpected"])
    assert_it_adds_up()


def test_staff_note_the_payment_on_the_orders_page(order, relay, client):
    client.force_login(make_person(role="Store staff"))
    url = f"/admin/orders/order/{order.pk}/change/"
    names = ("lines", "deliveries", "estimates")
    form = {f"{name}-{part}_FORMS": "0" for name in names for part in ("TOTAL", "INITIAL")}
    page = client.get(url).content.decode()
    key = page.split('name="transfer_key" value="')[1].split('"')[0]
    form |= {"_transfer": "1", "transfer_key": key, "transfer_reference": "from A. Byrne"}

    for wrong in ("", "abc", "-3", "16.405", "0", "9" * 30, "\u0661\u0666"):
        answer = client.post(url, form | {"transfer_amount": wrong}, follow=True)
        assert answer.status_code == 200
        assert "Type what arrived as an amount, like 16.40." in answer.content.decode()
        assert Payment.objects.count() == 0
    assert client.post(url, form | {"transfer_amount": "16,40", "transfer_key": "x"}).status_code == 302
    for _click in range(2):
        client.post(url, form | {"transfer_amount": "16,40"})

    order.refresh_from_db()
    payment = order.payments.get()
    assert (order.status, payment.captured_minor, payment.reference) == ("paid", 1640, "from A. Byrne")


def test_whoever_chooses_the_card_after_all_buys_once(client, sandbox):
    add(client, make_variant(make_supplier(), stock=5))
    client.post("/checkout/", TYPED | {"pay_with": "stripe"})
    client.post("/checkout/", TYPED | {"pay_with": "bank_transfer"})

    assert [(row.pay_with, row.status) for row in Order.objects.order_by("pk")] == [
        ("stripe", "expired"),
        ("bank_transfer", "placed"),
    ]
    assert Variant.objects.get().reserved == 1
    assert sandbox.control("ledger")["sessions"][0]["status"] == "expired"
