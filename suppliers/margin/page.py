"""The staff's page about the margin, and the same as a table for spreadsheets."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import chain
from typing import Any

from babel.dates import format_date
from babel.numbers import format_percent
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import get_language, gettext as _, pgettext, to_locale

from shop.csv_export import csv_rows
from shop.money import Money
from suppliers.margin.figures import (
    FIGURES,
    Period,
    Sums,
    count_groups,
    days_of,
    groups_of,
    reconciled,
    total_of,
)
from suppliers.margin.forms import BY, MarginForm
from suppliers.margin.plot import plot_of
from suppliers.models import Supplier

MAY_SEE = "suppliers.view_margin"
PAGE_SIZE = 100


@dataclass(frozen=True, slots=True)
class Row:
    """A group in words: its name, where it leads, and its cells in the order of ``titles()``."""

    name: str
    url: str
    lines: int
    unknown: int
    cells: list[str]
    margin: str
    rate: str
    is_loss: bool


def titles() -> list[str]:
    """Return the heads of the figures, in the order of FIGURES."""
    return [
        _("Sales"), _("Refunds"), pgettext("in the accounts", "Tax"), _("Net sales"), _("Cost of goods"), _("Delivery cost"), _("Fees"),
        _("Credits"),
    ]  # fmt: skip


def margin_page(request: HttpRequest) -> HttpResponse:
    """Show what the shop earned in a period, by what is asked for."""
    form = _form(request)
    context = admin.site.each_context(request) | {"title": _("What the shop earns"), "form": form, "titles": titles()}
    if not form.is_valid():
        return render(request, "admin/margin.html", context, status=422)
    period, by = form.chosen, form.cleaned_data["by"]
    total = total_of(period)
    page = Paginator(range(count_groups(period, by)), PAGE_SIZE).get_page(request.GET.get("page"))
    offset = (page.number - 1) * PAGE_SIZE
    found = groups_of(period, by, losses_first=form.cleaned_data["losses"], limit=PAGE_SIZE, offset=offset)
    chosen = request.GET.copy()
    chosen.pop("page", None)
    context |= {
        "period": period,
        "by": dict(BY)[by],
        "rows": list(_rows(found, by, period)),
        "total": _row(_("All"), "", total, period),
        "without": total.without,
        "plot": plot_of(days_of(period), period),
        "ledger": {name: Money(minor, period.currency) for name, minor in reconciled(period, total).items()},
        "page_obj": page,
        "query": chosen.urlencode(),
    }
    return render(request, "admin/margin.html", context)


def margin_export(request: HttpRequest) -> HttpResponse | StreamingHttpResponse:
    """Give every group of the choice as CSV, line by line as the database gives them."""
    form = _form(request)
    if not form.is_valid():
        return margin_page(request)
    period, by = form.chosen, form.cleaned_data["by"]
    head = [dict(BY)[by], _("Lines"), _("Lines of unknown margin"), *titles(), _("Margin"), _("Currency")]
    found = groups_of(period, by, losses_first=form.cleaned_data["losses"])
    lines = csv_rows(head, (_cells(row, sums, period) for row, sums in _named(found, by, period)))
    # The mark at the beginning tells Excel that it is UTF-8.
    response = StreamingHttpResponse(chain(["\ufeff"], lines), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="margin-{by}-{period.first}-{period.last}.csv"'
    return response


def _form(request: HttpRequest) -> MarginForm:
    if not request.user.has_perm(MAY_SEE):
        raise PermissionDenied
    return MarginForm(request.GET)


def _rows(found: Iterator[Sums], by: str, period: Period) -> Iterator[Row]:
    return (_row(name, url, sums, period) for (name, url), sums in _named(found, by, period))


def _named(found: Iterator[Sums], by: str, period: Period) -> Iterator[tuple[tuple[str, str], Sums]]:
    suppliers = dict(Supplier.objects.values_list("pk", "name")) if by == "supplier" else {}
    return ((_name(by, sums.key, suppliers), sums) for sums in found)


def _name(by: str, key: Sequence[Any], suppliers: dict[int, str]) -> tuple[str, str]:
    """Return what a group is called, and the address of what it is about."""
    if by == "month":
        day = key[0] if isinstance(key[0], date) else date.fromisoformat(str(key[0])[:10])
        return format_date(day, "MMMM y", locale=_locale()), ""
    if by == "supplier":
        known = key[0] in suppliers
        url = reverse("admin:suppliers_supplier_change", args=[key[0]]) if known else ""
        return suppliers.get(key[0], _("no supplier")), url
    if by == "product":
        return str(key[1]), reverse("admin:shop_product_change", args=[key[0]])
    if by == "order":
        return str(key[1]), reverse("admin:orders_order_change", args=[key[0]])
    return f"{key[2]}: {key[3]} {key[4]}", reverse("admin:orders_order_change", args=[key[1]])


def _row(name: str, url: str, sums: Sums, period: Period) -> Row:
    cells = [_words(sums.amounts[figure], period) for figure in FIGURES]
    rate = _("unknown") if sums.rate is None else format_percent(sums.rate, "#,##0.0%", locale=_locale())
    return Row(
        name=name,
        url=url,
        lines=sums.lines,
        unknown=sums.unknown,
        cells=cells,
        margin=_words(sums.margin, period),
        rate=rate,
        is_loss=sums.margin is not None and sums.margin < 0,
    )


def _cells(name: tuple[str, str], sums: Sums, period: Period) -> list[object]:
    def plain(minor: int | None) -> object:
        return _("unknown") if minor is None else Money(minor, period.currency).decimal

    amounts = [plain(sums.amounts[figure]) for figure in FIGURES]
    return [name[0], sums.lines, sums.unknown, *amounts, plain(sums.margin), period.currency]


def _words(minor: int | None, period: Period) -> str:
    return _("unknown") if minor is None else str(Money(minor, period.currency))


def _locale() -> str:
    return to_locale(get_language() or "en-gb")
