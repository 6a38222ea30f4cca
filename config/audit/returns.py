"""Returns: no unit twice, each with its money or its new goods, and the supplier asked for what comes back."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from config.audit.registry import asked, check, named, total, written_once
from orders.actions.shipping import NOT_SENT
from orders.models import OrderLine, Shipment, WorkItem
from orders.models.order import PAID_MINOR
from suppliers.models import SupplierCredit, SupplierOrder, SupplierOrderLine, SupplierShipment
from suppliers.sent import sent_parcels
from suppliers.states import SupplierCreditStatus
from support.models import Choice, Claim, Replacement, Return, ReturnDecision, ReturnLine
from support.return_states import UNDONE, ClaimStatus, DecisionStatus, ReplacementStatus, ReturnStatus

S, N = ReturnStatus, ReplacementStatus
# Decided, and the supplier has to be asked for the goods or for the money.
AGREED = [S.ACCEPTED, S.READY, S.IN_TRANSIT, S.RECEIVED, S.INSPECTED]
WHOLE = [Choice.REFUND_AFTER, Choice.REFUND_KEEP, Choice.REPLACEMENT]


def _replaced() -> QuerySet[Replacement]:
    return Replacement.objects.exclude(status=N.FAILED)


@check("V15 returns", _("No unit is in two returns, and no more goes back than was sent and by whom it was sent."))
@written_once
def returns() -> Iterable[str]:
    live = ReturnLine.objects.exclude(parent__status__in=UNDONE)
    lines = OrderLine.objects.annotate(back=total(live.filter(order_line=OuterRef("pk")), "order_line", "quantity"))
    yield from named(lines.exclude(back=F("in_returns")), "its returns come to another number", "order")
    yield from named(OrderLine.objects.filter(in_returns__gt=F("shipped")), "more goes back than was sent", "order")
    parts = SupplierOrderLine.objects.select_related("supplier_order")
    parts = parts.annotate(back=total(live.filter(supplier_line=OuterRef("pk")), "supplier_line", "quantity"))
    # Sent is what either copy says: a parcel's may come before its order's.
    in_parcels = sent_parcels().filter(
        supplier_order=OuterRef("supplier_order"), shipment__lines__line=OuterRef("order_line")
    )
    parts = parts.alias(told=total(in_parcels, "supplier_order", "shipment__lines__quantity"))
    yield from named(
        parts.filter(back__gt=F("shipped")).filter(back__gt=F("told")), "more goes back to it than it sent"
    )
    strange = ~Q(order_line__order=F("parent__order")) | ~Q(supplier_line__order_line=F("order_line"))
    strange |= ~Q(supplier_line__supplier_order=F("parent__supplier_order"))
    related = ("parent", "order_line")
    yield from named(ReturnLine.objects.filter(strange), "its goods are another order's or supplier's", *related)
    empty = Return.objects.filter(~Exists(ReturnLine.objects.filter(parent=OuterRef("pk"))))
    yield from named(empty, "it is about no goods")


@check("V15 settled", _("Each unit of a return that is over was paid back or replaced, once, and none of one undone."))
@written_once
def settled() -> Iterable[str]:
    over = ReturnLine.objects.filter(parent__status=S.RESOLVED, parent__choice__in=WHOLE, settled__lt=F("quantity"))
    last_word = ReturnDecision.objects.filter(
        parent=OuterRef("parent"), status=DecisionStatus.IN_FORCE, choice__in=[Choice.DECLINE, Choice.PART_REFUND]
    )
    related = ("parent", "order_line")
    yield from named(over.filter(~Exists(last_word), ~asked("parent__order")), "a part of it is still open", *related)
    undone = ReturnLine.objects.filter(parent__status__in=UNDONE, settled__gt=0)
    yield from named(undone, "paid for, and its return was undone", *related)
    # A line's units that returns have settled, without those that were replaced: so many were paid back, or all of it.
    again = _replaced().filter(for_line__order_line=OuterRef("pk"))
    gone = Replacement.objects.filter(for_line__order_line=OuterRef("pk")).exclude(status=N.FAILED)
    lines = OrderLine.objects.annotate(
        done=total(ReturnLine.objects.filter(order_line=OuterRef("pk")), "order_line", "settled"),
        again=total(again, "for_line__order_line", "quantity"),
        lost=total(gone, "for_line__order_line", "line__cancelled"),
    )
    money_left = Q(refunded_minor__lt=PAID_MINOR)
    short = lines.filter(money_left, ~asked("order"), done__gt=F("refunded") + F("again") - F("lost"))
    yield from named(short, "fewer units were paid back or replaced than its returns say", "order")


@check(
    "V15 replaced",
    _("New goods stand in the place of goods that went back, at no price, and are what their line says."),
)
@written_once
def replaced() -> Iterable[str]:
    rows = Replacement.objects.select_related("order")
    strange = ~Q(line__replaces=F("for_line__order_line")) | ~Q(line__order=F("order")) | ~Q(order=F("parent__order"))
    strange |= ~Q(for_line__parent=F("parent")) | ~Q(quantity=F("line__quantity"))
    yield from named(rows.filter(strange), "in the place of other goods than its return's")
    priced = Q(line__line_minor__gt=0) | Q(line__tax_minor__gt=0) | Q(line__delivery_minor__gt=0)
    yield from named(rows.filter(priced), "new goods that cost something")
    again = _replaced().filter(for_line=OuterRef("pk"))
    over = ReturnLine.objects.annotate(
        again=total(again, "for_line", "quantity"), lost=total(again, "for_line", "line__cancelled")
    )
    over = over.filter(settled__lt=F("again") - F("lost"))
    yield from named(over, "more is replaced than went back", "parent", "order_line")
    wrong = Q(status=N.DELIVERED, line__delivered__lt=F("quantity") - F("line__cancelled"))
    wrong |= Q(status=N.FAILED, line__cancelled__lt=F("quantity")) | Q(status=N.SENT, line__shipped=0)
    yield from named(rows.filter(wrong, ~asked("order")), "its state is not what its line says")
    alone = OrderLine.objects.filter(~Exists(Replacement.objects.filter(line=OuterRef("pk"))), replaces__isnull=False)
    yield from named(alone, "new goods that belong to no return", "order")


@check("V15 claims", _("Money without goods is written down, paid, and for the return it belongs to."))
@written_once
def claims() -> Iterable[str]:
    none = Return.objects.filter(status=S.RESOLVED, choice__in=[Choice.REFUND_KEEP, Choice.PART_REFUND], claim=None)
    yield from named(none, "was to be paid without goods, and nothing is owed")
    rows = Claim.objects.select_related("order")
    yield from named(rows.exclude(order=F("parent__order")), "of another order than its return")
    left = OrderLine.objects.filter(refunded_minor__lt=PAID_MINOR, order=OuterRef("order"))
    unpaid = rows.filter(~asked("order"), Exists(left), status=ClaimStatus.PAID, refunds=None, amount_minor__gt=0)
    yield from named(unpaid.filter(is_part=True), "paid, and no money went back")
    over = rows.filter(status=ClaimStatus.OWED, parent__status=S.RESOLVED)
    yield from named(over, "owed, and its return is over")


@check("V15 decided", _("Every return that goes on was decided, and its supplier asked, each for the same goods."))
@written_once
def decided() -> Iterable[str]:
    known = ReturnDecision.objects.filter(parent=OuterRef("pk"), status=DecisionStatus.IN_FORCE)
    rows = Return.objects.filter(~Exists(known), decided_at__isnull=False)
    yield from named(rows, "goes on, and nobody has decided it")
    unasked = Return.objects.filter(status__in=AGREED, supplier_return=None)
    yield from named(unasked, "its supplier was never asked")
    strange = Return.objects.exclude(supplier_return=None).filter(
        ~Q(supplier_return__supplier_order=F("supplier_order")) | ~Q(supplier_return__return_reference=F("number"))
    )
    yield from named(strange, "another return at its supplier's")
    two = ReturnDecision.objects.filter(needs__gt="", status=DecisionStatus.IN_FORCE)
    yield from named(two.filter(Q(approved_by=None) | Q(approved_by=F("decided_by"))), "no second person", "parent")


@check("V15 in kind", _("What a supplier sends itself was never ordered, costs nothing, and is sent by nobody else."))
@written_once
def in_kind() -> Iterable[str]:
    rows = SupplierOrder.objects.exclude(for_return=None)
    asked_for = ~Q(first_sent_at=None) | Q(version__gt=0) | Q(for_return__awaits_replacement=True)
    yield from named(rows.filter(asked_for), "sent by its supplier by itself, and asked for as well")
    strange = ~Q(supplier=F("for_return__supplier_order__supplier")) | ~Q(order=F("for_return__order"))
    yield from named(rows.filter(strange), "for a return of another order or supplier")
    lines = SupplierOrderLine.objects.exclude(supplier_order__for_return=None).select_related("supplier_order")
    yield from named(lines.filter(Q(unit_cost__gt=0) | Q(order_line__unit_cost__gt=0)), "sent by itself, at a cost")
    old = SupplierOrderLine.objects.filter(
        supplier_order=OuterRef("supplier_order__for_return__supplier_order"),
        order_line=OuterRef("order_line__replaces"),
    )
    yield from named(lines.filter(~Exists(old)), "in the place of goods that its return is not about")
    owed = SupplierCredit.objects.exclude(status=SupplierCreditStatus.WITHDRAWN)
    twice = lines.filter(Exists(owed.filter(replacement=OuterRef("order_line"))))
    yield from named(twice, "made good in kind, and owed as money too")
    back = Return.objects.filter(supplier_return__awaits_replacement=True)
    over = back.filter(status__in=[S.RESOLVED, S.DECLINED, S.CANCELLED])
    yield from named(over, "over, and its supplier's new goods are awaited")
    untimed = back.filter(~asked("order"), status__in=[S.ACCEPTED, S.INSPECTED], due_at=None, lease_until=None)
    yield from named(untimed, "its supplier's new goods are awaited, and nobody looks again")
    sent = SupplierShipment.objects.exclude(shipment__status__in=NOT_SENT).filter(
        shipment__kind=Shipment.Kind.REPLACEMENT, for_return__awaits_replacement=False
    )
    told = WorkItem.objects.filter(reason=WorkItem.Reason.COMES_TWICE, order=OuterRef("shipment__order"))
    yield from named(sent.filter(~Exists(told)), "new goods that may come twice, and nobody was asked")
