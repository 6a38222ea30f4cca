"""Every message that leaves the house, recorded before it is sent."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from orders.lease import DueWork
from orders.models import Event, Order


class NotificationStatus(models.TextChoices):
    """How far a message is."""

    QUEUED = "queued", _("to be sent")
    SENDING = "sending", _("being sent")
    SENT = "sent", _("sent")
    FAILED = "failed", _("given up")


class Notification(DueWork):
    """One message to one person about one event; unique by ``key``, sent with a fixed Message-ID.

    ``key`` is ``kind:subject:version``; a resend adds its serial. Text and HTML are written
    when it is first rendered and then never change: what was sent can be shown.
    """

    key = models.CharField(_("key"), max_length=200, unique=True)
    kind = models.CharField(_("kind"), max_length=60, db_index=True)
    order = models.ForeignKey(Order, models.PROTECT, null=True, blank=True, related_name="+")
    event = models.ForeignKey(Event, models.PROTECT, null=True, blank=True, related_name="+")
    recipient = models.EmailField(_("to"))
    language = models.CharField(_("language"), max_length=10, default="en-gb")
    message_id = models.CharField(_("Message-ID"), max_length=200, unique=True)
    headers = models.JSONField(_("headers"), default=dict, blank=True)
    subject = models.CharField(_("subject"), max_length=250, blank=True)
    text = models.TextField(_("text"), blank=True)
    html = models.TextField(_("HTML"), blank=True)
    status = models.CharField(_("state"), max_length=10, choices=NotificationStatus, default=NotificationStatus.QUEUED)
    created_at = models.DateTimeField(_("created"), default=timezone.now, db_index=True)
    sent_at = models.DateTimeField(_("sent"), null=True, blank=True)

    class Meta:
        verbose_name = _("message")
        verbose_name_plural = _("messages")
        ordering = ["-created_at", "-pk"]
        indexes = [models.Index(fields=["order"], name="notification_by_order")]
        constraints = [
            models.CheckConstraint(condition=Q(status__in=NotificationStatus.values), name="notification_status_known"),
        ]

    def __str__(self) -> str:
        return self.key
