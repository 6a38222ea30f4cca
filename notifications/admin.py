"""Messages in the admin: what was sent to whom, exactly as it went out, and what became of it."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import URLPattern, path
from django.utils.translation import gettext as _t, gettext_lazy as _

from notifications.actions.again import send_message_again
from notifications.address_admin import SuppressionAdmin
from notifications.endpoint_admin import EndpointAdmin, EventDeliveryAdmin
from notifications.kinds import kind_of
from notifications.models import (
    Correspondent,
    Endpoint,
    EventDelivery,
    Mailbox,
    MessageChoice,
    Notification,
    ReviewRequest,
    Suppression,
)
from notifications.views.preview import preview, preview_html
from notifications.views.resend import resend
from shop.readonly import ReadOnlyAdmin

admin.site.register(Suppression, SuppressionAdmin)
admin.site.register(Endpoint, EndpointAdmin)
admin.site.register(EventDelivery, EventDeliveryAdmin)


@admin.register(Mailbox)
class MailboxAdmin(ReadOnlyAdmin):
    """The mailbox that is read for what customers write."""

    list_display = ["name", "read_at", "failing_since", "last_error"]


@admin.register(Notification)
class NotificationAdmin(ReadOnlyAdmin):
    """One message to one person."""

    list_display = ["created_at", "kind", "channel", "recipient", "subject", "status", "delivery", "sent_at"]
    list_filter = ["status", "delivery", "channel", "kind", "created_at"]
    search_fields = ["recipient", "subject", "order__number", "key"]
    actions = ["send_again"]
    show_full_result_count = False
    change_form_template = "admin/notification.html"
    change_list_template = "admin/notifications.html"

    readonly_fields = ["what", "header_lines"]

    def get_fieldsets(self, request: HttpRequest, obj: Notification | None = None) -> list[tuple]:
        """Hide the text of what is about an account: its code or link would sign in whoever reads it."""
        shown = [
            "subject",
            "what",
            "recipient",
            "channel",
            "language",
            "status",
            "sent_at",
            "delivery",
            "order",
            "event",
        ]
        text = [] if obj is not None and obj.kind == "mail" else [(_("What it says"), {"fields": ["text"]})]
        carried = ["created_at", "wished_by", "delivery_at", "soft_bounces", "carrier_id", "message_id", "header_lines"]
        tried = ["key", "due_at", "lease_until", "attempt", "failures", "deaths", "quarantined_at", "last_error"]
        return [
            (None, {"fields": shown}),
            *text,
            (_("How it was carried"), {"fields": carried}),
            (_("How often it was tried"), {"fields": tried, "classes": ["collapse"]}),
        ]

    @admin.display(description=_("kind"))
    def what(self, row: Notification) -> str:
        return str(kind_of(row.kind).name)

    @admin.display(description=_("headers"))
    def header_lines(self, row: Notification) -> str:
        return "\n".join(f"{name}: {value}" for name, value in row.headers.items()) or "-"

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        return [
            path("preview/", view(preview), name="notifications_preview"),
            path("preview/html/", view(preview_html), name="notifications_preview_html"),
            path("<int:pk>/resend/", view(resend), name="notifications_notification_resend"),
            *super().get_urls(),
        ]

    def has_change_permission(self, request: HttpRequest, obj: Notification | None = None) -> bool:
        return obj is None and request.user.has_perm("notifications.change_notification")

    @admin.action(description=_("Send again"), permissions=["change"])
    def send_again(self, request: HttpRequest, queryset: QuerySet[Notification]) -> None:
        for row in queryset:
            send_message_again(row, by=request.user)
        self.message_user(request, _t("%(count)d go out in a moment.") % {"count": len(queryset)})


@admin.register(ReviewRequest)
class ReviewRequestAdmin(ReadOnlyAdmin):
    """When a customer was asked for reviews, or is looked at next."""

    list_display = ["order", "created_at", "due_at", "asked_at"]
    search_fields = ["order__number"]
    list_select_related = ["order"]
    show_full_result_count = False


class MessageChoiceInline(admin.TabularInline):
    """What somebody said yes or no to."""

    model = MessageChoice
    fields = readonly_fields = ["channel", "kind", "is_wanted", "changed_at"]
    extra = 0
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: Correspondent | None = None) -> bool:
        return False


@admin.register(Correspondent)
class CorrespondentAdmin(ReadOnlyAdmin):
    """What somebody wants to be told; they change it themselves."""

    list_display = ["address", "phone", "created_at"]
    search_fields = ["address"]
    inlines = [MessageChoiceInline]
    show_full_result_count = False
