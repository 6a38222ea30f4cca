"""What cases know about a person: handed out, and kept without the account when it is deleted."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from django.db import transaction
from django.db.models import Prefetch, Q, QuerySet
from django.db.models.functions import Lower

from orders.actions.work import close_work_about
from orders.models import Order, WorkItem
from shop.models import User
from shop.people import Person, person_of
from shop.personal_data import Section, fields_of
from support.models import Attachment, Return, SupplierQuestion, Ticket, TicketMessage, Withdrawal
from support.return_states import DecisionStatus


def export(person: Person) -> Iterator[Section]:
    """Yield the person's cases: what they and we wrote to each other, none of our notes."""
    thread = TicketMessage.objects.for_customers().prefetch_related("attachments")
    found = tickets_of(person).prefetch_related(Prefetch("messages", thread, to_attr="customer_thread"))
    yield "cases", (_case(ticket) for ticket in found.iterator(chunk_size=50))
    backs = Return.objects.filter(ticket__in=tickets_of(person)).select_related("claim", "exchange_for")
    backs = backs.prefetch_related("lines__order_line", "decisions", "replacements__line").order_by("pk")
    yield "returns", (_return(row) for row in backs.iterator(chunk_size=50))
    declared = Withdrawal.objects.filter(order__in=Order.objects.of_person(person)).select_related("order")
    yield "withdrawals", (_withdrawal(row) for row in declared.iterator(chunk_size=50))


def tickets_of(person: Person) -> QuerySet[Ticket]:
    """Return somebody's cases: those they opened, and those about their orders."""
    mine = Q(user=None, lower_email__in=person.proved) | Q(order__in=Order.objects.of_person(person))
    if person.user is not None:
        mine |= Q(user=person.user)
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


def _withdrawal(row: Withdrawal) -> dict[str, object]:
    return {"order": row.order.number, "declared_at": row.declared_at, "words": row.words}


def _return(row: Return) -> dict[str, object]:
    """What was sent back, decided, paid and sent anew; of decisions, what their customer was told."""
    decided = [one for one in row.decisions.all() if one.status == DecisionStatus.IN_FORCE]
    facts = (
        "number", "status", "basis", "reason", "solution", "asked_at", "decided_at", "return_to", "instructions",
        "carrier_name", "tracking_number", "return_by", "handed_in_at", "received_at", "resolved_at",
    )  # fmt: skip
    claim = getattr(row, "claim", None)
    return fields_of(row, *facts) | {
        "goods": [
            fields_of(line, "quantity", "received", "refused", "condition", "note")
            | {"sku": line.order_line.sku, "name": line.order_line.name}
            for line in row.lines.all()
        ],
        "decisions": [fields_of(one, "choice", "text", "amount_minor", "at") for one in decided],
        "claim": fields_of(claim, "number", "amount_minor", "status") if claim else None,
        "replacements": [
            fields_of(one, "number", "quantity", "status") | {"sku": one.line.sku} for one in row.replacements.all()
        ],
    }


def forget(user: User) -> None:
    """Take the account off the cases about its orders, which belong to those; the others are deleted whole."""
    alone = list(tickets_of(person_of(user)).filter(order=None))
    close_work_about([WorkItem.Reason.CASE_LATE], alone)
    close_work_about([WorkItem.Reason.SUPPLIER_SILENT], SupplierQuestion.objects.filter(ticket__in=alone))
    for file in Attachment.objects.filter(message__ticket__in=alone):
        # Only once the row is gone for sure: no row may name a file that is not there.
        transaction.on_commit(partial(file.file.storage.delete, file.file.name))
    gone = Ticket.objects.filter(pk__in=[ticket.pk for ticket in alone])
    # A case does not go as long as another lives on in it, and these go together.
    gone.update(merged_into=None)
    gone.delete()
    Ticket.objects.filter(user=user).update(user=None)
    TicketMessage.objects.filter(user=user, author=TicketMessage.Author.CUSTOMER).update(user=None)
