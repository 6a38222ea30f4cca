"""What this app shows on pages of others."""

from __future__ import annotations

from django.db import models
from django.http import HttpRequest

from notifications.models import Notification
from shop.panels import Panel


def messages_sent(request: HttpRequest, order: models.Model) -> Panel | None:
    """Return every message about an order, with its state."""
    if not request.user.has_perm("notifications.view_notification"):
        return None
    rows = Notification.objects.filter(order=order).defer("html", "text").order_by("created_at")
    return Panel("notifications/_panel.html", {"messages": rows})


def ticket_mails(request: HttpRequest, ticket: models.Model) -> Panel | None:
    """Lead from a case to the mails about its order, to send one again."""
    return Panel("notifications/_desk_panel.html", {"ticket": ticket}) if ticket.order_id else None  # type: ignore[attr-defined]
