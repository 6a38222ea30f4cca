"""Answers to our mails: the address they come back to, and whose they are.

The address is that of REPLY_ADDRESS with a tag, ``help+o12-4f…@reply.shop.example``: what it is about, signed, so
that nobody writes into somebody else's case. A tag is in small letters, for mail servers may change the case.
"""

from __future__ import annotations

import re

from django.conf import settings
from django.utils.crypto import constant_time_compare, salted_hmac

from orders.models import Order
from support.models import SupplierQuestion, Ticket

TAG = re.compile(r"\+([otq])([1-9][0-9]{0,17})-([0-9a-f]{32})@")
About = Order | Ticket | SupplierQuestion
LETTERS: dict[str, type[About]] = {"o": Order, "t": Ticket, "q": SupplierQuestion}


def reply_address(about: About | None) -> str:
    """Return where an answer to a mail about an order, a case or a question goes; empty: answers are not taken in."""
    if about is None or not settings.REPLY_ADDRESS:
        return ""
    name, _at, domain = settings.REPLY_ADDRESS.partition("@")
    letter = next(letter for letter, model in LETTERS.items() if isinstance(about, model))
    return f"{name}+{letter}{about.pk}-{_mac(letter, about)}@{domain}"


def _mac(letter: str, about: About) -> str:
    # With its link: where an order's address was corrected, whoever had the former one does not write into it any more.
    return salted_hmac("notifications.replies", f"{letter}:{about.token}", algorithm="sha256").hexdigest()[:32]


def subject_of(address: str) -> About | None:
    """Return what an answer is about; None for an address that we did not make. One query."""
    found = TAG.search(address.lower())
    if found is None:
        return None
    letter, pk, mac = found.groups()
    about = LETTERS[letter]._default_manager.filter(pk=int(pk)).first()
    return about if about is not None and constant_time_compare(mac, _mac(letter, about)) else None
