"""Work for a person."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from orders.models.order import Order


class WorkItem(models.Model):
    """One thing that needs a person; at most one open per reason and subject."""

    class Reason(models.TextChoices):
        PAYMENT_UNEXPECTED = "payment_unexpected", _("a payment does not fit its order")
        REFUND_FAILED = "refund_failed", _("a refund failed")
        SUPPLIER_REFUSED = "supplier_refused", _("a supplier refused an order")
        SUPPLIER_SILENT = "supplier_silent", _("a supplier does not answer")
        SUPPLIER_KEY = "supplier_key", _("a supplier refuses our key")
        SUPPLIER_GARBAGE = "supplier_garbage", _("a supplier's answer makes no sense")
        SUPPLIER_DOUBT = "supplier_doubt", _("nobody knows whether a supplier has an order")
        QUARANTINED = "quarantined", _("set aside after failing again and again")
        LINES_REJECTED = "lines_rejected", _("a supplier cannot deliver")
        NO_OFFER = "no_offer", _("no supplier has it")
        CANCELLATION_BY_HAND = "cancellation_by_hand", _("a cancellation must be asked for by a person")
        CANCELLATION_SILENT = "cancellation_silent", _("a cancellation has no answer in time")
        CANCELLED_SENT = "cancelled_sent", _("cancelled goods were sent")
        INCOMING_FAILED = "incoming_failed", _("a message from outside could not be worked on")
        REACTION_FAILED = "reaction_failed", _("a consequence keeps failing")
        MAIL_FAILED = "mail_failed", _("a mail cannot be sent")

    reason = models.CharField(_("reason"), max_length=30, choices=Reason)
    subject_key = models.CharField(_("about"), max_length=60)
    order = models.ForeignKey(Order, models.CASCADE, null=True, blank=True, related_name="work_items")
    summary = models.CharField(_("in one sentence"), max_length=300)
    money_minor = models.PositiveIntegerField(
        _("money at stake"), default=0, help_text=_("Minor units of the shop's currency.")
    )
    opened_at = models.DateTimeField(_("opened"), default=timezone.now)
    deadline_at = models.DateTimeField(_("deadline"), null=True, blank=True)
    closed_at = models.DateTimeField(_("closed"), null=True, blank=True)

    class Meta:
        verbose_name = _("work item")
        verbose_name_plural = _("work items")
        ordering = ["opened_at", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["reason", "subject_key"], condition=Q(closed_at=None), name="work_item_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_reason_display()}: {self.subject_key}"
