"""How often a supplier's goods come back faulty, damaged or wrong; what follows from it when another could send them."""

from __future__ import annotations

from collections.abc import Mapping

from suppliers.models import Supplier

# Of so many units sent at least; fewer say nothing. From so many percent on, others come first.
LEAST_UNITS, TOO_MANY_PERCENT = 50, 10


def note_faults(counted: Mapping[int, tuple[int, int]]) -> int:
    """Write down, by supplier id, of how many units sent how many came back with a fault; return how many changed.

    Whoever is not in ``counted`` has sent nothing. One query per supplier. Safe to repeat.
    """
    changed = 0
    for supplier in Supplier.objects.only("pk", "fault_percent", "fault_units"):
        sent, faulty = counted.get(supplier.pk, (0, 0))
        percent = min(100, 100 * faulty // sent) if sent >= LEAST_UNITS else None
        if (supplier.fault_percent, supplier.fault_units) != (percent, sent):
            changed += Supplier.objects.filter(pk=supplier.pk).update(fault_percent=percent, fault_units=sent)
    return changed


def is_faulty_too_often(supplier: Supplier) -> bool:
    """True if others are to be asked first, where they keep the promise as well."""
    return supplier.fault_percent is not None and supplier.fault_percent >= TOO_MANY_PERCENT
