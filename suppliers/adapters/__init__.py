"""The ways we speak to suppliers: one small class each, translating and classifying only."""

from __future__ import annotations

from suppliers.adapters.base import Adapter
from suppliers.adapters.rest import RestAdapter
from suppliers.models import Supplier

ADAPTERS: dict[str, type[Adapter]] = {"rest": RestAdapter}


def adapter_of(supplier: Supplier, *, is_probe: bool = False, is_checked: bool = False) -> Adapter:
    """Return the adapter that speaks to a supplier; see ``Adapter`` for the two marks."""
    return ADAPTERS[supplier.adapter](supplier, is_probe=is_probe, is_checked=is_checked)
