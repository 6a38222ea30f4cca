"""What happened to an order that its customer has to be talked to about."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from support.models.ticket import Ticket


class CaseCause(models.Model):
    """One cause for talking to a customer, in the case it opened or found open; ``key`` names it ("late:orderdelivery:12").

    A cause stands once at a time; what comes back after it was gone is a new row.
    """

    class Kind(models.TextChoices):
        LATE = "late", _("later than the customer knows")
        LOST = "lost", _("does not move, or is lost")
        REJECTED = "rejected", _("no supplier has it")
        RETURNED = "returned", _("goes back to its sender")
        DISPUTE = "dispute", _("a bank takes the money back")

    ticket = models.ForeignKey(Ticket, models.CASCADE, related_name="causes", verbose_name=_("ticket"))
    kind = models.CharField(_("what"), max_length=10, choices=Kind)
    key = models.CharField(_("about"), max_length=80)
    noted_at = models.DateTimeField(_("noted"), default=timezone.now)
    gone_at = models.DateTimeField(_("gone"), null=True, blank=True)

    class Meta:
        verbose_name = _("cause of a case")
        verbose_name_plural = _("causes of cases")
        ordering = ["pk"]
        indexes = [models.Index(fields=["gone_at", "id"], name="cause_standing")]
        constraints = [
            models.UniqueConstraint(fields=["key"], condition=Q(gone_at=None), name="case_cause_once"),
            models.CheckConstraint(
                condition=Q(kind__in=["late", "lost", "rejected", "returned", "dispute"]), name="case_cause_known"
            ),
        ]

    def __str__(self) -> str:
        return self.key

    @property
    def subject_id(self) -> int:
        """The id of the row it is about."""
        return int(self.key.rpartition(":")[2])
