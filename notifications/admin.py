"""Messages in the admin: what was sent to whom, exactly as it went out."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext as _t, gettext_lazy as _

from notifications.actions.again import send_message_again
from notifications.models import Notification
from shop.readonly import ReadOnlyAdmin


@admin.register(Notification)
class NotificationAdmin(ReadOnlyAdmin):
    """One message to one person."""

    list_display = ["created_at", "kind", "recipient", "subject", "status", "attempt", "sent_at"]
    list_filter = ["status", "kind", "created_at"]
    search_fields = ["recipient", "subject", "order__number", "key"]
    actions = ["send_again"]
    show_full_result_count = False

    def get_exclude(self, request: HttpRequest, obj: Notification | None = None) -> list[str]:
        """Hide the text of what is about an account: its code or link would sign in whoever reads it."""
        return ["html", "text"] if obj is not None and obj.kind == "mail" else ["html"]

    def has_change_permission(self, request: HttpRequest, obj: Notification | None = None) -> bool:
        return obj is None and request.user.has_perm("notifications.change_notification")

    @admin.action(description=_("Send again"), permissions=["change"])
    def send_again(self, request: HttpRequest, queryset: QuerySet[Notification]) -> None:
        for row in queryset:
            send_message_again(row)
        self.message_user(request, _t("%(count)d go out in a moment.") % {"count": len(queryset)})
