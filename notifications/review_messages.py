"""What the message says that asks for reviews."""

from __future__ import annotations

from collections.abc import Sequence

from django.urls import reverse
from django.utils.translation import gettext as _

from notifications.mail import Mail, absolute
from orders.models import Order, OrderLine

# More links than these are no question but a list of chores.
MOST_LINKS = 4


def review_request(order: Order, lines: Sequence[OrderLine]) -> Mail:
    """Ask what the goods are like: one click to each of them, and no promise of anything in return."""
    links = [
        (_("Review: %(name)s") % {"name": line.name}, absolute(reverse("orders:review", args=[order.token, line.pk])))
        for line in lines[:MOST_LINKS]
    ]
    is_one = len(lines) == 1
    return Mail(
        subject=_("How good is it? %(name)s (%(number)s)") % {"name": lines[0].name, "number": order.number}
        if is_one
        else _("How good is what you bought? (%(number)s)") % {"number": order.number},
        preheader=_("A few stars are enough. Others read it before they buy."),
        heading=_("What is it like?"),
        paragraphs=[
            _("You have had it for some days now. Tell others what it is like, good or bad: a few stars are enough."),
            _("We ask once. Every review is shown as it was written, unless it is about something else."),
        ],
        button=_("Review it") if is_one else links[0][0],
        url=links[0][1],
        links=links[1:],
        after=[_("Is something wrong with it? Do not wait: ask for help on your order's page, and we solve it.")],
    )
