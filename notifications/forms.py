"""What somebody wants to be told, as a form."""

from __future__ import annotations

from django import forms
from django.conf import settings
from django.utils.translation import gettext, gettext_lazy as _
from phonenumber_field.phonenumber import PhoneNumber
from phonenumbers import NumberParseException

from notifications import sms
from notifications.kinds import BY_SMS, OPTIONAL


class ChoicesForm(forms.Form):
    """Optional kinds of mail, and kinds that come as text messages too; those only where the shop can send them."""

    mails = forms.MultipleChoiceField(
        label=_("By e-mail"),
        choices=[(kind.slug, kind.name) for kind in OPTIONAL],
        widget=forms.CheckboxSelectMultiple,
        required=False,
    )
    texts = forms.MultipleChoiceField(
        label=_("As a text message as well"),
        choices=[(kind.slug, kind.name) for kind in BY_SMS],
        widget=forms.CheckboxSelectMultiple,
        required=False,
    )
    phone = forms.CharField(
        label=_("Mobile telephone"),
        max_length=30,
        required=False,
        help_text=_("Only for what you tick here. Empty it, and no text message is sent."),
        widget=forms.TextInput(attrs={"autocomplete": "tel", "type": "tel"}),
    )

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        for name in ("mails", "texts"):
            # Each box is a choice by itself; "optional" beside them all would say nothing.
            self.fields[name].is_plain_choice = True  # type: ignore[attr-defined]
        if not sms.is_on():
            del self.fields["texts"], self.fields["phone"]

    def clean_phone(self) -> str:
        """Accept any spelling of a number that exists; return it in E.164."""
        typed = self.cleaned_data["phone"].strip()
        if not typed:
            return ""
        text = gettext("That telephone number does not work. With the country's code it looks like +353 86 123 4567.")
        try:
            number = PhoneNumber.from_string(typed, region=settings.SHOP_COUNTRY)
        except NumberParseException as error:
            raise forms.ValidationError(text) from error
        if not number.is_valid():
            raise forms.ValidationError(text)
        return str(number.as_e164)

    def clean(self) -> dict[str, object]:
        """A text message needs a number."""
        cleaned = super().clean() or {}
        if cleaned.get("texts") and not cleaned.get("phone") and not self.errors.get("phone"):
            self.add_error("phone", gettext("Type the number that text messages go to, or tick none of them."))
        return cleaned
