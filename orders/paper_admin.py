"""Invoices and credit notes in the admin: to be read and printed, never edited."""

from __future__ import annotations

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _t, gettext_lazy as _

from orders.models import Paper
from orders.views.papers import paper_answer, paper_page
from shop.readonly import ReadOnlyAdmin, money_display


class PaperAdmin(ReadOnlyAdmin):
    """Papers, and the same pages and files as the customer gets."""

    list_display = ["number", "kind", "issued_at", "order", "total_money", "links"]
    list_filter = ["kind", "year", "issued_at"]
    search_fields = ["number", "order__number", "order__email"]
    list_select_related = ["order"]
    date_hierarchy = "issued_at"
    fields = ["number", "kind", "issued_at", "order", "refund", "invoice", "total_money", "links"]
    total_money = money_display("total_minor", _("total"))

    @admin.display(description=_("paper"))
    def links(self, paper: Paper) -> str:
        page, file = (reverse(f"admin:orders_paper_{what}", args=[paper.pk]) for what in ("print", "pdf"))
        return format_html('<a href="{}">{}</a> · <a href="{}">PDF</a>', page, _t("Print"), file)

    def get_urls(self) -> list[URLPattern]:
        mine = [
            path("<int:pk>/print/", self.admin_site.admin_view(self.print_page), name="orders_paper_print"),
            path("<int:pk>/pdf/", self.admin_site.admin_view(self.pdf), name="orders_paper_pdf"),
        ]
        return mine + super().get_urls()

    def print_page(self, request: HttpRequest, pk: int) -> HttpResponse:
        paper = self._seen_by(request, pk)
        back = reverse("admin:orders_order_change", args=[paper.order_id])
        return paper_page(request, paper, back_url=back, file_url=reverse("admin:orders_paper_pdf", args=[pk]))

    def pdf(self, request: HttpRequest, pk: int) -> HttpResponse:
        return paper_answer(self._seen_by(request, pk))

    def _seen_by(self, request: HttpRequest, pk: int) -> Paper:
        paper = get_object_or_404(Paper.objects.select_related("order"), pk=pk)
        if not self.has_view_permission(request, paper):
            raise PermissionDenied
        return paper
