"""What the message about another address of an order says."""

from __future__ import annotations

from django.urls import reverse
from django.utils.translation import gettext as _

from notifications.mail import Mail, Section, absolute
from notifications.messages import order_url
from orders.models import Order
from shop.addresses import address_lines


def address_changed(order: Order) -> Mail:
    """Say where the order goes now, and what to do if that was somebody else's doing."""
    facts = {"number": order.number}
    contact = absolute(reverse("support:contact")) + f"?number={order.number}"
    return Mail(
        subject=_("New delivery address (%(number)s)") % facts,
        preheader=_("Your order goes to another address now."),
        heading=_("Your order goes to another address now"),
        paragraphs=[_("We give every supplier of this order the address below. Price and delivery stay as they are.")],
        sections=[
            Section(_("Goes to"), address_lines(order)),
            *([Section(_("Note for the carrier"), [order.note])] if order.note else []),
        ],
        button=_("See your order"),
        url=order_url(order),
        links=[(_("This was not you? Write to us at once"), contact)],
    )
