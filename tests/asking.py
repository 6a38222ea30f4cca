"""What tests of questions to suppliers share."""

from __future__ import annotations

import uuid
from datetime import timedelta

from django.utils import timezone

from orders.models import Order
from suppliers.models import Supplier, SupplierOrder
from support.actions.ask_supplier import ask_supplier
from support.actions.ticket import open_ticket
from support.models import SupplierQuestion, Ticket, Topic
from tests.factories import make_person

MAIL = "service@harbour.example"


def a_case(order: Order, body: str = "The lid is missing.", topic: Topic = Topic.DEFECTIVE) -> Ticket:
    """Let a customer open a case about an order."""
    return open_ticket(
        order=order, email=order.email, name=order.name, topic=topic, subject="About my order", body=body,
        form_key=uuid.uuid4(),
    )  # fmt: skip


def asked(ticket: Ticket, text: str = "Can you send the lid?", *, days: int = 2, **more: object) -> SupplierQuestion:
    """Let an agent ask the first supplier of a case's order."""
    row = SupplierOrder.objects.filter(order=ticket.order).order_by("pk").first()
    more = {"by": make_person(role="Support agents", name="Ada Agent"), "form_key": uuid.uuid4()} | more
    return ask_supplier(ticket, row, text, due_at=timezone.now() + timedelta(days=days), **more)


def by_mail(address: str = MAIL) -> None:
    """Let every supplier be one that reads mails only."""
    Supplier.objects.update(contact_email=address, uses_polling=False)


def let_pass(question: SupplierQuestion, days: float) -> None:
    """Let so many days go by for a question, and its next step be due."""
    back = timedelta(days=days)
    for name in ("answer_by", "sent_at", "reminded_at", "chased_at"):
        moment = getattr(question, name)
        if moment is not None:
            setattr(question, name, moment - back)
    question.due_at = timezone.now() - timedelta(seconds=1)
    question.save()
