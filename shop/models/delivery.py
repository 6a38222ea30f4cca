"""Where goods are sent from, and what that means for the customer. Written by suppliers."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _
from django_countries.fields import CountryField


class DeliveryProfile(models.Model):
    """How goods of one origin reach the customer, in the shop window's words.

    ``suppliers`` writes it; no page of the shop needs to ask a supplier.
    """

    code = models.SlugField(_("code"), unique=True)
    name = models.CharField(_("name for staff"), max_length=100)
    sent_from = models.CharField(
        _("sent from, as customers read it"), max_length=80, help_text=_("A town, as in “Cork”.")
    )
    country = CountryField(_("sent from country"))
    cutoff_time = models.TimeField(_("orders before this leave the same working day"), null=True, blank=True)
    time_zone = models.CharField(_("time zone of the cut-off"), max_length=40, default="Europe/Dublin")
    return_address = models.TextField(_("return address"), blank=True)
    return_country = CountryField(_("returns go to"), blank=True)
    returns_paid_by_shop = models.BooleanField(_("we pay returns"), default=False)
    import_text = models.CharField(_("what to say about import duty"), max_length=300, blank=True)

    class Meta:
        verbose_name = _("delivery profile")
        verbose_name_plural = _("delivery profiles")
        ordering = ["code"]

    def __str__(self) -> str:
        return self.name


class DeliveryRate(models.Model):
    """What one parcel of a profile costs into one country, and how long it is under way.

    An empty country is the rate for everywhere that has none of its own; a country with
    neither is not served.
    """

    profile = models.ForeignKey(DeliveryProfile, models.CASCADE, related_name="rates")
    country = CountryField(_("country"), blank=True, help_text=_("Empty: every other country."))
    price_minor = models.PositiveIntegerField(
        _("price"), help_text=_("Minor units of the shop's currency, tax included.")
    )
    free_from_minor = models.PositiveIntegerField(
        _("free from"), null=True, blank=True, help_text=_("Goods value, minor units; empty: never free.")
    )
    transit_min_days = models.PositiveSmallIntegerField(_("transit days, at least"))
    transit_max_days = models.PositiveSmallIntegerField(_("transit days, at most"))

    class Meta:
        verbose_name = _("delivery rate")
        verbose_name_plural = _("delivery rates")
        ordering = ["profile", "country"]
        constraints = [
            models.UniqueConstraint(fields=["profile", "country"], name="delivery_rate_once"),
            models.CheckConstraint(
                condition=models.Q(transit_min_days__lte=models.F("transit_max_days")), name="delivery_rate_window"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.profile}: {self.country.name or _('elsewhere')}"
