"""Stories of goods that come back, in a real browser: replaced, returned, withdrawn from, and refused by the supplier."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.test_desk import log_in
from tests.browser.test_story import check
from tests.journeys.buying import check_out, pay, wait_delivered
from tests.journeys.shopper import Shopper
from tests.journeys.stack import Stack, wait_for
from tests.photos import photo

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]


def bought(stack: Stack, *, units: int = 1) -> tuple[str, str]:
    """Let a guest buy something, dear enough for its supplier to want it back, and wait until it is there; return the order's path and number."""
    shopper = Shopper(stack.base)
    files = re.findall(r"<loc>([^<]+)</loc>", shopper.open("/sitemap.xml"))
    pages = [one for file in files for one in re.findall(r"<loc>([^<]+/p/[^<]+)</loc>", shopper.open(file))]
    shopper.open(next(page for page in pages if "frying-pan" in page and "/de/" not in page))
    shopper.submit("/basket/add/", quantity=units)
    check_out(shopper)
    path = pay(shopper)
    number = shopper.open(path).split("<h1>Order ")[1].split("<")[0]
    wait_delivered(stack, number)
    return path, number


def ask(page: Page, path: str, *, reason: str, solution: str, units: int = 0) -> str:
    """Be the customer: ask for a return on a phone, with a photo; return the address of its page."""
    page.goto(path)
    page.get_by_role("link", name="Return something").first.click()
    check(page, "return something")
    box = page.locator("input[name=lines]").first
    if not box.is_checked():
        box.check()
    if units:
        page.locator("input[name^=units_]").first.fill(str(units))
    page.get_by_label(reason).check()
    page.get_by_label(solution, exact=True).check()
    page.get_by_role("button", name="Continue: see what you get").click()
    check(page, "what you get")
    page.locator("input[type=file]").set_input_files({"name": "it.jpg", "mimeType": "image/jpeg", "buffer": photo()})
    page.get_by_role("button", name="Send the request").click()
    page.wait_for_url(re.compile(r"/returns/RT-\d+/"))
    check(page, "the return")
    return page.url


def decide(page: Page, number: str, choice: str = "") -> None:
    """Be the agent: find the return at the desk and decide it, as the rule proposes or otherwise."""
    page.goto("/desk/returns/")
    page.get_by_role("link", name=number).first.click()
    if choice:
        page.locator("label.choice-title", has_text=choice).click()
    page.get_by_role("button", name="Decide", exact=True).click()
    page.wait_for_load_state("load")


def name_of(address: str) -> str:
    return re.search(r"RT-\d+", address).group(0)


def state_of(stack: Stack, number: str) -> str:
    """Return the state of an order's one return."""
    (row,) = stack.order(number)["returns"]
    return row["state"]


def paid_back(stack: Stack, number: str) -> int:
    """Return what the payment provider has paid back for an order, in minor units."""
    ids = {row["id"] for row in stack.order(number)["payments"]}
    refunds = stack.sandbox.control("ledger")["refunds"]
    return sum(row["amount"] for row in refunds if row["payment_intent"] in ids and row["status"] == "succeeded")


def test_a_defect_is_replaced_and_the_new_one_delivered(visit, open_shop):
    path, number = bought(open_shop)
    customer, agent = visit(width=390), visit()
    address = ask(customer, path, reason="It is faulty", solution="The same again")
    log_in(agent)
    decide(agent, name_of(address))

    def delivered():
        new = [line for line in open_shop.order(number)["lines"] if line["replaces"]]
        return new and new[0]["delivered"] == 1

    wait_for(delivered, "the new one is delivered", 150)
    customer.goto(path)
    expect(customer.get_by_text("free of charge").first).to_be_visible()
    check(customer, "an order with a replacement")
    assert state_of(open_shop, number) == "resolved"
    assert paid_back(open_shop, number) == 0
    assert "unexplained: 0" in open_shop.manage("audit")


def test_a_wrong_item_goes_back_and_its_money_comes(visit, open_shop):
    path, number = bought(open_shop)
    customer, agent = visit(width=390), visit()
    address = ask(customer, path, reason="It is the wrong item", solution="Money back")
    log_in(agent)
    decide(agent, name_of(address))
    customer.goto(address)
    expect(customer.get_by_text("Accepted").first).to_be_visible()
    wait_for(lambda: state_of(open_shop, number) == "resolved", "the goods are back and the money is out", 150)
    total = open_shop.order(number)["total_minor"]
    wait_for(lambda: paid_back(open_shop, number) == total, "all of it is paid back", 60)
    customer.goto(address)
    check(customer, "a return that is over")
    assert "unexplained: 0" in open_shop.manage("audit")


def test_some_units_go_back_now_and_the_others_later_each_with_its_own_money(visit, open_shop):
    path, number = bought(open_shop, units=3)
    customer, agent = visit(width=390), visit()
    total = open_shop.order(number)["total_minor"]
    log_in(agent)
    first = ask(customer, path, reason="It is faulty", solution="Money back", units=1)
    decide(agent, name_of(first))
    second = ask(customer, path, reason="It arrived damaged", solution="Money back", units=2)
    decide(agent, name_of(second))
    customer.goto(path)
    customer.goto(f"{path}returns/new/")
    expect(customer.get_by_text("all of it is in a return already")).to_be_visible()
    wait_for(lambda: {row["state"] for row in open_shop.order(number)["returns"]} == {"resolved"}, "both are over", 150)
    wait_for(lambda: paid_back(open_shop, number) == total, "all of it is paid back, to the cent", 60)
    (line,) = open_shop.order(number)["lines"]
    assert (line["ordered"], line["refunded"]) == (3, 3)
    assert "unexplained: 0" in open_shop.manage("audit")


def test_a_guest_withdraws_in_two_steps_and_has_the_receipt(visit, open_shop):
    path, number = bought(open_shop)
    page = visit(width=390, script=False)
    page.goto(path)
    page.get_by_role("link", name="Withdraw from contract here").first.click()
    page.get_by_role("button", name="Continue").click()
    page.get_by_role("button", name="Confirm withdrawal").click()
    page.wait_for_url("**done=*")

    def receipt():
        subjects = [mail["Subject"] for mail in open_shop.mails() if number in mail["Subject"]]
        return any("ithdrawal" in subject for subject in subjects)

    wait_for(receipt, "the receipt came by mail", 60)
    total = open_shop.order(number)["total_minor"]
    wait_for(lambda: paid_back(open_shop, number) == total, "all of it is paid back, delivery included", 150)
    assert "unexplained: 0" in open_shop.manage("audit")


def test_what_a_supplier_refuses_after_it_has_it_is_decided_by_a_person(visit, open_shop):
    path, number = bought(open_shop)
    customer, agent = visit(width=390), visit()
    address = ask(customer, path, reason="It is faulty", solution="Money back")
    log_in(agent)
    decide(agent, name_of(address))
    slug = open_shop.order(number)["supplier_orders"][0]["supplier"]
    books = open_shop.suppliers[slug]
    reference = name_of(address)
    known = lambda: [row for order in books.books()["orders"] for row in order["returns"]]  # noqa: E731
    wait_for(lambda: any(row["return_reference"] == reference for row in known()), "the supplier was asked", 60)
    books.control(f"returns/{reference}/decide", {"outcome": "refuse"})
    wait_for(lambda: state_of(open_shop, number) == "review", "the supplier has refused it", 150)
    assert paid_back(open_shop, number) == 0
    customer.goto(address)
    expect(customer.get_by_text("Being checked by us").first).to_be_visible()
    decide(agent, reference, "Refund without return")
    total = open_shop.order(number)["total_minor"]
    wait_for(lambda: paid_back(open_shop, number) == total, "the customer has the money", 60)
    assert state_of(open_shop, number) == "resolved"
    assert "unexplained: 0" in open_shop.manage("audit")
