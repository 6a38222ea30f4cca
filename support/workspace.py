"""All that an agent sees of one case: thread, order, parcels, money, supplier."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.utils import timezone

from orders.actions.cancel import cancellable_units
from orders.actions.refund import refundable_minor
from orders.models import Order
from orders.progress import order_word, parcel_cards, refund_lines
from suppliers.models import SupplierOrder
from suppliers.panels import cancellation_facts
from support.forms import ReplyForm
from support.models import Ticket
from support.states import TicketStatus


def ticket_context(request: HttpRequest, ticket: Ticket) -> dict[str, Any]:
    """Return the context of the case page; a fixed number of queries however long the thread."""
    context: dict[str, Any] = {
        "ticket": ticket,
        "thread": ticket.messages.select_related("user").prefetch_related("attachments"),
        "reply_form": ReplyForm(),
        "note_form": ReplyForm(prefix="note"),
        "is_solved": ticket.status == TicketStatus.SOLVED,
        "is_late": bool(ticket.answer_due_at and ticket.answer_due_at < timezone.now()),
        "returns": ticket.returns.select_related("order_line", "supplier_return"),
        "desk_section": "inbox",
        "about": {line.order_line_id for line in ticket.lines.all()},
    }
    return context | (_order_context(ticket.order, ticket) if ticket.order else {})


def _order_context(order: Order, ticket: Ticket) -> dict[str, Any]:
    supplier_orders = SupplierOrder.objects.filter(order=order).select_related("supplier")
    stoppable = cancellable_units(order)
    others = Ticket.objects.filter(order=order).exclude(pk=ticket.pk)
    return {
        "order": order,
        "word": order_word(order),
        "parcels": parcel_cards(order),
        "lines": [(line, order.money(refundable_minor(line)), stoppable.get(line.pk, 0)) for line in order.lines.all()],
        "cancellations": cancellation_facts(order),
        "refunds": refund_lines(order),
        "payments": order.payments.all(),
        "supplier_orders": supplier_orders,
        "others": others,
    }
