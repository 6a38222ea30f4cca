"""Every message that leaves the house, recorded before it is sent."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
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
    SUPPRESSED = "suppressed", _("not sent: address does not work")
    DECLINED = "declined", _("not sent: not wanted")


class Delivery(models.TextChoices):
    """What became of a message after it had left, as far as the other side tells. Later words outweigh earlier ones."""

    UNKNOWN = "", _("nothing heard")
    DEFERRED = "deferred", _("not taken yet")
    SOFT_BOUNCED = "soft_bounced", _("not taken for now")
    DELIVERED = "delivered", _("delivered")
    BOUNCED = "bounced", _("came back")
    COMPLAINED = "complained", _("reported as unwanted")


class Channel(models.TextChoices):
    """The way a message goes."""

    MAIL = "mail", _("e-mail")
    SMS = "sms", _("text message")


class NotificationQuerySet(models.QuerySet["Notification"]):
    """Messages by whom they go to."""

    def to(self, address: str) -> NotificationQuerySet:
        """Keep messages to one address, in whatever case it was typed."""
        return self.alias(lower_recipient=Lower("recipient")).filter(lower_recipient=address.lower())


class Notification(DueWork):
    """One message to one person about one event; unique by ``key``, sent with a fixed Message-ID.

    ``key`` is ``kind:subject:version``; a resend adds its serial. Text and HTML are written
    when it is first rendered and then never change: what was sent can be shown.
    """

    key = models.CharField(_("key"), max_length=200, unique=True)
    kind = models.CharField(_("kind"), max_length=60, db_index=True)
    order = models.ForeignKey(Order, models.PROTECT, null=True, blank=True, related_name="+")
    event = models.ForeignKey(Event, models.PROTECT, null=True, blank=True, related_name="+")
    channel = models.CharField(_("way"), max_length=10, choices=Channel, default=Channel.MAIL)
    # An e-mail address, or a telephone number (E.164), as the channel wants it.
    recipient = models.CharField(_("to"), max_length=254)
    language = models.CharField(_("language"), max_length=10, default="en-gb")
    message_id = models.CharField(_("Message-ID"), max_length=200, unique=True)
    headers = models.JSONField(_("headers"), default=dict, blank=True)
    subject = models.CharField(_("subject"), max_length=250, blank=True)
    text = models.TextField(_("text"), blank=True)
    html = models.TextField(_("HTML"), blank=True)
    status = models.CharField(_("state"), max_length=10, choices=NotificationStatus, default=NotificationStatus.QUEUED)
    created_at = models.DateTimeField(_("created"), default=timezone.now, db_index=True)
    sent_at = models.DateTimeField(_("sent"), null=True, blank=True)
    wished_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("sent again by"),
        help_text=_("Who wished a second copy; empty: nobody did."),
    )
    # --- what whoever carries it tells afterwards (notifications.actions.feedback)
    carrier_id = models.CharField(
        _("the carrier's id"), max_length=200, blank=True, help_text=_("As the provider that carries it calls it.")
    )
    delivery = models.CharField(_("what became of it"), max_length=12, choices=Delivery, blank=True, default="")
    delivery_at = models.DateTimeField(_("heard"), null=True, blank=True)
    soft_bounces = models.PositiveSmallIntegerField(
        _("times it was not taken for now"),
        default=0,
        help_text=_("It goes out again after each, until there are too many."),
    )

    objects = NotificationQuerySet.as_manager()

    class Meta:
        verbose_name = _("message")
        verbose_name_plural = _("messages")
        ordering = ["-created_at", "-pk"]
        indexes = [
            models.Index(fields=["order"], name="notification_by_order"),
            models.Index(fields=["carrier_id"], condition=~Q(carrier_id=""), name="notification_by_carrier_id"),
            models.Index(Lower("recipient"), name="notification_by_recipient"),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(delivery__in=Delivery.values), name="notification_delivery_known"),
            models.CheckConstraint(condition=Q(channel__in=Channel.values), name="notification_channel_known"),
            models.CheckConstraint(condition=Q(status__in=NotificationStatus.values), name="notification_status_known"),
        ]

    def __str__(self) -> str:
        return self.key
