"""What customers type to send something back, to withdraw from the contract, and about a return that is there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from django import forms
from django.core.files.storage import default_storage
from django.forms.boundfield import BoundField, BoundWidget
from django.utils.translation import gettext as _, gettext_lazy

from orders.models import OrderLine
from shop.models import Variant
from shop.words import day
from support.file_fields import PhotosField
from support.forms import OnceForm
from support.models import FAULTS, ReturnReason, Solution
from support.returning.asking import Wanted
from support.returning.offer import LineOffer


@dataclass(frozen=True, slots=True)
class GoodsRow:
    """One line as a form offers it: its box, how many units (None: there is one), and what is to be said of it."""

    line: OrderLine
    picture: str
    box: BoundWidget
    units: BoundField | None
    most: int
    note: str


class GoodsForm(OnceForm):
    """Which goods of an order, and how many of each. ``most`` are the units that may be chosen, by the line's id."""

    lines = forms.MultipleChoiceField(
        label=gettext_lazy("Which goods?"),
        widget=forms.CheckboxSelectMultiple,
        error_messages={
            "required": gettext_lazy("Choose what it is about."),
            "invalid_choice": gettext_lazy("Choose goods of this order that can still be sent back."),
        },
    )

    def __init__(self, *args: object, goods: Sequence[OrderLine], most: Mapping[int, int], **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.goods = {str(line.pk): line for line in goods if most.get(line.pk)}
        self.most = most
        self.fields["lines"].choices = [(pk, named(line)) for pk, line in self.goods.items()]
        for line in self.goods.values():
            if most[line.pk] > 1:
                self.fields[f"units_{line.pk}"] = _units_field(line, most[line.pk])

    def notes(self) -> Mapping[int, str]:
        """Return what is to be said of a line, by its id."""
        return {}

    def rows(self) -> list[GoodsRow]:
        """Return the lines as the page shows them."""
        notes, rows = self.notes(), []
        for box, line in zip(self["lines"].subwidgets, self.goods.values(), strict=True):
            name = f"units_{line.pk}"
            units = self[name] if name in self.fields else None
            picture = default_storage.url(line.picture) if line.picture else ""
            rows.append(GoodsRow(line, picture, box, units, self.most[line.pk], notes.get(line.pk, "")))
        return rows

    def units(self) -> dict[int, int]:
        """Return the chosen lines' ids with the units that were typed; else with all that may be chosen."""
        chosen = [self.goods[pk] for pk in self.cleaned_data.get("lines", [])]
        return {line.pk: self.cleaned_data.get(f"units_{line.pk}") or self.most[line.pk] for line in chosen}

    def kept(self) -> list[tuple[str, str]]:
        """Return names and values of all that was typed, for the page that asks once more before it is sent."""
        found: list[tuple[str, str]] = []
        for name in self.fields:
            value = self.cleaned_data.get(name)
            values = value if isinstance(value, list) else [value]
            found += [(name, str(one)) for one in values if one not in (None, "")]
        return found


def _units_field(line: OrderLine, most: int) -> forms.IntegerField:
    text = _("%(name)s: a number from 1 to %(most)d.") % {"name": line.name, "most": most}
    return forms.IntegerField(
        label=_("How many of %(name)s?") % {"name": named(line)},
        required=False,
        min_value=1,
        max_value=most,
        initial=most,
        widget=forms.NumberInput(attrs={"inputmode": "numeric"}),
        error_messages={"min_value": text, "max_value": text, "invalid": text},
    )


def named(line: OrderLine) -> str:
    """Name a line with its options."""
    return line.shown_name + (f", {line.options_label}" if line.options_label else "")


class ReturnForm(GoodsForm):
    """What goes back, why, and what is wanted for it."""

    reason = forms.ChoiceField(
        label=gettext_lazy("Why?"),
        widget=forms.RadioSelect,
        error_messages={
            "required": gettext_lazy("Choose why it goes back."),
            "invalid_choice": gettext_lazy("Choose one of the reasons."),
        },
    )
    words = forms.CharField(
        label=gettext_lazy("In your words"),
        help_text=gettext_lazy("What is wrong with it, or what did you expect?"),
        max_length=4000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    solution = forms.ChoiceField(
        label=gettext_lazy("How can we solve it?"),
        choices=Solution.choices,
        widget=forms.RadioSelect,
        initial=Solution.REFUND,
        error_messages={
            "required": gettext_lazy("Choose what you would like."),
            "invalid_choice": gettext_lazy("Choose one of the ways."),
        },
    )
    exchange_for = forms.ChoiceField(
        label=gettext_lazy("Which one instead?"),
        help_text=gettext_lazy(
            "The same price or less: the difference is paid back. For a dearer one, choose money back and buy it anew."
        ),
        required=False,
        error_messages={
            "required": gettext_lazy("Choose which one you would like instead."),
            "invalid_choice": gettext_lazy("Choose one that can be had."),
        },
    )

    def __init__(
        self,
        *args: object,
        offers: Sequence[LineOffer],
        reasons: Sequence[ReturnReason],
        variants: Sequence[Variant],
        today: date,
        **kwargs: object,
    ) -> None:
        self.today = today
        self.offers = {one.line.pk: one for one in offers if one.units and _ever(one, today)}
        goods = [one.line for one in self.offers.values()]
        super().__init__(*args, goods=goods, most={pk: one.units for pk, one in self.offers.items()}, **kwargs)
        self.fields["reason"].choices = [(one.value, one.label) for one in reasons]
        self.variants = {str(one.pk): one for one in variants if any(may_become(line, one) for line in goods)}
        # Shown, and needed, only with that way.
        self.fields["exchange_for"].required = not self.is_bound or self.data.get("solution") == Solution.EXCHANGE
        if not self.variants:
            del self.fields["exchange_for"]
            self.fields["solution"].choices = [pair for pair in Solution.choices if pair[0] != Solution.EXCHANGE]
        else:
            shown = [(pk, f"{one.product.local_name}, {one.options_label}") for pk, one in self.variants.items()]
            self.fields["exchange_for"].choices = [("", _("Choose")), *shown]
        self.fields["solution"].widget.choices = self.fields["solution"].choices
        if len(self.goods) == 1:
            self.initial.setdefault("lines", list(self.goods))

    def notes(self) -> Mapping[int, str]:
        """Say of what may only go back for a fault why that is so; of the rest, until when it may."""
        return {pk: _note(offer) for pk, offer in self.offers.items()}

    def clean(self) -> dict[str, object]:
        """Hold goods, reason and way against each other."""
        reason, solution = self.cleaned_data.get("reason"), self.cleaned_data.get("solution")
        if reason:
            self._check_goods(reason)
        if solution in {Solution.KEEP, Solution.REPLACEMENT} and reason and reason not in FAULTS:
            text = _(
                "That is for things that are damaged, wrong or faulty. Choose money back, or something else instead."
            )
            self.add_error("solution", text)
        if solution == Solution.EXCHANGE:
            self._check_exchange()
        return self.cleaned_data

    def _check_goods(self, reason: str) -> None:
        for pk in self.cleaned_data.get("lines", []):
            offer = self.offers[int(pk)]
            if offer.basis_for(reason, today=self.today) is None:
                why = offer.why_not or _("The time to report a fault is over.")
                self.add_error("lines", f"{offer.line.name}: {why}")

    def _check_exchange(self) -> None:
        variant = self.variants.get(self.cleaned_data.get("exchange_for", ""))
        chosen = [self.goods[pk] for pk in self.cleaned_data.get("lines", [])]
        if variant is not None and not all(may_become(line, variant) for line in chosen):
            text = _("That one can only take the place of the same product. Ask for one exchange at a time.")
            self.add_error("exchange_for", text)

    def wanted(self) -> Wanted:
        """Return what was asked for, checked."""
        data = self.cleaned_data
        solution = Solution(data["solution"])
        variant = self.variants[data["exchange_for"]] if solution == Solution.EXCHANGE else None
        return Wanted(self.units(), data["reason"], solution, variant, data["words"])


def _ever(offer: LineOffer, today: date) -> bool:
    return any(offer.basis_for(one, today=today) for one in ReturnReason)


def _note(offer: LineOffer) -> str:
    if offer.why_not:
        return _("Only if it is damaged, wrong or faulty. %(why)s") % {"why": offer.why_not}
    return _("Can go back until %(day)s.") % {"day": day(offer.open_until)} if offer.open_until else ""


def may_become(line: OrderLine, variant: Variant) -> bool:
    """True if a variant can take the place of what a line is: another one of the product, at no higher price."""
    own = line.variant
    return variant.product_id == own.product_id and variant.pk != own.pk and variant.price_minor <= own.price_minor


class PhotosForm(forms.Form):
    """Photos of what is damaged, wrong or faulty."""

    photos = PhotosField(
        label=gettext_lazy("Photos of it"),
        help_text=gettext_lazy("They help us to decide at once. Up to 5, JPEG, PNG or WebP, 10 MB each."),
    )


class WithdrawForm(GoodsForm):
    """From which goods of an order somebody withdraws; nobody asks why."""

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.fields["lines"].label = _("From what do you withdraw?")
        self.initial.setdefault("lines", list(self.goods))


class HandInForm(forms.Form):
    """That the goods were handed in, and under which number the carrier has them."""

    tracking_number = forms.CharField(
        label=gettext_lazy("Tracking number of the parcel"),
        help_text=gettext_lazy("It stands on the receipt of the post office or shop."),
        max_length=64,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "characters", "spellcheck": "false"}),
    )


class ObjectionForm(OnceForm):
    """Why a decision is not right."""

    message = forms.CharField(
        label=gettext_lazy("Why do you see it in another way?"),
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": 4}),
        error_messages={"required": gettext_lazy("Tell us in a few words why.")},
    )
    photos = PhotosField()
