"""Checkout and the customer's order pages."""

from orders.views.cancel import cancel
from orders.views.checkout import checkout, pay, returned
from orders.views.defence import check
from orders.views.pages import account, detail, find

__all__ = ["account", "cancel", "check", "checkout", "detail", "find", "pay", "returned"]
