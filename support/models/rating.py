"""The one question after a case."""

from __future__ import annotations

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from support.models.ticket import Ticket


class Rating(models.Model):
    """What a customer says of how their case went: once, and changed as long as they like."""

    ticket = models.OneToOneField(Ticket, models.CASCADE, related_name="rating")
    is_good = models.BooleanField(_("good"))
    comment = models.CharField(_("in their words"), max_length=1000, blank=True)
    at = models.DateTimeField(_("at"), default=timezone.now)

    class Meta:
        verbose_name = _("rating")
        verbose_name_plural = _("ratings")
        ordering = ["-at"]

    def __str__(self) -> str:
        return f"{self.ticket_id}: {self.is_good}"
