"""Papers: each sale has its invoice, each refund of it its credit note, and no number is missing."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import Count, Exists, F, Max, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from config.audit.registry import GRACE, asked, check, named
from orders.models import Order, Paper, PaperCounter, PaperKind, Refund, RefundLine
from orders.states import RefundStatus


@check("V17 papers", _("Every paid order has its invoice, every refund of it a credit note, over what was charged."))
def issued() -> Iterable[str]:
    invoices = Paper.objects.filter(order=OuterRef("pk"), kind=PaperKind.INVOICE)
    due = Q(paid_at__lt=timezone.now() - GRACE) & ~asked()
    yield from named(Order.objects.filter(due & ~Exists(invoices)), "paid and without an invoice")
    wrong = Paper.objects.filter(kind=PaperKind.INVOICE).exclude(total_minor=F("order__total_minor"))
    yield from named(wrong, "is over another sum than its order")
    # One that follows a refund that came back may be over less, never over more.
    more = Paper.objects.filter(kind=PaperKind.CREDIT_NOTE, total_minor__gt=F("refund__amount_minor"))
    yield from named(more, "is over more than its refund")
    yield from _without_note()


def _without_note() -> Iterable[str]:
    lines = RefundLine.objects.filter(refund=OuterRef("pk"), amount_minor__gt=0)
    # What a note has promised whose refund came back is paid out without another.
    promised = Refund.objects.filter(order=OuterRef("order"), status=RefundStatus.FAILED, paper__isnull=False)
    paid_out = Refund.objects.filter(status=RefundStatus.SUCCEEDED, paper=None, order__paid_at__isnull=False)
    # What a bank takes back gives back no goods.
    paid_out = paid_out.exclude(reason=Refund.Reason.DISPUTE)
    due = paid_out.filter(~asked("order"), Exists(lines), status_changed_at__lt=timezone.now() - GRACE)
    yield from named(due.filter(~Exists(promised)), "paid back and without a credit note", "order")


@check("V17 numbers", _("The papers of a kind and a year are numbered from one on, without a gap."))
def numbered() -> Iterable[str]:
    given = Paper.objects.order_by().values("kind", "year").annotate(last=Max("serial"), papers=Count("pk"))
    counters = {(row.kind, row.year): row.last for row in PaperCounter.objects.all()}
    for row in given:
        told = counters.pop((row["kind"], row["year"]), 0)
        if not row["last"] == row["papers"] == told:
            yield f"{row['kind']} {row['year']}: {row['papers']} papers, the last {row['last']}, counted {told}"
    for (kind, year), last in counters.items():
        if last:
            yield f"{kind} {year}: counted {last}, and no paper"
