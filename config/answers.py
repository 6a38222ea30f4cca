"""What a person found out or decided about a piece of work, noted; and what may be tried again.

More functions of the table in ``config/remedies.py``, under the same rules.
"""

from __future__ import annotations

from django.utils import timezone
from django.utils.translation import gettext as _t

from config.models import AuditCheck, Comparison, MoneyFinding, NightlyAudit
from config.reconcile import findings, runs
from notifications.actions import endpoints
from notifications.actions.addresses import lift_suppression
from notifications.models import Endpoint, EventDeliveryStatus, Suppression
from orders import lease
from orders.actions.approval import NothingToDecide, grant_approval, refuse_approval
from orders.actions.defence import call_off
from orders.actions.payment import record_payment
from orders.actions.quarantine import try_again
from orders.actions.refund import TooMuch
from orders.actions.refund_by_hand import (
    AlreadyDecided,
    MayNotApprove,
    QuoteChanged,
    approve_refund as approve_request,
    decline_refund as decline_request,
)
from orders.actions.refund_quote import NothingToPay
from orders.actions.work import close_work
from orders.lease import DueWork
from orders.models import Cancellation, CardCircuit, Order, OrderLine, RefundRequest, WorkItem
from orders.remedies import NotPossible
from orders.states import IllegalMove
from shop.actions import reviews
from shop.models import Review, User
from suppliers.actions import decide
from suppliers.actions.ask import read_again
from suppliers.actions.by_hand import answer_by_hand
from suppliers.actions.credits import claim_credit as claim
from suppliers.actions.follow import ask_about
from suppliers.actions.gate import approved_units
from suppliers.models import ParcelWatch, SupplierCancellation, SupplierCredit, SupplierOrder, TrackingService
from suppliers.states import SupplierCancellationStatus


def has_it(row: SupplierOrder, *, by: User) -> str:
    """Note that a supplier has an order that was in doubt."""
    if not decide.confirm_has_it(row, by=by):
        raise NotPossible(_t("It is not in doubt any more, or is being asked right now."))
    return _t("Noted; it is followed like any other.")


def has_it_not(row: SupplierOrder, *, by: User) -> str:
    """Send an order once more that the supplier has not."""
    if not decide.send_again(row, by=by):
        raise NotPossible(_t("It is not in doubt any more, or is being asked right now."))
    return _t("It goes out again in a moment.")


def read_sent(row: SupplierOrder, *, by: User) -> str:
    """Read an order anew of which cancelled goods were sent."""
    read_again(row)
    return _t("It is read in a moment. Close this once it is settled with the supplier and the customer.")


def approve_refund(request: RefundRequest, *, by: User) -> str:
    """Approve a refund exactly as it was asked for."""
    try:
        refunds = approve_request(request, by=by)
    except MayNotApprove as error:
        raise NotPossible(_t("It is your own, or above your cap: somebody else must decide.")) from error
    except QuoteChanged as error:
        raise NotPossible(_t("Its amounts have changed: open what it is about, and decide there.")) from error
    except (AlreadyDecided, NothingToPay, TooMuch) as error:
        raise NotPossible(_t("It was decided meanwhile, or nothing of it is left to pay back.")) from error
    return _t("%(amount)s goes back.") % {"amount": request.order.money(sum(one.amount_minor for one in refunds))}


def decline_refund(request: RefundRequest, *, by: User) -> str:
    """Decline a refund, without more words."""
    try:
        decline_request(request, answer=_t("Ask them why, or ask anew with a note."), by=by)
    except AlreadyDecided as error:
        raise NotPossible(_t("It was decided meanwhile.")) from error
    return _t("Declined; whoever asked is told in the case. The customer is not.")


def claim_credit(credit: SupplierCredit, *, by: User) -> str:
    """Note that a supplier was told what it owes; what stays unpaid after that comes back."""
    try:
        claim(credit, by=by)
    except IllegalMove as error:
        raise NotPossible(_t("It is not owed any more.")) from error
    close_work(WorkItem.Reason.SUPPLIER_CREDIT, credit, by=by)
    return _t("Noted. If no paper of the supplier's settles it in time, this comes back.")


def free_order(row: SupplierOrder, *, by: User) -> str:
    """Let a supplier order that was set aside be tried again."""
    if not decide.release(row, by=by):
        raise NotPossible(_t("It is not set aside any more."))
    return _t("It is tried in a moment.")


def free_row(row: DueWork, *, by: User) -> str:
    """Let any other row that was set aside be tried again."""
    if not try_again(row, by=by):
        raise NotPossible(_t("It is not set aside any more."))
    return _t("It is tried in a moment.")


def _asked_of(cancellation: Cancellation) -> list[SupplierCancellation]:
    rows = SupplierCancellation.objects.filter(cancellation=cancellation).select_related("supplier_order", "order")
    return list(rows.exclude(status=SupplierCancellationStatus.DECIDED))


def ask_cancellation(cancellation: Cancellation, *, by: User) -> str:
    """Ask everybody again now who has not said whether goods can be stopped."""
    asked = [row for row in _asked_of(cancellation) if row.due_at]
    free = SupplierCancellation.objects.filter(lease.is_free(), pk__in=[row.pk for row in asked])
    own = Cancellation.objects.waiting().filter(lease.is_free(), pk=cancellation.pk).exclude(due_at=None)
    if not free.update(due_at=timezone.now()) + own.update(due_at=timezone.now()):
        raise NotPossible(_t("Nobody can be asked by itself, or is being asked right now."))
    return _t("They are asked in a moment.")


def stopped(cancellation: Cancellation, *, by: User) -> str:
    """Note that the supplier has stopped all it was asked to."""
    return _answer(cancellation, stopped=True, by=by)


def not_stopped(cancellation: Cancellation, *, by: User) -> str:
    """Note that the supplier can stop nothing of what it was asked to."""
    return _answer(cancellation, stopped=False, by=by)


def _answer(cancellation: Cancellation, *, stopped: bool, by: User) -> str:
    rows = _asked_of(cancellation)
    if len(rows) > 1:
        raise NotPossible(_t("Several suppliers are asked; note each answer among the cancellations at suppliers."))
    if not rows or not answer_by_hand(rows[0], stopped=stopped, by=by):
        raise NotPossible(_t("No supplier owes an answer any more."))
    return _t("Noted; the customer is told.")


def approve(line: OrderLine, *, by: User) -> str:
    """Approve the units of a line that wait for a pharmacist."""
    units = _take_question(line, by)
    try:
        grant_approval(line, units, by=by)
    except NothingToDecide as error:
        raise NotPossible(_t("Nothing of it waits any more.")) from error
    return _t("%(count)d units approved; they go out in a moment.") % {"count": units}


def disapprove(line: OrderLine, *, by: User) -> str:
    """Refuse the units of a line that wait for a pharmacist: cancelled and paid back."""
    units = _take_question(line, by)
    try:
        refuse_approval(line, units, by=by)
    except NothingToDecide as error:
        raise NotPossible(_t("Nothing of it waits any more.")) from error
    return _t("%(count)d units refused, cancelled and paid back.") % {"count": units}


def _take_question(line: OrderLine, by: User) -> int:
    # Whoever closes the question decides: pressed twice at once, it is one decision.
    if not close_work(WorkItem.Reason.APPROVAL, line, by=by):
        raise NotPossible(_t("It was decided before."))
    approved = approved_units([line.pk]).get(line.pk, 0)
    line.refresh_from_db()
    return line.open - approved


def audit_now(subject: AuditCheck | NightlyAudit, *, by: User) -> str:
    """Let the nightly audit run now."""
    if not NightlyAudit.objects.filter(lease.is_free()).update(due_at=timezone.now()):
        raise NotPossible(_t("It is running."))
    return _t("It runs in a moment. This closes by itself when the rule holds again.")


def false_alarm(circuit: CardCircuit, *, by: User) -> str:
    """Let everybody pay without a question for an hour."""
    if not call_off(circuit, now=timezone.now()):
        raise NotPossible(_t("Nobody is asked any more."))
    return _t("Nobody is asked a question for an hour, whatever the cards say.")


def compare_now(subject: Comparison | MoneyFinding, *, by: User) -> str:
    """Let both comparisons with Stripe run now."""
    for kind in Comparison.Kind:
        runs.begin(kind, now=timezone.now())
    return _t("It is compared in a moment. What is explained by then closes by itself.")


def note_payment(finding: MoneyFinding, *, by: User) -> str:
    """Note money that Stripe took for an order of ours and that found no way into its payments."""
    if finding.kind != MoneyFinding.Kind.STRAY_PAYMENT or finding.order is None:
        raise NotPossible(_t("It bears no number of an order of ours. Look it up at Stripe."))
    if not record_payment(finding.order, stripe_id=finding.key, paid=finding.amount):
        raise NotPossible(_t("It is noted already."))
    findings.explain_by_hand(finding, by=by, now=timezone.now())
    return _t("Noted. If it does not fit the order, that is in the list as well, and can be refunded there.")


def not_ours(finding: MoneyFinding, *, by: User) -> str:
    """Note that a person knows what a difference is, as money of another shop on the same account."""
    if not findings.explain_by_hand(finding, by=by, now=timezone.now()):
        raise NotPossible(_t("It is explained already."))
    return _t("Noted. It comes back only if its amount changes.")


def ask_carrier(row: TrackingService | ParcelWatch, *, by: User) -> str:
    """Ask a tracking service about one parcel, or about all that are due, now."""
    if isinstance(row, ParcelWatch):
        if not ask_about(row.shipment):
            raise NotPossible(_t("It is not followed any more."))
        close_work(WorkItem.Reason.CARRIER_GARBAGE, row, by=by)
        return _t("It is asked about in a moment; should its news still make no sense, you are asked again.")
    close_work(WorkItem.Reason.CARRIER_GARBAGE, row, by=by)
    TrackingService.objects.filter(lease.is_free(), pk=row.pk).exclude(due_at=None).update(due_at=timezone.now())
    return _t("It is asked in a moment.")


def publish_review(review: Review, *, by: User) -> str:
    """Show a review; who would rather refuse it says why on its own page."""
    if not reviews.approve(review, by=by):
        raise NotPossible(_t("It is published already."))
    return _t("It is shown on the product's page now.")


def write_again(order: Order, *, by: User) -> str:
    """Write to an order's address again, because somebody knows that it works."""
    why = _t("For order %(number)s, from the list of work.") % {"number": order.number}
    marked = Suppression.objects.filter(address=order.email.lower(), lifted_at=None).first()
    if marked is None or not lift_suppression(marked, why=why, by=by):
        raise NotPossible(_t("It is written to already."))
    return _t("It is written to again, and what it missed goes out in a moment.")


def tell_again(endpoint: Endpoint, *, by: User) -> str:
    """Send everything again that was given up for an address."""
    failed = endpoint.deliveries.filter(status=EventDeliveryStatus.FAILED)
    count = endpoints.tell_again(failed)
    if not count:
        raise NotPossible(_t("Nothing of it is given up, or it is out of use: switch it on first."))
    close_work(WorkItem.Reason.ENDPOINT_FAILED, endpoint, by=by)
    return _t("%(count)d events go out in a moment.") % {"count": count}
