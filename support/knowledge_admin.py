"""Help articles in the admin: written in Markdown, looked at before anybody sees them, and measured."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin
from django.db.models import IntegerField, OuterRef, QuerySet, Subquery, Sum, Value
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from shop.languages import language_tag, speaking
from shop.readonly import ReadOnlyAdmin
from support.markdown import as_html
from support.models import HelpArticle, HelpText, HelpVisit, Rating

MOST_TEXTS = 20


class TextInline(admin.StackedInline):
    """What it says, in each language."""

    model = HelpText
    extra = 0
    min_num = 1

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **options: Any) -> forms.Field | None:
        if db_field.name == "language":
            return forms.ChoiceField(label=db_field.verbose_name, choices=settings.LANGUAGES)
        return super().formfield_for_dbfield(db_field, request, **options)


def _sum(name: str) -> Coalesce:
    rows = HelpVisit.objects.filter(about=OuterRef("slug")).order_by().values("about")
    return Coalesce(Subquery(rows.annotate(total=Sum(name)).values("total")), Value(0), output_field=IntegerField())


@admin.register(HelpArticle)
class HelpArticleAdmin(admin.ModelAdmin):
    """Articles, with how often each was shown, was the answer, and was followed by a case all the same."""

    change_form_template = "admin/help_article.html"
    list_display = ["slug", "english_title", "topic", "stage", "is_published", "shown", "helped", "asked", "updated_at"]
    list_filter = ["is_published", "topic", "stage"]
    search_fields = ["slug", "texts__title", "texts__body"]
    inlines = [TextInline]
    ordering = ["position", "slug"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[HelpArticle]:
        title = HelpText.objects.filter(article=OuterRef("pk"), language=settings.LANGUAGE_CODE).values("title")[:1]
        found = super().get_queryset(request).annotate(first_title=Subquery(title))
        return found.annotate(times_shown=_sum("shown"), times_helped=_sum("helped"), times_asked=_sum("asked"))

    def get_readonly_fields(self, request: HttpRequest, obj: HelpArticle | None = None) -> list[str]:
        # Its address stands in mails, and its figures hang on it.
        return ["slug"] if obj else []

    def has_delete_permission(self, request: HttpRequest, obj: HelpArticle | None = None) -> bool:
        # Those that every shop begins with would come back; all are taken off by their tick.
        return False

    @admin.display(description=_("title"))
    def english_title(self, row: HelpArticle) -> str:
        return row.first_title or "-"  # type: ignore[attr-defined]

    @admin.display(description=_("shown"), ordering="times_shown")
    def shown(self, row: HelpArticle) -> int:
        return row.times_shown  # type: ignore[attr-defined]

    @admin.display(description=_("was the answer"), ordering="times_helped")
    def helped(self, row: HelpArticle) -> int:
        return row.times_helped  # type: ignore[attr-defined]

    @admin.display(description=_("a case all the same"), ordering="times_asked")
    def asked(self, row: HelpArticle) -> int:
        return row.times_asked  # type: ignore[attr-defined]

    def get_urls(self) -> list:
        mine = path(
            "preview/", self.admin_site.admin_view(require_POST(self.preview)), name="support_helparticle_preview"
        )
        return [mine, *super().get_urls()]

    def preview(self, request: HttpRequest) -> HttpResponse:
        """Show what is typed as customers will see it; nothing is saved."""
        if not (self.has_change_permission(request) or self.has_add_permission(request)):
            return HttpResponse(status=403)
        texts = []
        known = dict(settings.LANGUAGES)
        for number in range(MOST_TEXTS):
            typed = {
                name: request.POST.get(f"texts-{number}-{name}", "")
                for name in ("language", "title", "summary", "body")
            }
            if typed["language"] in known and typed["title"]:
                with speaking(typed["language"]):
                    html = as_html(typed["body"])
                texts.append(typed | {"html": html, "lang": language_tag(typed["language"])})
        return render(request, "support/article_preview.html", {"texts": texts})


@admin.register(Rating)
class RatingAdmin(ReadOnlyAdmin):
    """How customers say their cases went."""

    list_display = ["at", "ticket", "is_good", "comment"]
    list_filter = ["is_good", "at"]
    search_fields = ["ticket__number", "comment"]
    list_select_related = ["ticket"]
