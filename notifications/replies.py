"""Answers to our mails: the address they come back to, whose they are, and what of them the customer wrote.

The address is that of REPLY_ADDRESS with a tag, ``help+o12-4f…@reply.shop.example``: what it is about, signed, so
that nobody writes into somebody else's case. A tag is in small letters, for mail servers may change the case.
"""

from __future__ import annotations

import re

from django.conf import settings
from django.utils.crypto import constant_time_compare, salted_hmac

from orders.models import Order
from support.models import Ticket

TAG = re.compile(r"\+([ot])([1-9][0-9]{0,17})-([0-9a-f]{32})@")
# Where the mail that is answered begins, in the words of the usual programs; and where a signature does.
QUOTED = re.compile(
    r"^(?:>|-- ?$|_{10,}\s*$|-{3,} ?(?:Original|Ursprüngliche)|(?:On|Am) .{6,200}(?:wrote|schrieb)\b)", re.MULTILINE
)
# Some programs break the line above a quotation in two.
BROKEN = re.compile(r"^((?:On|Am) [^\n]{6,150})\n([^\n]{0,150}(?:wrote|schrieb)[^\n]{0,80}:)\s*$", re.MULTILINE)
LONGEST = 5000


def reply_address(about: Order | Ticket | None) -> str:
    """Return where an answer to a mail about an order or a case goes; empty: answers are not taken in."""
    if about is None or not settings.REPLY_ADDRESS:
        return ""
    name, _at, domain = settings.REPLY_ADDRESS.partition("@")
    letter = "o" if isinstance(about, Order) else "t"
    return f"{name}+{letter}{about.pk}-{_mac(letter, about)}@{domain}"


def _mac(letter: str, about: Order | Ticket) -> str:
    # With its link: where an order's address was corrected, whoever had the former one does not write into it any more.
    return salted_hmac("notifications.replies", f"{letter}:{about.token}", algorithm="sha256").hexdigest()[:32]


def subject_of(address: str) -> Order | Ticket | None:
    """Return what an answer is about; None for an address that we did not make. One query."""
    found = TAG.search(address.lower())
    if found is None:
        return None
    letter, pk, mac = found.groups()
    about = (Order if letter == "o" else Ticket).objects.filter(pk=int(pk)).first()
    return about if about is not None and constant_time_compare(mac, _mac(letter, about)) else None


def own_words(text: str) -> str:
    """Return what somebody wrote above the mail that they answer; all of it, where nothing stands above."""
    text = BROKEN.sub(r"\1 \2", text.replace("\r\n", "\n").replace("\x00", ""))
    quoted = QUOTED.search(text)
    above = text[: quoted.start()].strip() if quoted else text.strip()
    return (above or text.strip())[:LONGEST]
