"""The whole story in a real browser: buy on a phone, watch, report a defect, get the money back."""

from __future__ import annotations

from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from PIL import Image
from playwright.sync_api import Page, expect

from tests.journeys.buying import ADDRESS
from tests.journeys.stack import AGENT, PASSWORD, wait_for

pytestmark = [pytest.mark.browser, pytest.mark.timeout(900)]
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}


def check(page: Page, what: str) -> None:
    """Check a page's accessibility in light and dark, and that it does not scroll sideways."""
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        found = Axe().run(page, options=RULES).response["violations"]
        named = [(rule["id"], [node["html"][:120] for node in rule["nodes"]]) for rule in found]
        assert named == [], f"{what}, {scheme}"
    page.emulate_media(color_scheme="light")
    wide = page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")
    assert not wide, f"{what} scrolls sideways"


def add_one_of_each_supplier(page: Page) -> None:
    seen: set[str] = set()
    page.goto("/search/?q=")
    addresses: list[str] = []
    page.goto("/sitemap.xml")
    for file in page.evaluate("[...document.getElementsByTagName('loc')].map(node => node.textContent)"):
        page.goto(file)
        addresses += page.evaluate("[...document.getElementsByTagName('loc')].map(node => node.textContent)")
    for address in [one for one in addresses if "/p/" in one and "/de/" not in one]:
        page.goto(address)
        origin = page.locator(".buy-lines li").first.inner_text()
        if origin not in seen and page.get_by_role("button", name="Add to basket").count():
            if not seen:
                check(page, "product")
            page.get_by_role("button", name="Add to basket").click()
            # It is told on the page; whoever leaves sooner has not put it into the basket.
            expect(page.locator("#added-here")).to_contain_text("basket")
            seen.add(origin)
        if len(seen) == 2:
            return
    raise AssertionError(f"only {seen}")


def shop_and_pay(page: Page) -> None:
    """Buy from two suppliers as a guest, with one mistake on the way."""
    page.goto("/")
    check(page, "home")
    page.locator(".window-tile").first.click()
    check(page, "category")
    add_one_of_each_supplier(page)
    page.goto("/basket/")
    expect(page.get_by_role("heading", name="Parcel 2 of 2")).to_be_visible()
    check(page, "basket")
    page.get_by_role("link", name="Go to checkout").first.click()
    check(page, "checkout")
    page.get_by_role("button", name="Continue to payment").click()
    expect(page.get_by_role("alert")).to_be_focused()
    check(page, "checkout with errors")
    page.get_by_label("E-mail address").fill(ADDRESS["email"])
    page.get_by_label("Full name").fill(ADDRESS["name"])
    page.get_by_label("Address", exact=True).fill(ADDRESS["line1"])
    page.get_by_label("Postcode").fill(ADDRESS["postcode"])
    page.get_by_label("Town").fill(ADDRESS["city"])
    page.get_by_role("button", name="Continue to payment").click()
    page.get_by_role("button", name="Pay").first.click()
    page.wait_for_url("**/orders/**")
    expect(page.get_by_text("Thank you, Alex Byrne")).to_be_visible()
    check(page, "thank you")
    page.get_by_role("link", name="Track your order").click()


def watch_until_delivered(page: Page) -> None:
    """Look on while both parcels come; nobody touches anything, the page renews itself."""
    check(page, "order, just paid")
    expect(page.locator("#progress .badge", has_text="Delivered")).to_have_count(3, timeout=90_000)
    check(page, "order, delivered")


def report_a_defect(page: Page, photo: Path) -> None:
    """Report a defect with a photo from the order page."""
    page.get_by_role("link", name="Get help with this order").click()
    check(page, "help")
    page.get_by_role("link", name="Something is faulty").click()
    check(page, "help, what it is about")
    # What comes first is the return by oneself; whoever would rather write does that below.
    page.locator("main details summary", has_text="Write to us").first.click()
    page.get_by_role("checkbox").first.check()
    page.get_by_label("In your words").fill("It has a crack along the grain.")
    Image.new("RGB", (800, 600), "salmon").save(photo)
    page.get_by_label("Photos").set_input_files(photo)
    page.get_by_role("button", name="Send").click()
    page.wait_for_url("**/support/tickets/**")
    check(page, "case")


def answer_and_refund(agent: Page) -> None:
    """Log in as an agent, answer the case and pay back the line."""
    agent.goto("/desk/")
    check(agent, "log-in")
    agent.get_by_label("Email").fill(AGENT)
    agent.locator("#id_password").fill(PASSWORD)
    agent.locator("main button[type=submit]").first.click()
    agent.wait_for_url("**/desk/")
    check(agent, "inbox")
    agent.locator(".inbox-subject a").first.click()
    check(agent, "case at the desk")
    agent.locator("form.composer textarea").fill("Sorry. We pay you back at once.")
    agent.get_by_role("button", name="Send to customer").click()
    agent.get_by_role("link", name="Refund").first.click()
    check(agent, "refund")
    agent.get_by_role("button", name="See every amount first").click()
    check(agent, "refund preview")
    agent.get_by_role("button", name="Pay back €").click()
    expect(agent.get_by_text("is on its way back")).to_be_visible()


def test_buying_watching_and_being_helped_on_a_phone(visit, open_shop, tmp_path):
    page = visit(width=390)
    shop_and_pay(page)
    watch_until_delivered(page)
    order_page = page.url
    report_a_defect(page, tmp_path / "crack.jpg")
    answer_and_refund(visit())

    page.reload()
    expect(page.get_by_text("We pay you back at once")).to_be_visible()
    check(page, "case, answered and decided")
    page.get_by_role("button", name="Solved, thank you").click()
    expect(page.get_by_text("Did we solve it well?")).to_be_visible()
    check(page, "case, solved")
    page.goto(order_page)
    expect(page.locator("#progress .badge", has_text="Refunded")).to_be_visible(timeout=30_000)
    subjects = wait_for(
        lambda: [mail for mail in open_shop.mails() if mail["Subject"].strip().startswith("Refund of")],
        "refund mail",
    )
    assert len(subjects) == 1


@pytest.mark.parametrize(
    "path",
    [
        "/orders/find/",
        "/support/",
        "/support/?topic=payment",
        "/help/",
        "/help/?q=refund",
        "/help/returns-and-withdrawal/",
        "/account/signup/",
        "/pages/delivery/",
        "/search/?q=lamp",
        "/dev/mail/",
    ],
)
@pytest.mark.parametrize("width", [320, 1280])
def test_other_pages_are_accessible_and_fit(visit, path, width):
    page = visit(width=width)
    page.goto(path)
    check(page, path)


def test_answers_appear_below_a_message_while_it_is_typed(visit):
    page = visit(width=390)
    page.goto("/support/?topic=other")
    page.get_by_label("Your message").press_sequentially("Where do I find the invoice?")
    expect(page.get_by_role("link", name="Where is my invoice?")).to_be_visible()
    check(page, "contact, with an answer to what is typed")
    page.get_by_role("button", name="That answers it").click()
    expect(page.get_by_text("Good. If anything is left open, we are here.")).to_be_visible()


def test_without_script_a_button_looks_for_an_answer_and_keeps_what_was_typed(visit):
    page = visit(script=False)
    page.goto("/support/?topic=other")
    page.get_by_label("Your message").fill("Where do I find the invoice?")
    page.get_by_role("button", name="Is there an answer already?").click()
    expect(page.get_by_role("link", name="Where is my invoice?")).to_be_visible()
    expect(page.get_by_label("Your message")).to_have_value("Where do I find the invoice?")


def test_every_component_is_accessible(visit):
    page = visit()
    page.goto("/styleguide/")
    check(page, "styleguide")


def test_without_script_the_way_to_the_pay_page_is_open(visit):
    page = visit(width=390, script=False)
    page.goto("/")
    page.locator(".products a").first.click()
    page.get_by_role("button", name="Add to basket").click()
    page.goto("/checkout/")
    for label in ("E-mail address", "Full name", "Town", "Postcode"):
        page.get_by_label(label).fill({"E-mail address": "a@example.com", "Postcode": "D02 X285"}.get(label, "Alex"))
    page.get_by_label("Address", exact=True).fill("12 Main Street")
    page.get_by_role("button", name="Continue to payment").click()
    page.wait_for_url("**/pay/**")


def test_the_first_tab_stop_leads_past_the_header(visit):
    page = visit()
    page.goto("/")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
