"""Checkout and the customer's order pages."""

from orders.views.cancel import cancel
from orders.views.checkout import checkout, pay, returned
from orders.views.code import code
from orders.views.defence import check
from orders.views.pages import account, detail, find
from orders.views.papers import credit_note, invoice, paper, paper_file

__all__ = [
    "account",
    "cancel",
    "check",
    "checkout",
    "code",
    "credit_note",
    "detail",
    "find",
    "invoice",
    "paper",
    "paper_file",
    "pay",
    "returned",
]
