"""Checkout and the customer's order pages."""

from orders.views.account import account, again
from orders.views.address import address
from orders.views.calendar import calendar
from orders.views.cancel import cancel
from orders.views.checkout import checkout, pay, returned
from orders.views.code import code
from orders.views.defence import check
from orders.views.delay import delay
from orders.views.pages import detail, email_address, find, parcel
from orders.views.papers import credit_note, invoice, paper, paper_file
from orders.views.review import review

__all__ = [
    "account",
    "address",
    "again",
    "calendar",
    "cancel",
    "check",
    "checkout",
    "code",
    "credit_note",
    "delay",
    "detail",
    "email_address",
    "find",
    "invoice",
    "paper",
    "paper_file",
    "parcel",
    "pay",
    "returned",
    "review",
]
