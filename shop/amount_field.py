"""A form field for money that staff type: “3.90”, and not 390 cents."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from shop.money import Money, WrongPrecision
from shop.words import decimal_sign

if TYPE_CHECKING:
    from django.utils.functional import _StrOrPromise as StrOrPromise

# What the database's whole numbers hold.
MOST_MINOR = 2_147_483_647
# “1,234.50” and “1.234,50”.
GROUPED = re.compile(r"\d{1,3}(?P<sign>[.,])\d{3}(?:(?P=sign)\d{3})*(?!(?P=sign))[.,]\d+", re.ASCII)


class AmountField(forms.CharField):
    """An amount of one currency, never negative, as typed with a point or a comma. Cleans to minor units, or None.

    ``currency`` may be set until the form is shown or checked.
    """

    def __init__(self, *, currency: str | None = None, **options: object) -> None:
        options.setdefault("widget", forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off", "size": 10}))
        super().__init__(**options)
        self.currency = currency or settings.SHOP_CURRENCY

    def prepare_value(self, value: object) -> object:
        """Show minor units as an amount, and what was typed as it was typed."""
        return self._typed(value) if isinstance(value, int) else value

    def _typed(self, minor: int) -> str:
        """Write an amount as people of this language type it: “12.50” or “12,50”."""
        return Money(minor, self.currency).plain.replace(".", decimal_sign())

    def to_python(self, value: object) -> int | None:
        """Raise ValidationError that shows how to write it, for what is no amount of this currency."""
        text = _without_groups(str(value if value is not None else "").replace("\N{EURO SIGN}", "").strip())
        if not text:
            return None
        try:
            minor = Money.parse(text, self.currency).minor
        except WrongPrecision as error:
            like = self._typed(1250)
            raise ValidationError(_("Type the amount like %(like)s.") % {"like": like}) from error
        if not 0 <= minor <= MOST_MINOR:
            most = self._typed(MOST_MINOR)
            raise ValidationError(_("Type an amount from 0 to %(most)s.") % {"most": most})
        return minor


def _without_groups(text: str) -> str:
    """Return an amount with a point before its decimals; of two kinds of signs the last one stands there."""
    grouped = GROUPED.fullmatch(text)
    whole = text.replace(grouped["sign"], "") if grouped else text
    return whole.replace(",", ".")


class AmountsForm(forms.ModelForm):
    """A form of a model whose fields of minor units are typed as money.

    ``amounts`` says which, and what stands below each. The currency is the one in the form, else the row's
    own, else the shop's.
    """

    amounts: Mapping[str, StrOrPromise] = {}

    def __init__(self, *args: object, **options: object) -> None:
        super().__init__(*args, **options)
        for name, help_text in self.amounts.items():
            if name in self.fields:
                field = self.fields[name]
                self.fields[name] = AmountField(
                    currency=self._currency(), label=field.label, help_text=help_text, required=field.required
                )

    def _currency(self) -> str:
        typed = str(self.data.get(self.add_prefix("currency"), "")) if self.is_bound else ""
        known = getattr(self.instance, "currency", "") or str(self.initial.get("currency", ""))
        return (typed or known or settings.SHOP_CURRENCY).strip().upper()[:3]
