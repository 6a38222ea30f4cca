"""What the admin's home shows first: what needs a person."""

from __future__ import annotations

from datetime import timedelta

from django import template
from django.db.models import Count, Max, Min, Q, Sum
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from notifications.models import Notification, NotificationStatus
from orders.models import Event, Order, RelayBeat, WorkItem
from orders.states import OrderStatus
from suppliers.models import SupplierOrder
from support.models import Ticket
from support.states import TicketStatus

register = template.Library()


@register.inclusion_tag("admin/_work.html", takes_context=True)
def work_list(context: dict) -> dict[str, object]:
    """Return open work by reason, a few counts, and the relay's last turn; eight queries."""
    request = context["request"]
    if not request.user.has_perm("orders.view_workitem"):
        return {"allowed": False}
    items = WorkItem.objects.filter(closed_at=None)
    labels = dict(WorkItem.Reason.choices)
    reasons = items.values("reason").annotate(count=Count("pk"), oldest=Min("opened_at"), money=Sum("money_minor"))
    late = Q(answer_due_at__lt=timezone.now(), status__in=[TicketStatus.NEW, TicketStatus.OPEN])
    return {
        "allowed": True,
        "reasons": [row | {"label": labels.get(row["reason"], row["reason"])} for row in reasons.order_by("oldest")],
        "items_url": reverse("admin:orders_workitem_changelist"),
        "numbers": [
            (
                Ticket.objects.filter(late).count(),
                _("Cases answered too late"),
                reverse("admin:support_ticket_changelist"),
            ),
            (
                SupplierOrder.objects.filter(status__in=["ready", "sending", "unknown"]).count(),
                _("Supplier orders without an answer"),
                reverse("admin:suppliers_supplierorder_changelist") + "?status__exact=unknown",
            ),
            (
                Notification.objects.filter(status=NotificationStatus.FAILED).count(),
                _("Mails given up"),
                reverse("admin:notifications_notification_changelist") + "?status__exact=failed",
            ),
            (
                Order.objects.filter(status=OrderStatus.PAID, paid_at__gte=timezone.now() - timedelta(days=1)).count(),
                _("Orders paid in the last 24 hours"),
                reverse("admin:orders_order_changelist"),
            ),
        ],
        "beat": RelayBeat.objects.aggregate(at=Max("beat_at"))["at"],
        "events": Event.objects.select_related("order", "by")[:10],
        "audit_url": reverse("audit"),
    }
