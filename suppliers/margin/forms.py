"""Which days, which grouping."""

from __future__ import annotations

from datetime import date, timedelta

from django import forms
from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext_lazy as _, pgettext_lazy

from suppliers.margin.figures import Period

# Longer than this nobody looks at once, and every line of it would be read.
MOST_DAYS = 5 * 366
PERIODS = [
    ("month", _("this month")),
    ("last_month", _("last month")),
    ("quarter", _("this quarter")),
    ("last_quarter", _("last quarter")),
    ("year", _("this year")),
    ("free", _("these days:")),
]
# What comes first is what a page shows that was asked for nothing, and what its list then stands on.
BY = [
    ("supplier", _("supplier")),
    ("month", _("month")),
    ("product", _("product")),
    ("order", _("order")),
    ("line", _("order line")),
]


def days_of(choice: str, today: date) -> tuple[date, date]:
    """Return the first and the last day of a period by its name."""
    month = today.replace(day=1)
    quarter = month.replace(month=(today.month - 1) // 3 * 3 + 1)
    before_month, before_quarter = month - timedelta(days=1), quarter - timedelta(days=1)
    return {
        "month": (month, today),
        "last_month": (before_month.replace(day=1), before_month),
        "quarter": (quarter, today),
        "last_quarter": (before_quarter.replace(day=1, month=before_quarter.month - 2), before_quarter),
        "year": (today.replace(day=1, month=1), today),
    }[choice]


class MarginForm(forms.Form):
    """The choice of a margin page, in its address."""

    period = forms.ChoiceField(label=_("Orders paid"), choices=PERIODS, required=False)
    first = forms.DateField(label=_("from"), required=False, widget=forms.DateInput(attrs={"type": "date"}))
    last = forms.DateField(label=_("until"), required=False, widget=forms.DateInput(attrs={"type": "date"}))
    by = forms.ChoiceField(label=pgettext_lazy("to group by", "by"), choices=BY, required=False)
    currency = forms.CharField(
        label=_("in"),
        max_length=3,
        min_length=3,
        required=False,
        widget=forms.TextInput(attrs={"placeholder": settings.SHOP_CURRENCY}),
    )
    losses = forms.BooleanField(label=_("largest losses first"), required=False)

    def clean(self) -> dict[str, object]:
        """Fill in what was not chosen; ask for both days where days are chosen."""
        cleaned = super().clean() or {}
        cleaned["by"] = cleaned.get("by") or BY[0][0]
        cleaned["currency"] = (cleaned.get("currency") or settings.SHOP_CURRENCY).upper()
        choice = cleaned.get("period") or PERIODS[0][0]
        if choice != "free":
            cleaned["first"], cleaned["last"] = days_of(choice, timezone.localdate())
        elif not self.errors:
            self._check_days(cleaned)
        return cleaned

    def _check_days(self, cleaned: dict[str, object]) -> None:
        first, last = cleaned.get("first"), cleaned.get("last")
        if not isinstance(first, date) or not isinstance(last, date):
            self.add_error("first", _("Enter both days, as in 2026-11-01."))
        elif first > last:
            self.add_error("last", _("The last day lies before the first. Exchange them."))
        elif (last - first).days > MOST_DAYS:
            self.add_error("last", _("Choose at most five years."))
        elif not 1990 <= first.year <= last.year <= 2200:
            self.add_error("first", _("Choose days between 1990 and 2200."))

    @property
    def chosen(self) -> Period:
        """The period of a valid form."""
        return Period(self.cleaned_data["first"], self.cleaned_data["last"], self.cleaned_data["currency"])
