"""The wish that goods do not come after all: a request with an answer, per unit."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from orders.lease import DueWork
from orders.models.order import Order, OrderLine
from orders.states import CancellationStatus


class CancellationQuerySet(models.QuerySet["Cancellation"]):
    """Cancellations by how far their answer is."""

    def waiting(self) -> CancellationQuerySet:
        """Those that have no final answer yet."""
        return self.filter(status=CancellationStatus.REQUESTED)


class Cancellation(DueWork):
    """Someone asked that units of an order do not come.

    ``due_at`` is set only for an order that is not paid yet: its pay page must be closed first.
    """

    class Reason(models.TextChoices):
        """The words of the supplier contract, because a supplier is told them."""

        CUSTOMER_REQUEST = "customer_request", _("the customer asked for it")
        TOO_LATE = "too_late", _("it comes too late")
        DUPLICATE = "duplicate", _("ordered twice")
        ADDRESS_ERROR = "address_error", _("wrong address")
        FRAUD_SUSPECTED = "fraud_suspected", _("suspected fraud")
        OTHER = "other", _("another reason")

    order = models.ForeignKey(Order, models.PROTECT, related_name="cancellations")
    status = models.CharField(
        _("answer"), max_length=20, choices=CancellationStatus, default=CancellationStatus.REQUESTED, editable=False
    )
    status_changed_at = models.DateTimeField(_("since"), default=timezone.now, editable=False)
    key = models.CharField(max_length=80, help_text=_("The same key is one request, however often sent."))
    reason = models.CharField(_("reason"), max_length=20, choices=Reason, default=Reason.CUSTOMER_REQUEST)
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("by")
    )
    requested_at = models.DateTimeField(_("asked for at"), default=timezone.now)
    answer_by = models.DateTimeField(_("answer by"))
    # Until then nobody has looked whose units these are, so none of the order's goods may be sent off.
    allocated_at = models.DateTimeField(null=True, blank=True, editable=False)
    waiting_since = models.DateTimeField(
        _("answer not at once"), null=True, blank=True, editable=False, help_text=_("The customer was told to wait.")
    )
    answered_at = models.DateTimeField(_("answered"), null=True, blank=True, editable=False)

    objects = CancellationQuerySet.as_manager()

    class Meta:
        verbose_name = _("cancellation")
        verbose_name_plural = _("cancellations")
        ordering = ["requested_at", "pk"]
        constraints = [
            models.CheckConstraint(condition=Q(status__in=CancellationStatus.values), name="cancellation_status_known"),
            # Of its order: browsers send it, so another order's form may bring the same.
            models.UniqueConstraint(fields=["order", "key"], name="cancellation_once"),
        ]

    def __str__(self) -> str:
        return f"{self.order} {self.requested_at:%Y-%m-%d %H:%M}"

    @property
    def is_waiting(self) -> bool:
        """True while some units have no answer."""
        return self.status == CancellationStatus.REQUESTED


class CancellationLine(models.Model):
    """How many units of an order line are asked for, and what became of them."""

    cancellation = models.ForeignKey(Cancellation, models.CASCADE, related_name="lines")
    line = models.ForeignKey(OrderLine, models.PROTECT, related_name="cancellation_lines")
    quantity = models.PositiveIntegerField(_("asked for"))
    cancelled = models.PositiveIntegerField(_("cancelled"), default=0)
    refused = models.PositiveIntegerField(_("not possible"), default=0)
    why = models.CharField(_("why not"), max_length=20, blank=True, help_text=_("Key of orders.words.REFUSAL_WORDS."))

    class Meta:
        verbose_name = _("cancelled goods")
        verbose_name_plural = _("cancelled goods")
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["cancellation", "line"], name="cancellation_line_once"),
            models.CheckConstraint(condition=Q(quantity__gte=1), name="cancellation_line_some"),
            # Each unit has one answer.
            models.CheckConstraint(
                condition=Q(quantity__gte=F("cancelled") + F("refused")), name="cancellation_line_adds_up"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.cancellation_id}: {self.quantity} x {self.line_id}"

    @property
    def waiting(self) -> int:
        """Units without an answer."""
        return self.quantity - self.cancelled - self.refused
