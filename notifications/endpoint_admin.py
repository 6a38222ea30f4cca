"""Addresses that are told of events, in the admin: their secrets go in and never come out."""

from __future__ import annotations

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _t, gettext_lazy as _

from notifications.actions.endpoints import change_secret, switch_off, tell_again
from notifications.models import Endpoint, EventDelivery, EventDeliveryStatus
from notifications.payload import OFFERED
from notifications.signing import NoSecret, key_of, new_secret
from shop.readonly import ReadOnlyAdmin


class EndpointForm(forms.ModelForm):
    """The secret is write-only: empty makes one for a new address, and keeps that of a known one."""

    url = forms.URLField(label=_("address"), assume_scheme="https", max_length=500)
    kinds = forms.MultipleChoiceField(
        label=_("events"), choices=list(OFFERED.items()), widget=forms.CheckboxSelectMultiple
    )
    secret = forms.CharField(
        label=_("secret"), required=False, widget=forms.PasswordInput(attrs={"autocomplete": "new-password"})
    )

    class Meta:
        model = Endpoint
        fields = ["name", "url", "kinds", "secret", "is_active"]

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.stored = self.instance.secret
        self.initial["secret"] = ""
        if "secret" in self.fields:
            self.fields["secret"].help_text = (
                _t("Stored. Type a new one to replace it: for a day after that, both sign.")
                if self.stored
                else _t("whsec_ and base64, 24 to 64 bytes. Leave it empty, and one is made and shown once.")
            )

    def clean_url(self) -> str:
        """Take https only; in development also this machine."""
        url = self.cleaned_data["url"]
        if not url.startswith("https://") and not settings.OUTBOUND_ALLOW_PRIVATE:
            raise forms.ValidationError(_t("It must begin with https://."))
        return url

    def clean_secret(self) -> str:
        """Take a secret that can sign, or none."""
        secret = self.cleaned_data["secret"].strip()
        try:
            if secret:
                key_of(secret)
        except NoSecret as error:
            raise forms.ValidationError(_t("It must be whsec_ and base64 of 24 to 64 bytes.")) from error
        return secret


class EndpointAdmin(admin.ModelAdmin):
    """One address that is told of events."""

    form = EndpointForm
    list_display = ["name", "url", "is_active", "last_good_at", "failing_since", "given_up_at", "waiting"]
    list_filter = ["is_active"]
    search_fields = ["name", "url"]
    readonly_fields = ["last_good_at", "failing_since", "due_at", "last_error", "given_up_at", "former_until"]
    actions = ["send_failed_again", "try_now"]

    def has_delete_permission(self, request: HttpRequest, obj: Endpoint | None = None) -> bool:
        return False

    @admin.display(description=_("waiting"))
    def waiting(self, endpoint: Endpoint) -> int:
        return endpoint.deliveries.filter(status=EventDeliveryStatus.QUEUED).count()

    def save_model(self, request: HttpRequest, obj: Endpoint, form: EndpointForm, change: bool) -> None:
        typed = form.cleaned_data["secret"]
        obj.secret = form.stored or typed or new_secret()
        super().save_model(request, obj, form, change)
        if not form.stored and not typed:
            text = _t("Its secret, shown this once: %(secret)s") % {"secret": obj.secret}
            messages.warning(request, text)
        if form.stored and typed and typed != form.stored:
            change_secret(obj, typed)
        if change and not obj.is_active:
            count = switch_off(obj)
            self.message_user(request, _t("Switched off. %(count)d events were not taken.") % {"count": count})

    @admin.action(description=_("Send again what was given up"), permissions=["change"])
    def send_failed_again(self, request: HttpRequest, queryset: QuerySet[Endpoint]) -> None:
        failed = EventDelivery.objects.filter(endpoint__in=queryset, status=EventDeliveryStatus.FAILED)
        self.message_user(request, _t("%(count)d events go out in a moment.") % {"count": tell_again(failed)})

    @admin.action(description=_("Try it now"), permissions=["change"])
    def try_now(self, request: HttpRequest, queryset: QuerySet[Endpoint]) -> None:
        count = queryset.filter(is_active=True, lease_until=None).update(due_at=timezone.now())
        self.message_user(request, _t("%(count)d are tried in a moment.") % {"count": count})


class EventDeliveryAdmin(ReadOnlyAdmin):
    """Every event told: what was sent, and what was answered."""

    list_display = ["created_at", "endpoint", "kind", "order", "status", "tries", "answer", "due_at", "taken_at"]
    list_filter = ["status", "endpoint", "kind", "created_at"]
    search_fields = ["webhook_id", "order__number"]
    list_select_related = ["endpoint", "order"]
    show_full_result_count = False
    actions = ["send_again"]

    def has_change_permission(self, request: HttpRequest, obj: EventDelivery | None = None) -> bool:
        return obj is None and request.user.has_perm("notifications.change_endpoint")

    @admin.action(description=_("Send again"), permissions=["change"])
    def send_again(self, request: HttpRequest, queryset: QuerySet[EventDelivery]) -> None:
        self.message_user(request, _t("%(count)d events go out in a moment.") % {"count": tell_again(queryset)})
