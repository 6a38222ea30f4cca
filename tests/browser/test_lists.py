"""Lists and search in a real browser: by keyboard, on a phone, and without script."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.test_story import check

pytestmark = [pytest.mark.browser, pytest.mark.timeout(900)]
MORE = '<a class="button load-more" href="?page=2" data-load-more hidden>Show 2 more</a>'
# Three of the few goods of these tests, one from each of three departments.
THREE_DEPARTMENTS = "/search/?q=three"


def test_suggestions_are_used_by_the_keyboard(visit):
    page = visit()
    page.goto("/")
    box = page.get_by_role("combobox", name="Search for")
    box.press_sequentially("stick")
    option = page.get_by_role("option").first
    expect(option).to_be_visible()
    expect(box).to_have_attribute("aria-expanded", "true")
    assert page.get_by_role("option").count() <= 8
    box.press("ArrowDown")
    expect(box).to_have_attribute("aria-activedescendant", option.get_attribute("id"))
    check(page, "suggestions")
    box.press("Escape")
    expect(page.get_by_role("listbox")).to_be_hidden()
    expect(box).to_have_value("stick")
    box.press("ArrowDown")
    expect(option).to_be_visible()
    box.press("ArrowDown")
    box.press("Enter")
    page.wait_for_url("**/p/**")


def test_enter_without_a_choice_searches_for_what_was_typed(visit):
    page = visit()
    page.goto("/")
    box = page.get_by_role("combobox", name="Search for")
    box.press_sequentially("stiky")
    box.press("Enter")
    page.wait_for_url("**/search/?q=stiky")
    expect(page.get_by_text("These are for “sticky”")).to_be_visible()


@pytest.mark.parametrize("width", [320, 390, 1280])
def test_filters_are_folded_on_a_phone_and_beside_the_list_on_a_desk(visit, width):
    page = visit(width=width)
    page.goto(THREE_DEPARTMENTS)
    button = page.locator("#filters-show")
    expect(button).to_have_text("Show 3 items")
    assert button.is_visible() == (width > 1200)
    if width < 1200:
        page.locator("#filter-box > summary").click()
    page.locator("#filters input[name=in]").first.check()
    expect(button).to_have_text("Show 1 item")
    button.click()
    page.wait_for_url("**/search/?q=three&in=**")
    expect(page.locator(".chip-on")).to_have_count(1)
    check(page, f"filtered list, {width}")


def test_without_script_boxes_links_and_pages_work(visit):
    page = visit(width=390, script=False)
    page.goto(THREE_DEPARTMENTS)
    page.locator("#filter-box > summary").click()
    page.locator("#filters input[name=in]").first.check()
    page.locator("#filters-show").click()
    expect(page.locator(".chip-on")).to_have_count(1)
    page.locator(".chip-on").click()
    expect(page.locator(".chip-on")).to_have_count(0)


def test_a_list_has_two_columns_on_a_phone_four_on_a_desk_and_nothing_moves_while_pictures_load(visit):
    page = visit(width=320)
    page.goto("/c/kitchen/")
    columns = "getComputedStyle(document.querySelector('.products')).gridTemplateColumns.split(' ').length"
    assert page.evaluate(columns) == 2
    for width, wanted in ((390, 2), (700, 3), (1000, 4), (1280, 4)):
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate(columns) == wanted
    assert page.evaluate(
        "[...document.images].every(image => image.getAttribute('width') && image.getAttribute('height'))"
    )


def with_a_second_page(route) -> None:
    """Let a shop of few goods have two pages: the second repeats the first."""
    real = route.fetch()
    text = real.text()
    if "page=2" not in route.request.url:
        assert '<div id="pages">' in text
        text = text.replace('<div id="pages">', f'{MORE}<div id="pages">')
    route.fulfill(response=real, body=text)


def test_more_goods_are_put_below_and_the_address_is_that_of_the_page_reached(visit):
    page = visit(width=390)
    page.route("**/c/kitchen/**", with_a_second_page)
    page.goto("/c/kitchen/")
    cards, more = page.locator("#cards > *"), page.locator("[data-load-more]")
    few = cards.count()
    more.click()
    expect(cards).to_have_count(2 * few)
    expect(cards.nth(few).get_by_role("link")).to_be_focused()
    expect(page.get_by_role("status").filter(has_text=f"1 to {few} of {few}")).to_be_visible()
    expect(more).to_have_count(0)
    page.wait_for_url("**/c/kitchen/?page=2")
    check(page, "list with more")


def test_without_script_there_are_only_the_pages(visit):
    page = visit(width=390, script=False)
    page.route("**/c/kitchen/**", with_a_second_page)
    page.goto("/c/kitchen/")
    expect(page.locator("[data-load-more]")).to_be_hidden()


def test_on_a_phone_the_header_has_two_rows_and_the_departments_are_a_sheet_without_script(visit):
    page = visit(width=390, script=False)
    page.goto("/")
    departments = page.get_by_role("navigation", name="Departments")
    assert page.locator(".site-header").bounding_box()["height"] <= 2 * 60
    expect(page.locator("label[for=site-search]")).to_be_visible()
    expect(departments).to_be_hidden()
    page.get_by_role("button", name="Departments").click()
    departments.get_by_role("link").first.click()
    page.wait_for_url("**/c/**")


def test_the_sheet_of_departments_is_accessible_and_closes_by_the_keyboard(visit):
    page = visit(width=390)
    page.goto("/")
    page.get_by_role("button", name="Departments").press("Enter")
    departments = page.get_by_role("navigation", name="Departments")
    expect(departments).to_be_visible()
    check(page, "departments")
    page.keyboard.press("Escape")
    expect(departments).to_be_hidden()
    expect(page.get_by_role("button", name="Departments")).to_be_focused()
    page.set_viewport_size({"width": 1280, "height": 900})
    expect(departments).to_be_visible()
    expect(page.get_by_role("button", name="Departments")).to_be_hidden()
