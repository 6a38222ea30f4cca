"""What this app shows on pages of others."""

from __future__ import annotations

from django.db import models
from django.http import HttpRequest

from orders.cancellations import CancellationCard, cancellation_cards
from shop.panels import Panel
from suppliers.models import SupplierCancellation, SupplierCredit, SupplierOrder


def supplier_orders(request: HttpRequest, order: models.Model) -> Panel | None:
    """Return what was ordered from whom for an order, for the admin."""
    if not request.user.has_perm("suppliers.view_supplierorder"):
        return None
    rows = SupplierOrder.objects.filter(order=order).select_related("supplier").prefetch_related("lines__order_line")
    return Panel("suppliers/_panel.html", {"supplier_orders": rows})


def cancellation_facts(order: models.Model) -> list[tuple[CancellationCard, list[SupplierCancellation]]]:
    """Return each cancellation of an order as its customer sees it, and what each supplier says of it."""
    asked = list(SupplierCancellation.objects.filter(order=order).select_related("supplier_order__supplier"))
    return [
        (card, [row for row in asked if row.cancellation_id == card.cancellation.pk])
        for card in cancellation_cards(order)
    ]


def cancellations(request: HttpRequest, order: models.Model) -> Panel | None:
    """Return who asked to cancel what of an order, and the answers, for the admin."""
    if not request.user.has_perm("suppliers.view_suppliercancellation"):
        return None
    facts = cancellation_facts(order)
    return Panel("suppliers/_cancellations.html", {"cancellations": facts}) if facts else None


def supplier_credits(request: HttpRequest, order: models.Model) -> Panel | None:
    """Return what suppliers owe us because of an order, for the admin."""
    if not request.user.has_perm("suppliers.view_suppliercredit"):
        return None
    credits = list(SupplierCredit.objects.filter(order=order).select_related("supplier"))
    return Panel("suppliers/_credits.html", {"credits": credits}) if credits else None
