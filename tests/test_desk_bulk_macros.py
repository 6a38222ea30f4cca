"""The same prepared answer to several customers: each text is read before it goes, and none goes with a gap."""

from __future__ import annotations

import uuid

import pytest

from support.actions.ticket import customer_writes
from support.models import HeldAnswer, Macro, MacroText, Tag, Ticket, TicketMessage
from tests.desk import make_agent, make_case
from tests.test_desk_bulk import cells, confirm, preview

pytestmark = pytest.mark.django_db


@pytest.fixture
def agent(client):
    made = make_agent()
    client.force_login(made)
    return made


@pytest.fixture
def macro():
    made = Macro.objects.create(shortcut="storm", status_after="waiting_customer")
    made.tags.add(Tag.objects.create(name="storm"))
    text = "Hello {{name}}, a storm holds up case {{case_number}}. {{agent}}"
    MacroText.objects.create(macro=made, language="en-gb", name="Storm", body=text)
    return made


def answers(ticket: Ticket) -> list[str]:
    return list(ticket.messages.filter(author="agent").values_list("body", flat=True))


def test_every_text_is_shown_before_it_goes_and_goes_once(client, agent, macro):
    one, two = make_case("one"), make_case("two", name="Zoe Zimmer")
    page = preview(client, "macro", [one, two], value="storm")
    assert f"Hello Zoe Zimmer, a storm holds up case {two.number}. Ada" in page
    assert "state: waiting for the customer; tags: storm" in page
    assert TicketMessage.objects.filter(author="agent").count() == 0
    assert "Send it to 2" in page
    assert all(cell.endswith("Done Goes out in a few seconds.") for cell in cells(confirm(client, page)))
    again = cells(confirm(client, page))
    assert all("Left alone: it has changed since." in cell for cell in again)
    assert answers(one) == [f"Hello Alex Byrne, a storm holds up case {one.number}. Ada"]
    assert len(answers(two)) == 1
    one.refresh_from_db()
    assert (one.status, [tag.name for tag in one.tags.all()]) == ("waiting_customer", ["storm"])


def test_a_case_that_leaves_a_gap_is_left_alone_and_says_which(client, agent, macro):
    known, nameless = make_case("known"), make_case("nameless", name="")
    page = preview(client, "macro", [known, nameless], value="storm")
    assert "Is left alone: “{{name}}” (customer&#x27;s name) is missing" in page
    assert "Send it to 1" in page
    confirm(client, page)
    assert len(answers(known)) == 1
    assert answers(nameless) == []


def test_a_customer_who_writes_after_the_preview_is_read_first(client, agent, macro):
    ticket = make_case()
    page = preview(client, "macro", [ticket], value="storm")
    customer_writes(ticket, "It has just come.", form_key=uuid.uuid4())
    assert "Not done Left alone: it has changed since." in cells(confirm(client, page))[0]
    assert answers(ticket) == []


def test_they_can_be_taken_back_as_any_other(client, agent, macro, settings):
    settings.UNDO_SECONDS = 10
    ticket = make_case()
    confirm(client, preview(client, "macro", [ticket], value="storm"))
    held = HeldAnswer.objects.get()
    client.post(f"/desk/tickets/{ticket.pk}/undo/{held.message_id}/")
    assert answers(ticket) == []


def test_only_macros_that_are_offered_are_sent(client, agent, macro):
    ticket = make_case()
    Macro.objects.filter(pk=macro.pk).update(is_active=False)
    answer = client.get("/desk/bulk/", {"deed": "macro", "pick": ticket.pk, "value": "nonsense"})
    assert answer.status_code == 422
    assert "Choose a macro." in answer.content.decode()
