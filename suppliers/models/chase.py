"""Suppliers asked where goods are that come late, once for each way of being late."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from orders.lease import DueWork
from orders.models import Order
from orders.states import Late
from suppliers.models.order import SupplierOrder
from suppliers.states import ChaseStatus


class SupplierChase(DueWork):
    """One question to a supplier about one of its orders. ``due_at``: ask, or see whether it has answered."""

    class Channel(models.TextChoices):
        API = "api", _("its API")
        MAIL = "mail", _("mail")
        LET_GO = "let_go", _("asked to let it go")

    supplier_order = models.ForeignKey(SupplierOrder, models.PROTECT, related_name="chases")
    order = models.ForeignKey(Order, models.PROTECT, related_name="+")
    late_kind = models.CharField(_("late"), max_length=12, choices=Late)
    status = models.CharField(
        _("state"), max_length=12, choices=ChaseStatus, default=ChaseStatus.TO_ASK, editable=False
    )
    status_changed_at = models.DateTimeField(_("since"), default=timezone.now, editable=False)
    channel = models.CharField(_("by"), max_length=6, choices=Channel, blank=True)
    request = models.JSONField(
        _("what is to be let go"),
        default=dict,
        blank=True,
        editable=False,
        help_text=_("Where another supplier still meets the promise. Saved before the first call."),
    )
    asked_at = models.DateTimeField(_("asked"), null=True, blank=True)
    answer_by = models.DateTimeField(_("answer by"), null=True, blank=True)
    asked_version = models.PositiveIntegerField(
        default=0, editable=False, help_text=_("Version of the order as we knew it when we asked.")
    )
    created_at = models.DateTimeField(_("created"), default=timezone.now)

    class Meta:
        verbose_name = _("question to a supplier")
        verbose_name_plural = _("questions to suppliers")
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.UniqueConstraint(fields=["supplier_order", "late_kind"], name="supplier_chase_once"),
            models.CheckConstraint(condition=Q(status__in=ChaseStatus.values), name="supplier_chase_status_known"),
        ]

    def __str__(self) -> str:
        return f"{self.supplier_order}: {self.get_late_kind_display()}"

    @property
    def key(self) -> str:
        """What tells this question from all others, on every attempt."""
        return f"{self.supplier_order.reference}-{self.late_kind}"
