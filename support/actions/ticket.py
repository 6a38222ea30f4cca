"""Open a case, write in it, close it."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from django.db import IntegrityError, transaction
from django.utils import timezone

from orders import events
from orders.models import Order
from shop.languages import current_language
from shop.models import User
from support.models import Ticket, TicketLine, TicketMessage, Topic
from support.states import TicketStatus, move_ticket
from support.uploads import Photo, store_photos

SATURDAY = 5
Thread, Author = TicketMessage.Thread, TicketMessage.Author


def answer_due(now: datetime) -> datetime:
    """Return when we answer at the latest: the same hour of the next working day."""
    due = timezone.localtime(now) + timedelta(days=1)
    while due.weekday() >= SATURDAY:
        due += timedelta(days=1)
    return due.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)


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
) -> Ticket:
    """Open a case with its first message and photos; the same ``form_key`` is one case.

    ``lines`` maps ids of the order's lines to units. The case is in the language that is spoken now.
    """
    known = TicketMessage.objects.filter(form_key=form_key).select_related("ticket").first()
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
                answer_due_at=answer_due(now),
            )
            TicketLine.objects.bulk_create(
                TicketLine(ticket=ticket, order_line_id=pk, quantity=units) for pk, units in (lines or {}).items()
            )
            message = _write(ticket, Thread.CUSTOMER, Author.CUSTOMER, body, user, form_key, photos)
            events.record("ticket.opened", ticket, by=user, message=message.pk)
    except IntegrityError:
        # The second of two clicks: the first one's case is the one.
        return TicketMessage.objects.select_related("ticket").get(form_key=form_key).ticket
    return ticket


def _write(
    ticket: Ticket,
    thread: TicketMessage.Thread,
    author: TicketMessage.Author,
    body: str,
    user: User | None,
    form_key: UUID | None = None,
    photos: Sequence[Photo] = (),
    at: datetime | None = None,
) -> TicketMessage:
    message = TicketMessage.objects.create(
        ticket=ticket,
        thread=thread,
        author=author,
        user=user,
        body=body,
        form_key=form_key or uuid4(),
        at=at or timezone.now(),
    )
    store_photos(message, photos)
    Ticket.objects.filter(pk=ticket.pk).update(last_message_at=message.at)
    return message


def _is_written(form_key: UUID) -> bool:
    return TicketMessage.objects.filter(form_key=form_key).exists()


def customer_writes(ticket: Ticket, body: str, *, form_key: UUID, photos: Sequence[Photo] = ()) -> bool:
    """Add a customer's message; a case that waited or was solved is open again. Once per ``form_key``."""
    if _is_written(form_key):
        return False
    with transaction.atomic():
        message = _write(ticket, Thread.CUSTOMER, Author.CUSTOMER, body, None, form_key, photos)
        _wake(ticket)
        events.record("ticket.replied", ticket, by=None, message=message.pk)
    return True


def _wake(ticket: Ticket) -> None:
    ticket.refresh_from_db()
    if ticket.status in {TicketStatus.WAITING_CUSTOMER, TicketStatus.WAITING_SUPPLIER, TicketStatus.SOLVED}:
        move_ticket(ticket, TicketStatus.OPEN, by=None)
    Ticket.objects.filter(pk=ticket.pk).update(answer_due_at=answer_due(timezone.now()))


def agent_answers(ticket: Ticket, body: str, *, by: User, form_key: UUID) -> bool:
    """Answer the customer: into the thread and by mail. Once per ``form_key``."""
    if _is_written(form_key):
        return False
    with transaction.atomic():
        message = _write(ticket, Thread.CUSTOMER, Author.AGENT, body, by, form_key)
        _take_over(ticket, by)
        if ticket.status != TicketStatus.WAITING_CUSTOMER:
            move_ticket(ticket, TicketStatus.WAITING_CUSTOMER, by=by)
        Ticket.objects.filter(pk=ticket.pk).update(answer_due_at=None)
        events.record("ticket.answered", ticket, by=by, message=message.pk)
    return True


def add_note(ticket: Ticket, body: str, *, by: User, form_key: UUID) -> bool:
    """Add an internal note, which no customer ever sees. Once per ``form_key``."""
    if _is_written(form_key):
        return False
    with transaction.atomic():
        _write(ticket, Thread.INTERNAL, Author.AGENT, body, by, form_key)
        _take_over(ticket, by)
    return True


def tell_thread(
    ticket: Ticket,
    thread: TicketMessage.Thread,
    body: str,
    *,
    author: TicketMessage.Author,
    at: datetime | None = None,
) -> None:
    """Put a line of the shop's or a supplier's into a thread. Call it inside a transaction.

    ``at`` is when it was said, for what is written down later and perhaps out of order; None: now.
    """
    _write(ticket, thread, author, body, None, at=at)


def close_ticket(ticket: Ticket, *, by: User) -> bool:
    """Close a case as solved; False if it was. The customer opens it again by writing."""
    ticket.refresh_from_db()
    if ticket.status == TicketStatus.SOLVED:
        return False
    with transaction.atomic():
        _take_over(ticket, by)
        moved = move_ticket(ticket, TicketStatus.SOLVED, by=by)
        Ticket.objects.filter(pk=ticket.pk).update(answer_due_at=None)
    return moved


def _take_over(ticket: Ticket, by: User) -> None:
    # Whoever acts first on a case nobody has, has it.
    Ticket.objects.filter(pk=ticket.pk, owner=None).update(owner=by)
    ticket.refresh_from_db()
