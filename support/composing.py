"""To whom an agent can write from a case: the one list of audiences, in the order of their tabs."""

from __future__ import annotations

from dataclasses import dataclass

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _, gettext_lazy

from support.models import Audience, Ticket


@dataclass(frozen=True, slots=True)
class Composer:
    """One audience: its tab, who reads it, where it is posted, what the button says, and the look of the box.

    ``takes_macros``: macros and placeholders are for those who get what was written. ``key`` is the key that opens it.
    """

    audience: Audience
    tab: str | Promise
    reader: str
    url: str
    button: str | Promise
    look: str
    takes_macros: bool
    key: str


def composers(ticket: Ticket) -> list[Composer]:
    """Return the audiences of a case."""
    customer = Composer(
        Audience.CUSTOMER,
        gettext_lazy("Reply to customer"),
        _("%(name)s reads it, by mail to %(email)s") % {"name": ticket.name or ticket.email, "email": ticket.email},
        reverse("desk:reply", args=[ticket.pk]),
        gettext_lazy("Send to customer"),
        "",
        True,
        "r",
    )
    note = Composer(
        Audience.NOTE,
        gettext_lazy("Internal note"),
        _("Only colleagues read it: no customer and no supplier ever does"),
        reverse("desk:note", args=[ticket.pk]),
        gettext_lazy("Keep note"),
        "composer-note",
        False,
        "n",
    )
    # Suppliers stand between the two: one entry per supplier order of the case's order, with Audience.SUPPLIER, the
    # look "composer-supplier" and the key "s", posted to the view that calls ``ask_supplier``.
    return [customer, note]


def composer_for(ticket: Ticket, wanted: str) -> Composer:
    """Return the audience that an address names, else the customer."""
    found = composers(ticket)
    return next((one for one in found if one.audience == wanted), found[0])
