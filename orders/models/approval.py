"""A pharmacist's decisions: written once, never changed, never deleted."""

from __future__ import annotations

import uuid
from typing import NoReturn

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from orders.models.order import Order, OrderLine


class AppendOnly(Exception):
    """Somebody tried to change or delete what may only be added to."""


class ApprovalQuerySet(models.QuerySet["Approval"]):
    """Approvals can be read and added."""

    def update(self, **kwargs: object) -> NoReturn:
        raise AppendOnly("an approval is never changed")

    def bulk_update(self, *args: object, **kwargs: object) -> NoReturn:
        raise AppendOnly("an approval is never changed")

    def delete(self) -> NoReturn:
        raise AppendOnly("an approval is never deleted")


class Approval(models.Model):
    """One decision about so many units of one order line.

    The database refuses changes as well, by triggers (``orders/migrations``): a later decision
    is a later row.
    """

    class Decision(models.TextChoices):
        GRANTED = "granted", _("granted")
        REFUSED = "refused", _("refused")

    order_line = models.ForeignKey(OrderLine, models.PROTECT, related_name="approvals", verbose_name=_("order line"))
    units = models.PositiveIntegerField(_("units"))
    decision = models.CharField(_("decision"), max_length=10, choices=Decision)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("by"))
    at = models.DateTimeField(_("at"), default=timezone.now)
    reason = models.CharField(_("why"), max_length=300, blank=True)
    valid_until = models.DateTimeField(
        _("valid until"), null=True, blank=True, help_text=_("Units not forwarded by then wait for a new decision.")
    )
    # A form sent twice by a double click carries the same key.
    form_key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)

    objects = ApprovalQuerySet.as_manager()

    class Meta:
        verbose_name = _("approval")
        verbose_name_plural = _("approvals")
        ordering = ["at", "pk"]
        constraints = [
            models.CheckConstraint(condition=Q(units__gte=1), name="approval_some"),
            models.CheckConstraint(condition=Q(decision__in=["granted", "refused"]), name="approval_decision_known"),
        ]

    def __str__(self) -> str:
        return f"{self.order_line}: {self.units} {self.decision}"

    @property
    def order(self) -> Order:
        """The order it is about."""
        return self.order_line.order

    def save(self, *args: object, **kwargs: object) -> None:
        """Add a new row; refuse to write over one."""
        if not self._state.adding:
            raise AppendOnly("an approval is never changed")
        super().save(*args, **(kwargs | {"force_insert": True}))

    def delete(self, *args: object, **kwargs: object) -> NoReturn:
        raise AppendOnly("an approval is never deleted")
