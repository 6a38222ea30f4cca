"""Delays that customers are told of, and what they choose."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from orders.lease import DueWork
from orders.models.delivery import OrderDelivery
from orders.models.order import Order
from orders.states import DelayStatus


class ArrivalNotice(DueWork):
    """That an order's customer is to hear of other days, and when they last did. ``due_at``: look, and tell.

    One row per order, so that what slips at once is one mail, and there is one such mail in an hour.
    """

    is_duty = True

    order = models.OneToOneField(Order, models.CASCADE, related_name="arrival_notice")
    told_at = models.DateTimeField(_("last told"), null=True, blank=True)

    class Meta:
        verbose_name = _("news of arrivals")
        verbose_name_plural = _("news of arrivals")
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"{self.order}: arrivals"


class Delay(DueWork):
    """One telling that goods come later than the customer knew. ``due_at``: no answer by then counts as one."""

    order = models.ForeignKey(Order, models.PROTECT, related_name="delays")
    status = models.CharField(
        _("choice"), max_length=12, choices=DelayStatus, default=DelayStatus.ASKED, editable=False
    )
    status_changed_at = models.DateTimeField(_("since"), default=timezone.now, editable=False)
    is_definite = models.BooleanField(
        _("has a date"), help_text=_("Somebody who has the goods named the new date; else we reckoned it ourselves.")
    )
    told_at = models.DateTimeField(_("told"), default=timezone.now)
    answer_by = models.DateTimeField(
        _("answer by"), null=True, blank=True, help_text=_("Empty: who says nothing waits.")
    )

    class Meta:
        verbose_name = _("delay")
        verbose_name_plural = _("delays")
        ordering = ["-told_at", "-pk"]
        constraints = [
            models.CheckConstraint(condition=Q(status__in=DelayStatus.values), name="delay_status_known"),
            # A further delay takes the place of the question about the one before.
            models.UniqueConstraint(fields=["order"], condition=Q(status=DelayStatus.ASKED), name="delay_asked_once"),
        ]

    def __str__(self) -> str:
        return f"{self.order}: delay {self.pk}"


class DelayPart(models.Model):
    """How one delivery's days moved in a telling, later or sooner."""

    delay = models.ForeignKey(Delay, models.CASCADE, related_name="parts")
    delivery = models.ForeignKey(OrderDelivery, models.CASCADE, related_name="delay_parts")
    before_on = models.DateField(_("was until"))
    earliest_on = models.DateField(_("from"))
    latest_on = models.DateField(_("until"))
    reason_code = models.CharField(_("reason"), max_length=40, blank=True)

    class Meta:
        verbose_name = _("delivery of a delay")
        verbose_name_plural = _("deliveries of a delay")
        ordering = ["pk"]
        constraints = [models.UniqueConstraint(fields=["delay", "delivery"], name="delay_part_once")]

    def __str__(self) -> str:
        return f"{self.delivery}: {self.before_on} to {self.latest_on}"

    @property
    def is_later(self) -> bool:
        """True if it comes later than the customer knew."""
        return self.latest_on > self.before_on
