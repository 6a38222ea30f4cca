"""Where an order's papers are to be had."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.urls import reverse

from orders.models import Order
from orders.parts import may_have
from shop.money import Money


@dataclass(frozen=True, slots=True)
class PaperLink:
    """One paper of an order, as a list shows it."""

    title: str
    number: str
    issued_at: datetime
    total: Money
    page_url: str
    file_url: str


def paper_links(order: Order) -> list[PaperLink]:
    """Return an order's papers, oldest first, with the addresses of whoever has the link of the order; one query."""
    if not may_have(order, "papers"):
        return []
    rows = order.papers.values_list("kind", "number", "issued_at", "total_minor", "currency")
    kinds = dict(order.papers.model._meta.get_field("kind").choices)
    return [
        PaperLink(
            title=str(kinds[kind]).capitalize(),
            number=number,
            issued_at=issued_at,
            total=Money(total_minor, currency),
            page_url=reverse("orders:paper", args=[order.token, number]),
            file_url=reverse("orders:paper-file", args=[order.token, number]),
        )
        for kind, number, issued_at, total_minor, currency in rows
    ]
