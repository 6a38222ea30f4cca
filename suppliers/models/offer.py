"""What suppliers offer."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from shop.models import Variant
from shop.models.catalogue import Availability
from suppliers.models.supplier import Supplier


class OfferStatus(models.TextChoices):
    """Whether the supplier still sells it; the words of the contract."""

    ACTIVE = "active", _("active")
    SUSPENDED = "suspended", _("suspended")
    DISCONTINUED = "discontinued", _("discontinued")


class Offer(models.Model):
    """One supplier's way to deliver a variant."""

    supplier = models.ForeignKey(Supplier, models.PROTECT, related_name="offers")
    variant = models.ForeignKey(Variant, models.CASCADE, related_name="+")
    supplier_sku = models.CharField(_("supplier's SKU"), max_length=64)
    unit_cost = models.PositiveBigIntegerField(_("unit cost"), help_text=_("1/10,000 of the currency unit."))
    currency = models.CharField(_("currency"), max_length=3)
    recommended_minor = models.PositiveIntegerField(
        _("recommended price"), null=True, blank=True, help_text=_("Minor units, tax included.")
    )
    status = models.CharField(_("state"), max_length=20, choices=OfferStatus, default=OfferStatus.ACTIVE)
    availability = models.CharField(
        _("availability"), max_length=20, choices=Availability, default=Availability.OUT_OF_STOCK
    )
    stock = models.PositiveIntegerField(_("stock"), null=True, blank=True, help_text=_("Empty: no number given."))
    stock_told_at = models.DateTimeField(_("stock told at"), null=True, blank=True)
    restock_on = models.DateField(_("back on"), null=True, blank=True)
    handling_min_days = models.PositiveSmallIntegerField(_("handling days, at least"), default=0)
    handling_max_days = models.PositiveSmallIntegerField(_("handling days, at most"), default=1)
    ships_to = models.JSONField(_("ships to"), null=True, blank=True, help_text=_("Country codes; empty: everywhere."))
    updated_at = models.DateTimeField(_("updated"), auto_now=True)

    class Meta:
        verbose_name = _("offer")
        verbose_name_plural = _("offers")
        ordering = ["variant", "supplier"]
        indexes = [models.Index(fields=["variant", "status"], name="offer_by_variant")]
        constraints = [
            models.UniqueConstraint(fields=["supplier", "supplier_sku"], name="offer_once"),
            models.CheckConstraint(condition=Q(status__in=OfferStatus.values), name="offer_status_known"),
            models.CheckConstraint(condition=Q(availability__in=Availability.values), name="offer_availability_known"),
        ]

    def __str__(self) -> str:
        return f"{self.supplier}: {self.supplier_sku}"
