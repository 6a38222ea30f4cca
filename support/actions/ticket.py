"""Open a case, write in it, close it."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone

from orders import events
from orders.keys import bound_key
from orders.models import Order
from shop.languages import current_language
from shop.models import User
from support.actions.properties import set_priority
from support.models import HeldAnswer, Macro, Ticket, TicketLine, TicketMessage, Topic
from support.states import TicketStatus, move_ticket
from support.timers import answer_due, note_answered, opening_times, owe_answer
from support.uploads import Photo, store_photos

# By when we answer what is written now; told to customers as they write.
__all__ = ["add_note", "agent_answers", "answer_due", "close_ticket", "customer_writes", "open_ticket", "tell_thread"]
# A case that was solved longer ago is not opened again: what comes then is a case of its own, linked to it.
REOPEN_DAYS = 30
Thread, Author = TicketMessage.Thread, TicketMessage.Author


@dataclass(frozen=True, slots=True)
class MailFacts:
    """What a message that came by mail brings beside its words."""

    quoted: str = ""
    from_address: str = ""
    mail_id: str = ""


def open_ticket(
    *,
    order: Order | None,
    email: str,
    name: str,
    topic: Topic,
    subject: str,
    body: str,
    form_key: UUID,
    user: User | None = None,
    lines: Mapping[int, int] | None = None,
    photos: Sequence[Photo] = (),
    source: Ticket.Source = Ticket.Source.PAGE,
    mail: MailFacts | None = None,
) -> Ticket:
    """Open a case with a customer's first message and photos; the same ``form_key`` of the same person is one case.

    ``lines`` maps ids of the order's lines to units. The case is in the language that is spoken now.
    """
    key = opening_key(form_key, order, email, by_mail=mail is not None)
    known = TicketMessage.objects.filter(form_key=key).select_related("ticket").first()
    if known is not None:
        return known.ticket
    now = timezone.now()
    try:
        with transaction.atomic():
            ticket = Ticket.objects.create(
                number=f"T-{secrets.randbelow(900_000) + 100_000}-{secrets.randbelow(90) + 10}",
                order=order,
                user=user,
                email=email,
                name=name[:100],
                language=current_language(),
                topic=topic,
                subject=subject[:200],
                **opening_times(topic, Ticket.Priority.NORMAL, now=now),
                source=source,
            )
            TicketLine.objects.bulk_create(
                TicketLine(ticket=ticket, order_line_id=pk, quantity=units) for pk, units in (lines or {}).items()
            )
            message = _write(ticket, Thread.CUSTOMER, Author.CUSTOMER, body, user, key, photos, mail=mail)
            events.record("ticket.opened", ticket, by=user, message=message.pk)
    except IntegrityError:
        # The second of two clicks: the first one's case is the one.
        return TicketMessage.objects.select_related("ticket").get(form_key=key).ticket
    return ticket


def opening_key(form_key: UUID, order: Order | None, email: str, *, by_mail: bool = False) -> UUID:
    """Return under which key a first message is kept: one of its order, or of its sender where that is somebody else.

    A letter's own key stays as it is: it is looked for before anybody knows which case it belongs to.
    """
    if by_mail:
        return form_key
    is_theirs = order is not None and order.email.lower() == email.lower()
    return bound_key(form_key, order if is_theirs else email.lower())


def _write(
    ticket: Ticket,
    thread: TicketMessage.Thread,
    author: TicketMessage.Author,
    body: str,
    user: User | None,
    form_key: UUID | None = None,
    photos: Sequence[Photo] = (),
    at: datetime | None = None,
    mail: MailFacts | None = None,
) -> TicketMessage:
    mail = mail or MailFacts()
    message = TicketMessage.objects.create(
        ticket=ticket,
        thread=thread,
        author=author,
        user=user,
        body=body,
        form_key=form_key or uuid4(),
        at=at or timezone.now(),
        quoted=mail.quoted,
        from_address=mail.from_address[:254],
        mail_id=mail.mail_id[:250],
    )
    store_photos(message, photos)
    Ticket.objects.filter(pk=ticket.pk).update(last_message_at=message.at)
    return message


def _is_written(key: UUID) -> bool:
    return TicketMessage.objects.filter(form_key=key).exists()


def customer_writes(
    ticket: Ticket, body: str, *, form_key: UUID, photos: Sequence[Photo] = (), mail: MailFacts | None = None
) -> bool:
    """Add a customer's message; a case that waited or was solved is open again. Once per ``form_key``."""
    key = form_key if mail else bound_key(form_key, ticket)
    ticket = survivor_of(ticket)
    with transaction.atomic():
        lock_ticket(ticket)
        # Of two clicks the second must see what the first has written.
        if _is_written(key):
            return False
        message = _write(ticket, Thread.CUSTOMER, Author.CUSTOMER, body, None, key, photos, mail=mail)
        _wake(ticket)
        events.record("ticket.replied", ticket, by=None, message=message.pk)
    return True


def survivor_of(ticket: Ticket) -> Ticket:
    """Return the case that a merged one lives on in; any other is its own."""
    while ticket.merged_into_id is not None:
        ticket = Ticket.objects.get(pk=ticket.merged_into_id)
    return ticket


def _wake(ticket: Ticket) -> None:
    ticket.refresh_from_db()
    if ticket.status in {TicketStatus.WAITING_CUSTOMER, TicketStatus.WAITING_SUPPLIER, TicketStatus.SOLVED}:
        move_ticket(ticket, TicketStatus.OPEN, by=None)
    owe_answer(ticket, now=timezone.now())


def agent_answers(
    ticket: Ticket,
    body: str,
    *,
    by: User,
    form_key: UUID,
    seen: int | None = None,
    macro: Macro | None = None,
) -> bool:
    """Answer the customer: into the thread and by mail, UNDO_SECONDS later. Once per ``form_key``.

    ``seen`` is the last message that the agent had before their eyes; raises Stale, and writes nothing, if somebody
    else has written since. What ``macro`` says of the case follows when the answer goes out.
    """
    key = bound_key(form_key, ticket)
    if _is_written(key):
        return False
    with transaction.atomic():
        lock_ticket(ticket)
        # Of two clicks the second must see what the first has written.
        if _is_written(key):
            return False
        _refuse_stale(ticket, seen, by)
        message = _write(ticket, Thread.CUSTOMER, Author.AGENT, body, by, key)
        _take_over(ticket, by)
        if ticket.status == TicketStatus.SOLVED:
            move_ticket(ticket, TicketStatus.OPEN, by=by)
        if settings.UNDO_SECONDS:
            message.held_until = timezone.now() + timedelta(seconds=settings.UNDO_SECONDS)
            message.save(update_fields=["held_until"])
            HeldAnswer.objects.create(message=message, macro=macro, due_at=message.held_until)
        else:
            answer_goes_out(message, macro)
    return True


def lock_ticket(ticket: Ticket) -> None:
    """Let nobody else write answers into a case, merge or split it until the transaction ends; see ``lock_order``."""
    Ticket.objects.select_for_update(no_key=True).filter(pk=ticket.pk).values_list("pk").first()


class Stale(Exception):
    """Somebody has written into the case since the agent looked at it; ``news`` are the messages."""

    def __init__(self, news: Sequence[TicketMessage]) -> None:
        super().__init__(len(news))
        self.news = news


def _refuse_stale(ticket: Ticket, seen: int | None, by: User) -> None:
    if seen is None:
        return
    news = [one for one in ticket.messages.filter(pk__gt=seen).select_related("user") if one.user_id != by.pk]
    if news:
        raise Stale(news)


def answer_goes_out(message: TicketMessage, macro: Macro | None) -> None:
    """Let an answer be seen and mailed, and the case wait for its customer, or be as the macro says.

    Call it inside a transaction. A case that was closed meanwhile stays so, and one in which the customer has
    written meanwhile stays open.
    """
    ticket, by = Ticket.objects.get(pk=message.ticket_id), message.user
    to = TicketStatus(macro.status_after) if macro else TicketStatus.WAITING_CUSTOMER
    later = ticket.messages.filter(author__in=[Author.CUSTOMER, Author.SUPPLIER], pk__gt=message.pk)
    if later.exists():
        # What has come meanwhile is still to be answered.
        Ticket.objects.filter(pk=ticket.pk, first_answered_at=None).update(first_answered_at=message.at)
    else:
        note_answered(ticket, now=message.at)
        if ticket.status != TicketStatus.SOLVED:
            _wait_after_answer(ticket, to, macro, by)
    if macro:
        _follow(ticket, macro, by)
    events.record("ticket.answered", ticket, by=by, message=message.pk)


def _wait_after_answer(ticket: Ticket, to: TicketStatus, macro: Macro | None, by: User | None) -> None:
    if ticket.status == TicketStatus.WAITING_SUPPLIER and macro is None:
        # A word to the customer meanwhile does not end that.
        return
    if ticket.status != to:
        move_ticket(ticket, to, by=by)
    until = timezone.now() + timedelta(days=macro.wait_days) if macro and macro.wait_days else None
    Ticket.objects.filter(pk=ticket.pk).update(waiting_until=until)
    if to == TicketStatus.OPEN:
        # We have said that more is to come.
        owe_answer(ticket, now=timezone.now())


def _follow(ticket: Ticket, macro: Macro, by: User | None) -> None:
    """Put a macro's tags on a case, and do what it says beside."""
    ticket.tags.add(*macro.tags.all())
    if macro.action == Macro.Action.TAKE and by is not None:
        Ticket.objects.filter(pk=ticket.pk).update(owner=by)
    elif macro.action == Macro.Action.URGENT:
        set_priority(ticket, Ticket.Priority.URGENT)
    events.record("ticket.macro_used", ticket, by=by, macro=macro.shortcut)


def add_note(ticket: Ticket, body: str, *, by: User, form_key: UUID) -> bool:
    """Add an internal note, which no customer ever sees. Once per ``form_key``."""
    key = bound_key(form_key, ticket)
    with transaction.atomic():
        lock_ticket(ticket)
        if _is_written(key):
            return False
        _write(ticket, Thread.INTERNAL, Author.AGENT, body, by, key)
        _take_over(ticket, by)
    return True


def tell_thread(
    ticket: Ticket,
    thread: TicketMessage.Thread,
    body: str,
    *,
    author: TicketMessage.Author,
    at: datetime | None = None,
    by: User | None = None,
    form_key: UUID | None = None,
    photos: Sequence[Photo] = (),
) -> TicketMessage:
    """Put a line of the shop's or a supplier's into a thread, and change nothing else. Call it inside a transaction.

    ``at`` is when it was said, for what is written down later and perhaps out of order; None: now. A ``form_key`` that
    was used before raises IntegrityError; None: a new one.
    """
    return _write(survivor_of(ticket), thread, author, body, by, form_key, photos, at)


def close_ticket(ticket: Ticket, *, by: User) -> bool:
    """Close a case as solved; False if it was. The customer opens it again by writing."""
    ticket.refresh_from_db()
    if ticket.status == TicketStatus.SOLVED:
        return False
    with transaction.atomic():
        _take_over(ticket, by)
        return move_ticket(ticket, TicketStatus.SOLVED, by=by)


def _take_over(ticket: Ticket, by: User) -> None:
    # Whoever acts first on a case nobody has, has it.
    Ticket.objects.filter(pk=ticket.pk, owner=None).update(owner=by)
    ticket.refresh_from_db()
