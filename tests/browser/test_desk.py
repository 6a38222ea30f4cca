"""The desk in a real browser: keys, news and phones; and all of it without a script."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.test_story import check
from tests.journeys.stack import AGENT, PASSWORD

pytestmark = [pytest.mark.browser, pytest.mark.timeout(900)]


def ask(page: Page, words: str) -> None:
    """Write to the shop as a stranger."""
    page.goto("/support/?topic=payment")
    page.get_by_label("E-mail address").fill("zoe@example.com")
    page.get_by_label("Your message").fill(words)
    page.locator("main form .actions button").first.click()
    expect(page.get_by_text("Its number is")).to_be_visible()


def log_in(page: Page) -> None:
    page.goto("/desk/")
    page.get_by_label("Email").fill(AGENT)
    page.locator("#id_password").fill(PASSWORD)
    page.locator("main button[type=submit]").first.click()
    page.wait_for_url("**/desk/")


def test_an_agent_walks_through_the_inbox_with_single_keys_and_sees_news_without_a_jump(visit):
    stranger, agent = visit(), visit()
    for words in ("Where is the first invoice?", "Where is the second invoice?"):
        ask(stranger, words)
    log_in(agent)
    rows = agent.locator("[data-row]")
    for key, place in (("j", 0), ("j", 1), ("k", 0)):
        agent.keyboard.press(key)
        expect(rows.nth(place)).to_be_focused()
    agent.keyboard.press("?")
    expect(agent.get_by_role("dialog")).to_be_visible()
    check(agent, "keys")
    agent.keyboard.press("Escape")
    agent.keyboard.press("/")
    expect(agent.get_by_label("Find")).to_be_focused()
    agent.keyboard.type("j?")
    expect(agent.get_by_label("Find")).to_have_value("j?")
    expect(agent.get_by_role("dialog")).to_be_hidden()

    before = rows.first.bounding_box()
    ask(stranger, "Where is the third invoice?")
    agent.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    link = agent.get_by_role("link", name="1 new – show")
    expect(link).to_be_visible()
    assert rows.first.bounding_box() == before
    link.click()
    expect(agent.get_by_text("Where is the third invoice?").first).to_be_visible()


def test_an_agent_switches_the_keys_off(visit):
    agent = visit()
    ask(agent, "Where is my invoice?")
    log_in(agent)
    first = agent.locator("[data-row]").first
    agent.get_by_role("link", name="Keys and settings").click()
    agent.get_by_label("Single-key shortcuts").uncheck()
    agent.get_by_role("button", name="Keep my settings").click()
    agent.goto("/desk/")
    agent.keyboard.press("j")
    expect(first).not_to_be_focused()
    agent.goto("/desk/mine/")
    agent.get_by_label("Single-key shortcuts").check()
    agent.get_by_role("button", name="Keep my settings").click()


@pytest.mark.parametrize("width", [320, 390, 1280])
def test_every_page_of_the_desk_is_accessible_and_fits(visit, width):
    agent = visit(width=width)
    ask(agent, "Is there an invoice?")
    log_in(agent)
    for path in ("/desk/", "/desk/?q=invoice", "/desk/?q=zebra", "/desk/mine/", "/desk/roster/", "/desk/figures/"):
        agent.goto(path)
        check(agent, f"{path}, {width} px")


def test_several_cases_are_closed_and_the_next_one_taken_without_a_script(visit):
    agent = visit(width=390, script=False)
    ask(agent, "Is there an invoice, please?")
    log_in(agent)
    agent.get_by_label("Choose T-").first.check()
    agent.get_by_label("With those chosen").select_option("tag")
    agent.get_by_role("button", name="See what happens").click()
    agent.get_by_label("Which tag?").fill("invoice")
    agent.get_by_role("button", name="See what happens").click()
    expect(agent.get_by_text("Gets the tag “invoice”.")).to_be_visible()
    agent.get_by_role("button", name="Tag 1").click()
    expect(agent.get_by_text("Tag: 1 of 1 done")).to_be_visible()
    agent.get_by_role("link", name="Back to the inbox").click()
    agent.get_by_role("button", name="Next case").click()
    agent.wait_for_url("**/desk/tickets/**")
