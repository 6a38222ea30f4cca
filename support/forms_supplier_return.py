"""What a supplier's people say of a return, on its page, or what one of us notes that they said."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext as _, gettext_lazy

from shop.money import Money, WrongPrecision
from suppliers.actions.contract_returns import count_of
from suppliers.actions.returns_told import LineWord, Told
from suppliers.models import SupplierReturn
from support.forms import OnceForm
from support.forms_supplier import DATE
from support.returning.last_day import FURTHEST

Status = SupplierReturn.Status


@dataclass(frozen=True, slots=True)
class Goods:
    """One line of a return as its supplier knows it: ``most`` units can be said something of."""

    line_id: str
    name: str
    sku: str
    reason_code: str
    quantity: int
    most: int


def goods_of(row: SupplierReturn) -> list[Goods]:
    """Return the lines of a return. One query."""
    lines = {line.line_id: line for line in row.supplier_order.lines.select_related("order_line")}
    told = {str(part.get("line_id")): part for part in row.last_copy.get("lines", [])}
    found = []
    for part in row.request.get("lines", []):
        line, word = lines.get(str(part["line_id"])), told.get(str(part["line_id"]), {})
        if line is None:
            continue
        name = ", ".join(filter(None, [line.order_line.name, line.order_line.options_label]))
        quantity, agreed = int(part["quantity"]), count_of(word, "quantity_approved")
        most = quantity if row.status == Status.REQUESTED else agreed or quantity
        found.append(Goods(line.line_id, name, line.supplier_sku, part["reason_code"], quantity, most))
    return found


class ReturnWordForm(OnceForm):
    """A form about each line of a return. ``told`` says the same in the contract's words.

    ``about`` is which question a page asked: what was typed for another than the one that is open now is no answer to it.
    """

    ABOUT = ""

    about = forms.CharField(max_length=20, required=False, widget=forms.HiddenInput)

    def __init__(self, *args: object, row: SupplierReturn, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.row, self.goods = row, goods_of(row)
        self.initial["about"] = self.ABOUT
        self.add_lines()
        self.order_fields([name for name, field in self.fields.items() if getattr(field, "is_line", False)])

    def add_lines(self) -> None:
        """Add the fields of each line."""

    def _units(self, name: str, label: str, most: int, initial: int) -> None:
        text = _("A whole number from 0 to %(most)d.") % {"most": most}
        messages = {"required": text, "invalid": text, "min_value": text, "max_value": text}
        attrs = {"inputmode": "numeric"}
        self.fields[name] = forms.IntegerField(
            label=label, min_value=0, max_value=most, initial=initial, error_messages=messages,
            widget=forms.NumberInput(attrs=attrs),
        )  # fmt: skip
        self.fields[name].is_line = True

    def _why(self, name: str, label: str) -> None:
        self.fields[name] = forms.CharField(label=label, max_length=300, required=False)
        self.fields[name].is_line = True

    def _currency(self) -> str:
        return self.row.supplier_order.request.get("currency") or self.row.order.currency


class AgreeForm(ReturnWordForm):
    """Does the supplier take it back, and how."""

    ABOUT = "agree"

    goods_back = forms.ChoiceField(
        label=gettext_lazy("Do you need the goods back?"),
        choices=[("yes", gettext_lazy("Yes, send them")), ("no", gettext_lazy("No, the customer may keep them"))],
        widget=forms.RadioSelect,
        error_messages={"required": gettext_lazy("Choose whether you need the goods back.")},
    )
    return_to = forms.CharField(
        label=gettext_lazy("Where do the goods go?"),
        max_length=500,
        required=False,
        widget=forms.Textarea(attrs={"rows": 4, "autocomplete": "off"}),
        help_text=gettext_lazy("Name, street, town and country, one line each. The customer reads exactly this."),
    )
    label_url = forms.URLField(
        label=gettext_lazy("Link to a label, if there is one"),
        required=False,
        max_length=500,
        assume_scheme="https",
        error_messages={"invalid": gettext_lazy("A link begins with https://.")},
    )
    instructions = forms.CharField(
        label=gettext_lazy("What else must the customer know?"),
        max_length=2000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    return_by = forms.DateField(
        label=gettext_lazy("Last day to send it"),
        required=False,
        widget=DATE,
        error_messages={"invalid": gettext_lazy("A day looks like 2026-11-30.")},
    )

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.initial.setdefault("return_to", self.row.supplier_order.supplier.delivery_profile.return_address)

    def add_lines(self) -> None:
        for number, goods in enumerate(self.goods):
            facts = {"goods": f"{goods.name} ({goods.sku})", "quantity": goods.quantity}
            label = _("%(goods)s: how many of %(quantity)d do you take back?") % facts
            self._units(f"take-{number}", label, goods.most, goods.most)
            self._why(f"why-{number}", _("%(goods)s: if not all, why not?") % facts)

    def clean_label_url(self) -> str:
        """Take only what a browser opens safely."""
        url = self.cleaned_data["label_url"]
        if url and not url.startswith("https://"):
            raise forms.ValidationError(self.fields["label_url"].error_messages["invalid"])
        return url

    def clean_return_by(self) -> date | None:
        """Return a day that leaves time to send something."""
        day, today = self.cleaned_data["return_by"], timezone.localdate()
        if day is not None and not today < day <= today + FURTHEST:
            raise forms.ValidationError(_("Choose a day after today, at most half a year away, or leave it empty."))
        return day

    def clean(self) -> dict[str, Any]:
        data = super().clean()
        for number, goods in enumerate(self.goods):
            if data.get(f"take-{number}", goods.most) < goods.most and not data.get(f"why-{number}"):
                self.add_error(f"why-{number}", _("Say why not all of it."))
        needs = data.get("goods_back") == "yes" and any(data.get(f"take-{n}") for n in range(len(self.goods)))
        if needs and not data.get("return_to"):
            self.add_error("return_to", _("Type where the goods go."))
        return data

    def told(self) -> Told:
        data = self.cleaned_data
        lines = {
            goods.line_id: LineWord(approved=data[f"take-{number}"], reason=data[f"why-{number}"])
            for number, goods in enumerate(self.goods)
        }
        if not any(word.approved for word in lines.values()):
            return Told(Status.REJECTED, lines)
        return Told(
            Status.APPROVED,
            lines,
            goods_back=data["goods_back"] == "yes",
            return_to=data["return_to"],
            label_url=data["label_url"],
            instructions=data["instructions"],
            return_by=data["return_by"],
        )


class GivesForm(ReturnWordForm):
    """What the supplier gives for it."""

    ABOUT = "gives"

    gives = forms.ChoiceField(
        label=gettext_lazy("What do you give for it?"),
        choices=[("credit", gettext_lazy("A credit")), ("none", gettext_lazy("Nothing"))],
        widget=forms.RadioSelect,
        error_messages={"required": gettext_lazy("Choose what you give for it.")},
    )
    amount = forms.CharField(
        label=gettext_lazy("Amount of the credit"),
        max_length=20,
        required=False,
        widget=forms.TextInput(attrs={"inputmode": "decimal"}),
    )

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.fields["amount"].help_text = _("In %(currency)s, as in 12.50.") % {"currency": self._currency()}

    def clean(self) -> dict[str, Any]:
        data = super().clean()
        if data.get("gives") == "credit":
            try:
                given = Money.parse(data.get("amount", "").strip().replace(",", "."), self._currency())
                data["amount"] = str(given.decimal)
                is_good = 0 < given.minor < 10**9
            except (WrongPrecision, ValueError):
                is_good = False
            if not is_good:
                self.add_error("amount", _("Type an amount, as in 12.50."))
        return data

    def _words(self) -> Mapping[str, LineWord]:
        return {}

    def told(self) -> Told:
        data = self.cleaned_data
        if data["gives"] == "later":
            return Told(Status.RECEIVED, self._words())
        amount = data["amount"] if data["gives"] == "credit" else ""
        return Told(Status.RESOLVED, self._words(), resolution=data["gives"], amount=amount)


class ArrivedForm(GivesForm):
    """What has arrived, what is not taken of it, and what the supplier gives, if it knows that yet."""

    ABOUT = "arrived"

    def add_lines(self) -> None:
        self.fields["gives"].choices = [*self.fields["gives"].choices, ("later", _("I will say that later"))]
        for number, goods in enumerate(self.goods):
            facts = {"goods": f"{goods.name} ({goods.sku})", "quantity": goods.most}
            label = _("%(goods)s: how many of %(quantity)d have arrived?") % facts
            self._units(f"came-{number}", label, goods.most, goods.most)
            self._units(f"not-{number}", _("%(goods)s: how many of these do you not take?") % facts, goods.most, 0)
            self._why(f"why-{number}", _("%(goods)s: if so, why, and in which condition are they?") % facts)

    def clean(self) -> dict[str, Any]:
        data = super().clean()
        for number, _goods in enumerate(self.goods):
            came, refused = data.get(f"came-{number}"), data.get(f"not-{number}")
            if came is not None and refused is not None and refused > came:
                self.add_error(f"not-{number}", _("No more than have arrived."))
            elif refused and not data.get(f"why-{number}"):
                self.add_error(f"why-{number}", _("Say why you do not take them."))
        return data

    def _words(self) -> Mapping[str, LineWord]:
        return dict(self._line_words())

    def _line_words(self) -> Iterator[tuple[str, LineWord]]:
        data = self.cleaned_data
        for number, goods in enumerate(self.goods):
            came, refused = data[f"came-{number}"], data[f"not-{number}"]
            yield goods.line_id, LineWord(received=came, refused=refused, reason=data[f"why-{number}"])


# What says something: each has ``told()``. An arrival is a special case of the second.
Said = AgreeForm | GivesForm


def return_form_for(row: SupplierReturn) -> type[Said] | None:
    """Return the form for what can be said next of a return; None if there is nothing more to say, or its API says it."""
    if row.channel not in {SupplierReturn.Channel.MAIL, SupplierReturn.Channel.BY_HAND}:
        return None
    if row.status == Status.REQUESTED:
        return AgreeForm
    if row.status in {Status.APPROVED, Status.IN_TRANSIT}:
        return GivesForm if row.last_copy.get("goods_back_required") is False else ArrivedForm
    return GivesForm if row.status == Status.RECEIVED else None
