"""Invoice and credit note of an order: as a page to print, and as PDF made on request."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _, override

from orders.models import Order, Paper, PaperKind
from orders.papers.sheet import sheet_of
from shop.limits import allow

# Drawing one takes up to two seconds of a processor: so many per address they come from, in so many seconds.
PDF_LIMIT, PDF_SECONDS = 30, 600


def paper_page(request: HttpRequest, paper: Paper, *, back_url: str, file_url: str) -> HttpResponse:
    """Show a paper to someone who may see it."""
    sheet = sheet_of(paper.content)
    with override(sheet.language):
        context = {"sheet": sheet, "paper": paper, "back_url": back_url, "file_url": file_url}
        response = render(request, "orders/paper.html", context)
    response["X-Robots-Tag"] = "noindex"
    return response


def paper_answer(paper: Paper) -> HttpResponse:
    """Give the PDF of a paper to someone who may see it."""
    # What draws it takes 45 MiB: only a process that is asked for one reads it.
    from orders.papers.pdf import paper_pdf

    response = HttpResponse(paper_pdf(paper.content, issued_at=paper.issued_at), content_type="application/pdf")
    response["Content-Disposition"] = f'attachment; filename="{paper.number}.pdf"'
    response["X-Robots-Tag"] = "noindex"
    return response


def paper(request: HttpRequest, token: str, number: str) -> HttpResponse:
    found = _paper_of(token, number)
    links = {"back_url": found.order.get_absolute_url(), "file_url": f"{found.get_absolute_url()}pdf/"}
    return paper_page(request, found, **links)


def paper_file(request: HttpRequest, token: str, number: str) -> HttpResponse:
    found = _paper_of(token, number)
    if not allow(request, "paper-pdf", limit=PDF_LIMIT, seconds=PDF_SECONDS):
        messages.error(request, _("Too many downloads from here. Please wait ten minutes, or print this page."))
        return redirect(found.get_absolute_url())
    return paper_answer(found)


def invoice(request: HttpRequest, token: str) -> HttpResponse:
    """Lead to the invoice: the address that stands in mails, which may be sent before it is written."""
    order = get_object_or_404(Order.objects.by_token(token))
    found = order.papers.filter(kind=PaperKind.INVOICE).first()
    return _lead_to(request, order, found, _("There is no invoice yet. It is written as soon as the order is paid."))


def credit_note(request: HttpRequest, token: str, refund_id: int) -> HttpResponse:
    """Lead to the credit note of a refund."""
    order = get_object_or_404(Order.objects.by_token(token))
    found = order.papers.filter(refund=get_object_or_404(order.refunds, pk=refund_id)).first()
    return _lead_to(request, order, found, _("There is no credit note yet. It is written once the money is sent."))


def _paper_of(token: str, number: str) -> Paper:
    # Begins at the order whose link the visitor has: the papers of others are not there.
    order = get_object_or_404(Order.objects.by_token(token))
    return get_object_or_404(order.papers.select_related("order"), number=number)


def _lead_to(request: HttpRequest, order: Order, found: Paper | None, otherwise: str) -> HttpResponse:
    if found is not None:
        return redirect("orders:paper", order.token, found.number)
    messages.info(request, otherwise)
    return redirect(order)
