"""What cases know of a person, let go of; see ``shop/erasure.py``.

Messages, drafts, questions to suppliers and ratings are emptied, not deleted: that there was a case, when, and how it
ended stays for the figures. Whatever hangs on a case or a message and has words in it is found by itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from django.apps import apps
from django.db import models, transaction
from django.utils.translation import gettext as _

from orders.actions.work import close_work_about
from orders.erasing import erased_email
from orders.events import key_of
from orders.models import Order, WorkItem
from shop.erasure import ERASED, NOWHERE, Erasure
from shop.people import Person
from support.models import Attachment, Claim, Replacement, Return, SupplierQuestion, Ticket, TicketMessage, Withdrawal
from support.personal_data import tickets_of
from support.return_states import OVER

# Columns that name rows and machines, and no person: what these say stays.
NAMES = {
    "number",
    "token",
    "cause_key",
    "key",
    "reason",
    "content_type",
    "language",
    "currency",
    "file",
    "original_name",
    # Of a decision: the ids of lines and how many of each.
    "units",
}


def erased_address(ticket: Ticket) -> str:
    """Return what stands in place of a case's address: the same as in its order."""
    return erased_email(ticket.order) if ticket.order else f"case-{ticket.pk}@{NOWHERE}"


def marks(person: Person) -> Iterator[str]:
    """Yield what cases are addressed to, and whoever wrote into them."""
    tickets = tickets_of(person)
    for email, name in tickets.values_list("email", "name"):
        yield from (email, name)


def handles(person: Person) -> Iterator[str]:
    """Yield the numbers of their cases, and the names of the mails in them, whoever sent those."""
    tickets = tickets_of(person)
    yield from tickets.values_list("number", flat=True)
    mails = TicketMessage.objects.filter(ticket__in=tickets).exclude(mail_id="")
    yield from mails.values_list("mail_id", flat=True)
    for model in (Return, Claim, Replacement):
        yield from model.objects.filter(order__in=Order.objects.of_person(person)).values_list("number", flat=True)


def waits(person: Person) -> Iterator[str]:
    """Yield returns that are not over: money or goods are still owed. A case alone is closed with the rest."""
    for row in Return.objects.filter(ticket__in=tickets_of(person)).exclude(status__in=OVER):
        yield _("Return %(number)s is still under way.") % {"number": row.number}
    mine = Withdrawal.objects.filter(order__in=Order.objects.of_person(person))
    for row in mine.exclude(due_at=None).select_related("order"):
        yield _("A withdrawal from order %(number)s is still under way.") % {"number": row.order.number}


def counts(person: Person) -> Iterator[tuple[str, int]]:
    """Yield what there is."""
    tickets = tickets_of(person)
    yield _("cases"), tickets.count()
    yield _("messages in them"), TicketMessage.objects.filter(ticket__in=tickets).count()
    yield _("files"), Attachment.objects.filter(message__ticket__in=tickets).count()
    yield _("returns"), Return.objects.filter(ticket__in=tickets).count()
    yield _("questions to suppliers"), SupplierQuestion.objects.filter(ticket__in=tickets).count()


def erase(erasure: Erasure) -> None:
    """Empty the cases and all that hangs on them; files are deleted."""
    Withdrawal.objects.filter(order__in=Order.objects.of_person(erasure.person)).update(words="")
    tickets = list(tickets_of(erasure.person).select_related("order"))
    pks = [ticket.pk for ticket in tickets]
    close_work_about([WorkItem.Reason.CASE_LATE], tickets)
    questions = list(SupplierQuestion.objects.filter(ticket__in=pks))
    close_work_about([WorkItem.Reason.SUPPLIER_SILENT], questions)
    keys = [key_of(row) for row in (*tickets, *questions)]
    WorkItem.objects.filter(subject_key__in=keys).update(summary=ERASED)
    for file in Attachment.objects.filter(message__ticket__in=pks):
        # Only once the row is gone for sure: no row may name a file that is not there.
        transaction.on_commit(partial(file.file.storage.delete, file.file.name))
    Attachment.objects.filter(message__ticket__in=pks).delete()
    for rows in _hanging_on(pks):
        _empty(rows)
    for ticket in tickets:
        changes = {"email": erased_address(ticket), "name": "", "subject": ERASED, "user": None}
        Ticket.objects.filter(pk=ticket.pk).update(answer_due_at=None, **changes)
    TicketMessage.objects.filter(ticket__in=pks).update(body=ERASED, quoted="", from_address="", mail_id="")
    author = TicketMessage.Author.CUSTOMER
    TicketMessage.objects.filter(ticket__in=pks, author=author).update(user=None)


def _hanging_on(tickets: list[int]) -> Iterator[models.QuerySet]:
    """Yield the rows of every model of this app that belong to a case, one of its messages or one of its returns."""
    ways = {Ticket: "{}__in", TicketMessage: "{}__ticket__in", Return: "{}__ticket__in"}
    for model in apps.get_app_config("support").get_models():
        for field in model._meta.concrete_fields:
            if isinstance(field, models.ForeignKey) and field.related_model in ways and model is not Ticket:
                yield model._default_manager.filter(**{ways[field.related_model].format(field.name): tickets})


def _empty(rows: models.QuerySet) -> None:
    """Empty every column of some rows that can hold words of somebody's."""
    changes: dict[str, object] = {}
    for field in rows.model._meta.concrete_fields:
        if field.name in NAMES or field.unique or field.choices or field.is_relation:
            continue
        if isinstance(field, models.JSONField):
            changes[field.name] = field.get_default() if field.has_default() else {}
        elif isinstance(field, models.CharField | models.TextField):
            changes[field.name] = ""
    if changes:
        rows.update(**changes)
