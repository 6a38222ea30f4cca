"""What people type about their own account."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext as _, gettext_lazy

from shop.models import User


class DetailsForm(forms.ModelForm):
    """The name; the address of an account has a page of its own, because a mail must confirm it."""

    class Meta:
        model = User
        fields = ("name",)
        labels = {"name": gettext_lazy("Full name")}  # noqa: RUF012
        widgets = {"name": forms.TextInput(attrs={"autocomplete": "name"})}  # noqa: RUF012


class DeleteAccountForm(forms.Form):
    """The account is named once before it is deleted."""

    email = forms.CharField(
        label=gettext_lazy("Type your e-mail address to confirm"),
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "off", "inputmode": "email"}),
    )

    def __init__(self, *args: object, user: User, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.user = user
        text = _("Type %(email)s, so that nothing is deleted by mistake.") % {"email": user.email}
        self.fields["email"].error_messages["required"] = text

    def clean_email(self) -> str:
        """Accept any case and blanks around it."""
        typed = self.cleaned_data["email"].strip()
        if typed.lower() != self.user.email.lower():
            text = _("That is not the address of this account. Type %(email)s.") % {"email": self.user.email}
            raise forms.ValidationError(text)
        return typed
