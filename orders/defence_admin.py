"""Tries to pay and refused cards, in the admin: hashes and times, nobody's data."""

from __future__ import annotations

from django.contrib import admin

from orders.models import CardCircuit, CardDecline, Meter, PayAttempt
from shop.readonly import ReadOnlyAdmin


@admin.register(PayAttempt)
class PayAttemptAdmin(ReadOnlyAdmin):
    """Pay pages that were opened in the last two days."""

    list_display = ["at", "order", "network", "visitor", "email"]
    list_select_related = ["order"]
    search_fields = ["order__number", "network", "visitor", "email"]


@admin.register(CardDecline)
class CardDeclineAdmin(ReadOnlyAdmin):
    """Cards that were refused in the last two days."""

    list_display = ["at", "order", "code", "key"]
    list_select_related = ["order"]
    list_filter = ["code"]
    search_fields = ["order__number", "key"]


@admin.register(CardCircuit)
class CardCircuitAdmin(ReadOnlyAdmin):
    """Whether everybody is asked a question before they pay."""

    list_display = ["opened_at", "declines", "looked_at", "quiet_until"]


@admin.register(Meter)
class MeterAdmin(ReadOnlyAdmin):
    """What is counted."""

    list_display = ["key", "used_at"]
