"""Two cases that are one, one case that is two, and cases that belong together."""

from __future__ import annotations

import secrets
from collections.abc import Collection

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from orders import events
from shop.languages import speaking
from shop.models import User
from support.actions.ticket import Author, Thread, answer_due, tell_thread
from support.models import Ticket, TicketLine, TicketMessage
from support.states import TicketStatus, move_ticket


class CannotMerge(Exception):
    """These cases stay apart; the text says why."""


def find_case(number: str) -> Ticket | None:
    """Return the case with a number as somebody types it."""
    return Ticket.objects.filter(number__iexact=number.strip()[:20]).first()


def merge_tickets(survivor: Ticket, other: Ticket, *, by: User) -> bool:
    """Let ``other`` live on in ``survivor``: messages, goods, returns and tags move, and it is solved. Safe to repeat.

    Raises CannotMerge for cases of two customers: the link of one would show the other's messages.
    """
    with transaction.atomic():
        _lock(survivor, other)
        survivor.refresh_from_db()
        other.refresh_from_db()
        if other.merged_into_id == survivor.pk:
            return False
        _refuse_merge(survivor, other)
        moved = other.messages.update(ticket=survivor)
        _move_goods(survivor, other)
        survivor.tags.add(*other.tags.all())
        if other.status != TicketStatus.SOLVED:
            move_ticket(other, TicketStatus.SOLVED, by=by)
        Ticket.objects.filter(pk=other.pk).update(merged_into=survivor, answer_due_at=None, cause_key="")
        if other.cause_key and not survivor.cause_key:
            # What opened it by itself opens no second one as long as this one is open.
            Ticket.objects.filter(pk=survivor.pk).update(cause_key=other.cause_key)
        # Those that were merged into it before lead to where everything is now.
        other.merged.update(merged_into=survivor)
        _take_turn(survivor, other)
        text = _("%(number)s was merged into this case by %(name)s: %(subject)s")
        facts = {"number": other.number, "name": by.get_short_name(), "subject": other.subject}
        tell_thread(survivor, Thread.INTERNAL, text % facts, author=Author.SYSTEM)
        events.record("ticket.merged", survivor, by=by, other=other.number, messages=moved)
        events.record("ticket.merged_away", other, by=by, into=survivor.number)
    return True


def _lock(*tickets: Ticket) -> None:
    # Oldest first, so that two who merge the same cases do not wait in a circle.
    rows = Ticket.objects.select_for_update(no_key=True).filter(pk__in=[one.pk for one in tickets]).order_by("pk")
    list(rows.values_list("pk"))


def _refuse_merge(survivor: Ticket, other: Ticket) -> None:
    if survivor.pk == other.pk:
        raise CannotMerge(_("That is this very case."))
    for one in (survivor, other):
        if one.merged_into is not None:
            facts = {"number": one.number, "into": one.merged_into.number}
            raise CannotMerge(_("%(number)s is part of %(into)s already. Merge with that one.") % facts)
    if survivor.email.lower() != other.email.lower():
        facts = {"number": other.number, "theirs": other.email, "ours": survivor.email}
        raise CannotMerge(
            _(
                "%(number)s belongs to another customer (%(theirs)s, not %(ours)s): merged, one could read what the "
                "other wrote. Link the two cases instead."
            )
            % facts
        )


def _move_goods(survivor: Ticket, other: Ticket) -> None:
    known = {line.order_line_id for line in survivor.lines.all()}
    TicketLine.objects.filter(ticket=other).exclude(order_line__in=known).update(ticket=survivor)
    other.returns.update(ticket=survivor)
    if survivor.order_id is None and other.order_id is not None:
        Ticket.objects.filter(pk=survivor.pk).update(order=other.order_id)


def _take_turn(survivor: Ticket, other: Ticket) -> None:
    """Whoever waits for an answer in either waits in the one that is left, no longer than before."""
    due = [one.answer_due_at for one in (survivor, other) if one.answer_due_at is not None]
    if due and survivor.status not in {TicketStatus.NEW, TicketStatus.OPEN}:
        move_ticket(survivor, TicketStatus.OPEN, by=None)
    last = max(survivor.last_message_at, other.last_message_at)
    Ticket.objects.filter(pk=survivor.pk).update(answer_due_at=min(due, default=None), last_message_at=last)


class NothingToSplit(Exception):
    """No message was chosen, or all of them; the text says which."""


def split_ticket(ticket: Ticket, message_ids: Collection[int], *, subject: str, by: User) -> Ticket:
    """Let some messages be a case of their own, of the same customer and order, and tell the customer of it.

    Answers that have not gone out yet stay. Raises NothingToSplit.
    """
    with transaction.atomic():
        _lock(ticket)
        chosen = list(ticket.messages.filter(pk__in=message_ids, held_until=None).order_by("at", "pk"))
        if not chosen:
            raise NothingToSplit(_("Tick the messages that the new case begins with."))
        if len(chosen) == ticket.messages.count():
            raise NothingToSplit(_("At least one message stays: tick fewer."))
        made = _new_case(ticket, subject)
        TicketMessage.objects.filter(pk__in=[one.pk for one in chosen]).update(ticket=made)
        ticket.linked.add(made)
        _tell_of_split(ticket, made, chosen, by)
    return made


def _new_case(ticket: Ticket, subject: str) -> Ticket:
    now = timezone.now()
    return Ticket.objects.create(
        number=f"T-{secrets.randbelow(900_000) + 100_000}-{secrets.randbelow(90) + 10}",
        order=ticket.order,
        user=ticket.user,
        email=ticket.email,
        name=ticket.name,
        language=ticket.language,
        topic=ticket.topic,
        subject=subject[:200],
        source=ticket.source,
        priority=ticket.priority,
        answer_due_at=answer_due(now),
    )


def _tell_of_split(ticket: Ticket, made: Ticket, chosen: Collection[TicketMessage], by: User) -> None:
    facts = {"old": ticket.number, "new": made.number, "name": by.get_short_name()}
    tell_thread(made, Thread.INTERNAL, _("Split off %(old)s by %(name)s.") % facts, author=Author.SYSTEM)
    text = _("Of this, %(count)d messages are the case %(new)s now; split off by %(name)s.")
    tell_thread(ticket, Thread.INTERNAL, text % (facts | {"count": len(chosen)}), author=Author.SYSTEM)
    events.record("ticket.split", ticket, by=by, other=made.number, messages=len(chosen))
    first = next((one for one in chosen if one.thread == Thread.CUSTOMER and one.author == Author.CUSTOMER), None)
    if first is None:
        events.record("ticket.split_off", made, by=by, other=ticket.number)
        return
    with speaking(ticket.language):
        words = _("We look after one of your questions in a case of its own: %(new)s, “%(subject)s”.")
    tell_thread(ticket, Thread.CUSTOMER, words % (facts | {"subject": made.subject}), author=Author.SYSTEM)
    # The customer gets its link by the mail that every new case is confirmed with.
    events.record("ticket.opened", made, by=by, message=first.pk)


def link_tickets(ticket: Ticket, other: Ticket, *, by: User) -> bool:
    """Note that two cases belong together, of whichever customers; False if that was known. Customers see nothing of it."""
    if ticket.pk == other.pk or ticket.linked.filter(pk=other.pk).exists():
        return False
    with transaction.atomic():
        ticket.linked.add(other)
        events.record("ticket.linked", ticket, by=by, other=other.number)
        events.record("ticket.linked", other, by=by, other=ticket.number)
    return True


def unlink_tickets(ticket: Ticket, other: Ticket, *, by: User) -> bool:
    """Undo a link; False if there was none."""
    if not ticket.linked.filter(pk=other.pk).exists():
        return False
    with transaction.atomic():
        ticket.linked.remove(other)
        events.record("ticket.unlinked", ticket, by=by, other=other.number)
        events.record("ticket.unlinked", other, by=by, other=ticket.number)
    return True
