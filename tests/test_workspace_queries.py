"""The workspace costs the same however long the thread and however much there is of the order and its customer."""

from __future__ import annotations

import uuid

import pytest

from orders.actions.cancel import request_cancellation
from orders.models import Cancellation, Hold, OrderLine, Refund, Shipment, ShipmentLine
from suppliers.actions.forward import forward_order
from suppliers.models import SupplierOrder, SupplierOrderLine, SupplierReturn
from support.actions.merging import link_tickets
from support.models import Attachment, Presence, Return, ReturnLine, Tag, Ticket, TicketLine, TicketMessage
from tests.casework import composer, make_agent, make_case
from tests.factories import make_paid_order, make_person, make_supplier, make_variant
from tests.test_queries import cost

pytestmark = pytest.mark.django_db
# What the page may cost with everything on it; the same as the product asks for.
MOST = 30


def case_with(count: int, agent) -> Ticket:
    """Make a case with so many of everything that its page shows."""
    email = f"c{count}@example.com"
    owner = make_person(email)
    suppliers = [make_supplier(f"s{count}-{number}") for number in range(2)]
    variants = [make_variant(suppliers[number % 2], stock=1000) for number in range(count)]
    order = make_paid_order(*[(variant, 3) for variant in variants], user=owner)
    forward_order(order)
    lines = list(order.lines.all())
    ticket = make_case(order, topic="defective", user=owner)
    TicketLine.objects.bulk_create(TicketLine(ticket=ticket, order_line=line, quantity=1) for line in lines)
    ticket.tags.set([Tag.objects.get_or_create(name=f"tag{number}")[0] for number in range(count)])
    for number in range(count):
        fill_thread(ticket, agent, number)
        fill_order(order, lines[number], ticket, number)
    for number in range(count):
        make_case(order, subject=f"other {number}")
        link_tickets(ticket, make_case(None, email=f"x{count}-{number}@example.com"), by=agent)
        make_paid_order((variants[0], 1), user=owner)
    Hold.objects.create(order=order, reason=Hold.Reason.MANUAL)
    return ticket


def fill_thread(ticket: Ticket, agent, number: int) -> None:
    for thread, author in (
        ("customer", "customer"),
        ("customer", "agent"),
        ("internal", "agent"),
        ("supplier", "supplier"),
    ):
        message = TicketMessage.objects.create(
            ticket=ticket, thread=thread, author=author, user=agent if author == "agent" else None, body="x"
        )
        Attachment.objects.create(
            message=message, original_name="x", content_type="image/png", size_bytes=1, file="x.png"
        )
    Presence.objects.create(ticket=ticket, user=make_person(name=f"P{number}"), is_writing=True)


def fill_order(order, line: OrderLine, ticket: Ticket, number: int) -> None:
    shipment = Shipment.objects.create(
        order=order, delivery=line.delivery, carrier_name="An Post", tracking_number=f"CE{order.pk}-{number}"
    )
    ShipmentLine.objects.create(shipment=shipment, line=line, quantity=1)
    OrderLine.objects.filter(pk=line.pk).update(shipped=1)
    refund = Refund.objects.create(
        payment=order.payments.get(), order=order, amount_minor=1, currency=order.currency, reason="goodwill",
        idempotency_key=f"{order.pk}-{number}",
    )  # fmt: skip
    refund.lines.create(line=line, quantity=0, amount_minor=1)
    request_cancellation(
        order, {line.pk: 1}, key=f"{order.pk}-{number}", reason=Cancellation.Reason.CUSTOMER_REQUEST, by=None
    )
    supplier_order = SupplierOrder.objects.filter(order=order).first()
    supplier_return = SupplierReturn.objects.create(
        supplier_order=supplier_order, order=order, return_reference=f"R{order.pk}-{number}"
    )
    made = Return.objects.create(
        number=f"R{order.pk}-{number}", order=order, ticket=ticket, supplier_order=supplier_order,
        supplier_return=supplier_return, request_key=uuid.uuid4(), basis="fault", reason="defective",
    )  # fmt: skip
    source = SupplierOrderLine.objects.get(order_line=line)
    ReturnLine.objects.create(parent=made, order_line=line, supplier_line=source, quantity=1)


def test_the_workspace_costs_the_same_for_few_and_many(client):
    agent = make_agent()
    client.force_login(agent)
    costs = {}
    for count in (2, 12):
        ticket = case_with(count, agent)
        path = f"/desk/tickets/{ticket.pk}/"
        client.post(f"{path}reply/", composer(client, ticket) | {"insert": "photos"})
        costs[count] = cost(client, path)
        page = client.get(path).content.decode()
        # All of it stands there; else it would cost nothing.
        for words in (
            "macro-effects",
            "Returns",
            "Cancellations",
            "Other orders",
            "on hold",
            "is writing",
            "tag1",
            "The photos show it",
        ):
            assert words in page, words
    assert costs[12] == costs[2]
    assert costs[12] <= MOST, costs


def test_the_page_of_a_cases_own_things_costs_the_same_for_few_and_many(client):
    agent = make_agent()
    client.force_login(agent)
    few, many = case_with(2, agent), case_with(12, agent)
    assert cost(client, f"/desk/tickets/{few.pk}/details/") == cost(client, f"/desk/tickets/{many.pk}/details/")
