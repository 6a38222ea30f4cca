"""Issue invoices and credit notes: once per sale and per refund, numbered without gaps."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.db.models import Prefetch, prefetch_related_objects
from django.utils import timezone

from orders import events
from orders.actions.shipping import lock_order, locked_orders
from orders.models import Order, Paper, PaperCounter, PaperKind, Refund
from orders.papers.content import Content, Part, credit_note_content, invoice_content
from orders.states import RefundStatus


def issue_invoice(order: Order) -> Paper | None:
    """Write the invoice of a paid order; None for one that was never paid. Safe to repeat: there is one.

    Raises DoesNotAddUp, and issues nothing, if the lines are not what the order asked for.
    """
    return issue_invoices([order.pk]).get(order.pk)


def issue_invoices(order_ids: Iterable[int]) -> dict[int, Paper]:
    """Write the invoices of several paid orders and return them, old and new, by the order's id; see ``issue_invoice``.

    Raises DoesNotAddUp, and issues none of them, if one does not add up.
    """
    with transaction.atomic():
        # All orders before the first number: whoever waits for a number holds nothing that its owner waits for.
        orders = locked_orders(order_ids)
        invoices = Prefetch("papers", Paper.objects.filter(kind=PaperKind.INVOICE), to_attr="invoices")
        prefetch_related_objects(orders, "lines", "deliveries", "payments", invoices)
        issued = {}
        for order in orders:
            if order.invoices:
                issued[order.pk] = order.invoices[0]
            elif order.is_paid:
                now = timezone.now()
                year, serial, number = next_number(PaperKind.INVOICE, now)
                content = invoice_content(order, number=number, issued_at=now)
                issued[order.pk] = _write(order, PaperKind.INVOICE, year, serial, content, issued_at=now)
    return issued


def issue_credit_note(refund: Refund) -> Paper | None:
    """Write the credit note of a refund that was paid out, and of earlier ones that lack theirs. Safe to repeat.

    None where nothing of an invoice goes back: the order was never paid, the money was more than the invoice
    asks for, or the refund pays out what a credit note has promised whose own refund came back (see
    docs/adr/0019). Raises DoesNotAddUp, and issues nothing, if its lines are more than the refund.
    """
    with transaction.atomic():
        lock_order(refund.order)
        invoice = issue_invoice(refund.order)
        if invoice is not None:
            for owed, parts in _owed(refund.order):
                _write_note(owed, invoice, parts)
        return Paper.objects.filter(refund=refund).first()


def _owed(order: Order) -> list[tuple[Refund, list[Part]]]:
    """Return the refunds that were paid out and lack their credit note, oldest first, with what it is to be over.

    A note whose refund came back stays: what it promised is taken off the next refunds of the same lines.
    """
    # What a bank takes back against our will gives back no goods, and corrects no invoice.
    ours = order.refunds.exclude(reason=Refund.Reason.DISPUTE).order_by("pk")
    refunds = list(ours.select_related("paper", "payment").prefetch_related("lines__line"))
    promised: Counter[int] = Counter()
    for refund in refunds:
        if refund.status == RefundStatus.FAILED and hasattr(refund, "paper"):
            promised.update(_amounts(refund.paper))
    owed = []
    for refund in refunds:
        if refund.status == RefundStatus.SUCCEEDED:
            parts = _still_to_note(refund, promised)
            if parts and not hasattr(refund, "paper"):
                owed.append((refund, parts))
    return owed


def _still_to_note(refund: Refund, promised: Counter[int]) -> list[Part]:
    """Take what was promised off the lines of a refund, and return what is left of them."""
    noted = _amounts(refund.paper) if hasattr(refund, "paper") else None
    parts = []
    for row in refund.lines.all():
        most = row.amount_minor if noted is None else row.amount_minor - noted.get(row.line_id, 0)
        kept = min(promised[row.line_id], most)
        promised[row.line_id] -= kept
        if row.amount_minor > kept:
            parts.append(Part(row.line, 0 if kept else row.quantity, row.amount_minor - kept))
    return parts


def _amounts(paper: Paper) -> Mapping[int, int]:
    return {line["line"]: line["total_minor"] for line in paper.content["lines"]}


def _write_note(refund: Refund, invoice: Paper, parts: Sequence[Part]) -> Paper:
    now, before = timezone.now(), credited_before(refund.order)
    year, serial, number = next_number(PaperKind.CREDIT_NOTE, now)
    content = credit_note_content(refund, invoice, parts, before, number=number, issued_at=now)
    return _write(
        refund.order, PaperKind.CREDIT_NOTE, year, serial, content, issued_at=now, refund=refund, invoice=invoice
    )


def next_number(kind: PaperKind, now: datetime) -> tuple[int, int, str]:
    """Take the next number of a kind in the shop's year: the year, the serial and the number as printed.

    Call it inside the transaction that writes the paper, as late as possible: until that ends, everybody else
    who wants a number of this kind waits, and if it is rolled back the number was never given.
    """
    year = timezone.localdate(now).year
    counter, _new = PaperCounter.objects.select_for_update().get_or_create(kind=kind, year=year)
    serial = counter.last + 1
    PaperCounter.objects.filter(pk=counter.pk).update(last=serial)
    return year, serial, f"{settings.PAPER_PREFIXES[kind]}-{year}-{serial:05}"


def credited_before(order: Order) -> Mapping[int, int]:
    """Return how much of each order line, by its id, the order's credit notes have given back so far."""
    found: Counter[int] = Counter()
    for note in order.papers.filter(kind=PaperKind.CREDIT_NOTE):
        found.update(_amounts(note))
    return found


def _write(
    order: Order,
    kind: PaperKind,
    year: int,
    serial: int,
    content: Content,
    *,
    issued_at: datetime,
    refund: Refund | None = None,
    invoice: Paper | None = None,
) -> Paper:
    paper = Paper.objects.create(
        kind=kind,
        year=year,
        serial=serial,
        number=content["number"],
        order=order,
        refund=refund,
        invoice=invoice,
        issued_at=issued_at,
        currency=order.currency,
        total_minor=content["sums"]["total_minor"],
        content=content,
    )
    events.record("paper.issued", paper, by=None, number=paper.number, total_minor=paper.total_minor)
    return paper
