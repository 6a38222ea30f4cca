"""What was found of goods that came back, and which of them are beyond doubt."""

from __future__ import annotations

from dataclasses import dataclass

from support.models import Return, ReturnLine


@dataclass(frozen=True, slots=True)
class Found:
    """What was found of one return line: units that came, units that are not taken, in which condition.

    A supplier says nothing of the last, and takes nothing from what one of us has seen.
    """

    received: int
    refused: int = 0
    condition: str = ""
    note: str = ""
    written_off: bool = False
    by_supplier: bool = False


def note_found(line: ReturnLine, found: Found | None) -> None:
    """Write down what was found of a line; nothing if nothing was said of it."""
    if found is None:
        return
    received, refused, note = found.received, found.refused, found.note
    fields: dict[str, object] = {"condition": found.condition, "written_off": found.written_off}
    if found.by_supplier:
        fields = {}
        note = line.note if line.condition else note or line.note
        if line.condition:
            # One of us has had it in their hands: no fewer came than they saw.
            received, refused = max(received, line.received), max(refused, line.refused)
    received = min(received, line.quantity)
    fields |= {"received": received, "refused": min(refused, received), "note": note[:300]}
    ReturnLine.objects.filter(pk=line.pk).update(**fields)


def fine_units(row: Return) -> dict[int, int]:
    """Return the units that came back, are taken, and for which the customer has had nothing yet."""
    counts = {line.pk: min(line.received - line.refused, line.quantity) - line.settled for line in row.lines.all()}
    return {pk: units for pk, units in counts.items() if units > 0}


def is_as_agreed(row: Return) -> bool:
    """True if all that was to come back did, is taken, and is not damaged."""
    return all(
        line.received == line.quantity and not line.refused and line.condition != ReturnLine.Condition.DAMAGED
        for line in row.lines.all()
    )
