"""The form for an address that an account keeps: it asks what the address's country asks for."""

from __future__ import annotations

from django import forms
from django.conf import settings
from django.utils.translation import get_language, gettext as _, gettext_lazy
from phonenumber_field.phonenumber import PhoneNumber
from phonenumbers import NumberParseException

from shop.actions.addresses import PARTS
from shop.addresses import postcode_fits, rules_of, tidy_postcode
from shop.forms import CountrySelect, country_choices


def _text(label: str, most: int, autocomplete: str, *, required: bool = True, **attrs: str) -> forms.CharField:
    widget = forms.TextInput(attrs={"autocomplete": autocomplete} | attrs)
    return forms.CharField(label=label, max_length=most, required=required, widget=widget)


class AddressForm(forms.Form):
    """One address. Labels, regions and what is required follow the country chosen."""

    country = forms.ChoiceField(
        label=gettext_lazy("Country"),
        widget=CountrySelect(attrs={"autocomplete": "country"}),
        error_messages={
            "required": gettext_lazy("Choose a country from the list."),
            "invalid_choice": gettext_lazy("Choose a country from the list."),
        },
    )
    name = _text(gettext_lazy("Full name"), 100, "name")
    company = _text(gettext_lazy("Company"), 100, "organization", required=False)
    line1 = _text(gettext_lazy("Address"), 100, "address-line1")
    line2 = _text(gettext_lazy("Flat, floor, building"), 100, "address-line2", required=False)
    city = _text(gettext_lazy("Town"), 60, "address-level2")
    region = _text(gettext_lazy("Region"), 60, "address-level1", required=False)
    postcode = _text(gettext_lazy("Postcode"), 12, "postal-code", required=False)
    phone = _text(gettext_lazy("Telephone"), 30, "tel", required=False, inputmode="tel")
    is_default = forms.BooleanField(label=gettext_lazy("Use this address first"), required=False)

    def __init__(self, *args: object, country: str = "", **kwargs: object) -> None:
        """Make the form; ``country`` is the only one it can be, so nothing asks for it. Empty: it is chosen."""
        super().__init__(*args, **kwargs)
        self.fields["country"].choices = country_choices(get_language() or "")
        chosen = country or str(self.data.get("country") or self.initial.get("country") or settings.SHOP_COUNTRY)
        known = dict(self.fields["country"].choices)
        self.place = chosen if chosen in known else settings.SHOP_COUNTRY
        self.initial.setdefault("country", self.place)
        if country:
            del self.fields["country"]
        self.fields["phone"].help_text = _("Only for the carrier.")
        self.fields["name"].error_messages["required"] = _("Type the name that is on the door bell.")
        self.fields["line1"].error_messages["required"] = _("Type street and house number.")
        self.fields["city"].error_messages["required"] = _("Type the town.")
        self._fit_country()

    def _fit_country(self) -> None:
        rules = rules_of(self.place)
        region, postcode = self.fields["region"], self.fields["postcode"]
        region.label, region.required = rules.region_label, rules.needs_region
        region.error_messages["required"] = _("Type the state or region: parcels there need one.")
        if rules.regions:
            choices = [("", _("Choose from the list")), *rules.regions]
            region.widget = forms.Select(attrs={"autocomplete": "address-level1"}, choices=choices)
        postcode.label, postcode.required = rules.postcode_label, rules.needs_postcode
        postcode.error_messages["required"] = self._postcode_text()
        if not rules.has_region:
            del self.fields["region"]
        if not rules.has_postcode:
            del self.fields["postcode"]
        self.order_fields(["country", "name", "company", "line1", "line2", *rules.order, "phone", "is_default"])

    def _postcode_text(self) -> str:
        rules = rules_of(self.place)
        if not rules.postcode_example:
            return _("Type the postcode.")
        return _("Type the postcode; there it looks like %(example)s.") % {"example": rules.postcode_example}

    def clean_region(self) -> str:
        """Take only a region that the country has, where it lists them."""
        region = self.cleaned_data["region"]
        regions = rules_of(self.place).regions
        if region and regions and region not in dict(regions):
            raise forms.ValidationError(_("Choose one from the list."))
        return region

    def clean_postcode(self) -> str:
        """Accept small letters and blanks; refuse what no postcode there looks like."""
        postcode = tidy_postcode(self.cleaned_data["postcode"])
        if not postcode_fits(self.place, postcode):
            raise forms.ValidationError(self._postcode_text())
        return postcode

    def clean_phone(self) -> str:
        """Accept any spelling of a number that exists."""
        typed = self.cleaned_data["phone"]
        if not typed:
            return ""
        text = _("That telephone number does not work. With the country's code it looks like +353 1 234 5678.")
        try:
            number = PhoneNumber.from_string(typed, region=self.place)
        except NumberParseException as error:
            raise forms.ValidationError(text) from error
        if not number.is_valid():
            raise forms.ValidationError(text)
        return str(number.as_e164)

    def parts(self) -> dict[str, str]:
        """Return what was typed, checked, by the names of an address's columns."""
        return {name: str(self.cleaned_data.get(name, "")) for name in PARTS}
