"""Basket and checkout as people meet them: with the thumb, by keyboard, without script, with mishaps."""

from __future__ import annotations

import gzip

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, Response, expect

from tests.journeys.buying import ADDRESS

pytestmark = [pytest.mark.browser, pytest.mark.timeout(900)]
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
TYPED = ("email", "name", "line1", "postcode", "city")


def check(page: Page, what: str) -> None:
    """Check a state on a phone and on a desk, in light and dark: axe, and no sideways scroll down to 320 px."""
    # A click that leads to another page does not wait until that has been read to its end.
    page.wait_for_load_state("load")
    for width in (390, 1280):
        page.set_viewport_size({"width": width, "height": 844})
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            found = Axe().run(page, options=RULES).response["violations"]
            named = [(rule["id"], [node["html"][:120] for node in rule["nodes"]]) for rule in found]
            assert named == [], f"{what}, {width} px, {scheme}"
    page.set_viewport_size({"width": 320, "height": 844})
    assert not page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"), what
    page.emulate_media(color_scheme="light")
    page.set_viewport_size({"width": 390, "height": 844})


def put_something_in(page: Page) -> None:
    page.goto("/")
    page.locator(".products a").first.click()
    page.get_by_role("button", name="Add to basket").click()
    expect(page.get_by_role("status").filter(has_text="is in your basket")).to_be_visible()


def fill(page: Page) -> None:
    for name in TYPED:
        page.fill(f"#id_{name}", ADDRESS[name])


def test_every_state_of_basket_and_checkout_is_accessible_and_fits(visit):
    page = visit(width=390)
    page.goto("/")
    check(page, "home")
    page.goto("/basket/")
    check(page, "empty basket")
    put_something_in(page)
    check(page, "product, just added")
    page.goto("/basket/")
    check(page, "basket")
    assert page.get_by_role("link", name="Go to checkout").first.bounding_box()["y"] < 844 - 44
    page.get_by_role("button", name="Save for later").click()
    check(page, "basket, saved for later")
    page.get_by_role("button", name="Put in the basket").click()
    page.get_by_role("button", name="Remove").click()
    check(page, "basket, removed")
    page.get_by_role("button", name="Undo").click()
    page.get_by_text("Discount code").first.click()
    page.fill("#id_code", "NOSUCH")
    page.get_by_role("button", name="Apply").click()
    check(page, "basket, wrong code")
    page.goto("/checkout/")
    check(page, "checkout, wrong code")
    page.get_by_text("Add flat").click()
    page.get_by_text("Invoice to another").click()
    check(page, "checkout, unfolded")


def test_a_field_is_judged_when_it_is_left_and_the_error_goes_when_it_is_mended(visit):
    page = visit(width=390)
    put_something_in(page)
    page.goto("/checkout/")
    page.focus("#id_email")
    page.keyboard.type("alex")
    expect(page.locator("#id_email_error")).to_have_count(0)
    page.keyboard.press("Tab")
    expect(page.locator("#id_email_error")).to_have_text("An e-mail address looks like name@example.com.")
    assert "id_email_error" in page.get_attribute("#id_email", "aria-describedby")
    check(page, "checkout, error at the field")
    page.fill("#id_email", "alex@gmial.com")
    expect(page.locator("#id_email_error")).to_have_count(0)
    page.keyboard.press("Tab")
    page.get_by_role("button", name="Yes, take that").click()
    expect(page.locator("#id_email")).to_have_value("alex@gmail.com")
    expect(page.locator("[data-echo]")).to_have_text("alex@gmail.com")


class Keyboard:
    """Hands that only know keys, and count them."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.presses = 0

    def press(self, *keys: str) -> None:
        for key in keys:
            self.presses += 1
            self.page.keyboard.press(key)

    def type(self, text: str) -> None:
        self.presses += len(text)
        self.page.keyboard.type(text)

    def skip_the_header(self) -> None:
        self.press("Tab", "Enter")

    def tab_to(self, selector: str) -> None:
        for _step in range(60):
            if self.page.evaluate("wanted => document.activeElement.matches(wanted)", selector):
                return
            self.press("Tab")
        raise AssertionError(f"{selector} is not reached")


def test_a_purchase_by_keyboard_alone_takes_few_presses(visit):
    page = visit()
    keyboard = Keyboard(page)
    page.goto("/")
    keyboard.skip_the_header()
    keyboard.tab_to(".products a")
    keyboard.press("Enter")
    page.wait_for_url("**/p/**")
    keyboard.skip_the_header()
    keyboard.tab_to("form[action$='/basket/add/'] button.button:not([data-without-script])")
    keyboard.press("Enter")
    # What was added is told on the same page, and the way on is next.
    expect(page.get_by_role("status").filter(has_text="is in your basket")).to_be_visible()
    keyboard.tab_to("a[href='/checkout/']")
    keyboard.press("Enter")
    page.wait_for_url("**/checkout/")
    keyboard.skip_the_header()
    for name in TYPED:
        keyboard.tab_to(f"#id_{name}")
        keyboard.type(ADDRESS[name])
    # Whoever types this fast is taken for a machine.
    page.wait_for_timeout(2_000)
    # Nobody tabs through the rest: Enter in a field continues.
    keyboard.press("Enter")
    page.wait_for_url("**/pay/**")
    assert keyboard.presses <= 170


def test_without_script_every_step_and_every_mishap_has_a_way_on(visit):
    page = visit(width=390, script=False)
    put_something_in(page)
    page.goto("/basket/")
    page.get_by_role("button", name="One more").click()
    expect(page.get_by_role("spinbutton")).to_have_value("2")
    page.get_by_role("button", name="Remove").click()
    page.get_by_role("button", name="Undo").click()
    page.get_by_role("link", name="Go to checkout").first.click()
    page.get_by_role("button", name="Continue to payment").click()
    expect(page.get_by_role("heading", name="There is a problem")).to_be_visible()
    assert page.title().startswith("Error: ")
    page.locator(".error-summary a").first.click()
    fill(page)
    page.get_by_text("Express").first.click()
    page.get_by_role("button", name="Update the total").click()
    expect(page.get_by_role("radio").nth(1)).to_be_checked()
    page.get_by_role("button", name="Continue to payment").click()
    page.wait_for_url("**/pay/**")
    page.goto("/checkout/")
    expect(page.get_by_text("Not paid yet")).to_be_visible()
    expect(page.locator("#id_line1")).to_have_value(ADDRESS["line1"])


def wire_size(answer: Response) -> int:
    is_packed = answer.url.endswith((".woff2", ".webp", ".png", ".jpg", ".avif"))
    return len(answer.body()) if is_packed else len(gzip.compress(answer.body(), 6))


@pytest.mark.parametrize(("path", "most_requests", "most_kilobytes"), [("/", 20, 120), ("/checkout/", 10, 80)])
def test_a_page_stays_within_its_budget_of_requests_and_bytes(visit, path, most_requests, most_kilobytes):
    page = visit(width=390)
    if path != "/":
        put_something_in(page)
        page = page.context.new_page()
    answers: list[Response] = []
    page.on("response", lambda answer: answers.append(answer))
    # An empty cache: what the browser kept of the pages before does not count.
    page.route("**/*", lambda route: route.continue_(headers=route.request.headers | {"cache-control": "no-cache"}))
    page.goto(path, wait_until="networkidle")
    assert len(answers) <= most_requests, [answer.url for answer in answers]
    # As it goes over the wire in production, where text is compressed; the tests' server compresses nothing.
    sizes = {answer.url: wire_size(answer) for answer in answers if answer.status == 200}
    assert any(url.endswith(".woff2") for url in sizes)
    assert sum(sizes.values()) <= most_kilobytes * 1024, sizes


@pytest.mark.parametrize("width", [390, 1280])
def test_one_press_sends_though_the_field_before_it_is_judged_meanwhile(visit, width):
    page = visit(width=width)
    page.goto("/support/?topic=other")
    page.get_by_label("E-mail address").fill("kim@example.com")
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_role("alert")).to_be_visible()
    # Leaving the field takes its error away, and with that the button moves beneath the finger.
    page.get_by_label("Your message").fill("Hello")
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url) if request.method == "POST" else None)
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_role("alert")).to_have_count(0)
    page.wait_for_load_state()
    assert len(sent) == 1
