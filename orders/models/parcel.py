"""Parcels as the customer sees them. Which supplier sent one is known to ``suppliers`` only."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from orders.models.delivery import OrderDelivery
from orders.models.order import Order, OrderLine
from orders.states import ParcelStatus


class Shipment(models.Model):
    """One parcel, with quantities. The tracking number is an attribute, not an identity."""

    class Kind(models.TextChoices):
        OUTBOUND = "outbound", _("parcel")
        REPLACEMENT = "replacement", _("replacement")

    order = models.ForeignKey(Order, models.PROTECT, related_name="shipments")
    delivery = models.ForeignKey(OrderDelivery, models.PROTECT, null=True, blank=True, related_name="shipments")
    kind = models.CharField(_("kind"), max_length=20, choices=Kind, default=Kind.OUTBOUND)
    status = models.CharField(
        _("parcel"), max_length=30, choices=ParcelStatus, default=ParcelStatus.PENDING, editable=False
    )
    status_changed_at = models.DateTimeField(_("since"), default=timezone.now, editable=False)
    reason_code = models.CharField(_("reason"), max_length=40, blank=True)
    carrier_code = models.CharField(_("carrier code"), max_length=40, blank=True)
    carrier_name = models.CharField(_("carrier"), max_length=80, blank=True)
    tracking_number = models.CharField(_("tracking number"), max_length=64, blank=True, db_index=True)
    tracking_url = models.URLField(_("tracking link"), max_length=500, blank=True)
    shipped_at = models.DateTimeField(_("sent"), null=True, blank=True)
    delivered_at = models.DateTimeField(_("delivered"), null=True, blank=True)
    expected_earliest_on = models.DateField(_("expected from"), null=True, blank=True)
    expected_latest_on = models.DateField(_("expected until"), null=True, blank=True)
    is_followed = models.BooleanField(
        _("scans are told"), default=False, help_text=_("Somebody tells us its scans: without any it is silent.")
    )
    carrier_scanned_at = models.DateTimeField(
        _("last scan told by the carrier"), null=True, blank=True, help_text=_("Empty: only its supplier speaks of it.")
    )
    supplier_says = models.CharField(
        _("its supplier says"),
        max_length=30,
        choices=ParcelStatus,
        blank=True,
        help_text=_("Where it contradicts the carrier, whose scans count for more."),
    )
    created_at = models.DateTimeField(_("announced"), default=timezone.now)
    updated_at = models.DateTimeField(_("last news"), default=timezone.now)

    class Meta:
        verbose_name = _("parcel")
        verbose_name_plural = _("parcels")
        ordering = ["created_at", "pk"]
        indexes = [
            models.Index(fields=["status", "updated_at"], name="shipment_by_status"),
            models.Index(fields=["shipped_at"], name="shipment_by_sending"),
            models.Index(fields=["carrier_scanned_at"], condition=~Q(supplier_says=""), name="shipment_contradicted"),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(status__in=ParcelStatus.values), name="shipment_status_known")
        ]

    def __str__(self) -> str:
        return self.tracking_number or f"parcel {self.pk}"


class ShipmentLine(models.Model):
    """So many units of one order line in one parcel."""

    shipment = models.ForeignKey(Shipment, models.CASCADE, related_name="lines")
    line = models.ForeignKey(OrderLine, models.PROTECT, related_name="shipment_lines")
    quantity = models.PositiveIntegerField(_("units"))

    class Meta:
        verbose_name = _("parcel line")
        verbose_name_plural = _("parcel lines")
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["shipment", "line"], name="shipment_line_once"),
            models.CheckConstraint(condition=Q(quantity__gte=1), name="shipment_line_some"),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} x {self.line_id}"


class ParcelNumber(models.Model):
    """One tracking number a parcel has or had: suppliers replace it after the label is printed."""

    shipment = models.ForeignKey(Shipment, models.CASCADE, related_name="numbers")
    carrier_name = models.CharField(_("carrier"), max_length=80, blank=True)
    tracking_number = models.CharField(_("tracking number"), max_length=64, db_index=True)
    since = models.DateTimeField(_("since"), default=timezone.now)

    class Meta:
        verbose_name = _("tracking number")
        verbose_name_plural = _("tracking numbers")
        ordering = ["since", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["shipment", "carrier_name", "tracking_number"], name="parcel_number_once")
        ]

    def __str__(self) -> str:
        return f"{self.carrier_name} {self.tracking_number}".strip()


class TrackingEvent(models.Model):
    """One scan of a carrier: merged, never overwritten. ``source`` is who told us of it."""

    class Source(models.TextChoices):
        SUPPLIER = "supplier", _("supplier")
        CARRIER = "carrier", _("carrier")

    shipment = models.ForeignKey(Shipment, models.CASCADE, related_name="tracking_events")
    event_id = models.CharField(_("the sender's id"), max_length=80)
    occurred_at = models.DateTimeField(_("at"))
    status = models.CharField(_("state"), max_length=30, choices=ParcelStatus)
    description = models.CharField(_("in the carrier's words"), max_length=500, blank=True)
    place = models.CharField(_("place"), max_length=160, blank=True)
    source = models.CharField(_("told by"), max_length=10, choices=Source, default=Source.SUPPLIER)

    class Meta:
        verbose_name = _("tracking event")
        verbose_name_plural = _("tracking events")
        ordering = ["-occurred_at", "-pk"]
        constraints = [models.UniqueConstraint(fields=["shipment", "event_id"], name="tracking_event_once")]

    def __str__(self) -> str:
        return f"{self.status} {self.place}"


class Estimate(models.Model):
    """A later estimate of an arrival, beside the promise: who said it, and why it moved."""

    class Source(models.TextChoices):
        OURS = "ours", _("our own figures")
        SUPPLIER = "supplier", _("supplier")
        CARRIER = "carrier", _("carrier")

    order = models.ForeignKey(Order, models.CASCADE, related_name="estimates")
    delivery = models.ForeignKey(OrderDelivery, models.CASCADE, related_name="estimates")
    shipment = models.ForeignKey(Shipment, models.CASCADE, null=True, blank=True, related_name="estimates")
    earliest_on = models.DateField(_("from"))
    latest_on = models.DateField(_("until"))
    previous_latest_on = models.DateField(_("was until"))
    source = models.CharField(_("source"), max_length=10, choices=Source)
    reason_code = models.CharField(_("reason"), max_length=40, blank=True)
    detail = models.CharField(_("in their words"), max_length=500, blank=True)
    told_at = models.DateTimeField(_("told"), default=timezone.now)

    class Meta:
        verbose_name = _("estimate")
        verbose_name_plural = _("estimates")
        ordering = ["-told_at", "-pk"]

    def __str__(self) -> str:
        return f"{self.earliest_on} to {self.latest_on}"
