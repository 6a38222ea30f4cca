"""Withdrawing from the contract on its own pages: while the law lets one, in two steps, received with date and time."""

from __future__ import annotations

import uuid
from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from notifications.models import Notification
from orders.models import Cancellation, Event, Order, OrderLine, Refund
from orders.periods import withdrawal_ends
from shop import kept
from shop.models import Market
from shop.words import day, moment
from support.models import Basis, Return
from support.returning.flow import receive
from tests.factories import make_order, make_paid_order, make_supplier, make_variant
from tests.products import make_kettle
from tests.sending_back import arrive, fields_of, make_sent_order, words_of

pytestmark = pytest.mark.django_db
ENTRY = "Withdraw from contract here"


@pytest.fixture
def order():
    return make_sent_order((make_variant(make_supplier(), name="Oak board", price_minor=2000), 2))


def url(order) -> str:
    return f"/orders/{order.token}/withdraw/"


def market(**terms: object) -> None:
    Market.objects.update(**terms)
    kept.forget_all()


def confirm(client, order, **more: object):
    """Withdraw in both steps; return the last answer."""
    answer = client.post(url(order), fields_of(client.get(url(order)).content.decode()) | more)
    assert answer.status_code == 200, words_of(answer)
    return client.post(url(order), fields_of(answer.content.decode()) | {"confirm": "1"})


def test_the_entry_stands_on_the_order_page_before_and_after_delivery_as_long_as_the_law_says(client):
    supplier = make_supplier()
    before = make_paid_order((make_variant(supplier), 1))
    fresh = make_sent_order((make_variant(supplier), 1))
    last = make_sent_order((make_variant(supplier), 1), at=timezone.now() - timedelta(days=14))
    over = make_sent_order((make_variant(supplier), 1), at=timezone.now() - timedelta(days=25))
    for one in (before, fresh, last):
        page = client.get(one.get_absolute_url())
        assert f'href="{url(one)}">{ENTRY}' in page.content.decode()
    until = day(withdrawal_ends(timezone.localdate(), 14, "IE"))
    assert f"You can withdraw from the contract until {until}." in words_of(client.get(fresh.get_absolute_url()))
    assert ENTRY not in words_of(client.get(over.get_absolute_url()))
    assert ENTRY not in words_of(client.get(make_order((make_variant(supplier), 1)).get_absolute_url()))


def test_the_time_counts_from_the_last_parcel(client):
    supplier = make_supplier()
    order = make_sent_order((make_variant(supplier), 1), (make_variant(supplier), 1), at=timezone.now() - timedelta(30))
    first = order.lines.first()
    OrderLine.objects.filter(pk=first.pk).update(delivered=0)
    assert "until 14 days after the last parcel has arrived" in words_of(client.get(url(order)))
    arrive(first, at=timezone.now() - timedelta(days=3))
    until = day(withdrawal_ends(timezone.localdate() - timedelta(days=3), 14, "IE"))
    assert f"You can do so until {until}." in words_of(client.get(url(order)))


def test_a_guest_withdraws_in_two_steps_without_a_reason_and_sees_when_it_came_in(client, order):
    start = client.get(url(order))
    assert "reason" not in fields_of(start.content.decode())
    check = client.post(url(order), fields_of(start.content.decode()))
    said = words_of(check)
    assert "2 × Oak board €40.00 its share of the delivery €3.90 Goes back to you €43.90" in said
    assert "It goes to Cork, Ireland." in said
    assert "Confirm withdrawal" in said
    assert not Return.objects.exists()

    done = client.post(url(order), fields_of(check.content.decode()) | {"confirm": "1"}, follow=True)
    row, event = Return.objects.get(), Event.objects.get(kind="order.withdrawn")
    assert (row.basis, row.reason, row.lines.get().quantity) == (Basis.WITHDRAWAL, "", 2)
    said = words_of(done)
    assert f"Order {order.number}: received on {moment(event.at)}." in said
    assert f"A mail to {order.email} confirms it at once" in said
    assert row.number in said
    # Read once more, it says the same.
    assert f"received on {moment(event.at)}" in words_of(client.get(done.redirect_chain[-1][0]))


def test_two_clicks_are_one_withdrawal(client, order):
    check = client.post(url(order), fields_of(client.get(url(order)).content.decode()))
    data = fields_of(check.content.decode()) | {"confirm": "1"}
    places = {client.post(url(order), data)["Location"] for _click in range(2)}
    assert len(places) == 1
    assert Return.objects.count() == Event.objects.filter(kind="order.withdrawn").count() == 1


def test_what_has_not_left_is_cancelled_and_paid_back_as_it_was_shown(client):
    order = make_paid_order((make_variant(make_supplier(), price_minor=2000), 1))
    check = client.post(url(order), fields_of(client.get(url(order)).content.decode()))
    assert "We stop it at once" in words_of(check)
    assert f"Goes back to you {order.total}" in words_of(check)
    done = client.post(url(order), fields_of(check.content.decode()) | {"confirm": "1"}, follow=True)
    assert "What has not been sent" in words_of(done)
    assert not Return.objects.exists()
    assert Cancellation.objects.count() == 1
    assert Refund.objects.get().amount_minor == order.total_minor


def test_what_the_rule_lets_its_buyer_keep_need_not_go_back_on_page_and_receipt(client, order, relay):
    market(keep_below_minor=10_000)
    check = client.post(url(order), fields_of(client.get(url(order)).content.decode()))
    said = words_of(check)
    assert "You need not send it back: keep it, or give it away. When the money comes We pay it back at once." in said
    assert "postage" not in said
    assert "14 days to hand it in" not in said
    client.post(url(order), fields_of(check.content.decode()) | {"confirm": "1"})
    relay.run_until_idle()
    receipt = Notification.objects.get(kind="withdrawal-received").text
    assert "keep it, or give it away. We pay it back at once" in receipt
    for wrong in ("Send back", "postage", "as soon as the goods are here"):
        assert wrong not in receipt


def test_of_two_parcels_one_is_kept_and_the_receipt_says_which(client, relay):
    market(keep_below_minor=2500)
    small, large = make_supplier(), make_supplier("quay")
    order = make_sent_order((make_variant(small, price_minor=1500), 1), (make_variant(large, price_minor=9000), 1))
    said = words_of(client.post(url(order), fields_of(client.get(url(order)).content.decode())))
    assert said.count("You need not send it back") == said.count("It goes to Cork") == 1
    assert "parcels" not in said
    confirm(client, order)
    relay.run_until_idle()
    receipt = Notification.objects.get(kind="withdrawal-received").text
    small_one = Return.objects.get(goods_back=False)
    assert f"What is in {small_one.number} need not come back: keep it" in receipt
    assert "Send back what you have" in receipt
    assert "parcels" not in receipt


@pytest.mark.parametrize("at_handover", [False, True])
def test_money_waits_for_the_goods_or_a_proof_and_for_no_look_at_them(client, order, relay, at_handover):
    market(refunds_at_handover=at_handover)
    condition = "as soon as the goods are here, or you show us that you have sent them"
    if at_handover:
        condition = "as soon as the carrier has it"
    check = client.post(url(order), fields_of(client.get(url(order)).content.decode()))
    assert condition in words_of(check)
    assert "within 14 days of your withdrawal" in words_of(check)
    client.post(url(order), fields_of(check.content.decode()) | {"confirm": "1"})
    relay.run_until_idle()
    row = Return.objects.get()
    pages = [words_of(check), words_of(client.get(row.get_absolute_url()))]
    receive(row, {}, by=None, is_inspected=False)
    relay.run_until_idle()
    mails = dict(Notification.objects.values_list("kind", "text"))
    assert condition in " ".join(mails["withdrawal-received"].split())
    assert "without delay" in mails["return-arrived"] or at_handover
    assert "I have handed it in" in pages[1]
    for text in (*pages, *mails.values()):
        assert "looked at" not in text


def test_some_of_it_may_be_kept(client, order):
    line = order.lines.get()
    assert confirm(client, order, **{f"units_{line.pk}": "1"}).status_code == 302
    assert Return.objects.get().lines.get().quantity == 1
    assert "How many?" not in words_of(client.get(url(order)))
    assert confirm(client, order).status_code == 302
    assert "You have withdrawn from all that there is" in words_of(client.get(url(order)))
    assert ENTRY not in words_of(client.get(order.get_absolute_url()))


def test_after_the_time_the_page_says_so_with_the_day_and_takes_nothing(client):
    then = timezone.now() - timedelta(days=25)
    order = make_sent_order((make_variant(make_supplier()), 1), at=then)
    said = words_of(client.get(url(order)))
    assert f"were over on {day(withdrawal_ends(timezone.localdate(then), 14, 'IE'))}." in said
    assert f"You can still send things back until {day(timezone.localdate(then) + timedelta(days=30))}." in said
    line = order.lines.get()
    answer = client.post(url(order), {"lines": str(line.pk), "confirm": "1", "form_key": str(uuid.uuid4())})
    assert answer.status_code == 422
    assert not Return.objects.exists()


def test_a_market_without_this_right_shows_none_of_it(client, order):
    market(withdrawal_days=0)
    assert ENTRY not in words_of(client.get(order.get_absolute_url()))
    assert ENTRY not in words_of(client.get(f"/orders/{order.token}/help/?topic=changed_mind"))
    assert ENTRY not in words_of(client.get(f"/orders/{order.token}/returns/new/"))
    assert client.get(url(order)).status_code == 404
    assert client.post(url(order), {"confirm": "1"}).status_code == 404


def test_whoever_has_not_the_link_finds_nothing(client, order):
    assert client.get(f"/orders/{uuid.uuid4()}/withdraw/").status_code == 404
    confirm(client, order)
    key = Event.objects.get(kind="order.withdrawn").facts["key"].removeprefix("withdrawal-")
    other = make_sent_order((make_variant(make_supplier("quay")), 1))
    for wrong in (key, str(uuid.uuid4()), "nonsense", ""):
        assert client.get(url(other), {"done": wrong}).status_code == 404
    Order.objects.update(paid_at=None)
    assert client.get(url(order)).status_code == 404


@pytest.mark.parametrize("number", ["0", "-1", "3", "9" * 25, "x"])
def test_hostile_numbers_and_lines_of_others_are_refused(client, order, number):
    line = order.lines.get()
    data = fields_of(client.get(url(order)).content.decode())
    answer = client.post(url(order), data | {f"units_{line.pk}": number, "confirm": "1"})
    assert answer.status_code == 422
    assert "Oak board: a number from 1 to 2." in words_of(answer)
    other = make_sent_order((make_variant(make_supplier("quay")), 1))
    answer = client.post(url(order), data | {"lines": [str(other.lines.get().pk)], "confirm": "1"})
    assert answer.status_code == 422
    assert not Return.objects.exists()


def test_a_hygiene_item_is_named_with_its_reason(client):
    supplier = make_supplier()
    (kettle,) = make_kettle(supplier, not_returnable_reason="Hygiene goods cannot be returned.")
    order = make_sent_order((kettle, 1), (make_variant(supplier), 1))
    assert "Hygiene goods cannot be returned." in words_of(client.get(url(order)))
    confirm(client, order)
    assert Return.objects.get().lines.get().order_line.variant != kettle


@pytest.mark.parametrize("step", ["start", "check"])
def test_the_pages_cost_as_many_statements_for_many_lines_as_for_few(client, monkeypatch, step):
    monkeypatch.setattr("shop.kept.time", SimpleNamespace(monotonic=lambda: 1_000.0))
    supplier = make_supplier()

    def cost(order) -> int:
        data = fields_of(client.get(url(order)).content.decode())
        with CaptureQueriesContext(connection) as queries:
            answer = client.get(url(order)) if step == "start" else client.post(url(order), data)
        assert answer.status_code == 200
        return len(queries)

    few = cost(make_sent_order((make_variant(supplier), 1)))
    many = cost(make_sent_order(*[(make_variant(supplier), 2) for _number in range(9)]))
    assert many <= few
    assert few <= {"start": 7, "check": 14}[step]
