"""What cases know about a person: handed out, and kept without the account when it is deleted."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from django.db import transaction
from django.db.models import Prefetch, Q, QuerySet
from django.db.models.functions import Lower

from orders.actions.work import close_work_about
from orders.models import Order, WorkItem
from shop.accounts import verified_emails
from shop.models import User
from shop.personal_data import Section, fields_of
from support.models import Attachment, Ticket, TicketMessage


def export(user: User) -> Iterator[Section]:
    """Yield the person's cases: what they and we wrote to each other, none of our notes."""
    thread = TicketMessage.objects.filter(thread=TicketMessage.Thread.CUSTOMER).prefetch_related("attachments")
    found = _tickets(user).prefetch_related(Prefetch("messages", thread, to_attr="customer_thread"))
    yield "cases", (_case(ticket) for ticket in found.iterator(chunk_size=50))


def _tickets(user: User) -> QuerySet[Ticket]:
    by_mail = Q(user=None, lower_email__in=verified_emails(user))
    mine = Q(user=user) | by_mail | Q(order__in=Order.objects.of(user))
    return Ticket.objects.alias(lower_email=Lower("email")).filter(mine).order_by("pk")


def _case(ticket: Ticket) -> dict[str, object]:
    messages = [
        fields_of(message, "author", "at", "body")
        | {"files": [fields_of(file, "original_name", "size_bytes") for file in message.attachments.all()]}
        for message in ticket.customer_thread  # type: ignore[attr-defined]
    ]
    return fields_of(ticket, "number", "topic", "subject", "status", "opened_at", "email", "name") | {
        "messages": messages
    }


def forget(user: User) -> None:
    """Take the account off the cases about its orders, which belong to those; the others are deleted whole."""
    alone = list(_tickets(user).filter(order=None))
    close_work_about([WorkItem.Reason.CASE_LATE], alone)
    for file in Attachment.objects.filter(message__ticket__in=alone):
        # Only once the row is gone for sure: no row may name a file that is not there.
        transaction.on_commit(partial(file.file.storage.delete, file.file.name))
    Ticket.objects.filter(pk__in=[ticket.pk for ticket in alone]).delete()
    Ticket.objects.filter(user=user).update(user=None)
    TicketMessage.objects.filter(user=user, author=TicketMessage.Author.CUSTOMER).update(user=None)
