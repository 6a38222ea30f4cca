"""Who may pay back how much alone, and what waits for somebody who may pay back more."""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth.models import Group
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from orders.models.order import Order
from orders.models.payment import Refund
from orders.states import RefundRequestStatus
from shop.money import Money


class RefundCap(models.Model):
    """How much people of a role may pay back alone, in one currency. Without a row for theirs: nothing."""

    group = models.ForeignKey(Group, models.CASCADE, related_name="+", verbose_name=_("role"))
    currency = models.CharField(_("currency"), max_length=3)
    per_refund_minor = models.PositiveIntegerField(_("most in one refund"), help_text=_("Minor units."))
    per_order_minor = models.PositiveIntegerField(
        _("most for one order"), help_text=_("Minor units; all that was paid back by hand for it, whoever did.")
    )

    class Meta:
        verbose_name = _("refund cap")
        verbose_name_plural = _("refund caps")
        ordering = ["group", "currency"]
        constraints = [
            models.UniqueConstraint(fields=["group", "currency"], name="refund_cap_once"),
            models.CheckConstraint(
                condition=Q(per_refund_minor__lte=F("per_order_minor")), name="refund_cap_order_holds_one"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.group}: {Money(self.per_refund_minor, self.currency)}"


class RefundRequest(models.Model):
    """A refund above its asker's cap. No money moves before somebody else has approved it.

    ``wish`` is what was asked for (``orders.actions.refund_quote.Wish``), ``shown`` the amounts that the
    asker saw, and ``asked_in`` the row it was asked from, as in ``ticket:12`` (empty: the order itself).
    """

    order = models.ForeignKey(Order, models.PROTECT, related_name="refund_requests")
    status = models.CharField(
        _("state"),
        max_length=20,
        choices=RefundRequestStatus,
        default=RefundRequestStatus.ASKED,
        editable=False,
    )
    status_changed_at = models.DateTimeField(_("since"), default=timezone.now, editable=False)
    form_key = models.CharField(max_length=80, unique=True, editable=False)
    wish = models.JSONField(_("asked for"), editable=False)
    shown = models.JSONField(_("amounts when it was asked"), editable=False)
    amount_minor = models.PositiveIntegerField(_("amount"), help_text=_("Minor units, when it was asked."))
    currency = models.CharField(_("currency"), max_length=3)
    reason = models.CharField(_("reason"), max_length=20, choices=Refund.Reason)
    note = models.CharField(_("note"), max_length=200, blank=True)
    asked_in = models.CharField(max_length=60, blank=True, editable=False)
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("asked by"))
    asked_at = models.DateTimeField(_("asked"), default=timezone.now)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("decided by")
    )
    decided_at = models.DateTimeField(_("decided"), null=True, blank=True)
    answer = models.CharField(_("answer"), max_length=200, blank=True)

    class Meta:
        verbose_name = _("refund to approve")
        verbose_name_plural = _("refunds to approve")
        ordering = ["-asked_at", "-pk"]
        permissions = [("approve_refundrequest", "Can approve refunds of others")]
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=RefundRequestStatus.values), name="refund_request_status_known"
            ),
            models.CheckConstraint(condition=Q(amount_minor__gte=1), name="refund_request_some"),
            # Four eyes: nobody approves what they asked for.
            models.CheckConstraint(
                condition=~Q(status=RefundRequestStatus.APPROVED, decided_by=F("asked_by")),
                name="refund_request_four_eyes",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.order}: {self.amount}"

    @property
    def amount(self) -> Money:
        """What was to be paid back when it was asked."""
        return Money(self.amount_minor, self.currency)
