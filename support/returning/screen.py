"""All that whoever decides a return sees of it: goods, photos, customer, supplier, choices, and what has happened."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.db.models import Max, Q, QuerySet, Sum
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext as _

from orders.actions.cancel import cancellable_units
from orders.actions.refund_caps import room_minor
from orders.events import key_of
from orders.models import Event, Order, OrderLine, Refund, Shipment, ShipmentLine
from orders.periods import withdrawal_of
from orders.progress import item_of
from orders.states import RefundStatus
from orders.words import REFUND_WORDS
from shop.models import User
from shop.money import Money, line_cost_minor
from suppliers.models import Supplier, SupplierCredit
from suppliers.states import SupplierCreditStatus
from support.models import Attachment, Choice, Return, ReturnDecision, ReturnLine, TicketMessage
from support.return_states import UNDECIDED, DecisionStatus, ReturnStatus
from support.returning.decide import may_approve, takes_right
from support.returning.offer import LineOffer, line_offers
from support.returning.proposal import Option, Proposal
from support.returning.seconds import seconds_for

SHOWN_EVENTS = 60


def returns_for_desk() -> QuerySet[Return]:
    """Return returns with all of one row that the desk shows, in one query."""
    return Return.objects.select_related(
        "order",
        "ticket",
        "supplier_order__supplier__delivery_profile",
        "supplier_return__made_good",
        "exchange_for__product",
        "opened_by",
        "claim",
    )


def lines_of(row: Return) -> list[ReturnLine]:
    """Return the goods of a return with their order lines. One query."""
    return list(row.lines.select_related("order_line__order", "order_line__variant__product", "supplier_line"))


def goods_of(lines: Sequence[ReturnLine], *, sees_cost: bool) -> list[dict[str, object]]:
    """Return the goods with their pictures, and what one costs the shop for those who may see it. No query."""
    found = []
    for line in lines:
        cost = Money(line_cost_minor(line.supplier_line.unit_cost, 1, _currency(line)), _currency(line))
        item = item_of(line.order_line, line.quantity)
        found.append({"line": line, "item": item, "cost": cost if sees_cost else None})
    return found


def _currency(line: ReturnLine) -> str:
    return line.order_line.cost_currency


def shape_of(row: Return) -> str:
    """Return the shape of the badge that says how far a return is."""
    if row.status in UNDECIDED:
        return "problem"
    if row.status == ReturnStatus.RESOLVED:
        return "done"
    return (
        "half" if row.status in {ReturnStatus.RECEIVED, ReturnStatus.INSPECTED, ReturnStatus.IN_TRANSIT} else "waiting"
    )


@dataclass(frozen=True, slots=True)
class Card:
    """One choice on the screen. ``seconds``: who may let it count; None: whoever decides may do it alone.

    ``shop`` is what the shop bears in words; empty for those who may not see costs.
    """

    choice: Choice
    customer: str
    shop: str
    why_not: str
    is_proposed: bool
    needs: str = ""
    seconds: list[User] | None = None


def cards(row: Return, proposal: Proposal, *, by: User, sees_cost: bool, is_less: bool) -> list[Card]:
    """Return the five choices with what each means for whom. Four queries more where one needs a second person."""
    room = room_minor(by, row.order)
    found: dict[tuple[str, int], list[User]] = {}

    def seconds(needs: str, amount: int) -> list[User]:
        if (needs, amount) not in found:
            found[needs, amount] = seconds_for(row.order, needs, amount, besides=by.pk)
        return found[needs, amount]

    made = []
    for option in proposal.options:
        needs = _needs(row, option, proposal, room, is_less=is_less)
        made.append(
            Card(
                option.choice,
                _customer_words(option, row.order, in_kind=proposal.in_kind),
                _shop_words(option, row.order) if sees_cost else "",
                option.why_not,
                option.choice == proposal.choice,
                needs,
                seconds(needs, option.customer_minor) if needs and not option.why_not else None,
            )
        )
    return made


def _needs(row: Return, option: Option, proposal: Proposal, room: int | None, *, is_less: bool) -> str:
    if takes_right(row, proposal, option.choice, is_less=is_less):
        return "right"
    return "cap" if room is not None and option.customer_minor > room else ""


def _customer_words(option: Option, order: Order, *, in_kind: bool) -> str:
    if option.choice == Choice.DECLINE:
        return _("The customer gets nothing")
    if option.choice == Choice.REPLACEMENT and in_kind:
        return _("The customer gets new goods: the supplier is asked to send them itself")
    if option.choice == Choice.REPLACEMENT:
        return _("The customer gets new goods")
    amount = order.money(option.customer_minor)
    if option.choice == Choice.PART_REFUND:
        return _("The customer gets %(amount)s, or what you type") % {"amount": amount}
    return _("The customer gets %(amount)s") % {"amount": amount}


def _shop_words(option: Option, order: Order) -> str:
    if option.shop_minor is None:
        return _("What it costs us is not known: we buy it in another currency")
    if option.shop_minor > 0:
        return _("Costs us %(amount)s") % {"amount": order.money(option.shop_minor)}
    if option.shop_minor < 0:
        return _("Brings us %(amount)s") % {"amount": order.money(-option.shop_minor)}
    return _("Costs us nothing")


@dataclass(frozen=True, slots=True)
class SupplierRule:
    """How the supplier that sent the goods takes them back."""

    name: str
    way: str
    who_pays: str
    address: str


def supplier_rule(supplier: Supplier) -> SupplierRule:
    """Return how a supplier takes goods back, in words. No query."""
    profile = supplier.delivery_profile
    if supplier.can("returns"):
        way = _("Takes returns through its API")
        if supplier.sends_replacements:
            way = _("Takes returns through its API, and sends the same again itself")
    elif supplier.contact_email:
        way = _("Is asked by mail, with a page to answer on")
    else:
        way = _("Cannot be asked by itself: a person asks it")
    pays = (
        _("The way back is on us") if profile.returns_paid_by_shop else _("The customer pays, unless it is our fault")
    )
    return SupplierRule(supplier.name, way, pays, profile.return_address)


@dataclass(frozen=True, slots=True)
class Customer:
    """What the same customer has ordered, sent back and been paid so far, this order and return included."""

    orders: int
    returns: int
    refunds: int
    refunded: Money


def customer_of(order: Order) -> Customer:
    """Count what a customer has done; three queries."""
    mail = order.email.lower()
    rows = Order.objects.alias(lower_email=Lower("email")).filter(
        Q(lower_email=mail) | (Q(user=order.user_id) if order.user_id else Q(pk=order.pk))
    )
    theirs = rows.order_by().values("pk")
    paid = Refund.objects.filter(order__in=theirs, currency=order.currency).exclude(status=RefundStatus.FAILED)
    sums = paid.aggregate(amount=Sum("amount_minor"))
    return Customer(
        orders=rows.count(),
        returns=Return.objects.filter(order__in=theirs).count(),
        refunds=paid.count(),
        refunded=order.money(sums["amount"] or 0),
    )


def photos_of(row: Return, *, with_internal: bool) -> list[Attachment]:
    """Return the photos of a return's case: the customer's, and what colleagues took of what came back. One query."""
    messages = row.ticket.messages.for_customers()
    if with_internal:
        internal = row.ticket.messages.filter(thread=TicketMessage.Thread.INTERNAL)
        messages = messages | internal
    found = Attachment.objects.filter(message__in=messages.order_by().values("pk")).select_related("message")
    return [one for one in found if one.is_picture]


def days_since(lines: Sequence[ReturnLine]) -> int | None:
    """Return how many days ago the last of the goods was delivered; None if nobody knows. One query."""
    came = ShipmentLine.objects.filter(
        line__in=[line.order_line_id for line in lines], shipment__kind=Shipment.Kind.OUTBOUND
    ).aggregate(last=Max("shipment__delivered_at"))["last"]
    return None if came is None else (timezone.localdate() - timezone.localdate(came)).days


def refund_rows(row: Return) -> list[dict[str, object]]:
    """Return the refunds of a return, each with its state in words and since when. One query."""
    found = Refund.objects.filter(order=row.order_id, idempotency_key__startswith=f"return-{row.pk}-")
    return [{"refund": one, "word": REFUND_WORDS[one.status]} for one in found]


def credits_of(row: Return, lines: Sequence[ReturnLine]) -> list[SupplierCredit]:
    """Return what the supplier owes for the goods of a return. One query."""
    rows = SupplierCredit.objects.filter(order=row.order_id, line__in=[line.supplier_line_id for line in lines])
    return list(rows.exclude(status=SupplierCreditStatus.WITHDRAWN))


def timeline(row: Return, decisions: Sequence[ReturnDecision]) -> list[Event]:
    """Return what has happened to a return and to all that follows from it, newest first. One query."""
    keys = [key_of(row), *(key_of(one) for one in decisions)]
    keys += [f"supplierreturn:{row.supplier_return_id}"] if row.supplier_return_id else []
    keys += [f"claim:{row.claim.pk}"] if hasattr(row, "claim") else []
    keys += [f"replacement:{one.pk}" for one in row.replacements.all()]
    return list(Event.objects.filter(subject_key__in=keys).select_related("by").order_by("-at", "-pk")[:SHOWN_EVENTS])


def differences(row: Return, lines: Sequence[ReturnLine]) -> list[str]:
    """Say what came back other than agreed; nothing before it came."""
    if row.status != ReturnStatus.REVIEW or row.received_at is None:
        return []
    return [text for line in lines for text in _difference(line)]


def _difference(line: ReturnLine) -> list[str]:
    facts = {"name": line.order_line.name, "received": line.received, "quantity": line.quantity}
    found = []
    if line.received < line.quantity:
        found.append(_("%(name)s: %(received)d of %(quantity)d came") % facts)
    if line.refused:
        found.append(_("%(name)s: %(refused)d not taken") % (facts | {"refused": line.refused}))
    if line.condition == ReturnLine.Condition.DAMAGED:
        found.append(_("%(name)s came damaged") % facts)
    return found


def waiting_of(decisions: Sequence[ReturnDecision], user: User) -> dict[str, object] | None:
    """Return the decision that waits for a second person, with what this user may do about it; None if none does."""
    found = next((one for one in decisions if one.status == DecisionStatus.ASKED), None)
    if found is None:
        return None
    is_own = found.decided_by_id == user.pk
    can_approve = may_approve(found, user)
    asked = (
        [] if can_approve else seconds_for(found.order, found.needs, found.amount_minor, besides=found.decided_by_id)
    )
    return {"decision": found, "is_own": is_own, "can_approve": can_approve, "seconds": asked}


def is_open(row: Return, waiting: Mapping[str, object] | None) -> bool:
    """True if somebody can decide now."""
    return row.status in UNDECIDED and waiting is None


def offers_with_units(order: Order) -> list[LineOffer]:
    """Return what of an order can be sent back by anybody who may give more than the rule: all that was sent."""
    return [offer for offer in line_offers(order, now=timezone.now()) if offer.units]


def unsent_lines(order: Order) -> list[tuple[OrderLine, int]]:
    """Return the lines of which units have not left, with how many, while somebody may still withdraw from those."""
    unsent = cancellable_units(order) if order.paid_at and withdrawal_of(order).is_open else {}
    return [(line, unsent[line.pk]) for line in order.lines.all() if unsent.get(line.pk)]
