"""Why goods come back, with plots, and as a table for spreadsheets."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _

from shop.csv_export import csv_rows
from shop.models import Product
from shop.words import day as day_words, month as month_words
from support.figures import beginning
from support.models import ReturnReason
from support.plot import Plot, bars_of
from support.returning.learning import LIMIT_PERCENT, Findings, Span, Tally, findings
from support.views.guard import those_with

DAYS = (30, 90, 180, 365)
DEFAULT_DAYS = 180
# As many labels as fit beside each other.
MOST_LABELS = 7


def _asked(request: HttpRequest) -> tuple[int, Product | None]:
    typed = request.GET.get("days", "")
    days = int(typed) if typed in {str(one) for one in DAYS} else DEFAULT_DAYS
    pk = request.GET.get("product", "")
    # No id is longer; whatever else stands there names no product.
    known = pk.isascii() and pk.isdecimal() and len(pk) < 19
    return days, Product.objects.filter(pk=int(pk)).first() if known else None


def _span(days: int, product: Product | None) -> Span:
    tomorrow = timezone.localdate() + timedelta(days=1)
    return Span(beginning(tomorrow - timedelta(days=days)), beginning(tomorrow), product.pk if product else None)


@those_with("support.view_return")
def learning_page(request: HttpRequest) -> HttpResponse:
    days, product = _asked(request)
    span = _span(days, product)
    found = findings(span)
    context = {
        "days": days,
        "choices": DAYS,
        "product": product,
        "export_query": urlencode({"days": days} | ({"product": product.pk} if product else {})),
        "found": found,
        "by_week": span.by_week,
        "limit": LIMIT_PERCENT,
        "plots": _plots(found, by_week=span.by_week),
        "head": _head(),
        "whole": _cells(found.whole),
        "products": [(one.name, _cells(tally), one.pk) for one, tally in found.products],
        "suppliers": [(name, _cells(tally)) for name, tally in found.suppliers],
        "batches": [
            (f"{name}, {_batch_words(step, by_week=span.by_week)}", _cells(tally))
            for name, step, tally in reversed(found.batches)
        ],
        "desk_section": "returns",
    }
    return render(request, "desk/return_learning.html", context)


def _reasons() -> list[tuple[str, str]]:
    """Return the reasons in as few words as fit below a bar and above a column."""
    return [
        (ReturnReason.DAMAGED, _("Damaged")),
        (ReturnReason.WRONG_ITEM, _("Wrong")),
        (ReturnReason.DEFECTIVE, _("Faulty")),
        (ReturnReason.DOES_NOT_FIT, _("No fit")),
        (ReturnReason.CHANGED_MIND, _("Unwanted")),
        (ReturnReason.LATE, _("Late")),
        (ReturnReason.OTHER, _("Other")),
        ("", _("Withdrawn")),
    ]


def _batch_words(step: date, *, by_week: bool) -> str:
    return _("week of %(day)s") % {"day": day_words(step)} if by_week else month_words(step)


def _head() -> list[str]:
    return [_("Sent"), _("Came back"), _("Rate"), *(label for _value, label in _reasons())]


def _share(value: float) -> str:
    return _("%(share)s %%") % {"share": f"{value:.1f}".rstrip("0").rstrip(".")}


def _cells(tally: Tally) -> list[tuple[str, str]]:
    rate = "–" if tally.percent is None else _share(tally.percent)
    # An empty cell takes no room on a phone, and of eight reasons most are nobody's.
    numbers = [str(tally.reasons.get(value, 0) or "") for value, _label in _reasons()]
    return list(zip(_head(), [str(tally.sent), str(tally.returned), rate, *numbers], strict=True))


def _plots(found: Findings, *, by_week: bool) -> list[Plot]:
    def label(step: date) -> str:
        return day_words(step) if by_week else month_words(step)

    steps = [(label(step), tally.percent) for step, tally in found.steps.items()]
    faults = [(label(step), tally.fault_percent) for step, tally in found.steps.items()]
    reasons = [(name, float(found.whole.reasons.get(value, 0))) for value, name in _reasons()]
    every = max(1, -(-len(steps) // MOST_LABELS))
    top = _top([value or 0 for _label, value in steps])
    titles = (
        (_("Came back, by week of sending"), _("Came back with a fault, by week of sending"))
        if by_week
        else (_("Came back, by month of sending"), _("Came back with a fault, by month of sending"))
    )
    most = _top([value for _label, value in reasons])
    return [
        bars_of("rate", titles[0], steps, _share, top=top, every=every),
        bars_of("faults", titles[1], faults, _share, top=top, every=every),
        bars_of("reasons", _("Units, by reason"), reasons, lambda value: f"{value:g}", top=most),
    ]


def _top(values: list[float]) -> float:
    """Return the top of a scale that four steps divide without a rest."""
    highest = max(values, default=0)
    step = next((one for one in (1, 2, 5, 10, 20, 25, 50, 100, 250, 500, 1000) if 4 * one >= highest), None)
    return 4.0 * step if step else highest


@those_with("support.view_return")
def learning_export(request: HttpRequest) -> StreamingHttpResponse:
    """Return the same as a CSV file: one row per product, supplier and batch; rates in per cent."""
    days, product = _asked(request)
    found = findings(_span(days, product))
    head = ["what", "name", "sent_from", "sent", "returned", "rate_percent", "faulty"]
    head += [f"reason_{value or 'withdrawal'}" for value, _label in _reasons()]
    answer = StreamingHttpResponse(csv_rows(head, _csv(found)), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="returns-{timezone.localdate().isoformat()}.csv"'
    return answer


def _csv(found: Findings) -> Iterator[list[Any]]:
    for product, tally in found.products:
        yield ["product", product.name, "", *_numbers(tally)]
    for name, tally in found.suppliers:
        yield ["supplier", name, "", *_numbers(tally)]
    for name, step, tally in found.batches:
        yield ["batch", name, step.isoformat(), *_numbers(tally)]


def _numbers(tally: Tally) -> list[Any]:
    rate = None if tally.percent is None else round(tally.percent, 2)
    return [tally.sent, tally.returned, rate, tally.faulty, *(tally.reasons.get(value, 0) for value, _l in _reasons())]
