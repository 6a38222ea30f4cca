"""Whether an order can still go elsewhere, in words for its page."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils import timezone
from django.utils.functional import Promise

from orders.actions.address import why_fixed
from orders.models import Order
from orders.words import ADDRESS_WORDS
from shop.words import moment

# In the session: an address that was typed a moment too late, for the question whether it can still be had.
LATE_KEY = "late_address"
# Where a person may still reach somebody who can do something.
WORTH_ASKING = {"told", "checked"}


@dataclass(frozen=True, slots=True)
class AddressOffer:
    """What can be done about the address. ``until`` is empty where no time is set; ``can_ask``: we may try."""

    can_change: bool
    until: str
    why: str | Promise
    can_ask: bool


def address_offer(order: Order) -> AddressOffer:
    """Return what can be done about an order's address; one query at most with its lines at hand."""
    why = why_fixed(order)
    is_changing = not why and order.forward_after is not None and order.forward_after > timezone.now()
    return AddressOffer(
        can_change=not why,
        until=moment(order.forward_after) if is_changing and order.forward_after else "",
        why=ADDRESS_WORDS.get(why, ""),
        can_ask=why in WORTH_ASKING,
    )
