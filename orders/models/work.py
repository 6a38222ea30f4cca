"""Work for a person."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from orders.models.order import Order


class WorkItem(models.Model):
    """One thing that needs a person; at most one open per reason, subject and part of it.

    ``part`` tells several things about one subject apart, as the parcels of an order; mostly empty.
    ``closed_by`` is who closed it; empty: its cause was gone.
    """

    class Reason(models.TextChoices):
        PAYMENT_UNEXPECTED = "payment_unexpected", _("a payment does not fit its order")
        PAYMENT_STUCK = "payment_stuck", _("a payment is not decided")
        DECIDE_PAYMENT = "decide_payment", _("an authorised payment must be decided")
        OVERPAID = "overpaid", _("a customer paid too much")
        REFUND_BY_HAND = "refund_by_hand", _("money must be paid back by hand")
        API_VERSION = "api_version", _("the payment provider speaks another version")
        REFUND_FAILED = "refund_failed", _("a refund failed")
        REFUND_STUCK = "refund_stuck", _("a refund does not arrive")
        REFUND_APPROVAL = "refund_approval", _("a refund waits for approval")
        SUPPLIER_CREDIT = "supplier_credit", _("a supplier owes us money")
        ORDER_HELD = "order_held", _("an order is held")
        DISPUTE = "dispute", _("a customer's bank takes a payment back")
        CARD_TESTING = "card_testing", _("somebody tries out stolen cards")
        MONEY_FINDING = "money_finding", _("our books and Stripe's differ")
        NOT_COMPARED = "not_compared", _("our books are not compared with Stripe's")
        SUPPLIER_REFUSED = "supplier_refused", _("a supplier refused an order")
        SUPPLIER_SILENT = "supplier_silent", _("a supplier does not answer")
        SUPPLIER_KEY = "supplier_key", _("a supplier refuses our key")
        SUPPLIER_GARBAGE = "supplier_garbage", _("a supplier's answer makes no sense")
        PARCEL_GARBAGE = "parcel_garbage", _("a supplier's news of a parcel makes no sense")
        SUPPLIER_HOLD = "supplier_hold", _("a supplier holds an order")
        BACKORDERED = "backordered", _("backordered goods do not come in")
        NOT_SENT = "not_sent", _("a supplier has not sent in time")
        SUPPLIER_DOUBT = "supplier_doubt", _("nobody knows whether a supplier has an order")
        QUARANTINED = "quarantined", _("set aside after failing again and again")
        NO_OFFER = "no_offer", _("no supplier has it")
        CANCELLATION_BY_HAND = "cancellation_by_hand", _("a cancellation must be asked for by a person")
        CANCELLATION_SILENT = "cancellation_silent", _("a cancellation has no answer in time")
        CANCELLED_SENT = "cancelled_sent", _("cancelled goods were sent")
        COMES_TWICE = "comes_twice", _("goods may come twice")
        CAME_PAID_BACK = "came_paid_back", _("goods came that were paid back")
        APPROVAL = "approval", _("goods wait for a pharmacist")
        AUDIT = "audit", _("something does not add up")
        LATE = "late", _("goods come late")
        PARCEL_SILENT = "parcel_silent", _("a parcel does not move")
        TRACKING_SILENT = "tracking_silent", _("the carriers' scans are not told")
        CARRIER_GARBAGE = "carrier_garbage", _("a carrier's news of a parcel makes no sense")
        PARCEL_TROUBLE = "parcel_trouble", _("a parcel needs attention")
        PARCEL_BACK = "parcel_back", _("a parcel comes back")
        RETURN_SILENT = "return_silent", _("a return does not move")
        RETURN_DECISION = "return_decision", _("a return must be decided")
        PRODUCT_RETURNS = "product_returns", _("a product comes back too often")
        REVIEW_TO_DECIDE = "review_to_decide", _("a review waits to be read")
        CASE_LATE = "case_late", _("a case waits too long")
        INCOMING_FAILED = "incoming_failed", _("a message from outside could not be worked on")
        REACTION_FAILED = "reaction_failed", _("a consequence keeps failing")
        MAIL_FAILED = "mail_failed", _("a mail cannot be sent")
        UNREACHABLE = "unreachable", _("a customer's address takes no mail")
        ENDPOINT_FAILED = "endpoint_failed", _("an address that is told of events does not take them")

    reason = models.CharField(_("reason"), max_length=30, choices=Reason)
    subject_key = models.CharField(_("about"), max_length=60)
    part = models.CharField(_("which of several"), max_length=64, blank=True, default="")
    order = models.ForeignKey(Order, models.CASCADE, null=True, blank=True, related_name="work_items")
    summary = models.CharField(_("in one sentence"), max_length=300)
    money_minor = models.PositiveIntegerField(
        _("money at stake"), default=0, help_text=_("Minor units of the shop's currency.")
    )
    opened_at = models.DateTimeField(_("opened"), default=timezone.now)
    deadline_at = models.DateTimeField(_("deadline"), null=True, blank=True)
    closed_at = models.DateTimeField(_("closed"), null=True, blank=True)
    closed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("closed by")
    )

    class Meta:
        verbose_name = _("work item")
        verbose_name_plural = _("work items")
        # What is most urgent first, then what is oldest.
        ordering = [F("deadline_at").asc(nulls_last=True), "opened_at", "pk"]
        indexes = [models.Index(fields=["subject_key", "reason"], name="work_item_by_subject")]
        constraints = [
            models.UniqueConstraint(
                fields=["reason", "subject_key", "part"], condition=Q(closed_at=None), name="work_item_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_reason_display()}: {self.subject_key}"

    @property
    def is_open(self) -> bool:
        """True while it still needs a person."""
        return self.closed_at is None


# How soon a person should act, by what is at risk; everything else within a day.
_R = WorkItem.Reason
ACT_WITHIN: dict[str, timedelta] = {
    # A key that is not taken stops every order of that supplier.
    _R.SUPPLIER_KEY: timedelta(hours=1),
    # Every try is another card holder's harm, and costs us fees.
    _R.CARD_TESTING: timedelta(hours=1),
    # The customer has paid and nobody is sending it: the promised day comes nearer.
    _R.SUPPLIER_REFUSED: timedelta(hours=4),
    _R.SUPPLIER_SILENT: timedelta(hours=4),
    _R.NO_OFFER: timedelta(hours=4),
    _R.REACTION_FAILED: timedelta(hours=4),
    _R.INCOMING_FAILED: timedelta(hours=4),
    # The customer waits for nothing but a yes or no.
    _R.REFUND_APPROVAL: timedelta(hours=8),
    # Owed for weeks already when it is asked about; a statement comes once a month.
    _R.SUPPLIER_CREDIT: timedelta(days=7),
    # As long as they are on their way their supplier may still call them back, and the customer be told first.
    _R.COMES_TWICE: timedelta(hours=8),
    # Suppliers' own words go on meanwhile.
    _R.TRACKING_SILENT: timedelta(hours=8),
    _R.CARRIER_GARBAGE: timedelta(days=2),
    # Goods that are late anyway, or carriers that are slow: asking takes days.
    _R.BACKORDERED: timedelta(days=2),
    _R.NOT_SENT: timedelta(days=2),
    _R.LATE: timedelta(days=2),
    _R.PARCEL_SILENT: timedelta(days=2),
    _R.RETURN_SILENT: timedelta(days=3),
}
ACT_WITHIN_OTHERWISE = timedelta(days=1)
