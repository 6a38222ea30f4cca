"""Who of us looked at whose data, in the admin: to look at, and for nobody to change."""

from __future__ import annotations

from django.contrib import admin
from django.urls import NoReverseMatch, reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from shop.models import AccessLog
from shop.readonly import ReadOnlyAdmin


@admin.register(AccessLog)
class AccessLogAdmin(ReadOnlyAdmin):
    """Accesses, newest first."""

    list_display = ["at", "user", "kind", "subject", "did"]
    list_filter = ["kind", "at", ("user", admin.RelatedOnlyFieldListFilter)]
    search_fields = ["key", "user__email"]
    search_help_text = _("What was seen, as order:12, or who saw it.")
    list_select_related = ["user"]
    list_per_page = 100
    show_full_result_count = False
    date_hierarchy = "at"
    fields = ["at", "user", "kind", "key", "did"]

    @admin.display(description=_("which"), ordering="key")
    def subject(self, row: AccessLog) -> str:
        """Return a link to what was seen, where a page shows it."""
        model, _colon, pk = row.key.partition(":")
        for page in (f"admin:orders_{model}_change", f"admin:support_{model}_change", f"admin:shop_{model}_change"):
            try:
                return format_html('<a href="{}">{}</a>', reverse(page, args=[pk]), row.key)
            except NoReverseMatch:
                continue
        return row.key
