"""Parts of countries that have a tax, a customs border or delivery terms of their own, told by the postcode."""

from __future__ import annotations

import re

from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext, gettext_lazy as _
from django_countries.fields import CountryField

from shop.territories import TERRITORIES

# A beginning (“35”, “BT”), or beginnings of one length from one number to another (“9000-9499”).
ENTRY = re.compile(r"[A-Z0-9]{1,10}|\d{1,10}-\d{1,10}")


class Customs(models.TextChoices):
    """How a part of a country stands to the customs area of the rest of it."""

    SAME = "same", _("as the rest of the country")
    UNTAXED = "untaxed", _("in its customs area, outside its tax area")
    OUTSIDE = "outside", _("outside its customs area")


def plain_postcode(typed: str) -> str:
    """Return a postcode without blanks, dashes and small letters."""
    return "".join(sign for sign in typed.upper() if sign.isalnum())


def entries_of(text: str) -> list[str]:
    """Return the single entries of a list of postcodes as staff type it."""
    return [entry for entry in re.split(r"[\s,;]+", text.upper()) if entry]


class Region(models.Model):
    """A part of a country. ``postcodes`` empty: it is told by its name in the address, as states of the USA are."""

    country = CountryField(_("country"))
    code = models.CharField(
        _("code"),
        max_length=20,
        unique=True,
        validators=[RegexValidator(r"^[A-Z]{2}-[A-Z0-9]+\Z", _("As in “ES-CANARY”: the country’s code first."))],
        help_text=_("As in “ES-CANARY”: what zones of delivery name it by."),
    )
    name = models.CharField(_("name"), max_length=60, help_text=_("As customers read it."))
    postcodes = models.CharField(
        _("postcodes"),
        max_length=300,
        blank=True,
        help_text=_("How they begin, or from-to: “35, 38” or “9000-9499”. Empty: told by its name in the address."),
    )
    customs = models.CharField(_("customs"), max_length=10, choices=Customs, default=Customs.SAME)
    customs_with = CountryField(
        _("also in the customs area of"), blank=True, help_text=_("As Büsingen is in that of Switzerland.")
    )

    class Meta:
        verbose_name = _("region")
        verbose_name_plural = _("regions")
        ordering = ["country", "code"]
        constraints = [
            models.UniqueConstraint(fields=["country", "name"], name="region_name_once"),
            models.CheckConstraint(condition=Q(customs__in=Customs.values), name="region_customs_known"),
            models.CheckConstraint(
                condition=Q(code__startswith=F("country")),
                name="region_code_of_its_country",
                violation_error_message=_("The code begins with the code of the country."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.code})"

    def clean(self) -> None:
        """Refuse postcodes that are no list of beginnings and ranges, and those of another region."""
        mine = set(entries_of(self.postcodes))
        for entry in mine:
            low, dash, high = entry.partition("-")
            if not ENTRY.fullmatch(entry) or (dash and (len(low) != len(high) or low > high)):
                text = gettext("“%(entry)s” is neither how a postcode begins nor a range as in 9000-9499.")
                raise ValidationError({"postcodes": text % {"entry": entry[:20]}})
        for code, postcodes in TERRITORIES.get(self.country.code, {}).items():
            for entry in sorted(mine):
                if begins(postcodes, plain_postcode(entry.partition("-")[0])):
                    text = gettext("%(entry)s is in “%(code)s”: what has a country code of its own is named by that.")
                    raise ValidationError({"postcodes": text % {"entry": entry, "code": code}})
        for other in Region.objects.filter(country=self.country).exclude(pk=self.pk):
            for entry in sorted(mine & set(entries_of(other.postcodes))):
                text = gettext("%(entry)s is a postcode of %(region)s already.")
                raise ValidationError({"postcodes": text % {"entry": entry, "region": other.name}})

    def match(self, postcode: str) -> int:
        """Return how many signs of a plain postcode say that it lies here; 0: it does not."""
        return begins(self.postcodes, postcode)


def begins(postcodes: str, postcode: str) -> int:
    """Return how many signs of a plain postcode are those of an entry in a list as staff type it; 0: of none."""
    return max((_match(entry, postcode) for entry in entries_of(postcodes)), default=0)


def _match(entry: str, postcode: str) -> int:
    low, _dash, high = entry.partition("-")
    if low[0].isdigit():
        # Some people write the country before it, as in FI-22100.
        postcode = postcode.lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
    begin = postcode[: len(low)]
    return len(low) if len(begin) == len(low) and low <= begin <= (high or low) else 0
