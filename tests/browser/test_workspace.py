"""The workspace in a real browser: how many presses an answer takes, and the same without script."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.test_till import check
from tests.journeys.buying import buy
from tests.journeys.stack import AGENT, PASSWORD

pytestmark = [pytest.mark.browser, pytest.mark.timeout(900)]
OPEN = """
import os, sys, uuid
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
import django
django.setup()
from orders.models import Order
from support.actions.ticket import open_ticket
order = Order.objects.get(number=sys.argv[1])
made = open_ticket(order=order, email=order.email, name=order.name, topic=sys.argv[2], subject=sys.argv[3],
                   body="Please help.", form_key=uuid.uuid4())
print(made.pk, made.get_absolute_url())
"""


class Hand:
    """Presses things, and counts."""

    def __init__(self) -> None:
        self.presses = 0

    def press(self, thing: Locator) -> None:
        self.presses += 1
        thing.click()


@pytest.fixture(scope="module")
def bought(open_shop):
    """An order of one thing that is paid for; its number."""
    _shopper, _path, number = buy(open_shop, goods=1)
    return number


def open_case(open_shop, number: str, topic: str, subject: str) -> tuple[str, str]:
    """Open a case as its customer does; return its page at the desk, and the customer's."""
    pk, path = open_shop.run_python("-c", OPEN, number, topic, subject).split()[-2:]
    return f"/desk/tickets/{pk}/", path


def sign_in(page: Page) -> None:
    page.goto("/desk/")
    page.get_by_label("Email").fill(AGENT)
    page.locator("#id_password").fill(PASSWORD)
    page.locator("main button[type=submit]").first.click()
    page.wait_for_url("**/desk/")


def test_where_is_my_order_is_answered_in_four_presses(visit, open_shop, bought):
    _desk, theirs = open_case(open_shop, bought, "not_arrived", "Where is it, please?")
    page, hand = visit(), Hand()
    sign_in(page)
    hand.press(page.get_by_role("link", name="Where is it, please?"))
    check(page, "workspace")
    hand.press(page.get_by_role("group", name="Suggested macros").get_by_role("button").first)
    box = page.get_by_label("Your message")
    expect(box).to_have_value(whole_text("Hello Alex Byrne"))
    check(page, "workspace with a macro")
    text = box.input_value()
    hand.press(page.get_by_role("button", name="Send to customer"))
    expect(page.locator(".entry-agent").last).to_contain_text(text.splitlines()[2][:60])
    assert hand.presses <= 4, hand.presses
    customer = visit(width=390)
    customer.goto(theirs)
    expect(customer.get_by_text(text.splitlines()[2][:60])).to_be_visible(timeout=30_000)


def whole_text(part: str) -> re.Pattern[str]:
    """Return the pattern of a text that holds these words, and no gap."""
    return re.compile(rf"^[^{{}}]*{re.escape(part)}[^{{}}]*$")


def test_a_part_is_paid_back_with_a_text_in_six_presses(visit, open_shop, bought):
    desk, theirs = open_case(open_shop, bought, "damaged", "A scratch")
    page, hand = visit(), Hand()
    sign_in(page)
    page.goto(desk)
    hand.press(page.get_by_role("link", name="Refund").first)
    # For a scratch: money only.
    page.locator("input[name^=units_]").first.fill("0")
    page.locator("input[name^=money_]").first.fill("1.00")
    hand.press(page.get_by_role("button", name="See every amount first"))
    hand.press(page.get_by_role("button", name="Pay back €"))
    hand.press(page.get_by_role("group", name="Suggested macros").get_by_role("button", name="Refund is on its way"))
    expect(page.get_by_label("Your message")).to_have_value(whole_text("€1.00"))
    hand.press(page.get_by_role("button", name="Send to customer"))
    expect(page.locator(".entry-agent").last).to_contain_text("€1.00")
    assert hand.presses <= 6, hand.presses
    customer = visit(width=390)
    customer.goto(theirs)
    expect(customer.get_by_text("we have paid you back €1.00")).to_be_visible(timeout=30_000)


def test_a_draft_keeps_itself_and_the_list_of_macros_narrows_while_one_types(visit, open_shop, bought):
    desk, _theirs = open_case(open_shop, bought, "question", "Any colour?")
    page = visit()
    sign_in(page)
    page.goto(desk)
    with page.expect_response("**/draft/"):
        page.get_by_label("Your message").press_sequentially("Yes, in")
    expect(page.get_by_text("Draft kept")).to_be_visible()
    page.get_by_text("All macros").click()
    page.get_by_label("Find a macro").fill("photos")
    expect(page.locator("[data-macro]:visible")).to_have_count(3)
    page.reload()
    expect(page.get_by_label("Your message")).to_have_value("Yes, in")
    page.goto(f"{desk}details/")
    check(page, "what a case is")


@pytest.mark.parametrize("width", [390, 1280])
def test_without_script_one_writes_inserts_sends_and_takes_notes(visit, open_shop, bought, width):
    desk, _theirs = open_case(open_shop, bought, "not_arrived", f"Without script {width}")
    page = visit(width=width, script=False)
    sign_in(page)
    page.goto(desk)
    page.get_by_label("Your message").fill("Good morning.")
    page.get_by_role("button", name="Internal note").click()
    page.get_by_label("Your message").fill("Asked twice.")
    page.get_by_role("button", name="Keep note").click()
    expect(page.locator(".entry-note").last).to_contain_text("Asked twice.")
    expect(page.get_by_label("Your message")).to_have_value("Good morning.")
    page.get_by_role("group", name="Suggested macros").get_by_role("button").first.click()
    expect(page.get_by_label("Your message")).to_have_value(whole_text("Hello Alex Byrne"))
    page.get_by_role("button", name="Send to customer").click()
    expect(page.locator(".entry-agent").last).to_contain_text("Good morning.")
    if width == 390:
        expect(page.locator("#context")).to_be_hidden()
        page.get_by_role("link", name="Order", exact=True).click()
        expect(page.locator("#context")).to_be_visible()
        expect(page.locator("#thread")).to_be_hidden()
