"""Addresses of the merchant's own that are told of events, and every event told to one."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from orders.lease import DueWork
from orders.models import Event, Order
from suppliers.secrets import EncryptedTextField


class Endpoint(DueWork):
    """One address that is told of events. ``due_at``: when its next event goes out.

    Events go out one after the other in the lane of their endpoint, so that one that is slow or dead holds up
    nobody but itself.
    """

    is_duty = True

    name = models.CharField(_("name"), max_length=80)
    url = models.URLField(_("address"), max_length=500, help_text=_("https only."))
    kinds = models.JSONField(_("events"), default=list)
    secret = EncryptedTextField(_("secret"), help_text=_("whsec_ and base64, 24 to 64 bytes."))
    former_secret = EncryptedTextField(_("former secret"), blank=True)
    former_until = models.DateTimeField(
        _("former secret signs until"), null=True, blank=True, help_text=_("Until then both sign.")
    )
    is_active = models.BooleanField(_("in use"), default=True)
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)
    # --- how it is
    failing_since = models.DateTimeField(
        _("failing since"), null=True, blank=True, editable=False, help_text=_("Empty: the last try went well.")
    )
    last_good_at = models.DateTimeField(_("last taken"), null=True, blank=True, editable=False)
    given_up_at = models.DateTimeField(
        _("given up since"), null=True, blank=True, editable=False, help_text=_("Events wait to be sent again by hand.")
    )

    class Meta:
        verbose_name = _("address told of events")
        verbose_name_plural = _("addresses told of events")
        ordering = ["name", "pk"]

    def __str__(self) -> str:
        return self.name


class EventDeliveryStatus(models.TextChoices):
    """How far one event told to one endpoint is."""

    QUEUED = "queued", _("to be sent")
    TAKEN = "taken", _("taken")
    FAILED = "failed", _("given up")


class EventDelivery(models.Model):
    """One event told to one endpoint: the same id and the same bytes on every try."""

    endpoint = models.ForeignKey(Endpoint, models.CASCADE, related_name="deliveries")
    event = models.ForeignKey(Event, models.PROTECT, related_name="+")
    order = models.ForeignKey(Order, models.PROTECT, null=True, blank=True, related_name="+")
    kind = models.CharField(_("event"), max_length=60)
    webhook_id = models.CharField(_("id"), max_length=64, unique=True)
    body = models.TextField(_("what is sent"))
    status = models.CharField(
        _("state"), max_length=10, choices=EventDeliveryStatus, default=EventDeliveryStatus.QUEUED, editable=False
    )
    due_at = models.DateTimeField(_("due at"), null=True, blank=True)
    tries = models.PositiveIntegerField(_("tries"), default=0)
    give_up_at = models.DateTimeField(_("tried until"))
    answer = models.CharField(_("last answer"), max_length=200, blank=True)
    created_at = models.DateTimeField(_("created"), default=timezone.now)
    taken_at = models.DateTimeField(_("taken"), null=True, blank=True)

    class Meta:
        verbose_name = _("event told")
        verbose_name_plural = _("events told")
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(fields=["endpoint", "event"], name="event_delivery_once"),
            models.CheckConstraint(
                condition=Q(status__in=EventDeliveryStatus.values), name="event_delivery_status_known"
            ),
        ]
        indexes = [
            models.Index(fields=["endpoint", "due_at"], condition=Q(status="queued"), name="event_delivery_waiting"),
            models.Index(fields=["endpoint"], condition=Q(status="failed"), name="event_delivery_failed"),
        ]

    def __str__(self) -> str:
        return self.webhook_id
