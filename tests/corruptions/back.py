"""What may be done to returns, claims and new goods, and to how they hang together."""

from __future__ import annotations

from orders.models import OrderLine, ShipmentLine
from suppliers.models import SupplierOrder, SupplierOrderLine, SupplierReturn
from support.models import Claim, Replacement, Return, ReturnDecision, ReturnLine
from tests.corruptions.hand import Corruption, erase, kind

_new = OrderLine.objects.filter(replaces__isnull=False)
RETURNS: dict[str, Corruption] = {
    "return larger than what was sent": kind("V15 returns", lambda w: ReturnLine.objects.update(quantity=3)),
    "return of another order's goods": kind(
        "V15 returns", lambda w: ReturnLine.objects.update(order_line=w.other.lines.get())
    ),
    "units in returns counted down": kind(
        "V15 returns", lambda w: OrderLine.objects.filter(pk=w.goods.pk).update(in_returns=1)
    ),
    "more sent back to a supplier than it sent": kind(
        "V15 returns",
        lambda w: (
            SupplierOrderLine.objects.filter(order_line=w.goods).update(shipped=1, delivered=1),
            ShipmentLine.objects.filter(line=w.goods).update(quantity=1),
        ),
    ),
    "return of nothing": kind(
        "V15 returns", lambda w: (erase(Replacement.objects.all()), erase(ReturnLine.objects.all()))
    ),
    "unit of a return that nobody paid": kind("V15 settled", lambda w: ReturnLine.objects.update(settled=0)),
    "paid return that was undone": kind("V15 settled", lambda w: Return.objects.update(status="declined")),
    "new goods that failed, without money": kind("V15 settled", lambda w: Replacement.objects.update(status="failed")),
    "new goods at a price": kind("V15 replaced", lambda w: _new.all().update(line_minor=5), OrderLine),
    "new goods for other goods": kind("V15 replaced", lambda w: _new.all().update(replaces=w.lost)),
    "new goods without a replacement": kind("V15 replaced", lambda w: erase(Replacement.objects.all())),
    "new goods delivered that never left": kind(
        "V15 replaced", lambda w: Replacement.objects.update(status="delivered")
    ),
    "new goods failed that are on their way": kind(
        "V15 replaced", lambda w: Replacement.objects.update(status="failed")
    ),
    "more new goods than were ordered": kind("V15 replaced", lambda w: Replacement.objects.update(quantity=2)),
    "replaced more often than it came back": kind("V15 replaced", lambda w: ReturnLine.objects.update(settled=0)),
    "claim deleted": kind("V15 claims", lambda w: erase(Claim.objects.all())),
    "claim paid without money": kind("V15 claims", lambda w: Claim.objects.get().refunds.clear()),
    "claim of another order": kind("V15 claims", lambda w: Claim.objects.update(order=w.other)),
    "claim owed after all is over": kind("V15 claims", lambda w: Claim.objects.update(status="owed")),
    "decision deleted": kind("V15 decided", lambda w: erase(ReturnDecision.objects.all())),
    "decision without its second person": kind("V15 decided", lambda w: ReturnDecision.objects.update(needs="right")),
    "return whose supplier was never asked": kind(
        "V15 decided", lambda w: Return.objects.update(status="accepted", supplier_return=None)
    ),
    "another return at the supplier": kind(
        "V15 decided",
        lambda w: SupplierReturn.objects.filter(pk=SupplierReturn.objects.first().pk).update(return_reference="RT-X"),
    ),
    "new goods ordered that a supplier sends itself": kind(
        "V15 in kind",
        lambda w: SupplierOrder.objects.filter(lines__order_line__in=_new.all()).update(
            for_return=SupplierReturn.objects.first()
        ),
    ),
    "new goods awaited of a supplier after all is over": kind(
        "V15 in kind", lambda w: SupplierReturn.objects.update(awaits_replacement=True)
    ),
    "return moved without an event": kind("V12 recorded", lambda w: Return.objects.update(status="review")),
    "claim moved without an event": kind("V12 recorded", lambda w: Replacement.objects.update(status="sent")),
}
