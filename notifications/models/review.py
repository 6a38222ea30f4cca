"""When an order's customer is asked what the goods are like."""

from __future__ import annotations

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from orders.lease import DueWork
from orders.models import Order


class ReviewRequest(DueWork):
    """One order whose customer may be asked for reviews, once. ``due_at``: see whether it is time.

    Every parcel that arrives puts it off, so that nobody is asked while something is still to come.
    """

    order = models.OneToOneField(Order, models.CASCADE, related_name="+", verbose_name=_("order"))
    created_at = models.DateTimeField(_("first parcel delivered"), default=timezone.now)
    asked_at = models.DateTimeField(
        _("asked"), null=True, blank=True, help_text=_("Empty: not yet, or there was nothing to ask about.")
    )

    class Meta:
        verbose_name = _("request for reviews")
        verbose_name_plural = _("requests for reviews")
        ordering = ["-created_at", "-pk"]

    def __str__(self) -> str:
        return f"{self.order}: reviews"
