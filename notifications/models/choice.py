"""What somebody wants to be told: kinds they stopped, and kinds they want as text messages too."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from notifications.models.notification import Channel


class Correspondent(models.Model):
    """Somebody we write to, by e-mail address (lower case), with or without an account, and their number if they gave it."""

    address = models.EmailField(_("e-mail address"), unique=True)
    phone = models.CharField(
        _("telephone for text messages"), max_length=16, blank=True, help_text=_("E.164, as +353861234567.")
    )
    created_at = models.DateTimeField(_("first written to"), default=timezone.now)

    class Meta:
        verbose_name = _("person we write to")
        verbose_name_plural = _("people we write to")
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"correspondent {self.pk}"


class MessageChoice(models.Model):
    """One kind of message, by one way, that somebody has said yes or no to. No row: as the kind is by itself."""

    correspondent = models.ForeignKey(Correspondent, models.CASCADE, related_name="choices")
    channel = models.CharField(_("way"), max_length=10, choices=Channel)
    kind = models.CharField(_("kind"), max_length=60)
    is_wanted = models.BooleanField(_("wanted"))
    changed_at = models.DateTimeField(_("said"), default=timezone.now)

    class Meta:
        verbose_name = _("choice of messages")
        verbose_name_plural = _("choices of messages")
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["correspondent", "channel", "kind"], name="message_choice_once"),
            models.CheckConstraint(condition=Q(channel__in=Channel.values), name="message_choice_channel_known"),
        ]

    def __str__(self) -> str:
        return f"{self.correspondent}: {self.channel} {self.kind} {self.is_wanted}"
