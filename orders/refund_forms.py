"""What agents and staff type when they pay money back."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass

from django import forms
from django.forms import BoundField
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from django.utils.translation import gettext as _, gettext_lazy

from orders.actions.refund_quote import DeliveryChoice, Wish
from orders.actions.refund_shares import Left, left_of
from orders.models import Order, OrderDelivery, OrderLine, Refund
from shop.money import Money, WrongPrecision, payable_step

# What nobody chooses: the shop gives these reasons itself.
NOT_CHOSEN = {
    Refund.Reason.OUTSIDE,
    Refund.Reason.LATE_PAYMENT,
    Refund.Reason.NOT_APPROVED,
    Refund.Reason.CANCELLED,
    Refund.Reason.DISPUTE,
    Refund.Reason.NOT_TAKEN,
}
REASONS = [(value, capfirst(label)) for value, label in Refund.Reason.choices if value not in NOT_CHOSEN]


@dataclass(frozen=True, slots=True)
class LineRow:
    """One line on the form: what is left of it, and its two fields (None where nothing is left)."""

    line: OrderLine
    left: Left
    units: BoundField | None
    money: BoundField | None

    @property
    def left_money(self) -> Money:
        """Its goods and delivery that can still be paid back."""
        return self.line.order.money(self.left.money_minor)


@dataclass(frozen=True, slots=True)
class ParcelRow:
    """One delivery on the form, with its lines."""

    delivery: OrderDelivery
    left: Money
    choice: BoundField | None
    lines: list[LineRow]


class RefundForm(forms.Form):
    """Units and money by line, the delivery by parcel, and why."""

    form_key = forms.UUIDField(widget=forms.HiddenInput, required=False)
    reason = forms.ChoiceField(
        label=gettext_lazy("Reason"),
        choices=REASONS,
        help_text=gettext_lazy("Faulty, damaged, wrong or missing goods are claimed from the supplier by themselves."),
    )
    note = forms.CharField(
        label=gettext_lazy("Note for colleagues"),
        max_length=200,
        required=False,
        help_text=gettext_lazy("The customer does not see it."),
    )

    def __init__(self, *args: object, order: Order, chosen: OrderLine | None = None, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.order = order
        self.order_lines = list(order.lines.select_related("delivery", "order"))
        self.left = left_of(self.order_lines)
        if not self.is_bound:
            self.initial["form_key"] = uuid.uuid4()
        for line in self.order_lines:
            if self.left[line.pk].money_minor:
                self._add_line(line, self.gone(line) if line == chosen else 0)
        self.deliveries = {line.delivery_id: line.delivery for line in self.order_lines}
        for pk, delivery in self.deliveries.items():
            if self._delivery_left(pk):
                self.fields[f"delivery_{pk}"] = forms.ChoiceField(
                    label=_named(_("What becomes of it"), delivery.sent_from),
                    choices=[(value, capfirst(label)) for value, label in DeliveryChoice.choices],
                    initial=DeliveryChoice.RULE,
                    required=False,
                )

    def _add_line(self, line: OrderLine, units: int) -> None:
        self.fields[f"units_{line.pk}"] = forms.IntegerField(
            label=_named(_("Units"), line.name),
            min_value=0,
            max_value=9999,
            required=False,
            initial=units,
            error_messages={"invalid": _("Type a whole number of units, such as 1.")},
        )
        self.fields[f"money_{line.pk}"] = forms.CharField(
            label=_named(_("Other amount"), line.name),
            max_length=16,
            required=False,
            widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
        )

    def gone(self, line: OrderLine) -> int:
        """Return the units that can be paid back: those that may still be sent are cancelled, not only paid back."""
        return max(0, min(self.left[line.pk].units, line.shipped + line.cancelled - line.refunded))

    def _delivery_left(self, pk: int) -> int:
        return sum(self.left[line.pk].delivery_minor for line in self.order_lines if line.delivery_id == pk)

    def parcels(self) -> Iterator[ParcelRow]:
        """Yield the form's rows by delivery, as the page shows them."""
        for pk, delivery in self.deliveries.items():
            rows = [
                LineRow(line, self.left[line.pk], self._bound(f"units_{line.pk}"), self._bound(f"money_{line.pk}"))
                for line in self.order_lines
                if line.delivery_id == pk
            ]
            yield ParcelRow(delivery, self.order.money(self._delivery_left(pk)), self._bound(f"delivery_{pk}"), rows)

    def _bound(self, name: str) -> BoundField | None:
        return self[name] if name in self.fields else None

    def clean_form_key(self) -> uuid.UUID:
        """Make up for a form that was sent without its key: then it is a new one."""
        return self.cleaned_data.get("form_key") or uuid.uuid4()

    def clean(self) -> dict[str, object]:
        """Check units and amounts against what is left, and that anything is asked for at all."""
        cleaned = super().clean() or {}
        for line in self.order_lines:
            for name, check in ((f"units_{line.pk}", self._check_units), (f"money_{line.pk}", self._check_money)):
                if name in cleaned:
                    try:
                        cleaned[name] = check(line, cleaned[name])
                    except forms.ValidationError as error:
                        self.add_error(name, error)
        gives = DeliveryChoice.GIVE in [value for name, value in cleaned.items() if name.startswith("delivery_")]
        if not self.errors and not gives and not any(self._asked(line) for line in self.order_lines):
            raise forms.ValidationError(_("Say what to pay back: units of a line, an amount, or the delivery."))
        return cleaned

    def _asked(self, line: OrderLine) -> bool:
        return bool(self.cleaned_data.get(f"units_{line.pk}") or self.cleaned_data.get(f"money_{line.pk}"))

    def _check_units(self, line: OrderLine, units: int | None) -> int:
        left, gone = self.left[line.pk].units, self.gone(line)
        if (units or 0) > left:
            raise forms.ValidationError(_("Only %(left)d units are left to pay back.") % {"left": left})
        if (units or 0) > gone:
            text = _("%(units)d of it were not sent: cancel them instead, or pay back money only, with 0 units.")
            raise forms.ValidationError(text % {"units": (units or 0) - gone})
        return units or 0

    def _check_money(self, line: OrderLine, typed: str) -> int | None:
        text = typed.replace(",", ".").replace("€", "").strip()
        if not text:
            return None
        currency, most = self.order.currency, self.left[line.pk].goods_minor
        step = payable_step(currency)
        try:
            minor = Money.parse(text, currency).minor
        except WrongPrecision as error:
            like = Money(1250 if most > 100 else 5, currency).plain
            raise forms.ValidationError(_("Type the amount like %(like)s.") % {"like": like}) from error
        if not 0 < minor <= most:
            facts = {"least": Money(step, currency).plain, "most": Money(most, currency).plain}
            text = _("Between %(least)s and %(most)s can be paid back for the goods of this line.")
            raise forms.ValidationError(text % facts)
        if minor % step:
            text = _("Cards carry no such digit: the amount must be a multiple of %(step)s.")
            raise forms.ValidationError(text % {"step": Money(step, currency).plain})
        return minor

    def wish(self) -> Wish:
        """Return what was typed, for the calculator. Only of a valid form."""
        data = self.cleaned_data
        lines = [line.pk for line in self.order_lines]
        return Wish(
            reason=Refund.Reason(data["reason"]),
            units={pk: data[f"units_{pk}"] for pk in lines if data.get(f"units_{pk}")},
            money={pk: data[f"money_{pk}"] for pk in lines if data.get(f"money_{pk}")},
            delivery={
                pk: DeliveryChoice(data[f"delivery_{pk}"]) for pk in self.deliveries if data.get(f"delivery_{pk}")
            },
            note=data["note"],
        )


def _named(label: str, what: str) -> SafeString:
    """Return a label that names its row to whoever does not see the row."""
    return format_html('{}<span class="visually-hidden">: {}</span>', label, what)
