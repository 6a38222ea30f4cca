"""The words that each choice suggests for the customer, in the customer's language; whoever decides may change them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from django.utils.translation import gettext as _

from shop.languages import speaking
from support.models import Choice, Return, ReturnLine
from support.return_states import ReturnStatus
from support.returning.proposal import Proposal

# Stands in the words of a part refund for the amount that is typed beside them.
AMOUNT = "{{amount}}"


def suggested(
    row: Return, lines: Sequence[ReturnLine], proposal: Proposal, counts: Mapping[int, int]
) -> dict[str, str]:
    """Return the words for each choice, for so many units of the lines. No query."""
    with speaking(row.ticket.language):
        names = [(counts.get(line.pk, line.quantity), line.order_line.name) for line in lines]
        goods = ", ".join(f"{units} × {name}" for units, name in names if units)
        facts = {
            "name": row.ticket.name or row.order.name,
            "goods": goods,
            "amount": row.order.money(proposal.refund_minor),
            "number": row.number,
        }
        begin, end = _("Hello %(name)s,") % facts, _("Your %(shop)s") % {"shop": _("customer service")}
        return {str(choice): f"{begin}\n\n{_body(row, choice) % facts}\n\n{end}" for choice in Choice}


def _body(row: Return, choice: Choice) -> str:
    is_here = row.status == ReturnStatus.REVIEW and bool(row.received_at)
    if choice == Choice.REFUND_KEEP:
        return _(
            "we are paying you back %(amount)s for %(goods)s. You need not send anything back: keep it or give it away."
        )
    if choice == Choice.REFUND_AFTER:
        return _refund_after(is_here=is_here)
    if choice == Choice.REPLACEMENT:
        return _(
            "you are getting new goods in the place of %(goods)s, at no cost. We tell you as soon as they are sent."
        )
    if choice == Choice.PART_REFUND:
        return _("please keep %(goods)s. We are paying you back {{amount}} of the price.")
    return _decline()


def _refund_after(*, is_here: bool) -> str:
    if is_here:
        return _("%(goods)s: we have looked at what came back, and are paying you back %(amount)s.")
    return _(
        "please send %(goods)s back under the number %(number)s. A mail with the address, and with a label where there "
        "is one, follows. You then have %(amount)s back."
    )


def _decline() -> str:
    return _(
        "we have looked at your return %(number)s of %(goods)s, and cannot accept it. If you see it otherwise, just "
        "answer here, and somebody else looks at it again."
    )
