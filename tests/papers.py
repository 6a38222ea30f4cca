"""What tests of invoices and credit notes share."""

from __future__ import annotations

from pypdfium2 import PdfDocument

from orders.actions.papers import issue_credit_note, issue_invoice
from orders.actions.refund import RefundPart, request_refund
from orders.models import Order, Paper, Refund
from orders.states import RefundStatus, move_refund


def invoiced(order: Order) -> Paper:
    """Issue the invoice of a paid order."""
    paper = issue_invoice(order)
    assert paper is not None
    return paper


def pay_back(order: Order, parts: list[RefundPart], *, key: str, reason: str = "damaged") -> Refund:
    """Pay some of an order back, through to the end at Stripe's."""
    refund = request_refund(order, parts, reason=Refund.Reason(reason), by=None, key=key)
    move_refund(refund, RefundStatus.SUCCEEDED, by=None)
    return refund


def credited(order: Order, parts: list[RefundPart], *, key: str) -> Paper:
    """Pay some of an order back, and issue the credit note."""
    note = issue_credit_note(pay_back(order, parts, key=key))
    assert note is not None
    return note


def pages_of(file: bytes) -> list[str]:
    """Return the text of each page of a PDF, as someone who copies it gets it."""
    with PdfDocument(file) as document:
        return [page.get_textpage().get_text_bounded() for page in document]
