"""Every state in which something waits, and when waiting turns into work for a person.

One table. A row that fits an entry and is older than its ``after`` opens one WorkItem; it closes by
itself when the row does not fit any more. A state in which nothing waits is in RESTS, with the reason
why. ``tests/test_deadlines.py`` walks over every state of every machine: a new one without an entry
fails. The sweep that works on the table is ``config/waiting.py``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db.models import Exists, F, Model, OuterRef, Q, Value
from django.db.models.functions import Concat

from config.deadlines_returns import RETURN_ASIDE, RETURN_RESTS, RETURN_RETRIES, RETURN_WAITS
from config.decisions import BY_HAND, COMPARISONS, CREDITS, DECISIONS, REVIEWS, SHOP_RESTS, TRACKING
from config.models import NightlyAudit
from config.promises import LATE, LATE_ASIDE, LATE_RESTS, LATE_RETRIES
from config.questions import IS_ASKED, QUESTION_ASIDE, QUESTION_RESTS, QUESTION_RETRIES, QUESTIONS
from config.reaching import REACHING, REACHING_RESTS, WAKEN_ENDPOINTS
from config.waits import A_DAY, ALWAYS, AT_ONCE, AWAY, TWO_NIGHTS, Wait
from notifications.models import Endpoint, Notification, NotificationStatus, ReviewRequest
from orders.actions.again import AGAIN
from orders.actions.cancel import asked_minor
from orders.actions.fees import UNREAD
from orders.lease import DueWork
from orders.models import (
    Authorisation,
    Cancellation,
    CheckoutSession,
    Dispute,
    Event,
    Hold,
    IncomingEvent,
    Order,
    OrderLine,
    Payment,
    ProviderCustomer,
    Reaction,
    Refund,
    RefundRequest,
    Reservation,
    Shipment,
    ShipmentLine,
    WorkItem,
)
from orders.models.order import ReservationState
from orders.states import (
    AuthorisationStatus,
    CancellationStatus,
    DisputeStatus,
    OrderStatus,
    ParcelStatus,
    RefundRequestStatus,
    RefundStatus,
)
from suppliers.models import (
    PictureFetch,
    Supplier,
    SupplierCancellation,
    SupplierCredit,
    SupplierOrder,
    SupplierOrderLine,
    SupplierProbe,
)
from suppliers.states import SupplierCancellationStatus, SupplierCreditStatus, SupplierOrderStatus
from support.models import HeldAnswer, Ticket
from support.states import TicketStatus

# The engine's own work is done in seconds; so long, and something is broken.
ENGINE = timedelta(minutes=15)
# The contract: every unit is decided within a day. An answer to a cancellation within two.
UNDECIDED, CANCEL_ANSWER = timedelta(hours=24), timedelta(hours=48)
# Ten working days, as the customer was told; and what slow banks take to pay.
BANK_REFUNDS = BANK_PAYS = timedelta(days=14)
# Stripe lets an authorisation lapse after seven.
AUTHORISED_FOR = timedelta(days=6)
BACK_IN_STOCK = timedelta(days=10)
# A supplier tells a later day by itself; two days without either, and it has forgotten.
AFTER_SHIP_BY, WITHOUT_SHIP_BY = timedelta(days=2), timedelta(days=7)
LABEL_LIES, NO_SCAN, LOST_SIGHT = timedelta(days=5), timedelta(days=10), timedelta(days=3)
WITH_DRIVER, TRIED, AT_THE_SHOP, HELD_UP = timedelta(days=2), timedelta(days=3), timedelta(days=7), timedelta(days=2)
# Claimed with the next statement; and a supplier's accounts answer within the month.
CASE_AT_SUPPLIER, CASE_WITHOUT_TERM = timedelta(days=5), timedelta(days=3)
# Reasons of carriers after which waiting helps nobody.
SEVERE = ["lost", "destroyed", "damaged", "address_problem", "refused"]

R = WorkItem.Reason
_O, _F, _P, _S = OrderStatus, RefundStatus, ParcelStatus, SupplierOrderStatus
_C, _T, _N = CheckoutSession.State, TicketStatus, NotificationStatus
_W, _A = CancellationStatus, SupplierCancellationStatus
_Q, _M = RefundRequestStatus, SupplierCreditStatus
_K, _D = AuthorisationStatus, DisputeStatus


def _order(name: str, state: str, since: str, after: timedelta, says: str, cause: Q = ALWAYS) -> Wait:
    return Wait(name, Order, (state,), R.PAYMENT_STUCK, (since,), after, "{row.number} " + says, cause, related=())


def _refund(
    name: str, state: str, reason: WorkItem.Reason, since: str, after: timedelta, says: str, **more: Any
) -> Wait:
    says = "{row.amount} for {row.order.number} " + says
    return Wait(name, Refund, (state,), reason, (since,), after, says, money="amount_minor", **more)


_at_bank = Q(Exists(CheckoutSession.objects.filter(order=OuterRef("pk"), state=_C.COMPLETE)))
_again = Refund.objects.filter(idempotency_key=Concat(OuterRef("idempotency_key"), Value(AGAIN)))
_held = Hold.objects.filter(order=OuterRef("order"), released_at=None)
_CHANGED = ("status_changed_at",)
# Of an authorised order, and of a dispute, somebody is asked with the time that is left.
_goes_on = Q(order__status__in=[_O.PAID, _O.LATE_PAID]) & ~Q(reason=Hold.Reason.DISPUTE)
_is_open = Q(quantity__gt=F("forwarded") + F("cancelled"), order__status=_O.PAID) & ~Q(Exists(_held))
MONEY = [
    _order("unpaid", _O.PLACED, "pay_by", AWAY, "should be paid or given up by now, and is neither.", ~_at_bank),
    _order("bank", _O.PLACED, "placed_at", BANK_PAYS, "waits for its bank, for two weeks now.", _at_bank),
    _order("authorised", _O.AUTHORISED, "status_changed_at", AUTHORISED_FOR, "is authorised, and its money not taken."),
    _order("late paid", _O.LATE_PAID, "status_changed_at", ENGINE, "was paid too late, and nothing is decided."),
    _refund(
        "refund to ask", _F.REQUESTED, R.REFUND_STUCK, "requested_at", A_DAY, "cannot be asked of Stripe.", cause=~BY_HAND
    ),
    _refund("refund under way", _F.PENDING, R.REFUND_STUCK, "status_changed_at", BANK_REFUNDS, "are still on their way."),
    _refund(
        "refund failed", _F.FAILED, R.REFUND_FAILED, "status_changed_at", AT_ONCE,
        "could not be paid back: {row.failure}", cause=~Q(Exists(_again)) & ~Q(reason=Refund.Reason.DISPUTE), sticks=True,
    ),
    Wait(
        "refund to approve", RefundRequest, (_Q.ASKED,), R.REFUND_APPROVAL, ("asked_at",), AT_ONCE,
        "{row.amount} for {row.order.number} waits for approval.", money="amount_minor",
    ),
    Wait(
        "payment that does not fit", Payment, (), R.PAYMENT_UNEXPECTED, ("captured_at",), AT_ONCE,
        "{row.captured} for {row.order.number} do not fit.", Q(refunded_minor__lt=F("captured_minor")), opens=False,
    ),
    Wait(
        "hold", Hold, (), R.ORDER_HELD, ("created_at",), A_DAY, "{row.order.number} has been held for a day: {row.reason}.",
        Q(released_at=None) & _goes_on,
    ),
    # Asked for by whoever forwards the order, with the deadline promised to customers.
    Wait(
        "goods for a pharmacist", OrderLine, (), R.APPROVAL, ("order__paid_at",), AT_ONCE,
        "{row.sku} of {row.order.number} waits for a pharmacist.",
        Q(quantity__gt=F("forwarded") + F("cancelled"), order__status__in=[_O.PAID, _O.AUTHORISED]), "paid_minor",
        opens=False,
    ),
    Wait(
        "cancellation without answer", Cancellation, (_W.REQUESTED,), R.CANCELLATION_SILENT, ("answer_by",), AT_ONCE,
        "Nobody has said whether what was to be cancelled of {row.order.number} can be.", money=asked_minor,
    ),
    Wait(
        "cancellation by hand", Cancellation, (_W.REQUESTED,), R.CANCELLATION_BY_HAND, ("requested_at",), AT_ONCE,
        "Somebody must ask whether {row.order.number} can be cancelled.", opens=False,
    ),
    Wait(
        "open units", OrderLine, (), R.NO_OFFER, ("order__forward_after",), ENGINE,
        "{row.open} x {row.sku} of {row.order.number} are with no supplier.", _is_open, "paid_minor",
    ),
]  # fmt: skip


def _dialogue(
    name: str,
    states: tuple[str, ...],
    reason: WorkItem.Reason,
    since: tuple[str, ...],
    after: timedelta,
    says: str,
    cause: Q = ALWAYS,
    **more: Any,
) -> Wait:
    says, related = "{row.supplier.name}, {row.reference}: " + says, ("order", "supplier")
    return Wait(name, SupplierOrder, states, reason, since, after, says, cause, related=related, **more)


def _has_line(**condition: object) -> Q:
    return Q(Exists(SupplierOrderLine.objects.filter(supplier_order=OuterRef("pk"), **condition)))


_PLACED, _AT = (_S.PLACED,), ("placed_at",)
# The time to change one's mind does not count.
_MAY_GO = ("created_at", "order__forward_after")
# Its cancellation has the deadline, as long as an answer is looked for.
_asked = SupplierCancellation.objects.filter(
    supplier_order=OuterRef("pk"), status__in=[_A.TO_ASK, _A.ASKED], cancellation__status=_W.REQUESTED
)
_NOT_YET, _UNSENT = (_S.READY, _S.SENDING, _S.UNKNOWN), _has_line(accepted__gt=F("shipped"))
SUPPLIERS = [
    # Of an order on hold, whoever holds it is asked.
    _dialogue("not ready", (_S.HELD,), R.ORDER_HELD, _CHANGED, A_DAY, "held for a day.", ~Q(Exists(_held))),
    _dialogue("not placed", _NOT_YET, R.SUPPLIER_SILENT, _MAY_GO, AWAY, "not taken yet. {row.last_error:.150}"),
    _dialogue("not decided", _PLACED, R.SUPPLIER_SILENT, _AT, UNDECIDED, "not decided for a day.", _has_line(pending__gt=0)),
    _dialogue("held there", _PLACED, R.SUPPLIER_HOLD, _AT, AT_ONCE, "held: {row.hold_code}.", ~Q(hold_code="")),
    _dialogue(
        "backordered", _PLACED, R.BACKORDERED, _AT, BACK_IN_STOCK, "goods have not come in.", _has_line(backordered__gt=0)
    ),
    _dialogue(
        "not sent", _PLACED, R.NOT_SENT, ("ship_by_on",), AFTER_SHIP_BY, "not all sent, and due {row.ship_by_on}.",
        _UNSENT, until_news=True,
    ),
    _dialogue(
        "not sent, no day named", _PLACED, R.NOT_SENT, _AT, WITHOUT_SHIP_BY, "not all sent, and no day named.",
        _UNSENT & Q(ship_by_on=None),
    ),
    _dialogue("key refused", _NOT_YET, R.SUPPLIER_KEY, _CHANGED, AT_ONCE, "our key is refused.", opens=False),
    _dialogue("refused", (_S.REFUSED,), R.SUPPLIER_REFUSED, _CHANGED, AT_ONCE, "refused: {row.refused_reason:.150}"),
    _dialogue(
        "in doubt", (_S.UNKNOWN, _S.SENDING), R.SUPPLIER_DOUBT, _CHANGED, AT_ONCE, "nobody knows whether it is there.",
        opens=False,
    ),
    _dialogue(
        "cancellation", (_S.CANCEL_REQUESTED,), R.SUPPLIER_SILENT, _CHANGED, CANCEL_ANSWER, "no answer to a cancellation.",
        ~Q(Exists(_asked)),
    ),
    Wait(
        "supplier", Supplier, (), R.SUPPLIER_SILENT, ("last_good_at",), AWAY,
        "{row.name} has answered nothing for an hour. {row.last_error:.150}",
        Q(is_active=True, uses_polling=True, paused_reason=""), related=(), until_news=True,
    ),
    # It answers, so the entry above never fits; but eight times in a row it was no list, or a refusal.
    Wait(
        "supplier not read", Supplier, (), R.SUPPLIER_SILENT, ("last_good_at",), AT_ONCE,
        "The lists of {row.name} cannot be read. {row.last_error:.150}",
        Q(is_active=True, uses_polling=True, paused_reason="", failures__gte=8), related=(),
    ),
    *CREDITS,
]  # fmt: skip


def _parcel(
    name: str, states: tuple[str, ...], reason: WorkItem.Reason, after: timedelta, says: str, **more: Any
) -> Wait:
    says = "Parcel {row.carrier_name} {row} of {row.order.number} " + says
    return Wait(name, Shipment, states, reason, more.pop("since", _CHANGED), after, says, **more)


_SILENT, _TROUBLE = R.PARCEL_SILENT, R.PARCEL_TROUBLE
_not_paid_back = ShipmentLine.objects.filter(shipment=OuterRef("pk"), line__refunded__lt=F("quantity"))
GOODS = [
    _parcel("label", (_P.PENDING, _P.LABEL_CREATED), _SILENT, LABEL_LIES, "has a label and has not left."),
    _parcel("moving", (_P.IN_TRANSIT,), _SILENT, NO_SCAN, "has had no news.", since=("updated_at",), until_news=True),
    _parcel("lost sight", (_P.UNKNOWN,), _SILENT, LOST_SIGHT, "is out of the carrier's sight."),
    _parcel("with the driver", (_P.OUT_FOR_DELIVERY,), _SILENT, WITH_DRIVER, "left for the door and never came."),
    _parcel("tried", (_P.ATTEMPT_FAILED,), _TROUBLE, TRIED, "was tried once, and nobody has come again."),
    _parcel("at the shop", (_P.AVAILABLE_FOR_PICKUP,), _TROUBLE, AT_THE_SHOP, "waits to be picked up and goes back soon."),
    _parcel("lost", (_P.EXCEPTION,), _TROUBLE, AT_ONCE, "cannot go on: {row.reason_code}.", cause=Q(reason_code__in=SEVERE)),
    _parcel("held up", (_P.EXCEPTION,), _TROUBLE, HELD_UP, "is held up. {row.reason_code}", cause=~Q(reason_code__in=SEVERE)),
    _parcel(
        "coming back", (_P.RETURNING, _P.RETURNED), R.PARCEL_BACK, AT_ONCE, "comes back to its sender.",
        cause=Q(Exists(_not_paid_back)), sticks=True,
    ),
    *RETURN_WAITS,
]  # fmt: skip


def _case(name: str, states: tuple[str, ...], since: str, after: timedelta, says: str, cause: Q = ALWAYS) -> Wait:
    return Wait(name, Ticket, states, R.CASE_LATE, (since,), after, "Case {row.number} " + says, cause, until_news=True)


_TURN = (_T.NEW, _T.OPEN)
PEOPLE = [
    _case("case", _TURN, "answer_due_at", AT_ONCE, "should have been answered by now."),
    _case("case to be solved", _TURN, "solve_due_at", AT_ONCE, "should have been solved by now."),
    _case(
        "case without a term", _TURN, "last_message_at", CASE_WITHOUT_TERM, "is open, and nobody answers.",
        Q(answer_due_at=None),
    ),
    _case("case at the supplier", (_T.WAITING_SUPPLIER,), "status_changed_at", CASE_AT_SUPPLIER, "waits for a supplier.", ~IS_ASKED),
    *QUESTIONS, *REACHING,
]  # fmt: skip
MACHINERY = [
    Wait(
        "event", Event, (), R.REACTION_FAILED, ("at",), ENGINE, "What follows from {row.kind} is not begun.",
        # Only the first of them: the others wait behind it.
        Q(delivered_at=None) & ~Q(Exists(Event.objects.filter(delivered_at=None, pk__lt=OuterRef("pk")))),
    ),
    Wait(
        "reaction", Reaction, (), R.REACTION_FAILED, ("event__at",), ENGINE,
        "{row.receiver} is not done. {row.last_error:.150}", Q(done_at=None), related=("event__order",),
    ),
    Wait(
        "incoming", IncomingEvent, (), R.INCOMING_FAILED, ("received_at",), AWAY,
        "{row.source}: {row.kind} is not worked on. {row.last_error:.150}", Q(done_at=None), related=(),
    ),
    Wait(
        "nightly audit", NightlyAudit, (), R.AUDIT, ("ran_at",), TWO_NIGHTS,
        "The audit has not run for two nights. {row.last_error:.150}", related=(), until_news=True,
    ),
    *COMPARISONS, *TRACKING,
]  # fmt: skip
# Whose rows are set aside when workers die over them; duties are not.
ASIDE: list[type[DueWork]] = [CheckoutSession, Refund, Cancellation, SupplierOrder, SupplierCancellation]
ASIDE += [Authorisation, Dispute, Payment, ProviderCustomer, HeldAnswer, *LATE_ASIDE, *QUESTION_ASIDE]
ASIDE += [*RETURN_ASIDE, PictureFetch, Notification, ReviewRequest, Reaction, IncomingEvent]


def _aside(model: type[DueWork]) -> Wait:
    # Whoever sets it aside asks for the person in the same act.
    says, cause = "{row._meta.verbose_name} {row.pk} is set aside. {row.last_error:.150}", ~Q(quarantined_at=None)
    name = f"set aside: {model._meta.model_name}"
    return Wait(name, model, (), R.QUARANTINED, ("quarantined_at",), AT_ONCE, says, cause, related=(), opens=False)


# Of several reasons about one row the first is asked about: "set aside" says more than "silent".
WAITS: list[Wait] = [*map(_aside, ASIDE), *MONEY, *DECISIONS, *LATE, *SUPPLIERS, *GOODS, *PEOPLE, *REVIEWS, *MACHINERY]

# States in which nothing waits, or whose waiting another row stands for: (model, state) to the reason why.
RESTS: Mapping[tuple[type[Model], str], str] = {
    (Order, _O.PAID): "its lines, supplier orders and parcels wait, each with a deadline of its own",
    (Order, _O.EXPIRED): "over; money that still comes makes it late_paid",
    (Order, _O.CANCELLED): "over",
    (CheckoutSession, _C.NEW): "looked at when its end has come; the order's deadline stands behind it",
    (CheckoutSession, _C.OPEN): "looked at when its end has come; the order's deadline stands behind it",
    (CheckoutSession, _C.ENDING): "ended at Stripe by the sweep, which tries on; the order's deadline stands behind it",
    (CheckoutSession, _C.COMPLETE): "the order's deadline for banks stands behind it",
    (CheckoutSession, _C.EXPIRED): "over",
    (Refund, _F.SUCCEEDED): "over",
    (RefundRequest, _Q.APPROVED): "its refunds wait, each with a deadline of its own",
    (RefundRequest, _Q.DECLINED): "over",
    (RefundRequest, _Q.LAPSED): "over",
    (SupplierCredit, _M.MATCHED): "over",
    (SupplierCredit, _M.WRITTEN_OFF): "over",
    (SupplierCredit, _M.WITHDRAWN): "over; the refund that takes the failed one's place is claimed anew",
    (Authorisation, _K.CAPTURED): "over",
    (Authorisation, _K.RELEASED): "over",
    (Dispute, _D.WON): "over",
    (Dispute, _D.CLOSED): "over",
    (Cancellation, _W.ACCEPTED): "over",
    (Cancellation, _W.PARTLY): "over",
    (Cancellation, _W.REFUSED): "over",
    (Reservation, ReservationState.HELD): "as long as its order, whose deadline stands behind it",
    (Reservation, ReservationState.KEPT): "released when the supplier has taken the units and told its stock",
    (Reservation, ReservationState.RELEASED): "over",
    (SupplierOrder, _S.CLOSED): "over",
    (SupplierCancellation, _A.TO_ASK): "asked by the sweep; its cancellation's deadline stands behind it",
    (SupplierCancellation, _A.ASKED): "read by the sweep again; its cancellation's deadline stands behind it",
    (SupplierCancellation, _A.DECIDED): "over",
    (Shipment, _P.DELIVERED): "over",
    (Shipment, _P.CANCELLED): "its units are in another parcel, or unsent and waited for with their supplier order",
    **RETURN_RESTS,
    **SHOP_RESTS,
    **LATE_RESTS,
    **QUESTION_RESTS,
    (Ticket, _T.WAITING_CUSTOMER): "the customer's turn, who may take any time; their answer opens it",
    (Ticket, _T.SOLVED): "over",
    **REACHING_RESTS,
}


@dataclass(frozen=True, slots=True)
class Retry:
    """Rows that a worker must look at again: without a due time, nobody would. Not those set aside."""

    model: type[DueWork]
    which: Q


RETRIES = [
    Retry(CheckoutSession, Q(state__in=[_C.NEW, _C.OPEN, _C.ENDING]) | Q(state=_C.COMPLETE, order__status=_O.PLACED)),
    Retry(Refund, Q(status__in=[_F.REQUESTED, _F.PENDING]) & ~BY_HAND),
    Retry(Authorisation, Q(status__in=[_K.HELD, _K.CAPTURING, _K.RELEASING])),
    Retry(Dispute, Q(status__in=[_D.INQUIRY, _D.OPEN, _D.REVIEW])),
    Retry(Payment, UNREAD),
    Retry(ProviderCustomer, ~Q(leaving_at=None)),
    # Of an order that is not paid its pay page is closed first; of any other the suppliers are asked.
    Retry(Cancellation, Q(status=_W.REQUESTED, order__status=_O.PLACED)),
    Retry(SupplierCancellation, Q(status__in=[_A.TO_ASK, _A.ASKED])),
    Retry(SupplierProbe, Q(supplier__is_active=True) & ~Q(supplier__opened_at=None)),
    Retry(NightlyAudit, ALWAYS),
    # Not "unknown": where that has no due time, a person decides whether it may be asked again.
    Retry(SupplierOrder, Q(status__in=[_S.READY, _S.SENDING])),
    Retry(PictureFetch, Q(status=PictureFetch.Status.WANTED)),
    Retry(Supplier, Q(is_active=True, uses_polling=True)),
    Retry(Notification, Q(status__in=[_N.QUEUED, _N.SENDING])),
    Retry(Endpoint, WAKEN_ENDPOINTS),
    Retry(Reaction, Q(done_at=None)),
    Retry(IncomingEvent, Q(done_at=None)),
    *(Retry(*pair) for pair in [*LATE_RETRIES, *QUESTION_RETRIES, *RETURN_RETRIES]),
    Retry(HeldAnswer, ALWAYS),
]
