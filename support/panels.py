"""What this app shows on pages of others."""

from __future__ import annotations

from django.db import models
from django.http import HttpRequest

from shop.panels import Panel
from support.models import Ticket


def customer_tickets(request: HttpRequest, order: models.Model) -> Panel | None:
    """Return the customer's cases about an order, for the order page."""
    tickets = list(Ticket.objects.filter(order=order).order_by("-opened_at"))
    return Panel("support/_customer_panel.html", {"tickets": tickets}) if tickets else None


def staff_tickets(request: HttpRequest, order: models.Model) -> Panel | None:
    """Return all cases about an order, for the admin."""
    if not request.user.has_perm("support.view_ticket"):
        return None
    return Panel("support/_staff_panel.html", {"tickets": Ticket.objects.filter(order=order)})
