"""Gated goods, somebody who may decide about them, and what tests of the gate share."""

from __future__ import annotations

import pytest

from orders.models import WorkItem
from shop.models import Product
from tests.factories import make_paid_order, make_person, make_supplier, make_variant


def gate(variant, kind="prescription") -> None:
    """Gate goods that are on sale; the kind ``none`` takes the gate off."""
    Product.objects.filter(pk=variant.product_id).update(gate=kind)
    variant.product.refresh_from_db()


def gated(supplier, **fields):
    """Put something on sale that needs a pharmacist."""
    variant = make_variant(supplier, **fields)
    gate(variant)
    return variant


@pytest.fixture(name="supplier")
def supplier_fixture():
    return make_supplier()


@pytest.fixture(name="pharmacist")
def pharmacist_fixture():
    return make_person(role="Pharmacists")


@pytest.fixture(name="line")
def line_fixture(supplier, relay):
    """Three paid units that wait for a pharmacist."""
    order = make_paid_order((gated(supplier), 3))
    relay.run_until_idle()
    return order.lines.get()


def forwarded(line) -> int:
    line.refresh_from_db()
    return line.forwarded


def waiting(line) -> bool:
    """True if a pharmacist has been asked about a line."""
    return WorkItem.objects.filter(reason="approval", subject_key=f"orderline:{line.pk}", closed_at=None).exists()
