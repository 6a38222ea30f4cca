"""What suppliers owe us, in the admin: the list, its age, and the papers it is settled on."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _t, gettext_lazy as _
from django.views.decorators.http import require_POST

from orders.states import IllegalMove
from shop.money import Money
from shop.readonly import ReadOnlyAdmin, ReadOnlyInline, money_display
from suppliers.actions.credit_ageing import AGES, aged_credits, opened_within, owed_as_csv, totals_by_currency
from suppliers.actions.credits import (
    DoesNotFit,
    TooMuchMatched,
    claim_credit,
    match_credit,
    undo_match,
    write_off_credit,
)
from suppliers.credit_forms import InvoiceForm, MatchForm
from suppliers.models import CreditMatch, SupplierCredit, SupplierInvoice
from suppliers.states import OWED

MAY_CHANGE = "suppliers.change_suppliercredit"


class AgeFilter(admin.SimpleListFilter):
    """How long something has been owed; what is owed no more has no age."""

    title = _("still owed, by age")
    parameter_name = "age"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> list[tuple[str, object]]:
        return [("owed", _("owed at all"))] + [(age.key, age.label) for age in AGES]

    def queryset(self, request: HttpRequest, queryset: QuerySet[SupplierCredit]) -> QuerySet[SupplierCredit]:
        chosen = next((age for age in AGES if age.key == self.value()), None)
        if chosen is not None:
            return queryset.owed().filter(opened_within(chosen, today=timezone.localdate()))
        return queryset.owed() if self.value() == "owed" else queryset


class CreditMatchInline(ReadOnlyInline):
    """On which papers it was credited."""

    model = CreditMatch
    fields = readonly_fields = ["invoice", "money", "matched_at", "matched_by", "undone_at", "undone_by"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[CreditMatch]:
        return super().get_queryset(request).select_related("invoice__supplier", "matched_by", "undone_by")

    @admin.display(description=_("amount"))
    def money(self, match: CreditMatch) -> str:
        return str(Money(match.amount_minor, match.invoice.currency))


class SupplierCreditAdmin(ReadOnlyAdmin):
    """What suppliers owe us: for refunds and new goods that are their fault, and for goods they have again."""

    list_display = ["supplier", "order", "reason", "units", "money", "told", "still_owed", "status", "opened_at"]
    list_filter = [AgeFilter, "status", "supplier", "currency", "reason"]
    search_fields = ["order__number", "line__supplier_order__reference", "line__supplier_sku", "supplier__name"]
    list_select_related = ["supplier", "order"]
    change_list_template = "admin/supplier_credits.html"
    change_form_template = "admin/supplier_credit.html"
    inlines = [CreditMatchInline]
    actions = ["claim"]
    fields = readonly_fields = [
        "supplier", "order", "refund", "replacement", "back", "line", "units", "reason", "money", "told", "matched",
        "still_owed", "status", "opened_at",
        "note",
    ]  # fmt: skip
    money = money_display("amount_minor", _("amount"))
    matched = money_display("matched_minor", _("matched"))

    @admin.display(description=_("the supplier gives"))
    def told(self, credit: SupplierCredit) -> str:
        """What it says it gives; a star where that is another amount than it owes."""
        return "" if credit.told is None else f"{credit.told}{'' if credit.told == credit.amount else ' *'}"

    @admin.display(description=_("still owed"))
    def still_owed(self, credit: SupplierCredit) -> str:
        return str(credit.owed) if credit.status in OWED else ""

    def has_change_permission(self, request: HttpRequest, obj: SupplierCredit | None = None) -> bool:
        return obj is None and request.user.has_perm(MAY_CHANGE)

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        return [
            path("aged/", view(self.aged), name="suppliers_suppliercredit_aged"),
            path("owed.csv", view(self.as_csv), name="suppliers_suppliercredit_csv"),
            path("<int:pk>/decide/", view(require_POST(self.decide)), name="suppliers_suppliercredit_decide"),
            *super().get_urls(),
        ]

    def aged(self, request: HttpRequest) -> HttpResponse:
        """Show what each supplier owes, by age, with totals per currency."""
        self._check_view(request)
        rows = aged_credits(today=timezone.localdate())
        context = self.admin_site.each_context(request) | {
            "title": _t("What suppliers owe us, by age"),
            "opts": self.opts,
            "ages": AGES,
            "rows": [(row, list(zip(AGES, row.amounts, strict=True))) for row in rows],
            "totals": [(row, list(zip(AGES, row.amounts, strict=True))) for row in totals_by_currency(rows)],
            "at": timezone.now(),
        }
        return TemplateResponse(request, "admin/supplier_credits_aged.html", context)

    def as_csv(self, request: HttpRequest) -> StreamingHttpResponse:
        """Send all that is owed as CSV, row by row."""
        self._check_view(request)
        today = timezone.localdate()
        name = f"supplier-credits-{today.isoformat()}.csv"
        headers = {"Content-Disposition": f'attachment; filename="{name}"'}
        return StreamingHttpResponse(owed_as_csv(today=today), content_type="text/csv; charset=utf-8", headers=headers)

    def _check_view(self, request: HttpRequest) -> None:
        if not self.has_view_permission(request):
            raise PermissionDenied

    @admin.action(description=_("Noted: claimed from the supplier"), permissions=["change"])
    def claim(self, request: HttpRequest, queryset: QuerySet[SupplierCredit]) -> None:
        count = sum(claim_credit(credit, by=request.user) for credit in queryset.filter(status="open"))
        self.message_user(request, _t("%(count)d noted as claimed.") % {"count": count})

    def render_change_form(self, request: HttpRequest, context: dict, *args: object, **kwargs: object) -> HttpResponse:
        credit = kwargs.get("obj")
        if isinstance(credit, SupplierCredit):
            may = request.user.has_perm(MAY_CHANGE)
            context |= {
                "can_claim": may and credit.status in {"open", "written_off", "disputed", "accepted"},
                "can_write_off": may and credit.status in OWED,
            }
        return super().render_change_form(request, context, *args, **kwargs)

    def decide(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Note a claim, or write off what is left, with the reason."""
        credit = SupplierCredit.objects.filter(pk=pk).first()
        if credit is None:
            raise Http404
        if not request.user.has_perm(MAY_CHANGE):
            raise PermissionDenied
        level, told = self._decide(request, credit)
        self.message_user(request, told, level)
        return HttpResponseRedirect(reverse("admin:suppliers_suppliercredit_change", args=[pk]))

    @staticmethod
    def _decide(request: HttpRequest, credit: SupplierCredit) -> tuple[int, str]:
        note = request.POST.get("note", "").strip()
        try:
            if request.POST.get("decide") == "claim":
                claim_credit(credit, by=request.user)
                return messages.SUCCESS, _t("Noted as claimed.")
            if not note:
                return messages.ERROR, _t("Not written off: say why, so that the books can be explained.")
            write_off_credit(credit, note=note, by=request.user)
        except IllegalMove:
            return messages.WARNING, _t("It is not owed any more: somebody was faster.")
        return messages.SUCCESS, _t("Written off.")


class SupplierInvoiceAdmin(admin.ModelAdmin):
    """Suppliers' invoices and credit notes, and which credits they settle."""

    form = InvoiceForm
    list_display = ["number", "supplier", "dated_on", "money", "unmatched", "note"]
    list_filter = ["supplier", "currency", "dated_on"]
    search_fields = ["number", "supplier__name", "note"]
    list_select_related = ["supplier"]
    change_form_template = "admin/supplier_invoice.html"
    readonly_fields = ["money", "unmatched", "noted_at", "noted_by"]

    @admin.display(description=_("credit on it"), ordering="amount_minor")
    def money(self, invoice: SupplierInvoice) -> str:
        return str(invoice.amount)

    @admin.display(description=_("not matched yet"))
    def unmatched(self, invoice: SupplierInvoice) -> str:
        return str(invoice.left)

    def get_fields(self, request: HttpRequest, obj: SupplierInvoice | None = None) -> list[str]:
        if obj is None:
            return ["supplier", "number", "dated_on", "amount", "currency", "note"]
        return ["supplier", "number", "dated_on", "money", "unmatched", "note", "noted_at", "noted_by"]

    def has_change_permission(self, request: HttpRequest, obj: SupplierInvoice | None = None) -> bool:
        # A paper is noted once; what it settles is matched below, by its own form.
        return False

    def has_delete_permission(self, request: HttpRequest, obj: SupplierInvoice | None = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: SupplierInvoice, form: forms.ModelForm, change: bool) -> None:
        obj.noted_by = request.user
        super().save_model(request, obj, form, change)

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        return [
            path("<int:pk>/match/", view(self.match), name="suppliers_supplierinvoice_match"),
            path("matches/<int:pk>/undo/", view(require_POST(self.undo)), name="suppliers_creditmatch_undo"),
            *super().get_urls(),
        ]

    def response_add(self, request: HttpRequest, obj: SupplierInvoice, post_url_continue: str | None = None):
        if obj.supplier.credits.owed().filter(currency=obj.currency).exists() and request.user.has_perm(MAY_CHANGE):
            self.message_user(request, _t("Noted. Now say which credits it settles."))
            return HttpResponseRedirect(reverse("admin:suppliers_supplierinvoice_match", args=[obj.pk]))
        return super().response_add(request, obj, post_url_continue)

    def render_change_form(self, request: HttpRequest, context: dict, *args: object, **kwargs: object) -> HttpResponse:
        invoice = kwargs.get("obj")
        if isinstance(invoice, SupplierInvoice):
            may = request.user.has_perm(MAY_CHANGE)
            matches = invoice.matches.select_related("credit__order", "credit__supplier", "invoice", "matched_by")
            context |= {"matches": matches, "may_match": may, "can_match": may and invoice.left.minor > 0}
        return super().render_change_form(request, context, *args, **kwargs)

    def match(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Say how much of a paper settles which credit; everything at once or nothing."""
        invoice = SupplierInvoice.objects.select_related("supplier").filter(pk=pk).first()
        if invoice is None:
            raise Http404
        if not request.user.has_perm(MAY_CHANGE):
            raise PermissionDenied
        form = MatchForm(request.POST or None, invoice=invoice)
        if request.method == "POST" and form.is_valid() and self._match(request, invoice, form):
            return HttpResponseRedirect(reverse("admin:suppliers_supplierinvoice_change", args=[pk]))
        context: dict[str, Any] = self.admin_site.each_context(request) | {
            "title": _t("Which credits does %(number)s settle?") % {"number": invoice.number},
            "opts": self.opts,
            "invoice": invoice,
            "form": form,
        }
        return TemplateResponse(
            request, "admin/supplier_invoice_match.html", context, status=422 if form.errors else 200
        )

    def _match(self, request: HttpRequest, invoice: SupplierInvoice, form: MatchForm) -> bool:
        try:
            made = form.save(
                lambda credit, amount, key: match_credit(credit, invoice, amount_minor=amount, key=key, by=request.user)
            )
        except (DoesNotFit, TooMuchMatched):
            form.add_error(
                None, _t("Somebody was faster: so much is not left any more. Nothing was matched. Look again.")
            )
            return False
        self.message_user(request, _t("%(amount)s matched.") % {"amount": Money(made, invoice.currency)})
        return True

    def undo(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Undo a match that was a mistake."""
        match = CreditMatch.objects.filter(pk=pk).first()
        if match is None:
            raise Http404
        if not request.user.has_perm(MAY_CHANGE):
            raise PermissionDenied
        undo_match(match, by=request.user)
        self.message_user(request, _t("Undone: both sides have it back."))
        return HttpResponseRedirect(reverse("admin:suppliers_supplierinvoice_change", args=[match.invoice_id]))
