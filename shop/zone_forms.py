"""Forms for the zones of a delivery profile and the services of each zone, on one page."""

from __future__ import annotations

import re
from collections.abc import Iterable

from django import forms
from django.forms.models import BaseInlineFormSet, inlineformset_factory
from django.utils.translation import gettext as _t, gettext_lazy as _
from django_countries import countries

from shop.actions.delivery import served, write_countries
from shop.amount_field import AmountsForm
from shop.customs import EU_STATES
from shop.models import DeliveryService, DeliveryZone, Region

# What people write for a code that is another one.
MISTAKEN = {"UK": "GB", "EL": "GR"}


class CountriesField(forms.CharField):
    """Codes of countries and regions as people type them: “IE, de ES-CANARY”; “EU” stands for its 27 states.

    “-ES-CANARY” leaves a region out. Cleans to codes, each once.
    """

    widget = forms.Textarea(attrs={"rows": 2, "cols": 60, "spellcheck": "false"})

    def clean(self, value: object) -> list[str]:
        """Raise ValidationError that names what is no code, and the one that was meant if that is known."""
        words = list(filter(None, re.split(r"[\s,;]+", str(super().clean(value)).upper())))
        # One query, and only where a region is named.
        parts = set(Region.objects.values_list("code", flat=True)) if any("-" in word for word in words) else set()
        codes: dict[str, None] = {}
        wrong = []
        for word in words:
            if word != "EU" and word not in countries.countries and word.removeprefix("-") not in parts:
                wrong.append(word[:20])
            codes |= dict.fromkeys(sorted(EU_STATES) if word == "EU" else [word])
        if wrong:
            raise forms.ValidationError([self._no_code(word) for word in wrong[:5]])
        return list(codes)

    @staticmethod
    def _no_code(word: str) -> str:
        meant = MISTAKEN.get(word)
        if meant:
            return _t("%(word)s is no country code; %(name)s is %(code)s.") % {
                "word": word, "name": countries.name(meant), "code": meant,
            }  # fmt: skip
        if "-" in word:
            return _t("%(word)s is no region we know; they are named as in ES-CANARY.") % {"word": word}
        return _t("%(word)s is no country code; codes have two letters, as in IE or DE.") % {"word": word}


class ServiceForm(AmountsForm):
    """One service of a zone."""

    amounts = {"price_minor": "", "free_from_minor": ""}

    class Meta:
        model = DeliveryService
        fields = (
            "code",
            "name",
            "price_minor",
            "free_from_minor",
            "transit_min_days",
            "transit_max_days",
            "delivery_days",
            "supplier_code",
        )

    def clean(self) -> dict[str, object]:
        cleaned = super().clean() or {}
        least, most = cleaned.get("transit_min_days"), cleaned.get("transit_max_days")
        if isinstance(least, int) and isinstance(most, int) and least > most:
            self.add_error("transit_max_days", _("At most must not be less than at least."))
        return cleaned


class ServiceTable(BaseInlineFormSet):
    """The services of a zone in a table, where each field must say itself what it is."""

    def add_fields(self, form: ServiceForm, index: int | None) -> None:
        super().add_fields(form, index)
        for field in form.fields.values():
            field.widget.attrs["aria-label"] = field.label


ServiceFormSet = inlineformset_factory(
    DeliveryZone, DeliveryService, form=ServiceForm, formset=ServiceTable, extra=1, can_delete=True
)


class ZoneForm(forms.ModelForm):
    """One zone: the countries in it, or everywhere else; its services are a formset of their own."""

    countries = CountriesField(
        label=_("Countries"),
        required=False,
        help_text=_(
            "Two-letter codes, as in “IE, DE, NL”. EU stands for all its states. A region counts for more than its country: “ES-CANARY”; “-ES-CANARY” leaves it out."
        ),
    )
    is_elsewhere = forms.BooleanField(
        label=_("Everywhere else"), required=False, help_text=_("Every country that no other zone names.")
    )

    class Meta:
        model = DeliveryZone
        fields = ("name", "position")

    services: BaseInlineFormSet

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.fields["position"].required = False
        zone = self.instance
        codes = [row.label for row in zone.countries.all()] if zone.pk else []
        self.initial |= {"countries": ", ".join(codes), "is_elsewhere": zone.is_elsewhere}

    def has_changed(self) -> bool:
        return super().has_changed() or self.services.has_changed()

    def clean_position(self) -> int:
        return self.cleaned_data["position"] or 0

    def clean(self) -> dict[str, object]:
        cleaned = super().clean() or {}
        if "countries" in cleaned and bool(served(cleaned["countries"])) == bool(cleaned.get("is_elsewhere")):
            self.add_error("countries", _("Name the countries of this zone, or tick “everywhere else”: one of both."))
        return cleaned


class ZoneFormSet(BaseInlineFormSet):
    """The zones of a profile, held against each other: no country in two, and no zone without a service."""

    def add_fields(self, form: ZoneForm, index: int | None) -> None:
        super().add_fields(form, index)
        form.services = ServiceFormSet(
            form.data if form.is_bound else None, instance=form.instance, prefix=f"{form.prefix}-services"
        )

    def is_valid(self) -> bool:
        return super().is_valid() and all(form.services.is_valid() for form in self._kept())

    def clean(self) -> None:
        super().clean()
        names: dict[str, str] = {}
        elsewhere = ""
        for form in self._kept():
            cleaned = getattr(form, "cleaned_data", {})
            name = str(cleaned.get("name", ""))
            self._find_twice(form, names, name)
            if cleaned.get("is_elsewhere"):
                if elsewhere:
                    form.add_error("is_elsewhere", _t("“%(zone)s” is everywhere else already.") % {"zone": elsewhere})
                elsewhere = name
            if form.services.is_valid() and not _given(form.services.forms):
                form.add_error(None, _("Give this zone at least one service: without one nothing is sent there."))

    def save(self, commit: bool = True) -> list[DeliveryZone]:
        saved = super().save(commit)
        if commit:
            kept = self._kept()
            for form in kept:
                form.services.instance = form.instance
                form.services.save()
            write_countries(self.instance, [(form.instance, form.cleaned_data["countries"]) for form in kept])
        return saved

    def _kept(self) -> list[ZoneForm]:
        """Return the forms of zones that are there or new, without blank ones and those to be deleted."""
        return [
            form
            for form in self.forms
            if not self._should_delete_form(form) and (form.instance.pk or form.has_changed())
        ]

    @staticmethod
    def _find_twice(form: ZoneForm, names: dict[str, str], name: str) -> None:
        # By country the zone that named it first.
        for code in getattr(form, "cleaned_data", {}).get("countries") or []:
            place = code.removeprefix("-")
            if place in names:
                text = _t("%(country)s is in the zone “%(zone)s” already.")
                form.add_error("countries", text % {"country": countries.name(place) or place, "zone": names[place]})
            else:
                names[place] = name


def _given(forms_of_services: Iterable[ServiceForm]) -> list[ServiceForm]:
    return [
        form
        for form in forms_of_services
        if not form.cleaned_data.get("DELETE") and (form.instance.pk or form.has_changed())
    ]
