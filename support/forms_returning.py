"""What staff decide, note and type about returns."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from django import forms
from django.forms import BoundField
from django.utils import timezone
from django.utils.translation import gettext as _, gettext_lazy

from orders.models import Order, OrderLine
from shop.amount_field import AmountField
from shop.models import Variant
from support.file_fields import PhotosField
from support.forms import OnceForm
from support.forms_returns import may_become
from support.models import Choice, Return, ReturnLine, ReturnReason, Solution
from support.returning.asking import Wanted
from support.returning.decide import Verdict, least_units
from support.returning.flow import Found, Label
from support.returning.offer import LineOffer
from support.returning.wording import AMOUNT

WHOLE = gettext_lazy("Type a whole number of units, such as 1.")
WITHDRAWAL = "withdrawal"
YES_NO = [("yes", gettext_lazy("Yes, they come back first")), ("no", gettext_lazy("No, they may be kept"))]


def _units_field(label: str, most: int, *, least: int = 0, initial: int | None = None) -> forms.IntegerField:
    text = _("From %(least)d to %(most)d.") % {"least": least, "most": most}
    return forms.IntegerField(
        label=label,
        min_value=least,
        max_value=most,
        initial=most if initial is None else initial,
        widget=forms.NumberInput(attrs={"inputmode": "numeric"}),
        error_messages={"required": WHOLE, "invalid": WHOLE, "min_value": text, "max_value": text},
    )


class DecisionForm(OnceForm):
    """One decision: which choice, about how many units, for how much, in which words.

    ``seen`` is for which units and which amount the page was made; the words of a choice that is not chosen count
    for nothing.
    """

    choice = forms.ChoiceField(
        label=gettext_lazy("What is decided"),
        choices=Choice.choices,
        error_messages={
            "required": gettext_lazy("Choose what is decided."),
            "invalid_choice": gettext_lazy("Choose what is decided."),
        },
    )
    amount = AmountField(label=gettext_lazy("Amount to pay back"), required=False)
    goods_back = forms.ChoiceField(
        label=gettext_lazy("Must the old goods come back?"), choices=YES_NO, required=False, widget=forms.RadioSelect
    )
    seen = forms.CharField(max_length=2000, required=False, widget=forms.HiddenInput)

    def __init__(self, *args: object, row: Return, lines: Sequence[ReturnLine], **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.lines = lines
        self.fields["amount"].currency = row.order.currency
        for line in lines:
            least = least_units(row, line, others=len(lines) - 1)
            label = _("Units of %(name)s") % {"name": line.order_line.name}
            self.fields[f"units_{line.pk}"] = _units_field(label, line.quantity, least=least)
        for choice in Choice:
            self.fields[f"text_{choice}"] = forms.CharField(
                label=_("Words for the customer"),
                max_length=4000,
                required=False,
                widget=forms.Textarea(attrs={"rows": 8}),
                error_messages={"max_length": _("That is too long: %(limit_value)d characters at most.")},
            )

    def counts(self) -> dict[int, int]:
        """Return the units by the return line's id, as far as what was typed makes sense."""
        if not self.is_bound:
            return {line.pk: line.quantity for line in self.lines}
        data = getattr(self, "cleaned_data", {})
        typed = {line.pk: data.get(f"units_{line.pk}") for line in self.lines}
        return {line.pk: line.quantity if typed[line.pk] is None else typed[line.pk] for line in self.lines}

    def clean(self) -> dict[str, object]:
        """Check that a part refund has an amount, and that it is about anything at all."""
        cleaned = super().clean() or {}
        if cleaned.get("choice") == Choice.PART_REFUND and "amount" in cleaned and not cleaned["amount"]:
            self.add_error("amount", _("Type how much of the price is paid back."))
        if self.lines and not any(self.counts().values()):
            raise forms.ValidationError(_("Say how many units it is about: one at least."))
        return cleaned

    def verdict(self, order: Order) -> Verdict:
        """Return what was decided."""
        data = self.cleaned_data
        amount = data.get("amount") or 0
        back = {"yes": True, "no": False}.get(data["goods_back"])
        choice = Choice(data["choice"])
        text = data[f"text_{choice}"].replace(AMOUNT, str(order.money(amount)))
        return Verdict(
            choice,
            units=self.counts(),
            amount_minor=amount if choice == Choice.PART_REFUND else 0,
            goods_back=back if choice == Choice.REPLACEMENT else None,
            text=text,
        )


@dataclass(frozen=True, slots=True)
class ReceiptRow:
    """One line of a receipt, with its fields."""

    line: ReturnLine
    came: BoundField
    units: BoundField
    refused: BoundField
    condition: BoundField
    note: BoundField
    written_off: BoundField


class ReceiptForm(OnceForm):
    """What came back: which goods, how many of them, and in which condition."""

    photos = PhotosField()

    def __init__(self, *args: object, lines: Sequence[ReturnLine], **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.lines = lines
        for line in lines:
            self._add(line)
        self.order_fields([name for name in self.fields if name != "photos"])

    def _add(self, line: ReturnLine) -> None:
        pk = line.pk
        self.fields[f"came_{pk}"] = forms.BooleanField(
            label=f"{line.quantity} × {line.order_line.name}", required=False, initial=bool(line.received)
        )
        self.fields[f"units_{pk}"] = _units_field(_("Units that came"), line.quantity, initial=line.received or None)
        self.fields[f"refused_{pk}"] = _units_field(_("Of these not taken"), line.quantity, initial=line.refused)
        self.fields[f"condition_{pk}"] = forms.ChoiceField(
            label=_("Condition"),
            choices=ReturnLine.Condition.choices,
            initial=line.condition or ReturnLine.Condition.AS_NEW,
        )
        self.fields[f"note_{pk}"] = forms.CharField(
            label=_("Note"),
            max_length=300,
            required=False,
            initial=line.note,
            help_text=_("Where it lies, what is wrong with it."),
            error_messages={"max_length": _("That is too long: %(limit_value)d characters at most.")},
        )
        self.fields[f"written_off_{pk}"] = forms.BooleanField(
            label=_("Written off: it cannot be sold again"), required=False, initial=line.written_off
        )

    def rows(self) -> Iterator[ReceiptRow]:
        """Yield the lines with their fields, as the page shows them."""
        names = ("came", "units", "refused", "condition", "note", "written_off")
        for line in self.lines:
            yield ReceiptRow(line, *(self[f"{name}_{line.pk}"] for name in names))

    def clean(self) -> dict[str, object]:
        """Check that no more is refused than came."""
        cleaned = super().clean() or {}
        for line in self.lines:
            units, refused = cleaned.get(f"units_{line.pk}"), cleaned.get(f"refused_{line.pk}")
            if units is not None and refused is not None and refused > units:
                self.add_error(f"refused_{line.pk}", _("No more can be refused than came."))
        return cleaned

    def found(self) -> Mapping[int, Found]:
        """Return what came, by the return line's id; what is not ticked did not."""
        return {line.pk: self._found(line) for line in self.lines}

    def _found(self, line: ReturnLine) -> Found:
        data, pk = self.cleaned_data, line.pk
        if not data[f"came_{pk}"]:
            return Found(0, note=data[f"note_{pk}"])
        return Found(
            data[f"units_{pk}"],
            data[f"refused_{pk}"],
            condition=data[f"condition_{pk}"],
            note=data[f"note_{pk}"],
            written_off=data[f"written_off_{pk}"],
        )


class LabelForm(forms.Form):
    """Where goods go and with what, where the supplier does not say."""

    return_to = forms.CharField(
        label=gettext_lazy("Address"),
        max_length=600,
        widget=forms.Textarea(attrs={"rows": 5}),
        error_messages={"required": gettext_lazy("Type where the goods go; the customer writes it on the parcel.")},
    )
    instructions = forms.CharField(
        label=gettext_lazy("Instructions"),
        max_length=2000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=gettext_lazy("The customer reads them."),
    )
    label_url = forms.URLField(
        label=gettext_lazy("Link to the label"),
        max_length=500,
        required=False,
        assume_scheme="https",
        error_messages={"invalid": gettext_lazy("A link looks like https://example.com/label.pdf.")},
    )
    carrier_name = forms.CharField(label=gettext_lazy("Carrier"), max_length=80, required=False)
    tracking_number = forms.CharField(label=gettext_lazy("Tracking number"), max_length=64, required=False)
    return_by = forms.DateField(
        label=gettext_lazy("To be handed in by"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text=gettext_lazy("Empty: within fourteen days."),
        error_messages={"invalid": gettext_lazy("A day looks like 2026-11-30.")},
    )

    def clean_label_url(self) -> str:
        """Take only what a browser opens safely."""
        url = self.cleaned_data["label_url"]
        if url and not url.startswith("https://"):
            raise forms.ValidationError(_("A link looks like https://example.com/label.pdf."))
        return url

    def label(self) -> Label:
        """Return what was typed."""
        return Label(**self.cleaned_data)


def _exchangeable(offers: Sequence[LineOffer]) -> list[int]:
    """Return the ids of what can take the place of any of some goods: it can be had, and costs no more. One query."""
    lines = [offer.line for offer in offers]
    rows = Variant.objects.filter(product__in={line.variant.product_id for line in lines})
    found = [one for one in rows.filter(is_active=True, product__is_published=True) if one.is_sellable]
    return [one.pk for one in found if any(_may_become(line, one) for line in lines)]


def _may_become(line: OrderLine, variant: Variant) -> bool:
    return may_become(line, variant) and variant.is_sent_to(line.order.country.code)


class OpenReturnForm(OnceForm):
    """A return that an agent opens for a customer: which goods, why, and what the customer wants."""

    reason = forms.ChoiceField(
        label=gettext_lazy("Why?"),
        choices=[(WITHDRAWAL, gettext_lazy("Withdrawal from the contract: no reason needed")), *ReturnReason.choices],
        initial=ReturnReason.DEFECTIVE,
        error_messages={
            "required": gettext_lazy("Choose why it goes back."),
            "invalid_choice": gettext_lazy("Choose why it goes back."),
        },
    )
    solution = forms.ChoiceField(
        label=gettext_lazy("What does the customer want?"), choices=Solution.choices, initial=Solution.REFUND
    )
    exchange_for = forms.ModelChoiceField(
        label=gettext_lazy("Exchange for"),
        queryset=Variant.objects.none(),
        required=False,
        empty_label=gettext_lazy("no exchange"),
        help_text=gettext_lazy("Only for another size or colour of one thing."),
        error_messages={"invalid_choice": gettext_lazy("Choose another size or colour of the same thing.")},
    )
    words = forms.CharField(
        label=gettext_lazy("Note for colleagues"),
        max_length=2000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("The customer does not see it."),
    )
    photos = PhotosField()

    def __init__(
        self,
        *args: object,
        offers: Sequence[LineOffer],
        unsent: Sequence[tuple[OrderLine, int]] = (),
        **kwargs: object,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.offers, self.unsent = [offer for offer in offers if offer.units], list(unsent)
        exchange = self.fields["exchange_for"]
        exchange.queryset = Variant.objects.filter(pk__in=_exchangeable(self.offers)).select_related("product")
        exchange.label_from_instance = lambda one: f"{one.product.name}, {one.options_label or one.sku}"
        for offer in self.offers:
            label = _("Units of %(name)s") % {"name": offer.line.name}
            initial = offer.units if len(self.offers) == 1 else 0
            self.fields[f"units_{offer.line.pk}"] = _units_field(label, offer.units, initial=initial)
        for line, units in self.unsent:
            label = _("Units of %(name)s that have not left") % {"name": line.name}
            self.fields[f"unsent_{line.pk}"] = _units_field(label, units, initial=0)
            self.fields[f"unsent_{line.pk}"].required = False

    def rows(self) -> Iterator[tuple[LineOffer, BoundField]]:
        """Yield what may go back, each with its field."""
        for offer in self.offers:
            yield offer, self[f"units_{offer.line.pk}"]

    def unsent_rows(self) -> Iterator[tuple[OrderLine, BoundField]]:
        """Yield what has not left, each with its field: one may withdraw from it."""
        for line, _units in self.unsent:
            yield line, self[f"unsent_{line.pk}"]

    @property
    def is_withdrawal(self) -> bool:
        """True if what was typed is a withdrawal from the contract."""
        return self.cleaned_data.get("reason") == WITHDRAWAL

    def units(self) -> dict[int, int]:
        """Return the units by the order line's id; of a withdrawal with those that have not left."""
        sent, unsent = self._typed("units"), self._typed("unsent")
        return {pk: sent.get(pk, 0) + unsent.get(pk, 0) for pk in sorted({*sent, *unsent})}

    def _typed(self, name: str) -> dict[int, int]:
        pks = [one.line.pk for one in self.offers] if name == "units" else [line.pk for line, _units in self.unsent]
        typed = {pk: self.cleaned_data.get(f"{name}_{pk}") or 0 for pk in pks}
        return {pk: units for pk, units in typed.items() if units}

    def clean(self) -> dict[str, object]:
        """Check that anything goes back, that an exchange is for the same thing, and that a withdrawal is one."""
        cleaned = super().clean() or {}
        if not self.units():
            raise forms.ValidationError(_("Say how many units it is about: one at least."))
        if self.is_withdrawal:
            self._check_withdrawal(cleaned.get("solution"))
        elif self._typed("unsent"):
            self.add_error("reason", _("What has not left is withdrawn from, or cancelled: it cannot be sent back."))
        if cleaned.get("solution") == Solution.EXCHANGE:
            self._check_exchange(cleaned.get("exchange_for"))
        return cleaned

    def _check_withdrawal(self, solution: object) -> None:
        if solution and solution != Solution.REFUND:
            self.add_error("solution", _("Who withdraws wants money back. For anything else choose why it goes back."))
        chosen, today = self._typed("units"), timezone.localdate()
        for offer in self.offers:
            if offer.line.pk in chosen and offer.basis_for("", today=today) is None:
                why = offer.why_not or _("The time to withdraw from the contract is over.")
                self.add_error("reason", f"{offer.line.name}: {why}")

    def _check_exchange(self, variant: Variant | None) -> None:
        chosen = self.units()
        lines = [offer.line for offer in self.offers if offer.line.pk in chosen]
        if variant is None or len(lines) != 1 or not may_become(lines[0], variant):
            self.add_error("exchange_for", _("Choose one thing, and another size or colour of it."))

    def wanted(self) -> Wanted:
        """Return what was asked for."""
        data = self.cleaned_data
        is_exchange = data["solution"] == Solution.EXCHANGE
        return Wanted(
            self.units(),
            reason="" if data["reason"] == WITHDRAWAL else data["reason"],
            solution=Solution(data["solution"]),
            exchange_for=data["exchange_for"] if is_exchange else None,
            words=data["words"],
            photos=data["photos"],
        )
