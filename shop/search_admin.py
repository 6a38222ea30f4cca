"""Words for the same thing, kept by staff in the admin."""

from __future__ import annotations

from django.contrib import admin

from shop.models import Synonym


@admin.register(Synonym)
class SynonymAdmin(admin.ModelAdmin):
    """What customers call things; works within seconds of saving."""

    list_display = ["words"]
    search_fields = ["words"]
