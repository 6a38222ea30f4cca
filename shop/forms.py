"""What visitors type into the shop window."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _


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


class ListForm(forms.Form):
    """Order and filters of a list; what makes no sense is left out, never an error."""

    SORTS = (
        ("new", _("Newest first")),
        ("price", _("Price, low to high")),
        ("price-down", _("Price, high to low")),
        ("name", _("Name")),
    )
    ORDERING = {
        "new": ("-created_at", "pk"),
        "price": ("price_from_minor", "pk"),
        "price-down": ("-price_from_minor", "pk"),
        "name": ("name", "pk"),
    }

    sort = forms.ChoiceField(label=_("Sort by"), choices=SORTS, required=False)
    available = forms.BooleanField(label=_("Only what can be ordered now"), required=False)

    def ordering(self) -> tuple[str, ...]:
        """Return the columns to sort by, sold-out goods last."""
        chosen = self.cleaned_data.get("sort") if self.is_valid() else ""
        return ("-is_available", *self.ORDERING[chosen or "new"])
