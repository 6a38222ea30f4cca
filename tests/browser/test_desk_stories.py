"""Stories between a customer, the desk and a supplier, in a real browser: late, by mail, to a wrong address, two at once."""

from __future__ import annotations

import uuid

import pytest
import requests
from playwright.sync_api import Page, expect

from tests.browser.test_desk import log_in
from tests.browser.test_story import check
from tests.browser.test_workspace import open_case
from tests.journeys.buying import ADDRESS, buy
from tests.journeys.stack import AGENT, PASSWORD, Stack, wait_for

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]
SECOND = "second@demo.test"
MAKE_SECOND = """
import os
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
import django
django.setup()
from django.contrib.auth.models import Group
from allauth.account.models import EmailAddress
from shop.models import User
user = User.objects.create_user("%s", "%s", name="Bo Second")
user.groups.add(Group.objects.get(name="Support agents"))
EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
"""


class Desk(Stack):
    """A shop that waits a little before it orders, tells delays soon, and takes in mail."""

    grace = "25"

    def _environment(self) -> dict[str, str]:
        return super()._environment() | {
            "FORWARD_GRACE_SECONDS": self.grace,
            "DELAY_SETTLE_SECONDS": "1",
            "UNDO_SECONDS": "1",
            "REPLY_ADDRESS": "help@reply.shop.example",
            "ANYMAIL_WEBHOOK_SECRET": "postmark:a-long-word",
        }

    def mail_to(self, address: str, words: str, answers: str = "") -> None:
        """Hand in what a customer has written, as the provider that takes in our mail does."""
        mail = {
            "FromFull": {"Email": ADDRESS["email"], "Name": ADDRESS["name"]},
            "ToFull": [{"Email": address, "Name": ""}],
            "Subject": "Re: your order",
            "TextBody": words,
            "Headers": [{"Name": "Message-ID", "Value": f"<{uuid.uuid4()}@example.com>"}]
            + ([{"Name": "In-Reply-To", "Value": answers}] if answers else []),
        }
        url = f"{self.base}/webhooks/mail/postmark/replies/"
        taken = requests.post(url, json=mail, auth=("postmark", "a-long-word"), timeout=20)
        assert taken.ok, taken.text

    def mail_that_begins(self, subject: str, *, number: str = ""):
        """Wait for the newest mail whose subject begins so and names the number."""

        def found():
            mails = [mail for mail in self.mails() if mail["Subject"].strip().startswith(subject)]
            return next((mail for mail in reversed(mails) if number in mail["Subject"]), None)

        return wait_for(found, f"a mail “{subject}”", 60)

    def theirs(self, number: str) -> list[dict]:
        """Return what the suppliers' own ledgers have of an order."""
        references = {row["reference"] for row in self.order(number)["supplier_orders"]}
        books = [order for supplier in self.suppliers.values() for order in supplier.books()["orders"]]
        return [order for order in books if order["reference"] in references]


@pytest.fixture(scope="module")
def open_shop(tmp_path_factory):
    """Bring up a shop for these stories, from real processes."""
    with Desk(tmp_path_factory.mktemp("stories")) as stack:
        stack.run_python("-c", MAKE_SECOND % (SECOND, PASSWORD))
        yield stack


def sign_in(page: Page, email: str) -> None:
    page.goto("/desk/")
    page.get_by_label("Email").fill(email)
    page.locator("#id_password").fill(PASSWORD)
    page.locator("main button[type=submit]").first.click()
    page.wait_for_url("**/desk/")


def test_a_wrong_address_is_changed_before_sending_and_the_supplier_has_the_new_one(visit, open_shop):
    _shopper, path, number = buy(open_shop, goods=1)
    page = visit(width=390)
    page.goto(path)
    page.get_by_role("link", name="Change the address").first.click()
    check(page, "change the address")
    page.get_by_label("Address", exact=True).fill("7 Harbour Row")
    page.get_by_label("Town").fill("Cork")
    page.get_by_label("Eircode").fill("T12 X3Y4")
    page.get_by_role("button", name="Send it there").click()
    page.wait_for_url(f"**{path}**")
    expect(page.get_by_text("7 Harbour Row").first).to_be_visible()
    wait_for(lambda: open_shop.theirs(number), "a supplier has the order", 90)
    (theirs,) = open_shop.theirs(number)
    assert (theirs["ship_to"]["line1"], theirs["ship_to"]["city"]) == ("7 Harbour Row", "Cork")
    assert theirs["effects"] == 1
    told = open_shop.mail_that_begins("New delivery address", number=number)
    assert "7 Harbour Row" in told.get_body(("plain",)).get_content()


def test_a_late_parcel_is_cancelled_by_the_choice_on_the_page(visit, open_shop):
    for supplier in open_shop.suppliers.values():
        supplier.control("pause", {"paused": True})
    _shopper, path, number = buy(open_shop, goods=1)
    wait_for(
        lambda: [row["state"] for row in open_shop.order(number)["supplier_orders"]] == ["placed"],
        "its supplier has it",
        90,
    )
    row = open_shop.order(number)["supplier_orders"][0]
    open_shop.suppliers[row["supplier"]].control(f"orders/{row['reference']}/delay", {"days": 9})
    told = open_shop.mail_that_begins("Later than promised", number=number)
    assert told["To"] == ADDRESS["email"]

    page = visit(width=390)
    page.goto(path)
    page.get_by_role("link", name="Wait or cancel").click()
    check(page, "wait or cancel")
    page.get_by_role("button", name="Cancel it").click()
    expect(page.get_by_text("cancel", exact=False).first).to_be_visible()
    order = wait_for(
        lambda: next((one for one in [open_shop.order(number)] if one["state"] == "cancelled"), None), "it is cancelled"
    )
    wait_for(lambda: [one["state"] for one in open_shop.order(number)["refunds"]] == ["succeeded"], "the money is back")
    for supplier in open_shop.suppliers.values():
        supplier.control("pause", {"paused": False})
    (theirs,) = open_shop.theirs(number)
    assert all(line["quantity_cancelled"] == line["quantity"] for line in theirs["lines"])
    intent = order["payments"][0]["id"]
    back = [row["amount"] for row in open_shop.sandbox.control("ledger")["refunds"] if row["payment_intent"] == intent]
    assert back == [order["total_minor"]]
    page.goto(path)
    expect(page.get_by_text("This order is cancelled").first).to_be_visible()
    check(page, "a late order, cancelled")


def test_a_conversation_by_mail_is_one_case(visit, open_shop):
    _shopper, _path, number = buy(open_shop, goods=1)
    confirmed = open_shop.mail_that_begins("Order confirmed", number=number)
    open_shop.mail_to(confirmed["Reply-To"], "Will it fit into a small oven?", confirmed["Message-ID"])
    receipt = open_shop.mail_that_begins("We have your message")

    agent = visit()
    log_in(agent)
    agent.goto("/desk/?q=small+oven")
    agent.locator(".inbox-subject a").first.click()
    expect(agent.get_by_text("Will it fit into a small oven?").first).to_be_visible()
    case = agent.url
    agent.get_by_label("Your message").fill("It does, up to 30 centimetres.")
    agent.get_by_role("button", name="Send to customer").click()
    expect(agent.locator(".entry-agent").last).to_contain_text("up to 30 centimetres")

    answered = open_shop.mail_that_begins("Answer to your case")
    assert "up to 30 centimetres" in answered.get_body(("plain",)).get_content()
    # In the same conversation of the customer's mail program, and back into the same case.
    assert answered["Reply-To"] == receipt["Reply-To"]
    open_shop.mail_to(answered["Reply-To"], "Then I am happy, thank you.", answered["Message-ID"])
    # On a page that stays open, the news are told without a jump.
    expect(agent.get_by_role("link", name="1 new message - show")).to_be_visible(timeout=60_000)
    agent.get_by_role("link", name="1 new message - show").click()
    expect(agent.get_by_text("Then I am happy, thank you.").first).to_be_visible()
    assert agent.url.split("#")[0].split("?")[0] == case.split("?")[0]
    bodies = agent.locator("#thread").inner_text()
    places = [bodies.index(words) for words in ("small oven?", "up to 30 centimetres", "Then I am happy, thank you.")]
    assert len(places) == 3
    agent.goto("/desk/?q=thank+you")
    expect(agent.locator(".inbox-subject a")).to_have_count(1)
    check(agent, "inbox, one case")


def test_of_two_agents_in_one_case_the_second_learns_of_the_firsts_answer_and_keeps_what_she_wrote(visit, open_shop):
    _shopper, _path, number = buy(open_shop, goods=1)
    desk, theirs = open_case(open_shop, number, "question", "Which wood is it?")
    first, second = visit(), visit()
    sign_in(first, AGENT)
    sign_in(second, SECOND)
    first.goto(desk)
    second.goto(desk)
    # Whoever comes second sees at once that somebody is there; whoever was there, a little later.
    expect(second.get_by_text("Ada is reading")).to_be_visible()
    expect(first.get_by_text("Bo is reading")).to_be_visible(timeout=40_000)
    check(first, "a case with two in it")
    second.get_by_label("Your message").fill("It is beech, I believe.")

    first.get_by_label("Your message").fill("It is oak.")
    first.get_by_role("button", name="Send to customer").click()
    expect(first.locator(".entry-agent").last).to_contain_text("It is oak.")

    second.get_by_role("button", name="Send to customer").click()
    expect(second.get_by_role("alert")).to_contain_text("Not sent")
    expect(second.get_by_text("It is oak.").first).to_be_visible()
    expect(second.get_by_label("Your message")).to_have_value("It is beech, I believe.")
    check(second, "an answer that came too late")
    second.get_by_label("Your message").fill("It is oak, oiled twice.")
    second.get_by_role("button", name="Send to customer").click()
    expect(second.locator(".entry-agent").last).to_contain_text("oiled twice")
    customer = visit(width=390)

    def has_both() -> bool:
        customer.goto(theirs)
        return all(
            customer.get_by_text(words, exact=True).count() for words in ("It is oak.", "It is oak, oiled twice.")
        )

    wait_for(has_both, "both answers are with the customer", 30)
    expect(customer.get_by_text("beech")).to_have_count(0)
