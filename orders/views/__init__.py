"""Checkout and the customer's order pages."""

from orders.views.checkout import checkout, pay, returned
from orders.views.pages import account, detail, find

__all__ = ["account", "checkout", "detail", "find", "pay", "returned"]
