"""What messages about support cases say."""

from __future__ import annotations

from django.urls import reverse
from django.utils.translation import gettext as _

from notifications.mail import Mail, Section, absolute
from orders.models import Order
from orders.progress import order_word, parcel_cards
from shop.words import moment
from support.actions.ticket import REOPEN_DAYS
from support.knowledge import stage_of, suggest
from support.models import Ticket, TicketMessage


def ticket_opened(ticket: Ticket, message: TicketMessage) -> Mail:
    """Confirm that we have it: number, what happens next and by when, how the order stands, what may answer it."""
    until = moment(ticket.answer_due_at) if ticket.answer_due_at else ""
    order = ticket.order
    paragraphs = [_("Your case has the number %(number)s.") % {"number": ticket.number}]
    if until:
        text = _("A person reads it and answers by %(when)s. Until then there is nothing for you to do.")
        paragraphs = [f"{paragraphs[0]} {text % {'when': until}}"]
    if order is not None:
        facts = {"number": order.number, "word": order_word(order).text}
        paragraphs.append(_("Your order %(number)s now: %(word)s.") % facts)
    stage = stage_of(order) if order is not None else ""
    found = suggest(topic=ticket.topic, stage=stage, typed=f"{ticket.subject} {message.body}")
    return Mail(
        subject=_("We have your message (%(number)s)") % {"number": ticket.number},
        preheader=_("We answer by %(when)s.") % {"when": until} if until else ticket.subject,
        heading=_("We have your message"),
        paragraphs=[*paragraphs, _("You wrote:")],
        quote=message.body,
        button=_("See your case"),
        url=absolute(ticket.get_absolute_url()),
        sections=_parcels(order) if order is not None else [],
        links=[(_("Perhaps it helps: %(title)s") % {"title": one.title}, absolute(one.url)) for one in found],
        after=[_("Something to add, or a photo? Answer this mail, or write on your case's page.")],
    )


def _parcels(order: Order) -> list[Section]:
    """Say of each parcel when it arrives and what is in it, as the order's page does."""
    sections = []
    for card in parcel_cards(order):
        goods = ", ".join(f"{item.quantity} × {item.name}" for item in card.items)
        # What is there says so itself: "Delivered Sun 29 Nov".
        state = (
            card.arrival_words
            if card.arrival_words.startswith(str(card.word))
            else f"{card.word}. {card.arrival_words}"
        )
        words = [state, card.reason, goods]
        sections.append(Section(str(card.heading), [line for line in words if line]))
    return sections


def ticket_answered(ticket: Ticket, message: TicketMessage) -> Mail:
    """Bring the agent's answer; or, in a case that we opened ourselves, what they write first."""
    name = message.user.get_short_name() if message.user else _("The team")
    facts = {"number": ticket.number, "subject": ticket.subject}
    is_first = ticket.source == Ticket.Source.STAFF and not _before(ticket, message)
    subject = _("About %(subject)s (%(number)s)") if is_first else _("Answer to your case %(number)s: %(subject)s")
    heading = _("%(name)s has written to you") if is_first else _("%(name)s has answered")
    return Mail(
        subject=subject % facts,
        preheader=message.body[:90],
        heading=heading % {"name": name},
        paragraphs=[],
        quote=message.body,
        button=_("Answer on your case's page"),
        url=absolute(ticket.get_absolute_url()),
    )


def _before(ticket: Ticket, message: TicketMessage) -> bool:
    return ticket.messages.filter(thread=TicketMessage.Thread.CUSTOMER, pk__lt=message.pk).exists()


def ticket_solved(ticket: Ticket) -> Mail:
    """Say that it is closed and how it opens again, and ask the one question; no link answers it by being opened."""
    facts = {"number": ticket.number, "subject": ticket.subject}
    ask = absolute(reverse("support:rating", args=[ticket.token]))
    return Mail(
        subject=_("Solved: %(subject)s (%(number)s)") % facts,
        preheader=_("One question: did we solve it well?"),
        heading=_("Your case is solved"),
        paragraphs=[
            _("We have closed your case %(number)s, %(subject)s.") % facts,
            _("Is something still open? Answer this mail within %(days)d days, and the case opens again.")
            % {"days": REOPEN_DAYS},
        ],
        button=_("See your case"),
        url=absolute(ticket.get_absolute_url()),
        links=[
            (_("Did we solve it well? Yes"), f"{ask}?answer=good"),
            (_("Did we solve it well? No, not really"), f"{ask}?answer=bad"),
        ],
    )
