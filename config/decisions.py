"""Deadlines of what people decide about money (authorised, disputed, transferred, owed, compared), reviews and tracking.

Part of ``config/deadlines.py``.
"""

from __future__ import annotations

from datetime import timedelta

from django.db.models import F, Q

from config.models import Comparison, MoneyFinding
from config.waits import A_DAY, ALWAYS, AT_ONCE, AWAY, TWO_NIGHTS, Wait
from orders.models import Authorisation, Dispute, Payment, Refund, WorkItem
from orders.states import AuthorisationStatus, DisputeStatus, RefundStatus
from shop.models import Review
from shop.models.review import ReviewStatus
from suppliers.models import PictureFetch, SupplierCredit, TrackingService
from suppliers.states import SupplierCreditStatus

R = WorkItem.Reason
_K, _D = AuthorisationStatus, DisputeStatus
_CHANGED = ("status_changed_at",)
CLAIMED_WITHIN, SETTLED_WITHIN = timedelta(days=14), timedelta(days=45)
# Refunds that no machine makes.
BY_HAND = Q(payment__provider="bank_transfer")
DECISIONS = [
    Wait(
        "refund by hand", Refund, (RefundStatus.REQUESTED,), R.REFUND_BY_HAND, ("requested_at",), AT_ONCE,
        "{row.amount} for {row.order.number} must be transferred back by a person, and noted.", BY_HAND, "amount_minor",
    ),
    # Asked for by whoever noted it, with the time that is left.
    Wait(
        "authorisation", Authorisation, (_K.HELD,), R.DECIDE_PAYMENT, ("held_at",), AT_ONCE,
        "{row.amount} for {row.order.number} wait for a decision.", money="amount_minor",
    ),
    Wait(
        "authorisation decided", Authorisation, (_K.CAPTURING, _K.RELEASING), R.PAYMENT_STUCK, _CHANGED, AWAY,
        "What was decided about {row.amount} for {row.order.number} cannot be carried out. {row.last_error:.100}",
        money="amount_minor",
    ),
    Wait(
        "dispute", Dispute, (_D.INQUIRY, _D.OPEN, _D.REVIEW), R.DISPUTE, ("opened_at",), AT_ONCE,
        "A bank takes {row.amount} for {row.order.number} back.", money="amount_minor",
    ),
    # Asked about until somebody has dealt with what is not sent.
    Wait(
        "dispute lost", Dispute, (_D.LOST,), R.DISPUTE, _CHANGED, AT_ONCE,
        "{row.amount} for {row.order.number} went back through the bank.", money="amount_minor", sticks=True,
    ),
    # Whoever pays the surplus back closes the question; another state of the row does not.
    Wait(
        "too much paid", Payment, (), R.OVERPAID, ("captured_at",), AT_ONCE,
        "{row.captured} for {row.order.number} are more than it asks for.", Q(provider="bank_transfer"), opens=False,
    ),
]  # fmt: skip


def _credit(name: str, state: str, after: timedelta, says: str, cause: Q = ALWAYS) -> Wait:
    says, related = "{row.supplier.name} owes {row.owed} for {row.order.number}, " + says, ("order", "supplier")
    # What is at stake counts in the shop's currency; in another one it stands in the sentence.
    return Wait(
        name, SupplierCredit, (state,), R.SUPPLIER_CREDIT, ("status_changed_at",), after, says, cause, _owed_here,
        related=related,
    )  # fmt: skip


def _owed_here(credit: SupplierCredit) -> int:
    return credit.owed.minor if credit.currency == credit.order.currency else 0


CREDITS = [
    _credit("credit to claim", SupplierCreditStatus.OPEN, CLAIMED_WITHIN, "and nobody has claimed it."),
    _credit("credit accepted", SupplierCreditStatus.ACCEPTED, SETTLED_WITHIN, "has agreed to it, and gives nothing."),
    _credit("credit given", SupplierCreditStatus.CREDITED, SETTLED_WITHIN, "says it gave it, and it is on no paper."),
    _credit("credit disputed", SupplierCreditStatus.DISPUTED, AT_ONCE, "and does not agree."),
    _credit(
        "credit of another amount",
        SupplierCreditStatus.CREDITED,
        AT_ONCE,
        "and gives {row.told}.",
        Q(told_minor__isnull=False) & ~Q(told_minor=F("amount_minor")),
    ),
    _credit("credit claimed", SupplierCreditStatus.CLAIMED, SETTLED_WITHIN, "and it is on no paper of the supplier's."),
]


def _comparison(name: str, kind: str, after: timedelta, says: str) -> Wait:
    says, cause = says + " {row.last_error:.150}", Q(kind=kind)
    return Wait(name, Comparison, (), R.NOT_COMPARED, ("good_at",), after, says, cause, related=(), until_news=True)


COMPARISONS = [
    _comparison("recent comparison", Comparison.Kind.RECENT, AWAY, "Payments were not compared with Stripe for an hour."),
    _comparison("whole comparison", Comparison.Kind.FULL, TWO_NIGHTS, "Nothing was compared in full for two nights."),
    Wait("difference", MoneyFinding, (), R.MONEY_FINDING, ("found_at",), AT_ONCE, "{row.says}", Q(explained_at=None), opens=False),
]  # fmt: skip
REVIEWS = [
    Wait(
        "review", Review, (ReviewStatus.WAITING,), R.REVIEW_TO_DECIDE, ("created_at",), A_DAY,
        "A review of {row.product.name} waits to be read: {row.rating}/5 {row.title} {row.text:.120}",
        money=lambda row: 0, related=("product",),
    ),
]  # fmt: skip
TRACKING = [
    Wait(
        "tracking service", TrackingService, (), R.TRACKING_SILENT, ("failing_since",), AWAY,
        "{row} has told no carrier's scans for an hour. {row.last_error:.150}", ~Q(failing_since=None), related=(),
    ),
]  # fmt: skip
# Of states of the shop window: why nothing waits in them.
SHOP_RESTS = {
    (PictureFetch, PictureFetch.Status.WANTED): "fetched by the sweep, which gives up after some tries",
    (PictureFetch, PictureFetch.Status.STORED): "over",
    (PictureFetch, PictureFetch.Status.BROKEN): "listed for staff; its product is shown with a drawing in its place",
    (Review, ReviewStatus.APPROVED): "over",
    (Review, ReviewStatus.REFUSED): "over",
}
