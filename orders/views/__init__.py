"""Checkout and the customer's order pages."""

from orders.views.cancel import cancel
from orders.views.checkout import checkout, pay, returned
from orders.views.defence import check
from orders.views.pages import account, detail, find
from orders.views.papers import credit_note, invoice, paper, paper_file
from orders.views.review import review

__all__ = [
    "account",
    "cancel",
    "check",
    "checkout",
    "credit_note",
    "detail",
    "find",
    "invoice",
    "paper",
    "paper_file",
    "pay",
    "returned",
    "review",
]
