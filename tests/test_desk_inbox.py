"""The inbox: what stands in it and in which order, what finds it, and what an agent does from it."""

from __future__ import annotations

import re
import uuid
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from orders.models import OrderLine
from orders.progress import order_word
from suppliers.actions.forward import forward_order
from suppliers.models import SupplierOrder
from support.actions.ticket import add_note, agent_answers, customer_writes
from support.models import AgentProfile, Presence, SavedView, Tag, Ticket, Topic
from support.presence import note_presence
from support.returning.asking import Wanted, ask_return
from tests.desk import due_in, make_agent, make_case, page_of, put_on_duty, rows_of
from tests.factories import make_paid_order, make_person, make_supplier, make_variant
from tests.returning import sent_order

pytestmark = pytest.mark.django_db


@pytest.fixture
def agent(client):
    made = make_agent()
    client.force_login(made)
    return made


def row_of(page: str, ticket: Ticket) -> str:
    """Return the row of a case, without markup."""
    (found,) = [row for row in re.findall(r"<tr>.*?</tr>", page, re.S) if ticket.number in row]
    return " ".join(re.sub(r"<[^>]*>", " ", found).split())


def test_customers_and_staff_without_cases_never_see_the_inbox(client):
    ticket = make_case()
    paths = [
        "/desk/",
        "/desk/search/",
        "/desk/news/?since=x",
        "/desk/bulk/?deed=close",
        "/desk/bulk/done/",
        "/desk/mine/",
    ]
    for path in paths:
        assert client.get(path).status_code == 302, path
    for role in ("", "Pharmacists", "Store staff"):
        client.force_login(make_person(role=role))
        for path in paths:
            assert client.get(path).status_code == 403, (role, path)
        for path in (
            "next/",
            "bulk/do/",
            "views/",
            "views/1/delete/",
            "roster/hand-over/",
        ):
            assert client.post(f"/desk/{path}").status_code == 403, (role, path)
    ticket.refresh_from_db()
    assert ticket.owner is None


def test_there_are_eight_views_with_their_counts(client, agent):
    order = sent_order(2)
    make_case("late", answer_due_at=due_in(-2), solve_due_at=None)
    make_case("soon", answer_due_at=due_in(2), owner=agent)
    make_case("at the supplier", status="waiting_supplier", owner=agent)
    make_case("at the customer", status="waiting_customer")
    make_case("over", status="solved")
    back = make_case("goods are back", order=order, answer_due_at=due_in(30))
    wanted = Wanted({order.lines.get().pk: 1}, reason="defective")
    ask_return(order, wanted, form_key=uuid.uuid4(), opened_by=agent, ticket=back)
    Ticket.objects.filter(pk=back.pk).update(status="open", owner=None)
    page = page_of(client, "/desk/")
    shown = re.findall(r'data-count="(\w+)">(\d+)<', page)
    assert dict(shown) == {
        "mine": "2", "unassigned": "2", "soon": "1", "overdue": "1", "supplier": "1", "customer": "1", "returns": "1",
        "all": "5",
    }  # fmt: skip
    assert len(shown) == 8
    for name, count in shown:
        assert len(rows_of(page_of(client, "/desk/", view=name))) == int(count), name


def test_a_row_says_all_there_is_to_know(client, agent):
    order = make_paid_order((make_variant(make_supplier()), 2))
    OrderLine.objects.update(confirmed=2, shipped=1)
    ticket = make_case("The lamp flickers", order=order, topic=Topic.DEFECTIVE, body="Since yesterday.")
    Ticket.objects.filter(pk=ticket.pk).update(
        opened_at=due_in(-3.1), answer_due_at=due_in(2.1), owner=make_agent("Mia Moreau"), priority="urgent"
    )
    note_presence(ticket, make_agent("Leo Lane"), is_writing=True)
    row = row_of(page_of(client, "/desk/"), ticket)
    word = str(order_word(order).text)
    assert word == "Partly sent"
    for words in (
        "The lamp flickers", "Alex Byrne", order.number, word, "Faulty", "Since yesterday.", "Age 3 h", "New in 2 h",
        "Agent Mia", "Leo is writing", "Urgent",
    ):  # fmt: skip
        assert words in row, words


def test_whoever_left_is_in_no_case_any_more(client, agent):
    ticket = make_case()
    note_presence(ticket, agent, is_writing=False)
    note_presence(ticket, make_agent("Leo Lane"), is_writing=False)
    note_presence(ticket, make_agent("Gone Girl"), is_writing=True)
    Presence.objects.filter(is_writing=True).update(seen_at=due_in(-1))
    row = row_of(page_of(client, "/desk/"), ticket)
    assert "Leo is reading" in row
    assert "Ada" not in row
    assert "Gone" not in row


def test_due_is_said_in_four_kinds_each_with_word_shape_and_colour(client, agent):
    new = make_case("new", answer_due_at=due_in(3.1))
    answered = make_case("answered")
    agent_answers(answered, "Yes?", by=agent, form_key=uuid.uuid4())
    customer_writes(answered, "No!", form_key=uuid.uuid4())
    Ticket.objects.filter(pk=answered.pk).update(answer_due_at=due_in(-3.1))
    first = make_case("first", answer_due_at=due_in(-26))
    solve = make_case(
        "solve", answer_due_at=None, solve_due_at=due_in(-80), first_answered_at=due_in(-90), status="open"
    )
    page = page_of(client, "/desk/")
    assert "New in 3 h" in row_of(page, new)
    assert "Customer answered 3 h late" in row_of(page, answered)
    assert "First answer late 26 h late" in row_of(page, first)
    assert "Solution late 3 days late" in row_of(page, solve)
    badges = re.findall(r'class="badge due-(\w+)"><svg[^>]*><use href="[^"#]*#([\w-]+)"', page)
    assert len(set(badges)) == len({shape for _colour, shape in badges}) == 4


def test_what_is_due_first_stands_first_and_of_those_due_together_who_wrote_first(client, agent):
    when = due_in(5)
    later = make_case("later", answer_due_at=due_in(9))
    young = make_case("young", answer_due_at=when)
    old = make_case("old", answer_due_at=when)
    old.messages.update(at=due_in(-9))
    solve = make_case("to be solved", answer_due_at=due_in(30), solve_due_at=due_in(1))
    never = make_case("no term", answer_due_at=None, solve_due_at=None)
    waits = make_case(
        "waits", status="waiting_supplier", answer_due_at=None, solve_due_at=None, waiting_until=due_in(7)
    )
    assert rows_of(page_of(client, "/desk/")) == [one.number for one in (solve, old, young, waits, later, never)]


def test_a_case_is_found_by_everything_that_names_it(client, agent):
    order = make_paid_order((make_variant(make_supplier()), 1))
    forward_order(order)
    SupplierOrder.objects.update(supplier_order_id="HB-77120")
    order.shipments.create(carrier_name="DHL", tracking_number="JJD0099", delivery=order.deliveries.get())
    ticket = make_case("Lamp broken", order=order, name="Siobhán Ní Briain", body="The shade has a crack. It buzzes.")
    other = make_case("Something else", email="zoe@example.com", name="Zoe")
    add_note(ticket, "Called the neighbour.", by=agent, form_key=uuid.uuid4())
    reference = SupplierOrder.objects.get().reference
    for query in (
        order.number, order.number.lower(), "alex@example", "Siobhán", "jjd0099", reference, "hb-77120", ticket.number,
        "buzzes", "lamp crack", "neighbour shade",
    ):  # fmt: skip
        assert rows_of(page_of(client, "/desk/search/", q=query)) == [ticket.number], query
    for query in ("crack zebra", "nobody@example.com", "%", "' OR 1=1"):
        assert ticket.number not in page_of(client, "/desk/search/", q=query + "?!"), query
    Ticket.objects.filter(pk=other.pk).update(status="solved")
    assert rows_of(page_of(client, "/desk/search/", q="zoe")) == [other.number]


def test_a_list_is_narrowed_by_topic_priority_state_and_tag(client, agent):
    one = make_case("one", topic=Topic.DAMAGED, priority="high")
    one.tags.add(Tag.objects.create(name="wholesale"))
    two = make_case("two", status="solved")
    assert rows_of(page_of(client, "/desk/", topic="damaged", priority="high", tag="Wholesale")) == [one.number]
    assert rows_of(page_of(client, "/desk/", topic="damaged", priority="low")) == []
    assert rows_of(page_of(client, "/desk/", state="solved")) == [two.number]
    for name in ("view", "topic", "priority", "state", "tag", "page", "q"):
        for value in ("nonsense", "9" * 400, "-1"):
            page_of(client, "/desk/", **{name: value})


def test_a_customer_or_an_order_with_two_open_cases_is_marked_and_leads_to_both(client, agent):
    order = make_paid_order((make_variant(make_supplier()), 1))
    one = make_case("one", order=order, email="alex@example.com")
    two = make_case("two", order=order, email="partner@example.com")
    three = make_case("three", email="ALEX@example.com")
    alone = make_case("alone", email="zoe@example.com")
    make_case("over", email="zoe@example.com", status="solved")
    page = page_of(client, "/desk/")
    assert "3 open" in row_of(page, one)
    assert "2 open" in row_of(page, two)
    assert "2 open" in row_of(page, three)
    assert " open" not in row_of(page, alone)
    link = re.search(r'class="inbox-siblings" href="([^"]+)"', page)[1]
    assert client.get(link).status_code == 200


def test_next_takes_the_most_urgent_that_is_free_or_ones_own(client, agent):
    theirs = make_case("theirs", answer_due_at=due_in(-9), owner=make_agent("Mia"))
    mine = make_case("mine", answer_due_at=due_in(2), owner=agent)
    free = make_case("free", answer_due_at=due_in(1))
    later = make_case("later", answer_due_at=due_in(8))
    make_case("not our turn", status="waiting_customer", answer_due_at=due_in(-20))
    assert client.post("/desk/next/")["Location"] == f"/desk/tickets/{free.pk}/"
    free.refresh_from_db()
    assert free.owner == agent
    # The same again, until it is answered; from within it, the next.
    assert client.post("/desk/next/")["Location"] == f"/desk/tickets/{free.pk}/"
    assert client.post("/desk/next/", {"besides": free.pk})["Location"] == f"/desk/tickets/{mine.pk}/"
    for done in (free, mine, later):
        Ticket.objects.filter(pk=done.pk).update(status="solved")
    answer = client.post("/desk/next/", follow=True)
    assert "Nothing to take" in answer.content.decode()
    theirs.refresh_from_db()
    assert theirs.owner != agent


def test_news_tells_what_has_come_into_the_list_and_the_list_stays_as_it_is(client, agent):
    old = make_case("old", status="waiting_customer", owner=agent)
    page = page_of(client, "/desk/", view="mine")
    address, since = re.search(r'data-inbox-news="([^"]+)" data-since="([^"]+)"', page).groups()
    address = address.replace("&amp;", "&")

    def told() -> dict:
        return client.get(f"{address}&since={since.replace('+', '%2B')}").json()

    assert told()["count"] == 0
    make_case("a stranger's")
    assert told()["count"] == 0
    assert told()["views"]["unassigned"] == 1
    Ticket.objects.filter(pk=old.pk).update(status="open", status_changed_at=timezone.now() + timedelta(seconds=2))
    make_case("mine", owner=agent, opened_at=timezone.now() + timedelta(seconds=2))
    assert (told()["count"], told()["words"]) == (2, "2 new – show")
    for since in ("", "x", "2026-01-01T00:00:00", "\x00"):
        assert client.get("/desk/news/", {"view": "mine", "since": since}).status_code == 404


def test_an_empty_list_says_when_the_next_one_is_due(client, agent):
    assert "Nothing due." in page_of(client, "/desk/")
    make_case(answer_due_at=due_in(2.1))
    page = page_of(client, "/desk/", view="mine")
    assert "Nothing due. Next one in 2 h." in page
    assert "Nothing found." in page_of(client, "/desk/", q="zebra")


def test_the_team_in_numbers(client, agent):
    make_case("late", answer_due_at=due_in(-1))
    make_case("fine")
    for minutes in (10, 30, 200):
        now = timezone.now()
        make_case(status="waiting_customer", opened_at=now - timedelta(minutes=minutes), first_answered_at=now)
    put_on_duty(make_agent("Lena Lead"), is_lead=True)
    page = page_of(client, "/desk/")
    team = " ".join(re.sub(r"<[^>]*>", " ", re.search(r'<dl class="team".*?</dl>', page, re.S)[0]).split())
    assert team == "Open cases 5 Overdue 1 First answer today, median 30 min On duty now Lena (lead)"


def test_a_view_is_kept_for_oneself_alone(client, agent):
    answer = client.post("/desk/views/", {"save-name": "Urgent", "save-query": "view=mine&priority=urgent&evil=<x>"})
    assert answer["Location"] == "/desk/?view=mine&priority=urgent"
    client.post("/desk/views/", {"save-name": "Urgent", "save-query": "view=mine&priority=high"})
    (kept,) = SavedView.objects.all()
    assert (kept.name, kept.query) == ("Urgent", "view=mine&priority=high")
    assert 'href="/desk/?view=mine&amp;priority=high"' in page_of(client, "/desk/")
    assert (
        "Give the view a name." in client.post("/desk/views/", {"save-query": "view=all"}, follow=True).content.decode()
    )
    client.force_login(make_agent("Mia"))
    assert "Urgent</a>" not in page_of(client, "/desk/")
    assert client.post(f"/desk/views/{kept.pk}/delete/").status_code == 404
    client.force_login(agent)
    client.post(f"/desk/views/{kept.pk}/delete/")
    assert SavedView.objects.count() == 0


def test_nobody_keeps_more_than_twenty_views(client, agent):
    for number in range(22):
        client.post("/desk/views/", {"save-name": f"View {number}", "save-query": "view=all"})
    assert SavedView.objects.count() == 20


def test_keys_are_told_and_switched_off_on_the_server(client, agent):
    page = page_of(client, "/desk/")
    assert 'data-keys="on"' in page
    for key in ("j", "k", "Enter", "/", "r", "n", "a", "s", "?"):
        assert f"<kbd>{key}</kbd>" in page
    typed = {"is_available": "on", "most_open": "5", "topics": ["damaged"], "languages": ["de"]}
    assert client.post("/desk/mine/", typed)["Location"] == "/desk/mine/"
    kept = AgentProfile.objects.get(user=agent)
    assert (kept.shortcuts_on, kept.most_open, kept.topics, kept.languages) == (False, 5, ["damaged"], ["de"])
    for path in ("/desk/", f"/desk/tickets/{make_case().pk}/", "/desk/mine/"):
        assert 'data-keys="off"' in page_of(client, path), path
    refused = client.post("/desk/mine/", typed | {"most_open": "0"})
    assert refused.status_code == 422
    assert "Write a number from 1 to 500." in refused.content.decode()


def fill(agent, count: int) -> None:
    supplier = make_supplier(f"supplier-{count}")
    variant = make_variant(supplier, stock=1000)
    for number in range(count):
        order = make_paid_order((variant, 1)) if number % 2 else None
        ticket = make_case(f"case {number}", order=order, owner=agent if number % 3 else None)
        note_presence(ticket, make_person(), is_writing=False)
        ticket.tags.add(Tag.objects.get_or_create(name=f"tag {number % 5}")[0])
        SavedView.objects.create(
            profile=AgentProfile.objects.get(user=agent), name=f"{count} {number}", query="view=all"
        )


@pytest.mark.parametrize("query", [{}, {"view": "mine"}, {"q": "case"}, {"view": "all", "tag": "tag 1"}])
def test_fifty_rows_cost_ten_queries_and_as_many_as_two(client, query):
    agent = make_agent(most_open=20)
    put_on_duty(agent)
    client.force_login(agent)

    def cost() -> int:
        page_of(client, "/desk/", **query)
        with CaptureQueriesContext(connection) as queries:
            page_of(client, "/desk/", **query)
        return len(queries)

    fill(agent, 2)
    few = cost()
    fill(agent, 60)
    many = cost()
    assert many == few
    assert many <= 10


def test_a_second_page_shows_the_rest_and_keeps_what_was_asked(client, agent):
    for number in range(53):
        make_case(f"case {number}", answer_due_at=due_in(number + 1))
    page = page_of(client, "/desk/", q="case")
    assert 'href="?view=all&amp;q=case&amp;page=2"' in page
    assert len(rows_of(page)) == 50
    assert len(rows_of(page_of(client, "/desk/", q="case", page="2"))) == 3
    assert len(rows_of(page_of(client, "/desk/", q="case", page="77"))) == 50
