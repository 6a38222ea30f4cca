"""What follows where a supplier that was to send new goods itself has decided: it does, or we do, each once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from orders.actions.work import close_work
from orders.models import WorkItem
from suppliers.actions.contract_returns import count_of
from suppliers.actions.in_kind import ask_about_all_sent
from suppliers.actions.reading import objects, section, words as text_of
from suppliers.actions.returns import REPLACEMENT, stop_awaiting
from support.models import Return
from support.return_states import OVER, DecisionStatus, ReturnStatus
from support.returning import words
from support.returning.flow import end, give, open_units, settle_inspected
from support.returning.in_kind import is_gated
from support.returning.renewal import note_in_kind

Status = ReturnStatus


def keep(row: Return) -> None:
    """Let the customer keep the goods and have what was decided at once. Call it with the order locked."""
    Return.objects.filter(pk=row.pk).update(goods_back=False)
    row.goods_back = False
    give(row, open_units(row), by=None)
    end(row, by=None)


def take_resolution(row: Return, copy: Mapping[str, Any]) -> bool:
    """Act on the end of a return whose supplier was to send new goods; False: it goes on like any other.

    Call it with the order locked, after what came back is written down.
    """
    if row.status in OVER:
        # Its units may be in another return by now.
        return do_it_ourselves(row) or True
    gives = text_of(section(copy, "resolution"), "type", 40)
    counts = _promised(row, copy) if gives == REPLACEMENT else {}
    if not counts:
        words.tell_colleagues(row, _("the supplier does not send new goods itself"))
        return do_it_ourselves(row)
    if row.decisions.filter(status=DecisionStatus.ASKED).exists():
        # Somebody is deciding otherwise: their word counts, and a parcel that comes is a person's.
        words.tell_colleagues(row, _("the supplier sends new goods by itself, and another decision waits"))
        return True
    stop_awaiting(row.supplier_return)
    note_in_kind(row, counts)
    words.tell_colleagues(row, _("the supplier sends the new goods itself"))
    return _go_on(row)


def _promised(row: Return, copy: Mapping[str, Any]) -> dict[int, int]:
    """Return for how many units of each line (by its id) a supplier sends new ones: what it agreed to and took."""
    told = {str(part.get("line_id")): part for part in objects(copy, "lines")}
    counts: dict[int, int] = {}
    for line in row.lines.select_related("supplier_line", "order_line__variant__product"):
        if is_gated(line):
            # Since it was asked: without an approval they are none of ours.
            continue
        part = told.get(line.supplier_line.line_id, {})
        units = count_of(part, "quantity_approved") - count_of(part, "quantity_refused")
        counts[line.pk] = min(units, line.quantity - line.settled)
    return {pk: units for pk, units in counts.items() if units > 0}


def do_it_ourselves(row: Return) -> bool:
    """Await nothing of the supplier any more: what was decided goes on as with any other, once.

    True if that settled what is to be done now. Call it with the order locked.
    """
    stop_awaiting(row.supplier_return)
    done = _go_on(row)
    ask_about_all_sent(row.supplier_return)
    return done


def _go_on(row: Return) -> bool:
    if row.status == Status.ACCEPTED and row.goods_back is False:
        keep(row)
    elif row.status == Status.INSPECTED:
        settle_inspected(row, by=None)
    elif row.status == Status.REVIEW:
        if open_units(row):
            # A person has been asked, and decides about what is left.
            return True
        close_work(WorkItem.Reason.RETURN_DECISION, row)
        end(row, by=None)
    elif row.status == Status.IN_TRANSIT and row.refund_at_handover:
        give(row, open_units(row), by=None)
        return False
    else:
        return False
    return True
