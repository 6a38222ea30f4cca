"""Whether a supplier is to send the new goods of a return itself: then nobody else sends any until it has decided."""

from __future__ import annotations

from collections.abc import Iterable

from shop.models.catalogue import Gate
from suppliers.actions.in_kind import ask_about_all_sent
from suppliers.actions.returns import REPLACEMENT, cancel_supplier_return, stop_awaiting
from support.models import Choice, Return, ReturnLine, Solution


def could_replace_itself(row: Return, lines: Iterable[ReturnLine]) -> bool:
    """True if the supplier would be asked to send the same again itself, were that decided now. Its first decision only.

    Not for another variant, which it never sold us for this order, and not for what a pharmacist has to approve.
    ``lines`` with their variants and products; no query then.
    """
    if row.solution == Solution.EXCHANGE or row.supplier_return_id is not None:
        return False
    if not row.supplier_order.supplier.sends_replacements:
        return False
    return not any(is_gated(line) for line in lines)


def is_gated(line: ReturnLine) -> bool:
    """True for goods that a pharmacist has to approve before any of them are sent. No query if its product is there."""
    return line.order_line.gated_at is not None or line.order_line.variant.product.gate != Gate.NONE


def solution_for(row: Return, choice: str, *, keeps: bool) -> str:
    """Return what a supplier is asked for, in the contract's word; a query for goods that may come from itself."""
    if choice == Choice.REPLACEMENT:
        lines = row.lines.select_related("order_line__variant__product")
        return REPLACEMENT if could_replace_itself(row, lines) else "credit"
    return "credit" if keeps else "refund"


def waits_for_supplier(row: Return) -> bool:
    """True as long as its supplier is to send the new goods itself and has not decided."""
    return (
        row.choice == Choice.REPLACEMENT and row.supplier_return is not None and row.supplier_return.awaits_replacement
    )


def is_replaced_in_kind(row: Return) -> bool:
    """True if its supplier sends the new goods, or did. One query where it was asked to, none otherwise."""
    back = row.supplier_return
    return back is not None and back.request.get("resolution_requested") == REPLACEMENT and hasattr(back, "made_good")


def decide_otherwise(row: Return, *, withdraws: bool) -> None:
    """Let a second decision count in the place of the supplier's: it is not asked for new goods again.

    ``withdraws``: what it was asked for is taken back, as far as it lets go, so that nothing is sent twice.
    """
    back = row.supplier_return
    if back is None or not stop_awaiting(back):
        return
    ask_about_all_sent(back)
    if withdraws:
        cancel_supplier_return(back)
