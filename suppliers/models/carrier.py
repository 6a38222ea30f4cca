"""Parcels that are followed at their carriers, the services that tell their scans, and every call to those."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from orders.lease import DueWork
from orders.models import Shipment


class TrackingService(DueWork):
    """A service that tells carriers' scans. ``due_at`` is when its one reader looks again for parcels to ask about."""

    is_duty = True

    slug = models.SlugField(_("service"), unique=True, help_text=_("Key of suppliers.carriers.TRACKERS."))
    last_good_at = models.DateTimeField(_("last good turn"), null=True, blank=True)
    failing_since = models.DateTimeField(
        _("does not answer since"), null=True, blank=True, help_text=_("Empty: it answers.")
    )
    strange = models.JSONField(
        _("last news of no known parcel that made no sense"), null=True, blank=True, editable=False
    )

    class Meta:
        verbose_name = _("tracking service")
        verbose_name_plural = _("tracking services")
        ordering = ["slug"]

    def __str__(self) -> str:
        return self.slug


class ParcelWatch(models.Model):
    """One parcel, followed at one service. ``due_at`` is when it is asked about next; None: never again.

    A row has no lease: taking it moves ``due_at`` on, and whoever took it writes only where ``asked_at`` is still its
    own.
    """

    shipment = models.OneToOneField(Shipment, models.CASCADE, related_name="+", verbose_name=_("parcel"))
    service = models.CharField(_("service"), max_length=20)
    tracking_number = models.CharField(_("tracking number"), max_length=64)
    service_id = models.CharField(_("its id there"), max_length=64, blank=True, help_text=_("Empty: not there yet."))
    refused_code = models.CharField(
        _("why it is not followed"), max_length=40, blank=True, help_text=_("Only its supplier speaks of it then.")
    )
    due_at = models.DateTimeField(_("asked about next"), null=True, blank=True)
    asked_at = models.DateTimeField(_("last asked about"), null=True, blank=True)
    told_at = models.DateTimeField(
        _("newest news"), null=True, blank=True, help_text=_("By the service's clock; older copies move nothing.")
    )
    raw = models.CharField(_("in the service's words"), max_length=240, blank=True)
    earliest_on = models.DateField(_("to arrive from"), null=True, blank=True)
    latest_on = models.DateField(_("to arrive until"), null=True, blank=True)
    failures = models.PositiveIntegerField(_("failures in a row"), default=0)
    last_error = models.CharField(_("last error"), max_length=300, blank=True)
    strange = models.JSONField(_("last copy that made no sense"), null=True, blank=True, editable=False)

    class Meta:
        verbose_name = _("followed parcel")
        verbose_name_plural = _("followed parcels")
        ordering = ["-pk"]
        indexes = [
            models.Index(fields=["service", "due_at"], condition=~Q(due_at=None), name="parcel_watch_due"),
            models.Index(fields=["service_id"], condition=~Q(service_id=""), name="parcel_watch_by_service_id"),
        ]

    def __str__(self) -> str:
        return f"{self.service}: {self.tracking_number}"


class TrackingCall(models.Model):
    """One call to a tracking service: what, how long, what came back; secrets and personal data left out."""

    service = models.CharField(_("service"), max_length=20)
    method = models.CharField(_("method"), max_length=8)
    path = models.CharField(_("path"), max_length=300)
    status = models.PositiveSmallIntegerField(
        _("answer"), null=True, blank=True, help_text=_("HTTP status; empty: none.")
    )
    failure = models.CharField(_("failure"), max_length=200, blank=True)
    milliseconds = models.PositiveIntegerField(_("ms"))
    excerpt = models.TextField(_("answer, redacted"), blank=True)
    at = models.DateTimeField(_("at"), default=timezone.now, db_index=True)

    class Meta:
        verbose_name = _("call to a tracking service")
        verbose_name_plural = _("calls to tracking services")
        ordering = ["-at", "-pk"]

    def __str__(self) -> str:
        return f"{self.method} {self.path}"
