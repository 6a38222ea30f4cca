"""Addresses that are not written to."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class Suppression(models.Model):
    """One address (or telephone number) that is not written to, why, who said so, and since when.

    A row that was lifted stays, so that one sees what was. ``address`` is in lower case.
    """

    class Reason(models.TextChoices):
        BOUNCED = "bounced", _("mail to it came back")
        FULL = "full", _("mail to it was not taken again and again")
        REFUSED = "refused", _("its mail server says that there is no such address")
        COMPLAINED = "complained", _("its owner reported our mail as unwanted")
        OPTED_OUT = "opted_out", _("its owner wants no messages at this number")
        BY_HAND = "by_hand", _("noted by one of us")

    address = models.CharField(_("address"), max_length=254)
    reason = models.CharField(_("reason"), max_length=12, choices=Reason, default=Reason.BY_HAND)
    source = models.CharField(
        _("who said so"), max_length=60, help_text=_("A mail provider, our own sending, or staff.")
    )
    detail = models.CharField(_("in their words"), max_length=300, blank=True)
    since = models.DateTimeField(_("since"), default=timezone.now)
    noted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("noted by")
    )
    lifted_at = models.DateTimeField(_("lifted"), null=True, blank=True)
    lifted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("lifted by")
    )
    lifted_why = models.CharField(_("why it is written to again"), max_length=200, blank=True)

    class Meta:
        verbose_name = _("address that is not written to")
        verbose_name_plural = _("addresses that are not written to")
        ordering = ["-since", "-pk"]
        constraints = [
            models.UniqueConstraint(fields=["address"], condition=Q(lifted_at=None), name="suppression_once"),
            models.CheckConstraint(
                condition=Q(
                    reason__in=["bounced", "full", "refused", "complained", "opted_out", "by_hand"],
                ),
                name="suppression_reason_known",
            ),
            models.CheckConstraint(
                condition=Q(lifted_at=None, lifted_by=None, lifted_why="")
                | (Q(lifted_at__isnull=False, lifted_by__isnull=False) & ~Q(lifted_why="")),
                name="suppression_lifted_by_someone_for_a_reason",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.reason} {self.pk}"
