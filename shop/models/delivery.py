"""Where goods are sent from, and what that means for the customer. Written by suppliers."""

from __future__ import annotations

from zoneinfo import available_timezones

from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models
from django.utils.translation import gettext, gettext_lazy as _
from django_countries.fields import CountryField

from shop.calendars import are_closed_days, are_weekdays
from shop.models.region import Region
from shop.models.texts import worded

# However late a supplier is: a window that says nothing any more helps nobody, and staff see the record.
MOST_MARGIN_DAYS = 10


def is_time_zone(name: str) -> None:
    """Refuse a name that no time zone has."""
    if name not in available_timezones():
        raise ValidationError(gettext("No time zone; they are named as in Europe/Dublin."))


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
    region = models.ForeignKey(
        Region,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("sent from region"),
        help_text=_("Where that part of the country stands to customs in its own way, as the Canary Islands do."),
    )
    cutoff_time = models.TimeField(_("orders before this leave the same working day"), null=True, blank=True)
    time_zone = models.CharField(
        _("time zone of the cut-off"), max_length=40, default="Europe/Dublin", validators=[is_time_zone]
    )
    working_days = models.CharField(
        _("works on"),
        max_length=7,
        blank=True,
        validators=[are_weekdays],
        help_text=_("Numbers of days, Monday is 1; empty: Monday to Friday. Its country’s public holidays are known."),
    )
    closed_days = models.CharField(
        _("closed besides"),
        max_length=300,
        blank=True,
        validators=[are_closed_days],
        help_text=_("Days on which nothing leaves, as in “2027-02-05..2027-02-20, 2026-12-28”."),
    )
    return_address = models.TextField(_("return address"), blank=True)
    return_country = CountryField(_("returns go to"), blank=True)
    returns_paid_by_shop = models.BooleanField(_("we pay returns"), default=False)
    import_text = models.CharField(
        _("what to say about import duty"),
        max_length=300,
        blank=True,
        help_text=_("Said where a parcel crosses a customs border; empty: our own words."),
    )

    # --- what its last parcels say of its word (suppliers.actions.punctuality)
    margin_days = models.PositiveSmallIntegerField(
        _("safety margin"),
        default=0,
        editable=False,
        help_text=_("Days added to the last day promised, because its parcels came so much later than planned."),
    )
    on_time_percent = models.PositiveSmallIntegerField(_("on time, percent"), null=True, blank=True, editable=False)
    measured_parcels = models.PositiveIntegerField(_("of so many parcels"), default=0, editable=False)
    measured_at = models.DateTimeField(_("measured"), null=True, blank=True, editable=False)

    class Meta:
        verbose_name = _("delivery profile")
        verbose_name_plural = _("delivery profiles")
        ordering = ["code"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(margin_days__lte=MOST_MARGIN_DAYS), name="delivery_margin_bounded"
            )
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def country_code(self) -> str:
        """The code of the country alone: many windows on a page ask, and an object for each takes longer than the rest."""
        return self.__dict__.get("country") or self.country.code

    def clean(self) -> None:
        """Refuse a region of another country."""
        if self.region is not None and self.region.country != self.country:
            raise ValidationError({"region": gettext("That region is not in that country.")})


class DeliveryZone(models.Model):
    """Countries into which a profile's parcels go on the same terms. A country in no zone is not served.

    ``is_elsewhere``: every country that no other zone of the profile names.
    """

    profile = models.ForeignKey(DeliveryProfile, models.CASCADE, related_name="zones")
    name = models.CharField(_("name"), max_length=60, help_text=_("As customers read it, as in “Europe”."))
    position = models.PositiveSmallIntegerField(_("position"), default=0)
    is_elsewhere = models.BooleanField(_("everywhere else"), default=False)

    class Meta:
        verbose_name = _("delivery zone")
        verbose_name_plural = _("delivery zones")
        ordering = ["profile", "position", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["profile", "name"], name="delivery_zone_once"),
            models.UniqueConstraint(
                fields=["profile"], condition=models.Q(is_elsewhere=True), name="delivery_elsewhere_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.profile}: {self.name}"


class ZoneCountry(models.Model):
    """One country of a zone, or one region of a country, which counts for more than the country.

    ``is_served`` False: of the zone's countries, this region is left out, and nothing is sent there.
    ``profile`` is the zone's, so that no place is in two zones of a profile.
    """

    zone = models.ForeignKey(DeliveryZone, models.CASCADE, related_name="countries")
    profile = models.ForeignKey(DeliveryProfile, models.CASCADE, related_name="+")
    country = CountryField(_("country"))
    region = models.ForeignKey(
        Region, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("region")
    )
    is_served = models.BooleanField(_("sent there"), default=True, db_default=True)

    class Meta:
        verbose_name = _("country of a zone")
        verbose_name_plural = _("countries of zones")
        # The country before its regions, on every database.
        ordering = ["zone", "country", models.F("region__code").asc(nulls_first=True)]
        constraints = [
            models.UniqueConstraint(
                fields=["profile", "country"], condition=models.Q(region=None), name="delivery_country_in_one_zone"
            ),
            models.UniqueConstraint(fields=["profile", "region"], name="delivery_region_in_one_zone"),
            models.CheckConstraint(
                condition=models.Q(is_served=True) | models.Q(region__isnull=False),
                name="delivery_left_out_is_a_region",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.zone}: {self.label}"

    @property
    def label(self) -> str:
        """How staff write it among a zone's countries: “ES”, “ES-CANARY”, “-ES-CANARY” where it is left out."""
        code = self.region.code if self.region else self.country.code
        return code if self.is_served else f"-{code}"

    @property
    def place_name(self) -> str:
        """The country or region in words."""
        return self.region.name if self.region else str(self.country.name)


class DeliveryService(models.Model):
    """One way to send a parcel into a zone: what it costs, and how long it is under way."""

    zone = models.ForeignKey(DeliveryZone, models.CASCADE, related_name="services")
    code = models.SlugField(
        _("code"),
        max_length=40,
        help_text=_("The same in every zone, as in “express”: a customer’s choice goes by it."),
    )
    name = models.CharField(_("name"), max_length=60, help_text=_("As customers read it."))
    price_minor = models.PositiveIntegerField(
        _("price"), help_text=_("Minor units of the shop's currency, tax included.")
    )
    free_from_minor = models.PositiveIntegerField(
        _("free from"), null=True, blank=True, help_text=_("Goods value, minor units; empty: never free.")
    )
    transit_min_days = models.PositiveSmallIntegerField(_("transit days, at least"))
    transit_max_days = models.PositiveSmallIntegerField(_("transit days, at most"))
    delivery_days = models.CharField(
        _("delivers on"),
        max_length=7,
        blank=True,
        validators=[are_weekdays],
        help_text=_("Numbers of days, Monday is 1; empty: Monday to Friday. Transit days are counted in them."),
    )
    supplier_code = models.CharField(
        _("supplier's code"),
        max_length=40,
        blank=True,
        # The pattern of service_code in docs/supplier-contract.yaml.
        validators=[RegexValidator(r"^[A-Za-z0-9][A-Za-z0-9_.-]*\Z", _("Letters, digits, “.”, “-” and “_”."))],
        help_text=_("What the supplier calls it; empty: its standard."),
    )

    class Meta:
        verbose_name = _("delivery service")
        verbose_name_plural = _("delivery services")
        ordering = ["zone", "price_minor", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["zone", "code"], name="delivery_service_once"),
            models.CheckConstraint(
                condition=models.Q(transit_min_days__lte=models.F("transit_max_days")), name="delivery_service_window"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.zone}: {self.name}"

    @property
    def local_name(self) -> str:
        """Its name in the language that is spoken now."""
        return worded(self.name)
