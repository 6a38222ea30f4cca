"""What this app shows on pages of others."""

from __future__ import annotations

from django.db import models
from django.http import HttpRequest

from shop.panels import Panel
from suppliers.models import SupplierOrder


def supplier_orders(request: HttpRequest, order: models.Model) -> Panel | None:
    """Return what was ordered from whom for an order, for the admin."""
    if not request.user.has_perm("suppliers.view_supplierorder"):
        return None
    rows = SupplierOrder.objects.filter(order=order).select_related("supplier").prefetch_related("lines__order_line")
    return Panel("suppliers/_panel.html", {"supplier_orders": rows})
