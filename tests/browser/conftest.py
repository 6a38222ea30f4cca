"""One real Chromium, and one whole shop, for all browser tests."""

from __future__ import annotations

import os
import shutil

import pytest
from playwright.sync_api import sync_playwright

from tests.journeys.stack import Stack

ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
]  # fmt: skip
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


@pytest.fixture(scope="session")
def chromium():
    """Start the machine's own Chromium; skip where there is none (CI forbids skips)."""
    path = os.environ.get("CHROMIUM") or next((found for name in NAMES if (found := shutil.which(name))), None)
    if path is None:
        pytest.skip("no Chromium on this machine: install it, or name it in CHROMIUM")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def open_shop(tmp_path_factory):
    """Bring up the whole shop, from real processes."""
    with Stack(tmp_path_factory.mktemp("browser")) as stack:
        yield stack


def is_missing(answer) -> bool:
    """True for what a page asks for and does not get; a form with mistakes is answered with 422, one too late with 409."""
    return answer.status >= 400 and answer.status not in {409, 422}


def is_a_fault(message) -> bool:
    """True for errors in the console, but for what the tests themselves provoke.

    Answers are looked at by ``is_missing``; axe tries inline style, which our policy refuses.
    """
    return (
        message.type == "error" and "Failed to load resource" not in message.text and "inline style" not in message.text
    )


@pytest.fixture
def visit(chromium, open_shop):
    """Return a function that opens a new visitor's page; any error on the page fails the test."""
    made, problems = [], []

    def new_page(*, width: int = 1280, scheme: str = "light", script: bool = True):
        context = chromium.new_context(
            base_url=open_shop.base,
            viewport={"width": width, "height": 900},
            color_scheme=scheme,
            java_script_enabled=script,
        )
        page = context.new_page()
        page.set_default_timeout(20_000)
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on("console", lambda message: problems.append(message.text) if is_a_fault(message) else None)
        page.on(
            "response", lambda answer: problems.append(f"{answer.status} {answer.url}") if is_missing(answer) else None
        )
        made.append(context)
        return page

    yield new_page
    for context in made:
        context.close()
    assert problems == []
