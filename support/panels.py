"""What this app shows on pages of others."""

from __future__ import annotations

from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.http import HttpRequest

from orders.models import Order
from shop.panels import Panel
from support.case_page import with_news
from support.models import Return, Ticket, TicketMessage
from support.states import TicketStatus
from support.words import RETURN_WORDS, state_words

SHOWN = 20


def customer_tickets(request: HttpRequest, order: models.Model) -> Panel | None:
    """Return the customer's cases about an order, for the order page."""
    tickets = list(Ticket.objects.filter(_theirs(), order=order).order_by("-opened_at"))
    return Panel("support/_customer_panel.html", {"tickets": tickets}) if tickets else None


def order_returns(request: HttpRequest, order: models.Model) -> Panel | None:
    """Return what of an order goes back, and how far that is, for the order page. No query before something was sent."""
    if not any(line.shipped for line in order.lines.all()):  # type: ignore[attr-defined]
        return None
    rows = Return.objects.filter(order=order).select_related("order").prefetch_related("lines__order_line")
    found = [(row, RETURN_WORDS[row.status]) for row in rows]
    return Panel("support/_returns_panel.html", {"returns": found}) if found else None


def _theirs() -> Q:
    # Of a case that opened by itself they hear when somebody writes to them.
    written = TicketMessage.objects.for_customers().filter(ticket=OuterRef("pk"))
    return ~Q(source=Ticket.Source.AUTOMATIC) | Q(Exists(written))


def account_tickets(request: HttpRequest, user: models.Model) -> Panel | None:
    """Return a person's open cases with a mark on those with news, for their account. One query."""
    mine = Ticket.objects.filter(_theirs(), Q(user=user) | Q(order__in=Order.objects.of(user)))
    found = with_news(mine.filter(merged_into=None))
    # What was solved is shown as long as its customer has not seen it.
    shown = found.filter(~Q(status=TicketStatus.SOLVED) | Q(has_news=True)).order_by("-last_message_at")
    tickets = [(ticket, state_words(ticket)) for ticket in shown[:SHOWN]]
    return Panel("support/_account_panel.html", {"tickets": tickets}) if tickets else None


def staff_tickets(request: HttpRequest, order: models.Model) -> Panel | None:
    """Return all cases about an order, for the admin."""
    if not request.user.has_perm("support.view_ticket"):
        return None
    return Panel("support/_staff_panel.html", {"tickets": Ticket.objects.filter(order=order)})
