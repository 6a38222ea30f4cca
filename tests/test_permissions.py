"""Who may open what: every address of the desk, every role, looking and sending; and what links to somebody's data open.

A new address without a line in ``DESK`` fails.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable

import pytest
from django.db import connection
from django.urls import get_resolver, reverse

from config.access import OF_A_CASE
from demo.merchants import PASSWORD, PEOPLE, make_people
from orders.models import Order, OrderLine
from suppliers.models import SupplierOrderLine, SupplierReturn
from support.actions.ticket import add_note
from support.models import Return, ReturnLine, SupplierQuestion, Ticket, TicketMessage
from support.question_links import question_path
from support.uploads import Photo, store_photos
from tests.asking import a_case, asked, by_mail
from tests.delays import hand_over
from tests.factories import make_paid_order, make_person, make_supplier, make_variant
from tests.permissions import addresses

pytestmark = pytest.mark.django_db
ROLES: dict[str, Callable[[], object] | None] = {
    "anonymous": None,
    "customer": make_person,
    "pharmacist": lambda: make_person(role="Pharmacists"),
    "store staff": lambda: make_person(role="Store staff"),
    "agent": lambda: make_person(role="Support agents"),
    "superuser": lambda: make_person(is_superuser=True, is_staff=True),
}
AGENTS = {"agent", "superuser"}
# Name of a page of the desk to what whoever may open it gets, for looking and for sending an empty form.
# 405: it only takes a form; 422: it says what is missing; 302: done.
DESK: dict[str, tuple[int, int]] = {
    "desk:address": (200, 422),
    "desk:ask": (200, 422),
    "desk:bulk": (302, 302),
    "desk:bulk-do": (405, 302),
    "desk:bulk-done": (302, 302),
    "desk:cancel": (200, 422),
    "desk:change": (405, 422),
    "desk:close": (405, 302),
    "desk:details": (200, 405),
    "desk:draft": (405, 200),
    "desk:figures": (200, 200),
    "desk:figures-export": (200, 200),
    "desk:hand-over": (405, 422),
    "desk:hand-over-read": (405, 404),
    "desk:inbox": (200, 200),
    "desk:link": (405, 422),
    "desk:merge": (405, 422),
    "desk:mine": (200, 422),
    "desk:new": (200, 422),
    "desk:news": (404, 404),
    "desk:next": (405, 302),
    "desk:note": (405, 422),
    "desk:presence": (405, 200),
    "desk:question": (200, 422),
    "desk:question-close": (405, 302),
    "desk:refund": (200, 422),
    "desk:reply": (405, 422),
    "desk:return": (200, 422),
    "desk:return-answer": (405, 404),
    "desk:return-label": (302, 302),
    "desk:return-learning": (200, 200),
    "desk:return-learning-export": (200, 200),
    "desk:return-open": (200, 422),
    "desk:return-receive": (302, 302),
    "desk:return-step": (405, 302),
    "desk:returns": (200, 200),
    "desk:return-supplier-word": (200, 422),
    "desk:roster": (200, 200),
    "desk:search": (200, 200),
    "desk:shift-add": (405, 422),
    "desk:shift-remove": (302, 302),
    "desk:split": (405, 422),
    "desk:take": (405, 302),
    "desk:ticket": (200, 405),
    "desk:ticks": (405, 302),
    "desk:undo": (405, 302),
    "desk:unlink": (405, 302),
    "desk:view-delete": (405, 404),
    "desk:view-save": (405, 302),
    "desk_mails:list": (200, 302),
}
# Whom a page lets in where that is not the agents: figures, roster and returns are seen by store staff, too, who alone
# set shifts, and who are the second person for returns.
OTHERS = {
    "desk:figures": AGENTS | {"store staff"},
    "desk:figures-export": AGENTS | {"store staff"},
    **{
        name: AGENTS | {"store staff"}
        for name in (
            "desk:return",
            "desk:return-answer",
            "desk:return-label",
            "desk:return-learning",
            "desk:return-learning-export",
            "desk:return-receive",
            "desk:return-step",
            "desk:returns",
        )
    },
    "desk:roster": AGENTS | {"store staff"},
    "desk:shift-add": {"store staff", "superuser"},
    "desk:shift-remove": {"store staff", "superuser"},
}
NAMES = sorted(name for name, _route in addresses(get_resolver()) if name.startswith(("desk:", "desk_mails:")))


@pytest.fixture
def ticket() -> Ticket:
    order = make_paid_order((make_variant(make_supplier()), 2))
    hand_over(order)
    by_mail()
    OrderLine.objects.update(shipped=1)
    made = a_case(order)
    asked(made)
    a_return_by_mail(made)
    return made


def a_return_by_mail(ticket: Ticket) -> Return:
    """Send a unit of the case's order back, of which its supplier was asked by mail."""
    line = SupplierOrderLine.objects.get()
    row, number = line.supplier_order, "RT-1000001"
    request = {"lines": [{"line_id": line.line_id, "quantity": 1, "reason_code": "defective"}]}
    asked = SupplierReturn.objects.create(
        supplier_order=row,
        order=row.order,
        return_reference=number,
        channel="mail",
        status="requested",
        request=request,
    )
    back = Return.objects.create(
        number=number, order=row.order, ticket=ticket, supplier_order=row, supplier_return=asked, basis="fault",
        reason="defective", request_key=uuid.uuid4(),
    )  # fmt: skip
    ReturnLine.objects.create(parent=back, order_line=line.order_line, supplier_line=line, quantity=1)
    return back


def address_of(name: str, ticket: Ticket) -> str:
    """Return the address of a page about a case, its question, its return, or one of its order's lines."""
    route = next(route for known, route in addresses(get_resolver()) if known == name)
    of_what = Return if route.startswith("desk/returns/") else SupplierQuestion
    pk = ticket.pk if route.startswith(OF_A_CASE) else of_what.objects.get().pk
    ids = {"pk": pk, "line_id": OrderLine.objects.get().pk, "decision_id": 1}
    ids |= {"message_id": ticket.messages.get(thread="customer").pk, "other": ticket.pk}
    wanted = {key: value for key, value in ids.items() if f":{key}>" in route}
    return reverse(name, kwargs=wanted)


def facts() -> tuple[int, ...]:
    """Return how much there is of what pages of the desk change."""
    with connection.cursor() as cursor:
        counts = []
        for table in (
            "support_ticketmessage",
            "orders_event",
            "orders_refund",
            "orders_cancellation",
            "support_return",
        ):
            cursor.execute(f"SELECT COUNT(*) FROM {table}")  # noqa: S608  (names of our own)
            counts.append(cursor.fetchone()[0])
    return tuple(counts)


def test_every_address_of_the_desk_has_its_line():
    assert set(NAMES) == set(DESK)


@pytest.mark.parametrize("role", ROLES)
def test_who_may_open_which_page_of_the_desk(role, client, ticket):
    make = ROLES[role]
    if make is not None:
        client.force_login(make())
    for name in NAMES:
        address, before = address_of(name, ticket), facts()
        for method, allowed in zip(("get", "post"), DESK[name], strict=True):
            answer = getattr(client, method)(address, {"form_key": ""})
            if role in OTHERS.get(name, AGENTS):
                assert answer.status_code == allowed, (name, method)
                continue
            assert answer.status_code == (302 if role == "anonymous" else 403), (name, method)
            assert facts() == before, (name, method)
            if role == "anonymous":
                assert answer["Location"].startswith("/account/login/?next="), (name, method)
            # Neither the refusal nor the log-in says anything of whom it was about.
            assert ticket.email not in answer.content.decode(), (name, method)


@pytest.mark.parametrize("role", ROLES)
def test_without_its_token_no_form_of_the_desk_does_anything(role, ticket):
    from django.test import Client

    client, before = Client(enforce_csrf_checks=True), facts()
    make = ROLES[role]
    if make is not None:
        client.force_login(make())
    for name in NAMES:
        assert client.post(address_of(name, ticket), {"message": "Hello"}).status_code == 403, name
    assert facts() == before


@pytest.mark.parametrize("role", ROLES)
def test_what_is_not_there_is_not_there_for_whoever_may_look(role, client, ticket):
    make = ROLES[role]
    if make is not None:
        client.force_login(make())
    for name in NAMES:
        address = address_of(name, ticket).replace(f"/{ticket.pk}/", "/987654/", 1)
        # Of pages about no case there is nothing to guess; these two only look.
        if (
            "/987654/" not in address
            or not address.startswith("/desk/tickets/")
            or name in {"desk:ticket", "desk:details"}
        ):
            continue
        if name == "desk:undo":
            # What went out and what never was are answered alike.
            continue
        expected = 404 if role in AGENTS else 302 if role == "anonymous" else 403
        assert client.post(address, {"message": "Hello"}).status_code == expected, name


@pytest.mark.parametrize("role", ROLES)
def test_a_link_opens_one_case_and_its_own_files_and_guessing_opens_none(role, client, ticket):
    other = a_case(make_paid_order((make_variant(make_supplier("meridian")), 1)), "SECRET OF ANOTHER")
    add_note(ticket, "OUR NOTE", by=make_person(role="Support agents"), form_key=uuid.uuid4())
    note = ticket.messages.get(thread=TicketMessage.Thread.INTERNAL)
    supplier = ticket.messages.get(thread=TicketMessage.Thread.SUPPLIER)
    (mine,) = store_photos(ticket.messages.get(thread="customer"), [Photo("a.png", b"x", "image/png")])
    hidden = [store_photos(message, [Photo("b.png", b"x", "image/png")])[0] for message in (note, supplier)]
    make = ROLES[role]
    if make is not None:
        client.force_login(make())

    page = client.get(ticket.get_absolute_url())
    assert page.status_code == 200
    for secret in ("OUR NOTE", "SECRET OF ANOTHER", "Can you send the lid?", "Harbour"):
        assert secret not in page.content.decode(), secret
    assert client.get(f"/support/files/{mine.token}/").status_code == 200
    for file in hidden:
        assert client.get(f"/support/files/{file.token}/").status_code == (200 if role in AGENTS else 404)
    for guessed in (ticket.pk, ticket.number, other.token[:-1], ticket.order.token):
        assert client.get(f"/support/tickets/{guessed}/").status_code == 404, guessed
        assert client.post(f"/support/tickets/{guessed}/", {"message": "x"}).status_code == 404, guessed
    for guessed in (mine.pk, mine.token[:-1], ticket.token):
        assert client.get(f"/support/files/{guessed}/").status_code == 404, guessed


@pytest.mark.parametrize("role", ROLES)
def test_a_suppliers_link_opens_one_question_and_nothing_of_the_customer(role, client, ticket):
    question = SupplierQuestion.objects.get()
    (photo,) = store_photos(ticket.messages.get(thread="customer"), [Photo("a.png", b"x", "image/png")])
    make = ROLES[role]
    if make is not None:
        client.force_login(make())
    path = question_path(question)
    page = client.get(path)
    assert page.status_code == 200
    for secret in (ticket.email, ticket.name, ticket.order.line1, ticket.token, ticket.order.token):
        assert secret not in page.content.decode(), secret
    # Not chosen for the supplier, so not for whoever has its link.
    assert client.get(f"{path}files/{photo.token}/").status_code == 404
    for guessed in (question.pk, question.token, path.split("/")[2][:-2]):
        assert client.get(f"/supplier/{guessed}/").status_code == 404, guessed
        assert client.post(f"/supplier/{guessed}/", {"message": "x"}).status_code == 404, guessed
        assert client.get(f"/supplier/{guessed}/files/{photo.token}/").status_code == 404, guessed
    question.refresh_from_db()
    assert question.status == "asked"


PRIVACY = {
    "/admin/personal-data/": {"store staff", "superuser"},
    "/admin/shop/accesslog/": {"store staff", "superuser"},
}


@pytest.mark.parametrize("address", PRIVACY)
@pytest.mark.parametrize("role", ROLES)
def test_who_looks_up_and_erases_people(role, address, client):
    make = ROLES[role]
    if make is not None:
        client.force_login(make())
    before = Order.objects.count()
    # Who is not staff at all is sent to the log-in by the admin.
    refused = {302, 403}
    for answer in (client.get(address), client.post(address, {"act": "look", "email": "nobody@example.com"})):
        assert (answer.status_code not in refused) == (role in PRIVACY[address]), answer.status_code
    assert Order.objects.count() == before


def test_the_demos_log_ins_open_what_their_roles_may(client):
    make_people()
    opens = {
        "staff@demo.test": {"/desk/": 403, "/admin/": 200, "/admin/personal-data/": 200},
        "agent@demo.test": {"/desk/": 200, "/admin/": 302, "/admin/personal-data/": 302},
        "pharmacist@demo.test": {"/desk/": 403, "/admin/": 302, "/admin/personal-data/": 302},
        "customer@demo.test": {"/desk/": 403, "/admin/": 302, "/admin/personal-data/": 302},
    }
    assert set(opens) == {email for email, *_rest in PEOPLE}
    for email, pages in opens.items():
        answer = client.post("/account/login/", {"login": email, "password": PASSWORD})
        assert answer.status_code == 302, email
        for page, status in pages.items():
            assert client.get(page).status_code == status, (email, page)
        client.logout()
