"""What later apps show on earlier apps' pages: page to makers, in the order they appear.

A maker is a function ``(request, subject) -> shop.panels.Panel | None``.
"""

from __future__ import annotations

PANELS: dict[str, list[str]] = {
    # Under the sums of the basket; subject: the basket.
    "basket": ["orders.panels.basket_code"],
    # The customer's order page; subject: the order.
    "order_page": ["support.panels.order_returns", "support.panels.customer_tickets"],
    # Above the account's orders; subject: the user.
    "account": ["support.panels.account_tickets"],
    # Before an account is deleted; subject: the user.
    "account_delete": ["orders.panels.open_orders"],
    # The case at the desk, below what is known of its order; subject: the case.
    "ticket": ["notifications.panels.ticket_mails"],
    # The order in admin; subject: the order.
    "order_admin": [
        "suppliers.panels.supplier_orders",
        "suppliers.panels.cancellations",
        "suppliers.panels.supplier_credits",
        "support.panels.staff_tickets",
        "notifications.panels.messages_sent",
    ],
}
