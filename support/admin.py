"""Cases in the admin: to look at; agents work at the desk."""

from __future__ import annotations

from django import forms
from django.conf import settings
from django.contrib import admin
from django.http import HttpRequest
from django.utils.html import format_html_join
from django.utils.translation import gettext_lazy as _

from shop.readonly import ReadOnlyAdmin, ReadOnlyInline
from support.knowledge_admin import HelpArticleAdmin, RatingAdmin
from support.models import (
    Attachment,
    CaseCause,
    Macro,
    MacroText,
    ServiceLevel,
    SupplierQuestion,
    SupportClosure,
    SupportHours,
    Tag,
    Ticket,
    TicketLine,
    TicketMessage,
)
from support.placeholders import PLACEHOLDERS, damaged_in
from support.return_admin import ClaimAdmin, ReplacementAdmin, ReturnAdmin, WithdrawalAdmin

__all__ = ["ClaimAdmin", "HelpArticleAdmin", "RatingAdmin", "ReplacementAdmin", "ReturnAdmin", "WithdrawalAdmin"]


class MessageInline(ReadOnlyInline):
    """The threads."""

    model = TicketMessage
    fields = readonly_fields = ["at", "thread", "author", "user", "body"]


class TicketLineInline(ReadOnlyInline):
    """What it is about."""

    model = TicketLine
    fields = readonly_fields = ["order_line", "quantity"]


@admin.register(Ticket)
class TicketAdmin(ReadOnlyAdmin):
    """One support case."""

    list_display = ["number", "subject", "order", "topic", "status", "owner", "answer_due_at", "opened_at"]
    list_filter = ["status", "topic", "owner", "opened_at"]
    search_fields = ["number", "subject", "email", "order__number"]
    list_select_related = ["order", "owner"]
    exclude = ["token", "answer_left_seconds", "solve_left_seconds"]
    inlines = [TicketLineInline, MessageInline]


@admin.register(Attachment)
class AttachmentAdmin(ReadOnlyAdmin):
    """Files of customers; their contents are seen at the desk only."""

    list_display = ["original_name", "content_type", "size_bytes", "added_at"]
    list_filter = ["content_type", "added_at"]
    fields = ["original_name", "content_type", "size_bytes", "added_at"]


@admin.register(ServiceLevel)
class ServiceLevelAdmin(admin.ModelAdmin):
    """How soon cases are answered and solved."""

    list_display = [
        "__str__", "first_answer_minutes", "next_answer_minutes", "solve_minutes", "around_the_clock",
    ]  # fmt: skip
    list_filter = ["topic", "priority"]


@admin.register(SupportHours)
class SupportHoursAdmin(admin.ModelAdmin):
    """When support is there."""

    list_display = ["weekday", "opens", "closes"]


@admin.register(SupportClosure)
class SupportClosureAdmin(admin.ModelAdmin):
    """When nobody is there."""

    list_display = ["first_on", "last_on", "reason"]


class MacroTextForm(forms.ModelForm):
    """One language of a macro; placeholders that nothing fills are refused here, not when a customer waits."""

    language = forms.ChoiceField(label=_("language"), choices=settings.LANGUAGES)

    class Meta:
        model = MacroText
        fields = ["language", "name", "body"]

    def clean_body(self) -> str:
        body = self.cleaned_data["body"]
        wrong = damaged_in(body)
        if wrong:
            raise forms.ValidationError(wrong)
        return body


class MacroTextInline(admin.StackedInline):
    """A macro's texts, one per language."""

    model = MacroText
    form = MacroTextForm
    extra = 0
    min_num = 1


@admin.register(Macro)
class MacroAdmin(admin.ModelAdmin):
    """Prepared answers. One that is not wanted is switched off: deleted, a first one would come back."""

    list_display = ["__str__", "first_name", "topic", "situation", "status_after", "position", "is_active"]
    list_filter = ["is_active", "topic", "situation"]
    search_fields = ["shortcut", "texts__name", "texts__body"]
    filter_horizontal = ["tags"]
    readonly_fields = ["placeholders"]
    inlines = [MacroTextInline]

    def get_queryset(self, request: HttpRequest):
        return super().get_queryset(request).prefetch_related("texts")

    @admin.display(description=_("name"))
    def first_name(self, macro: Macro) -> str:
        return next((text.name for text in macro.texts.all()), "")

    @admin.display(description=_("placeholders"))
    def placeholders(self, macro: Macro) -> str:
        rows = ((f"{{{{{name}}}}}", one.label) for name, one in PLACEHOLDERS.items())
        return format_html_join("", "<div><code>{}</code> {}</div>", rows)

    def has_delete_permission(self, request: HttpRequest, obj: Macro | None = None) -> bool:
        return False


@admin.register(SupplierQuestion)
class SupplierQuestionAdmin(ReadOnlyAdmin):
    """What suppliers were asked from within cases; agents ask and note answers at the desk."""

    list_display = ["ticket", "supplier", "kind", "status", "channel", "asked_at", "answer_by", "answered_at"]
    list_filter = ["status", "channel", "kind", "supplier", "asked_at"]
    search_fields = ["ticket__number", "supplier_order__reference"]
    list_select_related = ["ticket", "supplier"]
    # The token opens its page.
    exclude = ["token", "form_key", "due_at", "lease_until", "attempt", "deaths"]


@admin.register(Tag)
class TagAdmin(ReadOnlyAdmin):
    """The words that agents put on cases."""

    list_display = ["name"]
    search_fields = ["name"]


@admin.register(CaseCause)
class CaseCauseAdmin(ReadOnlyAdmin):
    """What opened cases by itself."""

    list_display = ["__str__", "ticket"]
    list_select_related = ["ticket"]
