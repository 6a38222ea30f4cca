"""Why an order must not go out yet."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from orders.models.order import Order


class Hold(models.Model):
    """A named reason why an order must not go out yet."""

    class Reason(models.TextChoices):
        PAYMENT_REVIEW = "payment_review", _("payment review")
        ADDRESS = "address", _("address")
        PRESCRIPTION = "prescription", _("prescription")
        MARGIN = "margin", _("margin")
        MANUAL = "manual", _("manual")
        DISPUTE = "dispute", _("dispute")

    order = models.ForeignKey(Order, models.CASCADE, related_name="holds")
    reason = models.CharField(_("reason"), max_length=20, choices=Reason)
    note = models.CharField(_("note"), max_length=200, blank=True)
    created_at = models.DateTimeField(_("since"), default=timezone.now)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    released_at = models.DateTimeField(_("released"), null=True, blank=True)
    released_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        verbose_name = _("hold")
        verbose_name_plural = _("holds")
        ordering = ["-created_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["order", "reason"], condition=Q(released_at=None), name="hold_once_per_reason"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.order}: {self.get_reason_display()}"
