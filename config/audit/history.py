"""What happened: every state was reached along allowed arrows, and every change was written down."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial

from django.db.models import CharField, Exists, F, Model, OuterRef, QuerySet, Subquery, Value, Window
from django.db.models.functions import Coalesce, Concat, Lag
from django.utils.translation import gettext_lazy as _

from config.audit.registry import MOST_NAMED, check, named, row_key
from orders.models import (
    Approval,
    Authorisation,
    Cancellation,
    Delay,
    Dispute,
    Event,
    Order,
    Refund,
    RefundRequest,
    Shipment,
)
from orders.states import (
    AUTHORISATION_MOVES,
    CANCELLATION_MOVES,
    DELAY_MOVES,
    DISPUTE_MOVES,
    ORDER_MOVES,
    PARCEL_MOVES,
    REFUND_MOVES,
    REFUND_REQUEST_MOVES,
)
from shop.prepared import any_of
from suppliers.models import SupplierCancellation, SupplierChase, SupplierCredit, SupplierOrder
from suppliers.states import (
    CANCELLATION_MOVES as SUPPLIER_CANCELLATION_MOVES,
    CHASE_MOVES,
    CREDIT_MOVES,
    MOVES as SUPPLIER_ORDER_MOVES,
)
from support.models import Claim, Replacement, Return, ReturnDecision, SupplierQuestion, Ticket
from support.return_states import CLAIM_MOVES, DECISION_MOVES, REPLACEMENT_MOVES, RETURN_MOVES
from support.states import MOVES as TICKET_MOVES, QUESTION_MOVES


@dataclass(frozen=True, slots=True)
class Machine:
    """One state machine: its rows, its arrows, where rows begin, and the event of their making (if any)."""

    prefix: str
    model: type[Model]
    moves: Mapping[str, frozenset[str]]
    starts: frozenset[str]
    made: str = ""

    @property
    def kinds(self) -> list[str]:
        """The events of its moves."""
        return sorted({f"{self.prefix}.{state}" for targets in self.moves.values() for state in targets})

    @property
    def steps(self) -> list[str]:
        """Each pair of events that may follow one another, as ``before>after``; nothing before the first."""
        pairs = {(f"{self.prefix}.{state}", to) for state, targets in self.moves.items() for to in targets}
        pairs |= {("", to) for state in self.starts for to in self.moves[state]}
        return sorted(f"{before}>{self.prefix}.{to}" for before, to in pairs)


MACHINES = [
    Machine("order", Order, ORDER_MOVES, frozenset({"placed"}), "order.placed"),
    Machine("supplier_order", SupplierOrder, SUPPLIER_ORDER_MOVES, frozenset({"ready", "held"})),
    Machine("refund", Refund, REFUND_MOVES, frozenset({"requested"}), "refund.requested"),
    Machine("refund_request", RefundRequest, REFUND_REQUEST_MOVES, frozenset({"asked"}), "refund_request.asked"),
    Machine("supplier_credit", SupplierCredit, CREDIT_MOVES, frozenset({"open"}), "supplier_credit.opened"),
    Machine("authorisation", Authorisation, AUTHORISATION_MOVES, frozenset({"held"}), "authorisation.noted"),
    Machine("dispute", Dispute, DISPUTE_MOVES, frozenset({"inquiry"}), "dispute.opened"),
    Machine("parcel", Shipment, PARCEL_MOVES, frozenset({"pending"}), "parcel.announced"),
    Machine("cancellation", Cancellation, CANCELLATION_MOVES, frozenset({"requested"}), "cancellation.requested"),
    Machine("supplier_cancellation", SupplierCancellation, SUPPLIER_CANCELLATION_MOVES, frozenset({"to_ask"})),
    Machine("delay", Delay, DELAY_MOVES, frozenset({"asked", "told"})),
    Machine("supplier_chase", SupplierChase, CHASE_MOVES, frozenset({"to_ask"})),
    Machine("ticket", Ticket, TICKET_MOVES, frozenset({"new"}), "ticket.opened"),
    Machine("return", Return, RETURN_MOVES, frozenset({"requested"}), "return.requested"),
    Machine("return_decision", ReturnDecision, DECISION_MOVES, frozenset({"asked"})),
    Machine("claim", Claim, CLAIM_MOVES, frozenset({"owed"})),
    Machine("replacement", Replacement, REPLACEMENT_MOVES, frozenset({"ordered"})),
    Machine("supplier_question", SupplierQuestion, QUESTION_MOVES, frozenset({"asked"}), "supplier_question.asked"),
]


def _wrong_steps(machine: Machine) -> QuerySet[Event]:
    before = Window(Lag("kind"), partition_by="subject_key", order_by="pk")
    moves = Event.objects.filter(kind__in=machine.kinds).annotate(before=Coalesce(before, Value("")))
    moves = moves.annotate(step=Concat("before", Value(">"), "kind", output_field=CharField()))
    return moves.exclude(step__in=machine.steps).order_by("pk")


def _rows_of(machine: Machine) -> QuerySet:
    return machine.model._default_manager.annotate(row_key=row_key(machine.model))


def _unrecorded(machine: Machine) -> QuerySet:
    moves = Event.objects.filter(subject_key=OuterRef("row_key"), kind__in=machine.kinds)
    rows = _rows_of(machine).annotate(last=Coalesce(Subquery(moves.order_by("-pk").values("kind")[:1]), Value("")))
    rows = rows.annotate(now=Concat(Value(f"{machine.prefix}."), "status", output_field=CharField()))
    return rows.exclude(last=F("now")).exclude(last="", status__in=machine.starts)


def _unmade(machine: Machine) -> QuerySet:
    return _rows_of(machine).filter(~Exists(Event.objects.filter(subject_key=OuterRef("row_key"), kind=machine.made)))


STEPS = [(machine, any_of(partial(_wrong_steps, machine))) for machine in MACHINES]
RECORDED = [(machine, any_of(partial(_unrecorded, machine))) for machine in MACHINES]
MADE = [(machine, any_of(partial(_unmade, machine))) for machine in MACHINES if machine.made]


@check("V07 history", _("Every recorded history went along allowed moves."))
def arrows() -> Iterable[str]:
    for machine, has_any in STEPS:
        for event in _wrong_steps(machine)[:MOST_NAMED] if has_any() else []:
            yield f"{event.subject_key}: {event.step} is no allowed move"


@check("V12 recorded", _("Every state was written down when it was reached."))
def recorded() -> Iterable[str]:
    for machine, has_any in RECORDED:
        for row in _unrecorded(machine)[:MOST_NAMED] if has_any() else []:
            yield f"{row}: is {row.status}, and the last thing recorded is {row.last or 'nothing'}"
    for machine, has_any in MADE:
        if has_any():
            yield from named(_unmade(machine), "nobody recorded that it was made")


@check("V12 decided", _("Every pharmacist's decision was written down, with who decided."))
def decided() -> Iterable[str]:
    told = Event.objects.filter(
        kind=Concat(Value("approval."), OuterRef("decision")), subject_key=OuterRef("row_key"), by=OuterRef("by")
    )
    rows = Approval.objects.annotate(row_key=row_key(Approval))
    yield from named(rows.filter(~Exists(told)), "nobody recorded it", "order_line__order")
