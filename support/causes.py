"""When a customer has to be talked to: which events are causes, what colleagues read of each, and when it is gone.

The shop tells customers by mail what it knows (a later day, a parcel that comes back, goods that will not come), and
asks staff for what must be done (work items). A case is for what is left: a day that has passed with no new one told,
a parcel nobody finds, goods or money that a customer waits for.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta

from django.db import models
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _, gettext_lazy

from orders.events import key_of
from orders.models import Dispute, Event, Order, OrderDelivery, OrderLine, Refund, Shipment
from orders.states import Late, ParcelStatus, RefundStatus
from orders.undelivered import COMING_BACK, is_paid_back
from shop.words import day
from support.models import CaseCause, Ticket, Topic

Kind, Priority = CaseCause.Kind, Ticket.Priority
# A day over for whoever tells of the delivery by the evening, as orders.lateness has it.
GRACE = timedelta(days=1)
# Reasons of carriers after which a parcel does not come any more.
NEVER_COMES = {"lost", "destroyed", "damaged"}


@dataclass(frozen=True, slots=True)
class Found:
    """A cause that stands: about which row, and what colleagues read. ``units`` are ids of order lines to units."""

    kind: CaseCause.Kind
    subject: models.Model
    order: Order
    says: str
    units: Mapping[int, int] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """What tells this cause from all others."""
        return f"{self.kind}:{key_of(self.subject)}"


@dataclass(frozen=True, slots=True)
class Manner:
    """How a case about one kind of cause begins. ``subject`` is what its customer reads, should somebody write to them."""

    topic: Topic
    priority: Ticket.Priority
    subject: str | Promise


MANNERS: Mapping[str, Manner] = {
    Kind.LATE: Manner(Topic.NOT_ARRIVED, Priority.NORMAL, gettext_lazy("Your order %(number)s is late")),
    Kind.LOST: Manner(Topic.NOT_ARRIVED, Priority.HIGH, gettext_lazy("Where is your order %(number)s?")),
    Kind.REJECTED: Manner(Topic.CANCEL, Priority.NORMAL, gettext_lazy("Something of your order %(number)s will not come")),
    Kind.RETURNED: Manner(Topic.NOT_ARRIVED, Priority.HIGH, gettext_lazy("Your order %(number)s went back")),
    Kind.DISPUTE: Manner(Topic.QUESTION, Priority.URGENT, gettext_lazy("Your payment for order %(number)s")),
}  # fmt: skip


def causes_of(event: Event) -> list[Found]:
    """Return the causes that follow from an event and stand now, for what happened may be over by the time it is read."""
    return _READERS[event.kind](event)


def _delivery(event: Event) -> list[Found]:
    return of_delivery(OrderDelivery.objects.select_related("order").get(pk=event.subject_id))


def of_delivery(row: OrderDelivery) -> list[Found]:
    """Return what stands of one delivery: a day that has passed, or a parcel that does not move."""
    today = timezone.localdate()
    units = {line.pk: line.quantity - line.cancelled for line in row.lines.all()}
    facts = {"number": row.order.number, "town": row.sent_from, "known": day(row.known_latest_on)}
    found = []
    if is_overdue(row, today):
        told = _("%(number)s from %(town)s should have come by %(known)s, the last day the customer knows of, and no other day is known. The supplier was asked; the customer was not told anything since.")  # fmt: skip
        found.append(Found(Kind.LATE, row, row.order, told % facts, units))
    if row.late_kind == Late.STILL and not is_paid_back(row.lines.all()):
        told = _("The parcel of %(number)s from %(town)s has not moved for a long time and may be lost. The supplier was asked; no other day was told.")  # fmt: skip
        found.append(Found(Kind.LOST, row, row.order, told % facts, units))
    return found


def is_overdue(row: OrderDelivery, today: date) -> bool:
    """True once the last day that a customer knows of is over, and the goods are not there."""
    return bool(row.late_kind) and row.known_latest_on + GRACE < today and not is_paid_back(row.lines.all())


def _parcel(event: Event) -> list[Found]:
    row = Shipment.objects.select_related("order").get(pk=event.subject_id)
    units = {part.line_id: part.quantity for part in row.lines.all()}
    facts = {"parcel": f"{row.carrier_name} {row}".strip(), "number": row.order.number, "reason": row.reason_code}
    if is_lost(row):
        told = _("The carrier says of parcel %(parcel)s of %(number)s: %(reason)s. Nothing was sent again or paid back yet.")  # fmt: skip
        return [Found(Kind.LOST, row, row.order, told % facts, units)]
    if is_coming_back(row):
        told = _("Parcel %(parcel)s of %(number)s goes back to its sender. The customer was told so by mail, and that they may have it sent once more instead of being paid back.")  # fmt: skip
        return [Found(Kind.RETURNED, row, row.order, told % facts, units)]
    return []


def is_lost(row: Shipment) -> bool:
    """True for a parcel that will not come, as long as nobody has paid it back."""
    is_gone = row.status == ParcelStatus.EXCEPTION and row.reason_code in NEVER_COMES
    return is_gone and not is_paid_back(lines_in(row))


def is_coming_back(row: Shipment) -> bool:
    """True for a parcel on its way back or there, as long as nobody has paid it back."""
    return row.status in COMING_BACK and not is_paid_back(lines_in(row))


def lines_in(row: Shipment) -> list[OrderLine]:
    """Return the order's lines that a parcel holds units of."""
    return [part.line for part in row.lines.select_related("line")]


def _cancelled(event: Event) -> list[Found]:
    refund = Refund.objects.filter(pk=event.facts.get("refund")).first()
    by_supplier = event.facts.get("reason") == Refund.Reason.SUPPLIER_CANNOT
    if event.order is None or refund is None or not by_supplier or not is_unpaid(refund):
        return []
    units = {int(part["line"]): int(part["quantity"]) for part in event.facts["lines"]}
    names = {line.pk: line.name for line in event.order.lines.filter(pk__in=units)}
    goods = ", ".join(f"{count} × {names.get(pk, '')}" for pk, count in units.items())
    told = _(
        "No supplier has %(goods)s. Cancelled, %(amount)s is on its way back, and the customer was told so by mail."
    )
    return [Found(Kind.REJECTED, refund, event.order, told % {"goods": goods, "amount": refund.amount}, units)]


def is_unpaid(refund: Refund) -> bool:
    """True until the money is back with its customer."""
    return refund.status != RefundStatus.SUCCEEDED


def _dispute(event: Event) -> list[Found]:
    row = Dispute.objects.select_related("order").get(pk=event.subject_id)
    if not row.is_undecided:
        return []
    told = _("The customer's bank takes %(amount)s back (%(reason)s). What is not sent is held here; send the bank proof, and pay nothing back meanwhile. The customer was told nothing.")  # fmt: skip
    return [Found(Kind.DISPUTE, row, row.order, told % {"amount": row.amount, "reason": row.reason})]


_READERS: Mapping[str, Callable[[Event], list[Found]]] = {
    "delivery.late": _delivery,
    "parcel.exception": _parcel,
    "parcel.returning": _parcel,
    "parcel.returned": _parcel,
    "lines.cancelled": _cancelled,
    "dispute.opened": _dispute,
}


def stands(cause: CaseCause) -> bool:
    """True while what a cause says is still so."""
    model = cause.key.split(":")[1]
    row = _MODELS[model]._default_manager.filter(pk=cause.subject_id).first()
    if isinstance(row, OrderDelivery):
        is_late = cause.kind == Kind.LATE
        still = row.late_kind == Late.STILL and not is_paid_back(row.lines.all())
        return is_overdue(row, timezone.localdate()) if is_late else still
    if isinstance(row, Shipment):
        return is_lost(row) if cause.kind == Kind.LOST else is_coming_back(row)
    if isinstance(row, Refund):
        return is_unpaid(row)
    return isinstance(row, Dispute) and row.is_undecided


_MODELS: Mapping[str, type[models.Model]] = {
    "orderdelivery": OrderDelivery,
    "shipment": Shipment,
    "refund": Refund,
    "dispute": Dispute,
}
