"""Cases in the admin: to look at; agents work at the desk."""

from __future__ import annotations

from django.contrib import admin

from shop.readonly import ReadOnlyAdmin, ReadOnlyInline
from support.models import Attachment, Return, Ticket, TicketLine, TicketMessage


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
    exclude = ["token"]
    inlines = [TicketLineInline, MessageInline]


@admin.register(Return)
class ReturnAdmin(ReadOnlyAdmin):
    """Goods on their way back."""

    list_display = ["number", "ticket", "order_line", "quantity", "reason", "solution", "opened_at"]
    list_filter = ["solution", "reason", "opened_at"]
    search_fields = ["number", "ticket__number"]
    list_select_related = ["ticket", "order_line__order"]


@admin.register(Attachment)
class AttachmentAdmin(ReadOnlyAdmin):
    """Files of customers; their contents are seen at the desk only."""

    list_display = ["original_name", "content_type", "size_bytes", "added_at"]
    list_filter = ["content_type", "added_at"]
    fields = ["original_name", "content_type", "size_bytes", "added_at"]
