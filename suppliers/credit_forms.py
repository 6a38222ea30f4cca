"""What staff type about suppliers' papers."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator

from django import forms
from django.db import transaction
from django.forms import BoundField
from django.utils.html import format_html
from django.utils.translation import gettext as _, gettext_lazy

from shop.money import Money, WrongPrecision
from suppliers.models import SupplierCredit, SupplierInvoice

# So many credits on one page; a paper that settles more is matched in turns.
MOST_CREDITS = 200


def read_amount(typed: str, currency: str) -> int:
    """Return an amount as a person types it in minor units. Raises ValidationError."""
    try:
        return Money.parse(typed.replace(",", ".").strip(), currency).minor
    except WrongPrecision as error:
        like = Money(1250, currency).plain
        raise forms.ValidationError(_("Type the amount like %(like)s.") % {"like": like}) from error


class InvoiceForm(forms.ModelForm):
    """A supplier's paper, with its amount as it is written there."""

    amount = forms.CharField(
        label=gettext_lazy("Credit on it"),
        max_length=16,
        help_text=gettext_lazy("What it takes off or pays back, such as 12.50."),
        widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
    )
    currency = forms.RegexField(
        r"^[A-Z]{3}$",
        label=gettext_lazy("Currency"),
        error_messages={"invalid": gettext_lazy("Three capital letters, such as EUR.")},
    )

    class Meta:
        model = SupplierInvoice
        fields = ["supplier", "number", "dated_on", "currency", "note"]

    def clean_number(self) -> str:
        """Return the number without blanks around it: else one paper could be noted twice."""
        return self.cleaned_data["number"].strip()

    def clean(self) -> dict[str, object]:
        """Read the amount in the paper's currency."""
        cleaned = super().clean() or {}
        if "amount" in cleaned and "currency" in cleaned:
            try:
                self.instance.amount_minor = read_amount(cleaned["amount"], cleaned["currency"])
            except forms.ValidationError as error:
                self.add_error("amount", error)
            else:
                if not 0 < self.instance.amount_minor < 2**31:
                    self.add_error("amount", _("Type an amount above zero."))
        return cleaned


class MatchForm(forms.Form):
    """How much of a paper settles which credit."""

    form_key = forms.UUIDField(widget=forms.HiddenInput, required=False)

    def __init__(self, *args: object, invoice: SupplierInvoice, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.invoice = invoice
        owed = invoice.supplier.credits.owed().filter(currency=invoice.currency)
        self.credits = list(owed.select_related("order", "line__supplier_order")[:MOST_CREDITS])
        if not self.is_bound:
            self.initial["form_key"] = uuid.uuid4()
        for credit in self.credits:
            name = format_html(
                '{}<span class="visually-hidden">: {} {}</span>', _("Settled"), credit.order.number, credit.owed
            )
            self.fields[f"credit_{credit.pk}"] = forms.CharField(
                label=name,
                max_length=16,
                required=False,
                widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
            )

    def rows(self) -> Iterator[tuple[SupplierCredit, BoundField]]:
        """Yield each credit with its field."""
        for credit in self.credits:
            yield credit, self[f"credit_{credit.pk}"]

    def clean(self) -> dict[str, object]:
        """Check that no credit and the paper itself give more than they have, and that anything was typed."""
        cleaned = super().clean() or {}
        for credit in self.credits:
            name = f"credit_{credit.pk}"
            if cleaned.get(name):
                try:
                    cleaned[name] = self._amount(credit, cleaned[name])
                except forms.ValidationError as error:
                    self.add_error(name, error)
        total = sum(amount for amount in self._typed().values() if isinstance(amount, int))
        if not self.errors and total < 1:
            raise forms.ValidationError(_("Type how much of which credit it settles."))
        if not self.errors and total > self.invoice.left.minor:
            facts = {"total": Money(total, self.invoice.currency), "left": self.invoice.left}
            raise forms.ValidationError(_("Together that is %(total)s; only %(left)s of the paper are left.") % facts)
        return cleaned

    def _amount(self, credit: SupplierCredit, typed: str) -> int:
        amount = read_amount(typed, credit.currency)
        if not 0 < amount <= credit.owed.minor:
            raise forms.ValidationError(_("Between 0 and %(most)s is owed.") % {"most": credit.owed})
        return amount

    def _typed(self) -> dict[SupplierCredit, int]:
        found = {credit: self.cleaned_data.get(f"credit_{credit.pk}") for credit in self.credits}
        return {credit: amount for credit, amount in found.items() if amount}

    def save(self, match: Callable[[SupplierCredit, int, str], object]) -> int:
        """Match all that was typed or nothing; return how much, in minor units. Raises what ``match`` raises."""
        key = str(self.cleaned_data.get("form_key") or uuid.uuid4())
        with transaction.atomic():
            for credit, amount in self._typed().items():
                match(credit, amount, key)
        return sum(self._typed().values())
