"""From the shop window to the refund, over HTTP between real processes."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from tests.journeys.buying import buy, check_out, fill_basket, wait_delivered
from tests.journeys.shopper import Shopper
from tests.journeys.stack import AGENT, PASSWORD, Stack, wait_for
from tests.photos import photo

pytestmark = pytest.mark.journey


@pytest.fixture(scope="module")
def stack(tmp_path_factory):
    with Stack(tmp_path_factory.mktemp("journey")) as running:
        yield running


def test_two_suppliers_goods_bought_as_a_guest_arrive_and_every_step_is_told(stack):
    shopper, path, number = buy(stack)
    order = wait_delivered(stack, number)
    wanted = {"order-confirmed": 1, "parcel-sent": 2, "parcel-delivered": 2}

    def told():
        kinds = Counter(
            row["key"].split(":")[0] for row in stack.order(number)["notifications"] if row["state"] == "sent"
        )
        return {kind: kinds[kind] for kind in wanted} == wanted

    wait_for(told, "every mail is sent")

    assert {row["supplier"] for row in order["supplier_orders"]} == {"harbour", "meridian"}
    assert len(order["shipments"]) == 2
    assert all(stack.effects()[row["reference"]] == 1 for row in order["supplier_orders"])
    page = shopper.open(path)
    assert page.count("Delivered") >= 2
    ids = [mail["Message-ID"] for mail in stack.mails()]
    assert len(ids) == len(set(ids))
    assert "unexplained: 0" in stack.manage("audit")


def test_a_defect_with_a_photo_is_answered_and_refunded(stack):
    shopper, path, number = buy(stack)
    order = wait_delivered(stack, number)

    shopper.open(path + "help/?topic=defective")
    line = shopper.page.text.split('name="lines" value="')[1].split('"')[0]
    shopper.submit(
        "help/",
        files=[("photos", ("crack.jpg", photo(), "image/jpeg"))],
        lines=line,
        topic="defective",
        message="It has a crack.",
    )
    case = shopper.page.url
    assert "/support/tickets/" in case
    assert "crack.jpg" in shopper.page.text

    agent = Shopper(stack.base)
    agent.open("/account/login/?next=/desk/")
    agent.submit("/account/login/", login=AGENT, password=PASSWORD)
    desk = next(link for link in agent.links(r"/desk/tickets/\d+/$"))
    agent.open(desk)
    agent.submit("/reply/", message="Sorry. We pay you back.")
    agent.open(agent.links(r"/refund/$")[0])
    # First every amount of it, then the same again with what was shown.
    for _step in ("preview", "confirmed"):
        agent.submit("/refund/")

    refund = wait_for(
        lambda: [row for row in stack.order(number)["refunds"] if row["state"] == "succeeded"], "the money is back"
    )
    paid = order["payments"][0]
    ledger = stack.sandbox.control("ledger")
    refunded = [row for row in ledger["refunds"] if row["payment_intent"] == paid["id"]]
    assert [row["amount"] for row in refunded] == [refund[0]["amount_minor"]]
    assert "We pay you back" in shopper.open(case)
    kinds = wait_for(
        lambda: (
            {row["key"].split(":")[0] for row in stack.order(number)["notifications"] if row["state"] == "sent"}
            >= {"ticket-opened", "ticket-answered", "refund"}
        ),
        "the mails about it are sent",
    )
    assert kinds
    assert "unexplained: 0" in stack.manage("audit")


def test_a_declined_card_leaves_the_order_open_and_a_second_try_pays_it(stack):
    shopper = Shopper(stack.base)
    fill_basket(shopper, goods=1)
    pay_page = check_out(shopper)
    session = pay_page.rsplit("/", 1)[1]

    stack.sandbox.control(f"sessions/{session}/pay", {"card": "4000000000000002"})
    number = next(order["number"] for order in stack.export() if order["state"] == "placed")
    wait_for(
        lambda: any(row["key"].startswith("payment-failed") for row in stack.order(number)["notifications"]),
        "the customer is told that it did not go through",
    )
    assert stack.order(number)["supplier_orders"] == []
    stack.sandbox.control(f"sessions/{session}/pay", {"card": "4242424242424242"})

    order = wait_delivered(stack, number)
    assert [row["captured_minor"] for row in order["payments"]] == [order["total_minor"]]


def test_a_cancellation_clicked_in_the_shop_stands_in_the_suppliers_own_ledgers(stack):
    for supplier in stack.suppliers.values():
        supplier.control("pause", {"paused": True})
    shopper, path, number = buy(stack)
    wait_for(
        lambda: [row["state"] for row in stack.order(number)["supplier_orders"]] == ["placed", "placed"],
        "both suppliers have it",
    )

    page = shopper.open(path + "cancel/")
    shopper.submit("cancel/", lines=re.findall(r'name="lines" value="(\d+)"', page))
    assert path in shopper.page.url
    order = wait_for(
        lambda: next((order for order in [stack.order(number)] if order["state"] == "cancelled"), None),
        "it is cancelled",
    )
    wait_for(
        lambda: [row["state"] for row in stack.order(number)["refunds"]] == ["succeeded", "succeeded"],
        "the money is back",
    )
    for supplier in stack.suppliers.values():
        supplier.control("pause", {"paused": False})

    references = {row["reference"] for row in order["supplier_orders"]}
    theirs = [row for supplier in stack.suppliers.values() for row in supplier.books()["orders"]]
    theirs = [line for row in theirs if row["reference"] in references for line in row["lines"]]
    assert [line["quantity_cancelled"] == line["quantity"] for line in theirs] == [True, True]
    intent = order["payments"][0]["id"]
    back = [row["amount"] for row in stack.sandbox.control("ledger")["refunds"] if row["payment_intent"] == intent]
    assert sum(back) == order["total_minor"]
    assert "This order is cancelled" in shopper.open(path)
    wait_for(
        lambda: (
            [
                row["key"]
                for row in stack.order(number)["notifications"]
                if row["key"].startswith("cancellation-answered")
            ]
            and all(row["state"] == "sent" for row in stack.order(number)["notifications"])
        ),
        "the customer is told",
    )
    assert "unexplained: 0" in stack.manage("audit")
