"""Addresses that are not written to, in the admin: noted by hand, and lifted for a reason."""

from __future__ import annotations

from django import forms
from django.contrib import admin
from django.core.validators import validate_email
from django.http import HttpRequest
from django.utils.translation import gettext as _t, gettext_lazy as _

from notifications.actions.addresses import lift_suppression, suppress
from notifications.models import Suppression


class NoteForm(forms.ModelForm):
    """Note an address by hand."""

    class Meta:
        model = Suppression
        fields = ["address", "detail"]
        labels = {"detail": _("Why")}

    def clean_address(self) -> str:
        """Take one address, in small letters, that is not noted yet."""
        address = self.cleaned_data["address"].strip().lower()
        validate_email(address)
        if Suppression.objects.filter(address=address, lifted_at=None).exists():
            raise forms.ValidationError(_t("It is noted already."))
        return address


class LiftForm(forms.ModelForm):
    """Write to an address again; saving it is what lifts it."""

    class Meta:
        model = Suppression
        fields = ["lifted_why"]

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        if "lifted_why" in self.fields:
            self.fields["lifted_why"].required = True
            self.fields["lifted_why"].label = _t("Write to it again, because")
            self.fields["lifted_why"].help_text = _t(
                "What it missed in the last two weeks about open orders goes out at once."
            )

    def validate_constraints(self) -> None:
        """Who and when are filled in by the action, not by this form."""


class SuppressionAdmin(admin.ModelAdmin):
    """One address that is not written to."""

    list_display = ["address", "reason", "source", "since", "lifted_at", "lifted_by"]
    list_filter = ["reason", ("lifted_at", admin.EmptyFieldListFilter), "since"]
    search_fields = ["address"]
    show_full_result_count = False

    def get_form(self, request: HttpRequest, obj: Suppression | None = None, **kwargs: object) -> type[forms.ModelForm]:
        return super().get_form(request, obj, **kwargs | {"form": NoteForm if obj is None else LiftForm})

    def get_fields(self, request: HttpRequest, obj: Suppression | None = None) -> list[str]:
        if obj is None:
            return ["address", "detail"]
        return ["address", "reason", "source", "detail", "since", "noted_by", "lifted_at", "lifted_by", "lifted_why"]

    def get_readonly_fields(self, request: HttpRequest, obj: Suppression | None = None) -> list[str]:
        if obj is None:
            return []
        return [name for name in self.get_fields(request, obj) if name != "lifted_why" or obj.lifted_at]

    def has_delete_permission(self, request: HttpRequest, obj: Suppression | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Suppression | None = None) -> bool:
        return super().has_change_permission(request, obj) and (obj is None or obj.lifted_at is None)

    def save_model(self, request: HttpRequest, obj: Suppression, form: forms.ModelForm, change: bool) -> None:
        """Let the action do it: what follows from it stands with it."""
        if change:
            lift_suppression(obj, why=form.cleaned_data["lifted_why"], by=request.user)
            return
        reason = Suppression.Reason.BY_HAND
        suppress(obj.address, reason, source="staff", detail=obj.detail, by=request.user)
        obj.pk = Suppression.objects.get(address=obj.address, lifted_at=None).pk
