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
from notifications.models import (
    Correspondent,
    Endpoint,
    EventDelivery,
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

    def get_exclude(self, request: HttpRequest, obj: Notification | None = None) -> list[str]:
        """Hide the text of what is about an account: its code or link would sign in whoever reads it."""
        return ["html", "text"] if obj is not None and obj.kind == "mail" else ["html"]

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
