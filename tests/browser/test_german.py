"""German words are longer: on the narrowest phone nothing is cut off or pushes the page aside."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.test_story import check

pytestmark = [pytest.mark.browser, pytest.mark.timeout(900)]


def test_a_visitor_changes_to_german_and_buys_on_a_phone_of_320_pixels(visit):
    page = visit(width=320)
    page.goto("/")
    page.get_by_role("link", name="Deutsch").click()
    page.wait_for_url("**/de/")
    check(page, "home in German")
    page.locator(".window-tile").first.click()
    page.wait_for_url("**/de/c/**")
    check(page, "list in German")
    page.locator(".card-name a").first.click()
    page.wait_for_url("**/de/p/**")
    check(page, "product in German")
    page.locator(".buy-button").click()
    expect(page.locator("#added-here")).to_contain_text("liegt in Ihrem Warenkorb")
    page.goto("/de/basket/")
    check(page, "basket in German")
    page.goto("/de/checkout/")
    expect(page.locator("html")).to_have_attribute("lang", "de")
    check(page, "checkout in German")
    page.get_by_role("link", name="English").click()
    page.wait_for_url("**/checkout/")
    expect(page.locator("html")).to_have_attribute("lang", "en-gb")


def test_the_chooser_works_without_script(visit):
    page = visit(width=390, script=False)
    page.goto("/search/?q=three")
    page.get_by_role("link", name="Deutsch").click()
    page.wait_for_url("**/de/search/?q=three")
    expect(page.locator("html")).to_have_attribute("lang", "de")
