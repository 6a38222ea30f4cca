"""What a supplier is asked to stop or to take back."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from orders.lease import DueWork
from orders.models import Cancellation, Order
from suppliers.models.order import SupplierOrder, SupplierOrderLine
from suppliers.states import SupplierCancellationStatus


class SupplierCancellation(DueWork):
    """What one supplier is asked to stop for one cancellation. ``due_at``: ask, ask again, or read the answer."""

    cancellation = models.ForeignKey(Cancellation, models.PROTECT, related_name="+")
    supplier_order = models.ForeignKey(SupplierOrder, models.PROTECT, related_name="cancellations")
    order = models.ForeignKey(Order, models.PROTECT, related_name="+")
    status = models.CharField(
        _("state"),
        max_length=20,
        choices=SupplierCancellationStatus,
        default=SupplierCancellationStatus.TO_ASK,
        editable=False,
    )
    status_changed_at = models.DateTimeField(_("since"), default=timezone.now, editable=False)
    request_key = models.CharField(max_length=80, unique=True, help_text=_("The same on every attempt."))
    request = models.JSONField(
        _("what we asked"), default=dict, blank=True, editable=False, help_text=_("Saved before the first call.")
    )
    first_asked_at = models.DateTimeField(_("first asked"), null=True, blank=True, editable=False)
    asked_version = models.PositiveIntegerField(
        default=0, editable=False, help_text=_("Version of the order in which the request was noted.")
    )
    outcome = models.CharField(_("supplier says"), max_length=60, blank=True)
    created_at = models.DateTimeField(_("created"), default=timezone.now)
    decided_at = models.DateTimeField(_("decided"), null=True, blank=True)

    class Meta:
        verbose_name = _("cancellation at a supplier")
        verbose_name_plural = _("cancellations at suppliers")
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["cancellation", "supplier_order"], name="supplier_cancellation_once"),
            models.CheckConstraint(
                condition=Q(status__in=SupplierCancellationStatus.values), name="supplier_cancellation_status_known"
            ),
        ]

    def __str__(self) -> str:
        return self.request_key


class SupplierCancellationLine(models.Model):
    """How many units of one supplier order line are to be stopped, and what became of them."""

    supplier_cancellation = models.ForeignKey(SupplierCancellation, models.CASCADE, related_name="lines")
    line = models.ForeignKey(SupplierOrderLine, models.PROTECT, related_name="cancellation_lines")
    quantity = models.PositiveIntegerField(_("asked for"))
    cancelled = models.PositiveIntegerField(_("cancelled"), default=0)
    refused = models.PositiveIntegerField(_("not possible"), default=0)

    class Meta:
        verbose_name = _("goods to be stopped")
        verbose_name_plural = _("goods to be stopped")
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["supplier_cancellation", "line"], name="supplier_cancellation_line_once"),
            models.CheckConstraint(
                condition=Q(quantity__gte=F("cancelled") + F("refused")), name="supplier_cancellation_line_adds_up"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.supplier_cancellation}: {self.quantity} x {self.line.supplier_sku}"

    @property
    def waiting(self) -> int:
        """Units without an answer."""
        return self.quantity - self.cancelled - self.refused


class SupplierReturn(DueWork):
    """A return asked from a supplier under our own reference. ``due_at``: ask, or read its answer."""

    class Status(models.TextChoices):
        TO_ASK = "to_ask", _("to be asked")
        UNKNOWN = "unknown", _("outcome unknown")
        REFUSED = "refused", _("not possible")
        REQUESTED = "requested", _("asked")
        APPROVED = "approved", _("approved")
        REJECTED = "rejected", _("rejected")
        IN_TRANSIT = "in_transit", _("on the way back")
        RECEIVED = "received", _("received")
        RESOLVED = "resolved", _("resolved")
        CANCELLED = "cancelled", _("withdrawn")
        EXPIRED = "expired", _("expired")

    class Channel(models.TextChoices):
        API = "api", _("its API")
        MAIL = "mail", _("mail, with a page to answer on")
        BY_HAND = "by_hand", _("a person")

    supplier_order = models.ForeignKey(SupplierOrder, models.PROTECT, related_name="returns")
    order = models.ForeignKey(Order, models.PROTECT, related_name="+")
    return_reference = models.CharField(_("our reference"), max_length=32, unique=True)
    status = models.CharField(_("state"), max_length=20, choices=Status, default=Status.TO_ASK)
    status_changed_at = models.DateTimeField(_("since"), default=timezone.now, editable=False)
    channel = models.CharField(_("by"), max_length=8, choices=Channel, blank=True, help_text=_("Empty: not asked yet."))
    request = models.JSONField(_("what we asked"), default=dict, editable=False)
    last_copy = models.JSONField(_("last answer"), default=dict, blank=True, editable=False)
    version = models.PositiveIntegerField(default=0, editable=False)
    refused_reason = models.CharField(_("why not"), max_length=300, blank=True)
    withdrawn_at = models.DateTimeField(
        _("to be withdrawn since"), null=True, blank=True, editable=False, help_text=_("The supplier is told so.")
    )
    awaits_replacement = models.BooleanField(
        _("to be replaced by the supplier"),
        default=False,
        help_text=_("It was asked to send new goods itself, and has not decided; nobody else sends any meanwhile."),
    )
    created_at = models.DateTimeField(_("created"), default=timezone.now)

    class Meta:
        verbose_name = _("return at a supplier")
        verbose_name_plural = _("returns at suppliers")
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(
                    status__in=[
                        "to_ask", "unknown", "refused", "requested", "approved", "rejected",
                        "in_transit", "received", "resolved", "cancelled", "expired",
                    ]
                ),
                name="supplier_return_status_known",
            )
        ]  # fmt: skip

    def __str__(self) -> str:
        return self.return_reference
