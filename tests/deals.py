"""One order at one simulated supplier, and what tests of its outcome share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from django.utils import timezone

from orders.models import Order, OrderLine, WorkItem
from orders.progress import order_word, parcel_cards
from suppliers.actions.poll import poll_supplier
from suppliers.adapters import adapter_of
from suppliers.models import Supplier, SupplierOrder
from tests.demo.supplier_checks import write_profile
from tests.demo.supplier_process import API_KEY, SupplierProcess
from tests.factories import make_paid_order, make_supplier, make_variant


@dataclass
class Deal:
    """One order at one simulated supplier, whose time passes only when it is told to."""

    process: SupplierProcess
    relay: Any
    supplier: Supplier
    order: Order

    @property
    def row(self) -> SupplierOrder:
        return SupplierOrder.objects.get(order=self.order, supplier=self.supplier)

    @property
    def line(self) -> OrderLine:
        return self.order.lines.get()

    def news(self, *, after: float = 0) -> None:
        """Let so many of the supplier's seconds pass, and read what it says."""
        if after:
            self.process.control("advance", {"seconds": after})
        Supplier.objects.filter(pk=self.supplier.pk).update(due_at=timezone.now())
        poll_supplier(self.supplier.pk)
        self.relay.run_until_idle()

    def news_until(self, question: Callable[[], object], *, step: float = 12) -> None:
        for _turn in range(60):
            if question():
                return
            self.news(after=step)
        raise AssertionError("it did not happen")

    def copy(self) -> dict[str, Any]:
        """Return the supplier's own copy of the order."""
        return adapter_of(self.supplier).find(self.row.reference)

    def parcels(self) -> list[dict[str, Any]]:
        """Return the supplier's own copies of parcels."""
        return list(adapter_of(self.supplier).walk("shipments").items)

    def parcel_copy(self) -> dict[str, Any]:
        return self.parcels()[-1]

    def words(self) -> tuple[str, list[str]]:
        """Return what the customer reads: of the order, and of each parcel."""
        return str(order_word(self.order).text), [str(card.word) for card in parcel_cards(self.order)]


@pytest.fixture(name="odd_supplier", scope="module")
def odd_supplier_fixture(tmp_path_factory):
    with SupplierProcess(write_profile(tmp_path_factory.mktemp("supplier")), speed=1, sandbox=True) as running:
        yield running


@pytest.fixture(name="process")
def process_fixture(odd_supplier):
    """The supplier with empty books, whose clock stands still."""
    odd_supplier.control("reset", {})
    odd_supplier.control("pause", {"paused": True})
    return odd_supplier


@pytest.fixture(name="deal")
def deal_fixture(process, relay):
    def make(sku: str, quantity: int = 1) -> Deal:
        supplier = make_supplier(base_url=process.base + "/v1", api_key=API_KEY)
        order = make_paid_order((make_variant(supplier, sku=sku, price_minor=2500, stock=None), quantity))
        relay.run_until_idle()
        return Deal(process, relay, supplier, order)

    return make


def open_reasons() -> list[str]:
    """Return why persons are asked at the moment."""
    return sorted(WorkItem.objects.filter(closed_at=None).values_list("reason", flat=True))
