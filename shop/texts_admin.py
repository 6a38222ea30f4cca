"""Short texts in other languages, kept by staff in the admin."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin
from django.http import HttpRequest

from shop.languages import other_languages
from shop.models import Wording
from shop.search.index import index_wording


@admin.register(Wording)
class WordingAdmin(admin.ModelAdmin):
    """What facts, options, services and other short texts are in another language; pages show it within seconds."""

    list_display = ["text", "wording", "about", "language"]
    list_filter = ["language"]
    search_fields = ["text", "wording"]
    fields = ["language", "text", "wording", "about"]
    list_per_page = 100

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **options: Any) -> forms.Field | None:
        if db_field.name == "language":
            names = dict(settings.LANGUAGES)
            choices = [(code, names[code]) for code in other_languages()]
            return forms.ChoiceField(label=db_field.verbose_name, choices=choices)
        return super().formfield_for_dbfield(db_field, request, **options)

    def save_model(self, request: HttpRequest, obj: Wording, form: forms.ModelForm, change: bool) -> None:
        super().save_model(request, obj, form, change)
        # The search finds goods by the words of every language.
        index_wording(obj.text)

    def delete_model(self, request: HttpRequest, obj: Wording) -> None:
        super().delete_model(request, obj)
        index_wording(obj.text)
