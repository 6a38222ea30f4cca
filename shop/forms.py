"""What visitors type into the shop window."""

from __future__ import annotations

from functools import lru_cache

from django import forms
from django.forms.utils import flatatt
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import get_language, gettext_lazy as _
from django_countries import countries

SELECTED = SafeString(" selected")


@lru_cache(maxsize=20)
def country_choices(language: str) -> list[tuple[str, str]]:
    """Return every country's code and name in a language, by name."""
    # Translating and sorting 250 names takes longer than all the rest of the page.
    return [(code, str(name)) for code, name in countries]


@lru_cache(maxsize=40)
def _options(choices: tuple[tuple[str, str], ...], chosen: object) -> SafeString:
    rows = ((code, SELECTED if code == chosen else "", label) for code, label in choices)
    return format_html_join("\n", '<option value="{}"{}>{}</option>', rows)


class CountrySelect(forms.Select):
    """A select of 250 options in one go: Django renders each through two templates, 40 ms a page.

    The options of the countries chosen last are kept as text: they are a tenth of a product page else.
    """

    def render(self, name: str, value: object, attrs: dict | None = None, renderer: object = None) -> SafeString:
        options = _options(tuple(self.choices), value if isinstance(value, str) else str(value or ""))
        return format_html(
            "<select{}>{}</select>", flatatt(self.build_attrs(self.attrs, (attrs or {}) | {"name": name})), options
        )


class QuantityForm(forms.Form):
    """How many; forgiving about white space, strict about the range."""

    quantity = forms.IntegerField(
        min_value=0,
        max_value=99,
        required=False,
        error_messages={
            "invalid": _("Type the quantity as a number, for example 2."),
            "max_value": _("We send at most 99 of one thing. For more, please write to us."),
            "min_value": _("The quantity cannot be below 0."),
        },
    )


class CountryForm(forms.Form):
    """Where goods are to be sent to: it decides prices, delivery and days."""

    country = forms.ChoiceField(
        label=_("Deliver to"),
        widget=CountrySelect(attrs={"autocomplete": "country"}),
        error_messages={
            "required": _("Choose a country from the list."),
            "invalid_choice": _("Choose a country from the list."),
        },
    )

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.fields["country"].choices = country_choices(get_language() or "")


class StockWatchForm(forms.Form):
    """Where to write when something is back."""

    email = forms.EmailField(
        label=_("E-mail address"),
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "email", "inputmode": "email"}),
        error_messages={
            "required": _("Type your e-mail address, so that we can tell you."),
            "invalid": _("An e-mail address looks like name@example.com."),
        },
    )
    # People do not see this field; programs fill it in.
    website = forms.CharField(required=False, widget=forms.HiddenInput)
