"""Several cases at once: nothing happens before it was said, and each case tells what became of it."""

from __future__ import annotations

import re

import pytest

from orders.models import Event
from support.models import Tag, Ticket
from tests.desk import make_agent, make_case, page_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def agent(client):
    made = make_agent()
    client.force_login(made)
    return made


def preview(client, deed: str, tickets: list[Ticket], **more: str) -> str:
    return page_of(client, "/desk/bulk/", deed=deed, pick=[ticket.pk for ticket in tickets], **more)


def confirm(client, page: str) -> str:
    """Send the form of a preview, and return the page of results."""
    form = page[page.index('action="/desk/bulk/do/"') :]
    sent = {name: re.findall(rf'name="{name}" value="([^"]*)"', form) for name in ("deed", "value", "row")}
    answer = client.post("/desk/bulk/do/", sent, follow=True)
    assert answer.redirect_chain == [("/desk/bulk/done/", 302)]
    return answer.content.decode()


def cells(page: str) -> list[str]:
    return [" ".join(re.sub(r"<[^>]*>", " ", row).split()) for row in re.findall(r"<tr>.*?</tr>", page, re.S)[1:]]


def test_closing_says_first_whose_message_stays_unanswered(client, agent):
    asked, silent, over = (
        make_case("asked"),
        make_case("silent", answer_due_at=None),
        make_case("over", status="solved"),
    )
    page = preview(client, "close", [asked, silent, over])
    assert cells(page) == [
        f"asked {asked.number} Is closed as solved, and its customer has no answer to the last message.",
        f"silent {silent.number} Is closed as solved. The customer opens it again by writing.",
        f"over {over.number} Nothing: it is so already.",
    ]
    assert "Close 2 as solved" in page
    assert Ticket.objects.filter(status="solved").count() == 1
    done = confirm(client, page)
    assert "Close: 2 of 2 done" in done
    assert Ticket.objects.filter(status="solved").count() == 3
    again = confirm(client, page)
    assert "Close: 0 of 2 done" in again
    assert Event.objects.filter(kind="ticket.solved").count() == 2


def test_what_changed_since_the_preview_is_left_alone(client, agent):
    one, two, three = make_case("one"), make_case("two"), make_case("three")
    mia = make_agent("Mia Moreau")
    page = preview(client, "assign", [one, two, three], value=str(agent.pk))
    assert "Goes from nobody to Ada." in page
    Ticket.objects.filter(pk=two.pk).update(owner=mia)
    Ticket.objects.filter(pk=three.pk).update(status="waiting_customer")
    done = cells(confirm(client, page))
    assert done[0].endswith("Done Now with Ada.")
    assert done[1].endswith("Not done Left alone: it has changed since. It is new now, with Mia.")
    assert done[2].endswith(
        "Not done Left alone: it has changed since. It is waiting for the customer now, with nobody."
    )
    assert [one.owner_id for one in Ticket.objects.order_by("pk")] == [agent.pk, mia.pk, None]


def test_cases_are_given_to_colleagues_and_taken_from_everybody(client, agent):
    mia, ticket = make_agent("Mia Moreau"), make_case(owner=agent)
    page = preview(client, "assign", [ticket])
    assert "Mia Moreau</option>" in page
    assert "This will happen" not in page
    confirm(client, preview(client, "assign", [ticket], value=str(mia.pk)))
    ticket.refresh_from_db()
    assert ticket.owner == mia
    confirm(client, preview(client, "assign", [ticket], value="0"))
    ticket.refresh_from_db()
    assert ticket.owner is None


def test_cases_get_a_tag_once_however_it_is_written(client, agent):
    ticket, other = make_case(), make_case("other")
    Tag.objects.create(name="Wholesale")
    other.tags.add(Tag.objects.get(name__iexact="wholesale"))
    page = preview(client, "tag", [ticket, other], value="  wholesale ")
    assert "Tag 1" in page
    confirm(client, page)
    confirm(client, preview(client, "tag", [ticket], value="new one"))
    assert sorted(tag.name for tag in ticket.tags.all()) == ["Wholesale", "new one"]


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ({"deed": "assign", "value": ""}, "Choose who gets them."),
        ({"deed": "assign", "value": "999999"}, "Choose who gets them."),
        ({"deed": "tag", "value": "   "}, "Type a tag, or choose one."),
    ],
)
def test_a_choice_that_makes_no_sense_is_asked_for_again(client, agent, query, words):
    ticket = make_case()
    answer = client.get("/desk/bulk/", query | {"pick": ticket.pk})
    assert answer.status_code == 422
    assert answer.content.decode().count(words) == 2
    assert "Error:" in answer.content.decode()
    client.post("/desk/bulk/do/", query | {"row": f"{ticket.pk}:new:0"})
    ticket.refresh_from_db()
    assert (ticket.owner, ticket.tags.count()) == (None, 0)


def test_nothing_chosen_leads_back_with_a_word(client, agent):
    for query in ({"deed": "close"}, {"deed": "nonsense", "pick": "1"}, {"deed": "close", "pick": "x"}):
        page = client.get("/desk/bulk/", query, follow=True).content.decode()
        assert "Choose cases, and what is to be done with them." in page
    for row in ("x", "9:new:0", "", ":::"):
        assert client.post("/desk/bulk/do/", {"deed": "close", "row": row}).status_code == 302
    assert "None of these cases" in page_of(client, "/desk/bulk/", deed="close", pick="987654")


def test_a_customer_is_never_put_in_charge(client, agent):
    ticket, stranger = make_case(), make_agent("Gone Girl")
    stranger.groups.clear()
    client.post("/desk/bulk/do/", {"deed": "assign", "value": str(stranger.pk), "row": f"{ticket.pk}:new:0"})
    ticket.refresh_from_db()
    assert ticket.owner is None
