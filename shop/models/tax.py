"""What tax goods bear where, and which countries read prices with it."""

from __future__ import annotations

from datetime import date

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext, gettext_lazy as _
from django_countries.fields import CountryField

from shop.models.region import Region
from shop.words import number


class TaxClass(models.TextChoices):
    """Which of a country's rates goods bear; what that rate is there says TaxRate."""

    STANDARD = "standard", _("standard")
    REDUCED = "reduced", _("reduced")
    SECOND_REDUCED = "second_reduced", _("second reduced")
    SUPER_REDUCED = "super_reduced", _("super-reduced")
    ZERO = "zero", _("zero")


class TaxRateQuerySet(models.QuerySet["TaxRate"]):
    """Rates by the day they are valid on."""

    def valid_on(self, day: date) -> TaxRateQuerySet:
        """Rates that count on one day."""
        return self.filter(Q(valid_until=None) | Q(valid_until__gte=day), valid_from__lte=day)

    def overlapping(self, rate: TaxRate) -> TaxRateQuerySet:
        """Other rates of the same class and place that count on a day on which ``rate`` does."""
        same = self.filter(tax_class=rate.tax_class, country=rate.country, region=rate.region).exclude(pk=rate.pk)
        if rate.valid_until is not None:
            same = same.filter(valid_from__lte=rate.valid_until)
        return same.filter(Q(valid_until=None) | Q(valid_until__gte=rate.valid_from))


class TaxRate(models.Model):
    """The rate of one class in one country, or a part of it, from one day to another.

    A class without a rate of its own bears the standard rate of its country; a country without
    a standard rate is one where the shop charges no tax. No region is all of the country that has
    no rate of its own; which address lies in which region says ``shop.places.region_among``.
    """

    tax_class = models.CharField(_("tax class"), max_length=20, choices=TaxClass, default=TaxClass.STANDARD)
    country = CountryField(_("country"))
    region = models.ForeignKey(
        Region,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("region"),
        help_text=_("As in “Madeira”; empty: all of the country."),
    )
    basis_points = models.PositiveSmallIntegerField(_("rate"), help_text=_("1/100 of a percent: 2300 is 23 %."))
    valid_from = models.DateField(_("valid from"))
    valid_until = models.DateField(
        _("valid until"), null=True, blank=True, help_text=_("The last day; empty: until further notice.")
    )

    objects = TaxRateQuerySet.as_manager()

    class Meta:
        verbose_name = _("tax rate")
        verbose_name_plural = _("tax rates")
        # The country before its regions, on every database.
        ordering = ["country", F("region__code").asc(nulls_first=True), "tax_class", "-valid_from"]
        constraints = [
            models.UniqueConstraint(
                fields=["country", "tax_class", "valid_from"], condition=Q(region=None), name="tax_rate_once"
            ),
            models.UniqueConstraint(fields=["region", "tax_class", "valid_from"], name="tax_rate_once_in_region"),
            models.CheckConstraint(condition=Q(tax_class__in=TaxClass.values), name="tax_rate_class_known"),
            models.CheckConstraint(
                condition=Q(basis_points__lte=10_000),
                name="tax_rate_at_most_whole",
                violation_error_message=_("A rate is at most 10000, which is 100 %%."),
            ),
            models.CheckConstraint(
                condition=Q(tax_class=TaxClass.ZERO, basis_points=0) | ~Q(tax_class=TaxClass.ZERO),
                name="tax_rate_zero_is_zero",
                violation_error_message=_("The class “zero” bears no tax: its rate is 0."),
            ),
            models.CheckConstraint(
                condition=Q(valid_until=None) | Q(valid_until__gte=F("valid_from")),
                name="tax_rate_period",
                violation_error_message=_("The last day comes before the first."),
            ),
        ]

    def __str__(self) -> str:
        place = self.region.code if self.region else self.country.code
        return f"{place} {self.tax_class} {self.percent} %"

    @property
    def percent(self) -> str:
        """The rate in percent, as the language writes it: ``13.5``."""
        return number(self.basis_points / 100, "0.##")

    def is_valid_on(self, day: date) -> bool:
        """True if the rate counts on that day; see ``valid_on``."""
        return self.valid_from <= day and (self.valid_until is None or day <= self.valid_until)

    def clean(self) -> None:
        """Refuse a region of another country, and days on which another rate of the same class and place counts."""
        if self.valid_from is None or not self.country:
            return
        if self.region is not None and self.region.country != self.country:
            raise ValidationError({"region": gettext("This region is not in that country.")})
        other = TaxRate.objects.overlapping(self).first()
        if other is not None:
            text = gettext(
                "The rate of %(percent)s %% counts from %(from)s until %(until)s already. End it the day before this one begins."
            )
            until = other.valid_until or gettext("further notice")
            facts = {"percent": other.percent, "from": other.valid_from, "until": until}
            raise ValidationError({"valid_from": text % facts})


class Market(models.Model):
    """Countries whose customers read prices in the same way.

    A country that is in no market reads prices without tax.
    """

    name = models.CharField(_("name"), max_length=60, unique=True)
    prices_include_tax = models.BooleanField(
        _("prices include tax"), default=True, help_text=_("Else tax comes on top, where the shop charges any.")
    )

    # --- what counts when a customer who was told of a delay says nothing (orders.actions.delays)
    silence_waits_days = models.PositiveSmallIntegerField(
        _("silence waits for delays of up to"),
        null=True,
        blank=True,
        help_text=_("Days. Longer delays, and second ones, need the customer’s consent. Empty: silence always waits."),
    )
    consent_within_days = models.PositiveSmallIntegerField(
        _("consent within"),
        default=30,
        help_text=_("Days after the day first promised; without it the goods are cancelled and paid back."),
    )

    # --- what may be sent back, until when, and what is decided without a person (shop.returns)
    return_days = models.PositiveSmallIntegerField(
        _("days to return"), default=30, help_text=_("The shop's own offer, from the delivery of the last parcel.")
    )
    withdrawal_days = models.PositiveSmallIntegerField(
        _("days to withdraw from the contract"), default=0, help_text=_("By law; 0: the market knows no such right.")
    )
    fault_days = models.PositiveSmallIntegerField(
        _("days to report a fault"), default=730, help_text=_("The legal guarantee, from the delivery.")
    )
    refunds_at_handover = models.BooleanField(
        _("refund at the hand-over"), default=False, help_text=_("Else once the goods are received.")
    )
    keep_below_minor = models.PositiveIntegerField(
        _("no return needed below"), default=0, help_text=_("Minor units of the shop's currency; 0: always needed.")
    )
    accepts_by_rule = models.BooleanField(
        _("the rule accepts by itself"), default=False, help_text=_("Where it proposes to accept, nobody is asked.")
    )
    accepts_below_minor = models.PositiveIntegerField(
        _("by itself up to"), default=0, help_text=_("Minor units of the shop's currency; 0: any amount.")
    )

    class Meta:
        verbose_name = _("market")
        verbose_name_plural = _("markets")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class MarketCountry(models.Model):
    """One country of a market; no country is in two."""

    market = models.ForeignKey(Market, models.CASCADE, related_name="countries", verbose_name=_("market"))
    country = CountryField(_("country"), unique=True)

    class Meta:
        verbose_name = _("country of a market")
        verbose_name_plural = _("countries of a market")
        ordering = ["country"]

    def __str__(self) -> str:
        return str(self.country.name)
