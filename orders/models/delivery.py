"""The delivery sold with an order: what was promised, what is expected now, and what is late of it."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from orders.models.order import Order
from orders.states import Late
from shop.models import DeliveryProfile


def first_look() -> datetime:
    """Return when a new delivery is looked at first: most orders are paid by then, or never."""
    return timezone.now() + timedelta(hours=1)


class OrderDelivery(models.Model):
    """The delivery sold with an order: one per place that goods are sent from, and service they go by."""

    order = models.ForeignKey(Order, models.CASCADE, related_name="deliveries")
    profile = models.ForeignKey(DeliveryProfile, models.PROTECT, related_name="+")
    position = models.PositiveSmallIntegerField(default=1)
    # Goods that replace others are promised anew, though they go the same way.
    serial = models.PositiveSmallIntegerField(_("how-manieth time"), default=1, editable=False)
    price_minor = models.PositiveIntegerField(_("price"), help_text=_("Minor units."))
    standard_minor = models.PositiveIntegerField(
        _("price of the least expensive service"),
        null=True,
        blank=True,
        help_text=_("Minor units, at sale. Empty: that is what was sold. More than this no withdrawal brings back."),
    )
    sent_from = models.CharField(_("sent from"), max_length=80)
    # --- as sold: zones and services may be other ones by tomorrow
    service = models.CharField(_("service"), max_length=40, blank=True, help_text=_("Code of the service chosen."))
    service_name = models.CharField(_("service as customers read it"), max_length=60, blank=True)
    supplier_service = models.CharField(
        _("supplier's code"), max_length=40, blank=True, help_text=_("Empty: the supplier's standard.")
    )
    import_text = models.CharField(_("said about import duty"), max_length=300, blank=True)
    # Promised at sale (anew if it is paid much later) and never changed then; estimates are rows of their own.
    promised_earliest_on = models.DateField(_("promised from"))
    promised_latest_on = models.DateField(_("promised until"))
    expected_earliest_on = models.DateField(_("expected from"))
    expected_latest_on = models.DateField(_("expected until"))
    ship_by_on = models.DateField(_("to be sent by"), null=True, blank=True)
    planned_latest_on = models.DateField(
        _("planned until"), null=True, blank=True, help_text=_("What was promised, without the supplier's margin.")
    )
    travel_days = models.PositiveSmallIntegerField(
        _("days of the way"), default=7, help_text=_("From leaving to the last day planned, at sale.")
    )
    # --- what the customer knows, and what is watched for (orders.actions.watch)
    told_latest_on = models.DateField(
        _("customer told until"), null=True, blank=True, help_text=_("Empty: nothing but the promise.")
    )
    watch_at = models.DateTimeField(
        _("looked at next"), null=True, blank=True, default=first_look, help_text=_("Empty: nothing is awaited.")
    )
    late_kind = models.CharField(_("late"), max_length=12, choices=Late, blank=True)
    late_since = models.DateTimeField(_("late since"), null=True, blank=True)
    # Written by suppliers: when they were asked about it, and until when they should answer.
    asked_at = models.DateTimeField(_("supplier asked"), null=True, blank=True)
    answer_by = models.DateTimeField(_("answer by"), null=True, blank=True)

    class Meta:
        verbose_name = _("delivery")
        verbose_name_plural = _("deliveries")
        ordering = ["position"]
        indexes = [models.Index(fields=["watch_at"], condition=Q(watch_at__isnull=False), name="delivery_watched")]
        constraints = [
            models.CheckConstraint(condition=Q(late_kind__in=["", *Late.values]), name="delivery_late_known"),
            models.UniqueConstraint(fields=["order", "profile", "service", "serial"], name="order_delivery_once"),
            models.CheckConstraint(
                condition=Q(promised_earliest_on__lte=F("promised_latest_on")), name="promise_is_a_window"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.order}: {self.sent_from}"

    @property
    def known_latest_on(self) -> date:
        """The last day that the customer was told of: what was promised, or a later mail."""
        return self.told_latest_on or self.promised_latest_on

    @property
    def is_late(self) -> bool:
        """True if it is expected later than promised."""
        return self.expected_latest_on > self.promised_latest_on
