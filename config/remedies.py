"""What a person can do about each reason for work: the one table, the best next action first.

Each action is the one used everywhere else; the functions here call it and say what came of it. They
run inside a transaction, so nothing here talks to the network: what must be asked is made due.
"""

from __future__ import annotations

from collections.abc import Mapping

from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _t, gettext_lazy as _

from config.deadlines_returns import DECISION_REMEDIES, RETURN_STEPS
from config.questions import QUESTION_REMEDIES
from config.return_remedies import ASK_RETURN, OPEN_RETURN, RETURN_PAGES
from notifications.actions.again import send_message_again
from notifications.models import Notification
from orders import lease
from orders.actions.again import ask_refund_again
from orders.actions.cancel import NotOpen, cancel_units
from orders.actions.checkout import give_up
from orders.actions.holds import release_hold
from orders.actions.refund import TooMuch, refund_everything
from orders.actions.work import close_work
from orders.models import (
    Authorisation,
    CheckoutSession,
    Hold,
    IncomingEvent,
    Order,
    OrderLine,
    Payment,
    Reaction,
    Refund,
    WorkItem,
)
from orders.models.parcel import Shipment
from orders.remedies import NotPossible, Remedy
from orders.states import OrderStatus
from shop.models import User
from suppliers.actions import decide
from suppliers.actions.ask import read_again, read_lists_again, read_news, read_return_again, send_again
from suppliers.actions.follow import ask_about
from suppliers.actions.forward import forward_order, give_up_refused
from suppliers.models import Supplier, SupplierOrder, SupplierReturn
from support.models import Ticket

R = WorkItem.Reason


def _remedy(
    key: str, label: object, permission: str, *about: str, is_retry: bool = False, where: str = "config.remedies"
) -> Remedy:
    name = key.replace("-", "_")
    return Remedy(key, label, f"{where}.{name}", permission, about, is_retry)


def _answer(key: str, label: object, permission: str, *about: str, is_retry: bool = False) -> Remedy:
    return _remedy(key, label, permission, *about, is_retry=is_retry, where="config.answers")


def _money(key: str, label: object, permission: str, *about: str, is_retry: bool = False) -> Remedy:
    return _remedy(key, label, permission, *about, is_retry=is_retry, where="config.money_answers")


_ASK_SUPPLIER = _remedy(
    "ask-supplier", _("Ask again now"), "suppliers.change_supplierorder", "supplierorder", "supplier", is_retry=True
)
_READ_SUPPLIER = _remedy(
    "read-supplier",
    _("Read it again from the supplier"),
    "suppliers.change_supplierorder",
    "supplierorder",
    is_retry=True,
)
_READ_LISTS = _remedy(
    "read-lists", _("Read its lists again"), "suppliers.change_supplierorder", "supplier", is_retry=True
)
_READ_RETURN = _remedy(
    "read-return",
    _("Read it again from the supplier"),
    "suppliers.change_supplierorder",
    "supplierreturn",
    is_retry=True,
)
_READ_PARCEL = _remedy(
    "read-parcel", _("Read its news again"), "suppliers.change_supplierorder", "shipment", is_retry=True
)
_ASK_STRIPE = _remedy(
    "ask-stripe", _("Ask Stripe now"), "orders.change_workitem", "order", "refund", "authorisation", is_retry=True
)
_ASK_CARRIER = _answer(
    "ask-carrier", _("Ask again now"), "suppliers.change_supplierorder", "trackingservice", "parcelwatch", is_retry=True
)
_REFUND_PARCEL = _remedy(
    "refund-parcel", _("Refund what is in it"), "orders.add_refund", "shipment", where="config.parcel_remedies"
)
_CANCEL_LINE = _remedy("cancel-line", _("Cancel and refund these units"), "orders.add_refund", "orderline")
_LOOK_AGAIN = _remedy(
    "look-again", _("Look for a supplier again"), "orders.change_workitem", "orderline", is_retry=True
)
_WORK_AGAIN = _remedy(
    "work-again", _("Work on it again"), "orders.change_incomingevent", "incomingevent", is_retry=True
)
_TRY_REACTION = _remedy("try-reaction", _("Try again now"), "orders.change_workitem", "reaction", is_retry=True)
_SEND_MAIL = _remedy("send-mail", _("Send again"), "notifications.change_notification", "notification", is_retry=True)
_WRITE_AGAIN = _answer("write-again", _("It works: write to it again"), "notifications.change_suppression", "order")
_TELL_AGAIN = _answer(
    "tell-again", _("Send again what was given up"), "notifications.change_endpoint", "endpoint", is_retry=True
)
_RELEASE = _remedy("release", _("Release it"), "orders.change_order", "hold")
_SEND_HELD = _money("send-held", _("Send it off"), "suppliers.change_supplierorder", "supplierorder")
_TAKE = _money("take-payment", _("Accept it: take the money"), "orders.change_order", "authorisation")
_LET_GO = _money("let-go", _("Refuse it: cancel and tell the customer"), "orders.change_order", "authorisation")
_PAID_BACK = _money("paid-back", _("I have transferred it back"), "orders.add_refund", "refund")
_SURPLUS = _money("pay-surplus-back", _("Pay back what is too much"), "orders.add_refund", "payment")
_TRY_KEY = _remedy(
    "ask-supplier", _("Try again now"), "suppliers.change_supplierorder", "supplierorder", "supplier", is_retry=True
)
_DISPUTE = _money("read-dispute", _("Ask Stripe how it stands"), "orders.change_workitem", "dispute", is_retry=True)
_VERSION = _money("check-version", _("I have changed it"), "orders.change_workitem", "relaybeat")
_HAS_IT = _answer("has-it", _("I asked: the supplier has it"), "suppliers.change_supplierorder", "supplierorder")
_HAS_IT_NOT = _answer(
    "has-it-not", _("I asked: it has nothing, send it again"), "suppliers.change_supplierorder", "supplierorder"
)
_FREE_ORDER = _answer(
    "free-order", _("Try again now"), "suppliers.change_supplierorder", "supplierorder", is_retry=True
)
_ASIDE = ("checkoutsession", "refund", "cancellation", "suppliercancellation", "supplierreturn")
_ASIDE += ("notification", "reviewrequest", "reaction", "incomingevent", "picturefetch")
_ASIDE += ("authorisation", "dispute", "payment", "delay", "supplierchase", "supplierquestion", "return")
_FREE_ROW = _answer("free-row", _("Try again now"), "orders.change_workitem", *_ASIDE, is_retry=True)
_ASK_STOP = _answer(
    "ask-cancellation", _("Ask again now"), "suppliers.change_supplierorder", "cancellation", is_retry=True
)
_STOPPED = _answer(
    "stopped", _("I asked: it is stopped. Cancel and refund"), "suppliers.change_supplierorder", "cancellation"
)
_NOT_STOPPED = _answer(
    "not-stopped", _("I asked: it cannot be stopped"), "suppliers.change_supplierorder", "cancellation"
)
_READ_SENT = _answer(
    "read-sent", _("Read it again from the supplier"), "suppliers.change_supplierorder", "supplierorder", is_retry=True
)
_APPROVE = _answer("approve", _("Approve what waits"), "orders.add_approval", "orderline")
_DISAPPROVE = _answer("disapprove", _("Refuse and refund"), "orders.add_approval", "orderline")
_APPROVE_REFUND = _answer("approve-refund", _("Approve: pay it back"), "orders.approve_refundrequest", "refundrequest")
_DECLINE_REFUND = _answer("decline-refund", _("Decline it"), "orders.approve_refundrequest", "refundrequest")
_CLAIM_CREDIT = _answer(
    "claim-credit", _("Claimed from the supplier"), "suppliers.change_suppliercredit", "suppliercredit"
)
_AUDIT = _answer("audit-now", _("Check again now"), "orders.change_workitem", is_retry=True)

_COMPARE = _answer(
    "compare-now", _("Compare again now"), "orders.change_workitem", "moneyfinding", "comparison", is_retry=True
)
_NOTE_PAYMENT = _answer("note-payment", _("Note it for its order"), "orders.add_refund", "moneyfinding")
_NOT_OURS = _answer("not-ours", _("I know what it is: explained"), "orders.add_refund", "moneyfinding")
_FALSE_ALARM = _answer("false-alarm", _("False alarm: ask nobody for an hour"), "orders.change_workitem", "cardcircuit")

REMEDIES: Mapping[str, list[Remedy]] = {
    R.PAYMENT_UNEXPECTED: [_remedy("refund-payment", _("Refund it"), "orders.add_refund", "payment"), _ASK_STRIPE],
    R.PAYMENT_STUCK: [_ASK_STRIPE],
    R.DECIDE_PAYMENT: [_TAKE, _LET_GO],
    R.OVERPAID: [_SURPLUS],
    R.REFUND_BY_HAND: [_PAID_BACK],
    R.API_VERSION: [_VERSION],
    R.REFUND_FAILED: [_remedy("refund-again", _("Try the refund again"), "orders.add_refund", "refund")],
    R.REFUND_STUCK: [_ASK_STRIPE],
    R.REFUND_APPROVAL: [_APPROVE_REFUND, _DECLINE_REFUND],
    R.SUPPLIER_CREDIT: [_CLAIM_CREDIT],
    R.ORDER_HELD: [_RELEASE, _SEND_HELD],
    R.DISPUTE: [_DISPUTE],
    R.CARD_TESTING: [_FALSE_ALARM],
    R.MONEY_FINDING: [_COMPARE, _NOTE_PAYMENT, _NOT_OURS],
    R.NOT_COMPARED: [_COMPARE],
    R.SUPPLIER_REFUSED: [
        _remedy("next-supplier", _("Use the next supplier"), "suppliers.change_supplierorder", "supplierorder"),
        _remedy("cancel-refused", _("Cancel and refund"), "orders.add_refund", "supplierorder"),
    ],
    R.SUPPLIER_SILENT: [_ASK_SUPPLIER, *QUESTION_REMEDIES],
    R.SUPPLIER_KEY: [_TRY_KEY],
    R.SUPPLIER_GARBAGE: [_READ_SUPPLIER, _READ_RETURN, _READ_LISTS],
    R.PARCEL_GARBAGE: [_READ_SUPPLIER],
    R.SUPPLIER_HOLD: [_READ_SUPPLIER],
    R.BACKORDERED: [_READ_SUPPLIER],
    R.NOT_SENT: [_READ_SUPPLIER],
    R.SUPPLIER_DOUBT: [_HAS_IT, _HAS_IT_NOT],
    R.QUARANTINED: [_FREE_ORDER, _FREE_ROW],
    R.CANCELLATION_BY_HAND: [_STOPPED, _NOT_STOPPED],
    R.CANCELLATION_SILENT: [_ASK_STOP, _STOPPED, _NOT_STOPPED],
    # The goods are on their way and paid back: what becomes of them is agreed with supplier and customer.
    R.CANCELLED_SENT: [_READ_SENT],
    R.APPROVAL: [_APPROVE, _DISAPPROVE],
    R.AUDIT: [_AUDIT],
    R.NO_OFFER: [_CANCEL_LINE, _LOOK_AGAIN],
    R.PARCEL_SILENT: [_READ_PARCEL, _REFUND_PARCEL],
    R.TRACKING_SILENT: [_ASK_CARRIER],
    R.CARRIER_GARBAGE: [_ASK_CARRIER],
    R.PARCEL_TROUBLE: [_READ_PARCEL, _REFUND_PARCEL],
    R.PARCEL_BACK: [_REFUND_PARCEL, _READ_PARCEL],
    R.RETURN_SILENT: [ASK_RETURN, *RETURN_STEPS, OPEN_RETURN],
    **RETURN_PAGES,
    R.RETURN_DECISION: [*RETURN_PAGES[R.RETURN_DECISION], *DECISION_REMEDIES],
    R.REVIEW_TO_DECIDE: [_answer("publish-review", _("Publish it"), "shop.change_review", "review")],
    R.CASE_LATE: [_remedy("free-case", _("Give it to whoever is free"), "orders.change_workitem", "ticket")],
    R.INCOMING_FAILED: [_WORK_AGAIN],
    R.LATE: [
        _remedy("read-late", _("Read it again from the supplier"), "suppliers.change_supplierorder", "orderdelivery", is_retry=True, where="config.promises"),
        _remedy("settle-delay", _("Cancel and refund now"), "orders.add_refund", "delay", where="config.promises"),
    ],
    R.REACTION_FAILED: [_TRY_REACTION],
    R.MAIL_FAILED: [_SEND_MAIL],
    R.UNREACHABLE: [_WRITE_AGAIN],
    R.ENDPOINT_FAILED: [_TELL_AGAIN],
}  # fmt: skip


def refund_payment(payment: Payment, *, by: User) -> str:
    """Pay back all that is left of a payment that does not fit."""
    refund = refund_everything(payment, reason=Refund.Reason.LATE_PAYMENT, by=by)
    close_work(R.PAYMENT_UNEXPECTED, payment, by=by)
    if refund is None:
        raise NotPossible(_t("Nothing is left of this payment."))
    return _t("%(amount)s goes back.") % {"amount": refund.amount}


def ask_stripe(subject: Order | Refund | Authorisation, *, by: User) -> str:
    """Let an unpaid order's sessions, a refund, or a decision about an authorisation, be asked of Stripe now."""
    if not isinstance(subject, Order):
        waiting = ["requested", "pending", "capturing", "releasing"]
        type(subject).objects.filter(lease.is_free(), pk=subject.pk, status__in=waiting).update(due_at=timezone.now())
        return _t("Stripe is asked in a moment.")
    states = CheckoutSession.State
    asked = subject.sessions.exclude(state=states.EXPIRED).update(due_at=timezone.now())
    if asked:
        return _t("Stripe is asked in a moment.")
    if subject.status == OrderStatus.LATE_PAID:
        raise NotPossible(_t("Its money is here. What follows from it is in the list as well."))
    # Without a session nothing can be paid any more.
    if subject.status != OrderStatus.PLACED or not give_up(subject):
        raise NotPossible(_t("It is no longer waiting for its money."))
    return _t("Nothing can be paid for it any more, so it is given up.")


def refund_again(refund: Refund, *, by: User) -> str:
    """Pay back what a failed refund did not."""
    try:
        made = ask_refund_again(refund, by=by)
    except TooMuch as error:
        raise NotPossible(_t("So much is not left of the payment or the goods.")) from error
    if made is None:
        raise NotPossible(_t("It has not failed."))
    return _t("%(amount)s goes back once more.") % {"amount": made.amount}


def release(hold: Hold, *, by: User) -> str:
    """End a hold."""
    if not release_hold(hold, by=by):
        raise NotPossible(_t("It was released before."))
    return _t("Released; it goes out unless another hold is left.")


def next_supplier(supplier_order: SupplierOrder, *, by: User) -> str:
    """Look elsewhere for what a supplier refused."""
    if not give_up_refused(supplier_order, by=by):
        raise NotPossible(_t("It is not refused any more."))
    return _t("Another supplier is looked for; what none has is cancelled and paid back.")


def cancel_refused(supplier_order: SupplierOrder, *, by: User) -> str:
    """Cancel and pay back what a supplier refused, without asking another."""
    units = {line.order_line_id: line.quantity for line in supplier_order.lines.all()}
    next_supplier(supplier_order, by=by)
    return _cancel(supplier_order.order, units, f"refused-{supplier_order.reference}", by)


def _cancel(order: Order, units: dict[int, int], key: str, by: User) -> str:
    try:
        refund = cancel_units(order, units, reason=Refund.Reason.SUPPLIER_CANNOT, by=by, key=key)
    except NotOpen as error:
        raise NotPossible(_t("A supplier was faster. Look again.")) from error
    return _t("Cancelled; %(amount)s goes back.") % {"amount": refund.amount} if refund else _t("Cancelled.")


def ask_supplier(subject: SupplierOrder | Supplier, *, by: User) -> str:
    """Send an order again with its own key, or read what the supplier has decided."""
    if isinstance(subject, SupplierOrder):
        # What was set aside is let go as well, or nobody would take it.
        if decide.release(subject, by=by) or send_again(subject):
            return _t("It is asked in a moment, with the same key: never ordered twice.")
        read_again(subject)
    elif decide.probe_now(subject):
        return _t("It is tried in a moment; if it answers, all that waits for it goes on.")
    else:
        read_news(subject)
    return _t("Its news are read in a moment.")


def read_supplier(supplier_order: SupplierOrder, *, by: User) -> str:
    """Read an order and its parcels anew."""
    read_again(supplier_order)
    return _t("It is read in a moment. This closes by itself when what it says makes sense and goes on.")


def read_lists(supplier: Supplier, *, by: User) -> str:
    """Read a supplier's lists of the last day anew; what makes no sense in them then is work again."""
    if not read_lists_again(supplier, now=timezone.now()):
        raise NotPossible(_t("It is being read right now, or is set aside; then that is in the list as well."))
    close_work(R.SUPPLIER_GARBAGE, supplier, by=by)
    return _t("Its lists are read in a moment. If they still make no sense, this comes back.")


def read_return(row: SupplierReturn, *, by: User) -> str:
    """Read a return anew."""
    read_return_again(row)
    return _t("It is read in a moment. This closes by itself when what it says makes sense and goes on.")


def read_parcel(shipment: Shipment, *, by: User) -> str:
    """Ask the carrier about a parcel, and read the order it belongs to anew."""
    ask_about(shipment)
    row = SupplierOrder.objects.filter(shipments__shipment=shipment).first()
    if row is None:
        raise NotPossible(_t("No supplier is known for this parcel."))
    return read_supplier(row, by=by)


def cancel_line(line: OrderLine, *, by: User) -> str:
    """Cancel and pay back units that no supplier has."""
    line.refresh_from_db()
    if line.open < 1:
        raise NotPossible(_t("None of its units is open any more."))
    told = _cancel(line.order, {line.pk: line.open}, f"no-offer-{line.pk}-{line.cancelled}", by)
    close_work(R.NO_OFFER, line, by=by)
    return told


def look_again(line: OrderLine, *, by: User) -> str:
    """Forward what is open now."""
    forward_order(line.order)
    line.refresh_from_db()
    if line.open > 0:
        raise NotPossible(_t("Still no supplier has it."))
    return _t("A supplier was found.")


def work_again(incoming: IncomingEvent, *, by: User) -> str:
    """Work on what was told from outside once more."""
    IncomingEvent.objects.filter(lease.is_free(), pk=incoming.pk).update(
        done_at=None, due_at=timezone.now(), failures=F("failures") * 0
    )
    return _t("It is worked on in a moment.")


def try_reaction(reaction: Reaction, *, by: User) -> str:
    """Do a consequence now."""
    Reaction.objects.filter(lease.is_free(), pk=reaction.pk, done_at=None).update(due_at=timezone.now(), failures=0)
    return _t("It is tried in a moment.")


def send_mail(row: Notification, *, by: User) -> str:
    """Send a mail now."""
    send_message_again(row, by=by)
    return _t("It goes out in a moment.")


def ask_return(row: SupplierReturn, *, by: User) -> str:
    """Ask for a return, or read the answer, now."""
    waiting = SupplierReturn.objects.filter(lease.is_free(), pk=row.pk, status__in=["to_ask", "unknown"])
    if not waiting.update(due_at=timezone.now()):
        read_news(row.supplier_order.supplier)
    return _t("The supplier is asked in a moment.")


def free_case(ticket: Ticket, *, by: User) -> str:
    """Take a late case from whoever has it, so that every agent sees it among those that nobody has."""
    Ticket.objects.filter(pk=ticket.pk).update(owner=None)
    return _t("Case %(number)s is among those that nobody has, at the top of the desk.") % {"number": ticket.number}
