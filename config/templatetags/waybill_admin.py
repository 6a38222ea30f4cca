"""What the admin's home shows first: what needs a person."""

from __future__ import annotations

from datetime import timedelta

from django import template
from django.conf import settings
from django.db.models import Count, Max, Min, Q, Sum
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from config.models import Comparison, MoneyFinding
from notifications.models import Notification, NotificationStatus
from orders.models import Event, Order, RelayBeat, WorkItem
from orders.remedies import Remedy, remedies_of
from orders.states import OrderStatus
from shop.money import Money
from suppliers.margin.page import MAY_SEE
from suppliers.models import SupplierOrder
from support.models import Ticket
from support.states import TicketStatus

register = template.Library()
MOST_URGENT = 10


@register.inclusion_tag("admin/_work.html", takes_context=True)
def work_list(context: dict) -> dict[str, object]:
    """Return open work by reason and the most urgent of it, a few counts, and the relay's last turn; eleven queries."""
    request = context["request"]
    if not request.user.has_perm("orders.view_workitem"):
        return {"allowed": False}
    paid = Order.objects.filter(status=OrderStatus.PAID, paid_at__gte=timezone.now() - timedelta(days=1))
    return {
        "allowed": True,
        "reasons": _reasons(),
        "items": _most_urgent(request),
        "items_url": reverse("admin:orders_workitem_changelist"),
        "numbers": _numbers(),
        "paid": paid.count(),
        "orders_url": reverse("admin:orders_order_changelist"),
        "beat": RelayBeat.objects.aggregate(at=Max("beat_at"))["at"],
        "events": Event.objects.select_related("order", "by")[:10],
        "audit_url": reverse("audit"),
        "unexplained": MoneyFinding.objects.filter(explained_at=None).count(),
        "compared": Comparison.objects.exclude(finished_at=None).count() == len(Comparison.Kind),
        "margin_url": reverse("margin") if request.user.has_perm(MAY_SEE) else "",
    }


def _reasons() -> list[dict[str, object]]:
    labels = dict(WorkItem.Reason.choices)
    open_work = WorkItem.objects.filter(closed_at=None).order_by()
    rows = open_work.values("reason").annotate(count=Count("pk"), oldest=Min("opened_at"), money=Sum("money_minor"))
    return [
        row
        | {
            "label": labels.get(row["reason"], row["reason"]),
            "money": Money(row["money"], settings.SHOP_CURRENCY) if row["money"] else "",
        }
        for row in rows.order_by("oldest")
    ]


def _most_urgent(request: HttpRequest) -> list[tuple[WorkItem, Remedy | None]]:
    items = WorkItem.objects.filter(closed_at=None).select_related("order")[:MOST_URGENT]
    return [(item, next(iter(remedies_of(item, request.user)), None)) for item in items]


def _numbers() -> list[tuple[int, str, str]]:
    late = Q(answer_due_at__lt=timezone.now(), status__in=[TicketStatus.NEW, TicketStatus.OPEN])
    return [
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
    ]
