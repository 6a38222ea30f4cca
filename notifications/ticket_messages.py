"""What messages about support cases say."""

from __future__ import annotations

from django.utils.translation import gettext as _

from notifications.mail import Mail, absolute
from shop.words import moment
from support.models import Ticket, TicketMessage


def ticket_opened(ticket: Ticket, message: TicketMessage) -> Mail:
    """Confirm that we have it, with its number, what was written, and when we answer."""
    until = moment(ticket.answer_due_at) if ticket.answer_due_at else ""
    return Mail(
        subject=_("We have your message (%(number)s)") % {"number": ticket.number},
        preheader=_("We answer by %(when)s.") % {"when": until} if until else ticket.subject,
        heading=_("We have your message"),
        paragraphs=[
            _("Your case has the number %(number)s. We answer by %(when)s.") % {"number": ticket.number, "when": until},
            _("You wrote:"),
        ],
        quote=message.body,
        button=_("See your case"),
        url=absolute(ticket.get_absolute_url()),
    )


def ticket_answered(ticket: Ticket, message: TicketMessage) -> Mail:
    """Bring the agent's answer."""
    name = message.user.get_short_name() if message.user else _("The team")
    return Mail(
        subject=_("Answer to your case %(number)s: %(subject)s") % {"number": ticket.number, "subject": ticket.subject},
        preheader=message.body[:90],
        heading=_("%(name)s has answered") % {"name": name},
        paragraphs=[],
        quote=message.body,
        button=_("Answer on your case's page"),
        url=absolute(ticket.get_absolute_url()),
    )
