"""Who wants to be told when something can be bought again."""

from __future__ import annotations

import secrets

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from shop.models.catalogue import Variant


def make_token() -> str:
    """Return a key that nobody can guess."""
    return secrets.token_urlsafe(24)


class StockWatch(models.Model):
    """One wish to be told, once. ``token`` is the key of the link that stops it."""

    variant = models.ForeignKey(Variant, models.CASCADE, related_name="stock_watches", verbose_name=_("variant"))
    email = models.EmailField(_("e-mail"))
    language = models.CharField(_("language"), max_length=10)
    token = models.CharField(max_length=40, unique=True, default=make_token, editable=False)
    asked_at = models.DateTimeField(_("asked"), default=timezone.now)
    back_at = models.DateTimeField(_("back in stock"), null=True, blank=True, help_text=_("Then the mail is owed."))

    class Meta:
        verbose_name = _("wish to be told")
        verbose_name_plural = _("wishes to be told")
        ordering = ["-asked_at", "-pk"]
        constraints = [
            models.UniqueConstraint(fields=["variant", "email"], condition=Q(back_at=None), name="stock_watch_once"),
        ]
        indexes = [
            models.Index(fields=["variant"], condition=Q(back_at=None), name="stock_watch_waiting"),
            models.Index(fields=["email"], name="stock_watch_by_email"),
        ]

    def __str__(self) -> str:
        return f"{self.variant_id} {self.asked_at:%Y-%m-%d}"
