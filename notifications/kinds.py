"""The kinds of messages: what each is called, and which of them somebody may do without.

What follows from a contract (it is paid, it is sent, it is late, it is cancelled, money goes back) is told
whatever somebody prefers; ``tests/test_choices.py`` holds the table against what the code announces.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of message. ``is_optional``: whoever gets it may stop it. ``by_sms``: it may come as a text message too.

    ``is_lasting``: what it says is worth sending again to a corrected address, days later. ``is_for_customers``: whoever
    gets it chooses what they are told; suppliers and staff are written to in their trade.
    """

    slug: str
    name: str | Promise
    is_optional: bool = False
    by_sms: bool = False
    is_lasting: bool = False
    is_for_customers: bool = True


_ALL = [
    Kind("order-confirmed", _("Order confirmed")),
    Kind("transfer-awaited", _("Where to transfer the money")),
    Kind("payment-pending", _("Waiting for the bank")),
    Kind("payment-failed", _("Payment did not go through")),
    Kind("order-authorised", _("Your order is being checked")),
    Kind("order-refused", _("Your order could not be accepted"), is_lasting=True),
    Kind("parcel-sent", _("A parcel is on its way"), by_sms=True, is_lasting=True),
    Kind("parcel-number", _("A parcel has a new tracking number"), is_optional=True, is_lasting=True),
    Kind("parcel-attempted", _("A delivery was tried in vain"), by_sms=True),
    Kind("parcel-deposited", _("A parcel waits to be collected"), by_sms=True, is_lasting=True),
    Kind("parcel-back", _("A parcel goes back to its sender"), is_lasting=True),
    Kind("parcel-delivered", _("A parcel was delivered"), is_optional=True, by_sms=True),
    Kind("arrival-delayed", _("Something arrives later than promised"), by_sms=True, is_lasting=True),
    Kind("arrival-changed", _("Something late arrives sooner again"), is_optional=True, by_sms=True, is_lasting=True),
    Kind("lines-cancelled", _("Something will not come"), is_lasting=True),
    Kind("cancellation-asked", _("A cancellation is being asked for"), is_lasting=True),
    Kind("cancellation-answered", _("The answer to a cancellation"), is_lasting=True),
    Kind("refund", _("Money is on its way back"), is_lasting=True),
    Kind("refund-failed", _("A refund did not go through"), is_lasting=True),
    Kind("withdrawal-received", _("A withdrawal from the contract: its receipt"), is_lasting=True),
    Kind("return-asked", _("A return is asked for")),
    Kind("return-ready", _("Where goods go back to, and until when"), is_lasting=True),
    Kind("return-kept", _("Nothing has to be sent back"), is_lasting=True),
    Kind("return-ending", _("The last day to send goods back comes near")),
    Kind("return-sent-back", _("Goods are on their way back"), is_lasting=True),
    Kind("return-scanned", _("Goods on their way back: the money"), is_lasting=True),
    Kind("return-arrived", _("Goods that were sent back have arrived")),
    Kind("return-resolved", _("A return is complete"), is_lasting=True),
    Kind("return-declined", _("A return could not be accepted"), is_lasting=True),
    Kind("return-cancelled", _("A return was taken back")),
    Kind("return-expired", _("Goods were not handed in in time"), is_lasting=True),
    Kind("return-review", _("A return is looked at once more"), is_lasting=True),
    Kind("replacement-failed", _("A replacement cannot come"), is_lasting=True),
    Kind("order-link", _("The link to an order")),
    Kind("email-left", _("Your address was corrected: to the old one")),
    Kind("email-corrected", _("Your address was corrected: to the new one")),
    Kind("address-changed", _("The delivery address was changed")),
    Kind("ticket-opened", _("We have your message")),
    Kind("ticket-answered", _("An answer to your case")),
    Kind("ticket-solved", _("Your case is solved, and how we did"), is_optional=True),
    Kind("review-request", _("What is it like? Asked once, after it has come"), is_optional=True),
    Kind("back-in-stock", _("Something is back in stock"), is_optional=True),
    Kind("supplier-chased", _("To a supplier: where is it?"), is_for_customers=False),
    Kind("supplier-question", _("To a supplier: a question from a case"), is_for_customers=False),
    Kind("supplier-return", _("To a supplier: will you take it back?"), is_for_customers=False),
    Kind("staff-digest", _("To staff: what waits, each morning"), is_for_customers=False),
    Kind("mail", _("About an account: codes, links, confirmations")),
]
KINDS: Mapping[str, Kind] = {kind.slug: kind for kind in _ALL}
OPTIONAL: tuple[Kind, ...] = tuple(kind for kind in _ALL if kind.is_optional)
BY_SMS: tuple[Kind, ...] = tuple(kind for kind in _ALL if kind.by_sms)


def kind_of(slug: str) -> Kind:
    """Return a kind by its slug; one that nobody has listed is told to everybody."""
    return KINDS.get(slug) or Kind(slug, slug)
