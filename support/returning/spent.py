"""What agents have decided to pay back for returns of an order: their caps count it with what they paid by hand."""

from __future__ import annotations

from orders.models import Order, Refund
from orders.states import RefundStatus
from support.models import Choice, ReturnDecision
from support.return_states import OVER, UNDECIDED, DecisionStatus
from support.returning.money import OF_RETURNS, refund_key

MONEY = (Choice.REFUND_KEEP, Choice.REFUND_AFTER, Choice.PART_REFUND)


def decided_minor(order: Order) -> int:
    """Return what people decided to pay back for an order's returns, in minor units: paid, or still to be paid.

    What the rule decided, whatever it comes to, is nobody's choice. A query where nobody has decided anything, else two.
    """
    mine = ReturnDecision.objects.filter(parent__order=order, status=DecisionStatus.IN_FORCE, choice__in=MONEY)
    # The last of each return: it stands in the place of those before it.
    last = {one.parent_id: one for one in mine.exclude(decided_by=None).select_related("parent").order_by("pk")}
    if not last:
        return 0
    alive = Refund.objects.filter(order=order, idempotency_key__startswith=OF_RETURNS)
    paid = list(alive.exclude(status=RefundStatus.FAILED).values_list("idempotency_key", "amount_minor"))
    return sum(_spent(one, paid) for one in last.values())


def _spent(decision: ReturnDecision, paid: list[tuple[str, int]]) -> int:
    row = decision.parent
    back = sum(minor for key, minor in paid if key.startswith(refund_key(row)))
    # Of one that is over nothing more comes, and one that is decided anew is counted with that decision.
    return back if row.status in {*OVER, *UNDECIDED} else max(back, decision.amount_minor)
