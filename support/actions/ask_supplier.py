"""Ask a supplier from within a case: its answer moves the case by itself, and so does its silence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from uuid import UUID, uuid5

from django.db import IntegrityError, transaction
from django.db.models import Min
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext as _

from orders import events, lease
from orders.actions.work import close_work, open_work
from orders.keys import bound_key
from orders.models import Event, WorkItem
from shop.models import User
from shop.words import day
from suppliers.adapters import adapter_of
from suppliers.adapters.base import Refused, TryLater, Unclear
from suppliers.models import Supplier, SupplierOrder
from support.actions.ticket import Author, Thread, tell_thread
from support.models import Attachment, SupplierQuestion, Ticket, TicketMessage, Topic
from support.question_links import question_url
from support.states import WAITING_QUESTIONS, QuestionStatus, TicketStatus, move_question, move_ticket
from support.uploads import Photo

Channel, Kind = SupplierQuestion.Channel, SupplierQuestion.Kind
# What a supplier gets after each reminder, before the next step.
PATIENCE = timedelta(days=1)
KIND_OF = {
    Topic.NOT_ARRIVED: Kind.LATE,
    Topic.DEFECTIVE: Kind.FAULT,
    Topic.DAMAGED: Kind.FAULT,
    Topic.WRONG_ITEM: Kind.FAULT,
    Topic.CHANGED_MIND: Kind.BACK,
}


def ask_supplier(
    ticket: Ticket,
    supplier_order: SupplierOrder | None,
    text: str,
    *,
    due_at: datetime,
    by: User,
    form_key: UUID,
    supplier: Supplier | None = None,
    files: Sequence[Attachment] = (),
) -> SupplierQuestion:
    """Ask a supplier, and let the case wait for its answer until ``due_at``; the same ``form_key`` is one question.

    ``supplier`` is needed only without a ``supplier_order``. ``files`` are those of the case that the supplier may see;
    others are left out. It is sent by a task, for nothing here may wait for somebody else's server.
    """
    key = bound_key(form_key, ticket)
    known = SupplierQuestion.objects.filter(form_key=key).first()
    if known is not None:
        return known
    asked = supplier_order.supplier if supplier_order else supplier
    if asked is None:
        raise ValueError("neither an order at a supplier nor a supplier")
    try:
        with transaction.atomic():
            question = SupplierQuestion.objects.create(
                ticket=ticket,
                supplier=asked,
                supplier_order=supplier_order,
                kind=KIND_OF.get(Topic(ticket.topic), Kind.OTHER),
                text=text,
                form_key=key,
                asked_by=by,
                answer_by=due_at,
                due_at=Now(),
            )
            question.files.set(file for file in files if file.message.ticket_id == ticket.pk)
            tell_thread(ticket, Thread.SUPPLIER, text, author=Author.AGENT, by=by, form_key=uuid5(key, "thread"))
            Ticket.objects.filter(pk=ticket.pk, owner=None).update(owner=by)
            _wait(ticket, by)
            events.record("supplier_question.asked", question, by=by, supplier=asked.slug)
    except IntegrityError:
        # The second of two clicks: the first one's question is the one.
        return SupplierQuestion.objects.get(form_key=key)
    return question


def _wait(ticket: Ticket, by: User | None) -> None:
    """Let a case wait for suppliers, until the first of their answers is due."""
    ticket.refresh_from_db()
    if ticket.status == TicketStatus.SOLVED:
        move_ticket(ticket, TicketStatus.OPEN, by=by)
    if ticket.status != TicketStatus.WAITING_SUPPLIER:
        move_ticket(ticket, TicketStatus.WAITING_SUPPLIER, by=by)
    Ticket.objects.filter(pk=ticket.pk).update(answer_due_at=None, waiting_until=_waiting_until(ticket))
    ticket.refresh_from_db()


def _waiting_until(ticket: Ticket) -> datetime | None:
    waiting = ticket.questions.filter(status__in=WAITING_QUESTIONS)
    return waiting.aggregate(first=Min("answer_by"))["first"]


def supplier_answers(
    question: SupplierQuestion,
    body: str,
    *,
    form_key: UUID,
    new_day: date | None = None,
    photos: Sequence[Photo] = (),
    by: User | None = None,
    by_mail: str = "",
) -> bool:
    """Take in a supplier's answer: into its thread, and the case is the agent's again. Once per ``form_key``.

    ``by_mail`` is the address it came from, ``by`` the agent who noted what was said on the telephone; with neither it
    came by the question's page. Returns False, with nothing changed, for what was taken in before. A second answer, or
    one to a question that is closed, is written into the thread all the same: what a supplier says is never refused.
    """
    # A letter's own key is looked for before anybody knows what it answers.
    key = form_key if by_mail else bound_key(form_key, question)
    if TicketMessage.objects.filter(form_key=key).exists():
        return False
    said = body if new_day is None else f"{body}\n\n{_('New day: %(day)s') % {'day': day(new_day)}}"
    told = {"author": Author.SUPPLIER, "by": by, "form_key": key, "photos": photos}
    try:
        with transaction.atomic():
            message = tell_thread(question.ticket, Thread.SUPPLIER, said.strip(), **told)
            if by_mail:
                TicketMessage.objects.filter(pk=message.pk).update(from_address=by_mail[:254])
            answered = {"answered_at": timezone.now(), "answer": body, "new_day": new_day, **lease.returned()}
            _end_if_open(question, answered, by=by, message=message.pk)
    except IntegrityError:
        # The second of two clicks: the first one's answer is the one.
        return False
    return True


def _end_if_open(question: SupplierQuestion, fields: Mapping[str, object], *, by: User | None, message: int) -> None:
    question.refresh_from_db()
    if question.is_open:
        move_question(question, QuestionStatus.ANSWERED, by=by, fields=fields, message=message)
        close_work(WorkItem.Reason.SUPPLIER_SILENT, question, by=by)
    _wake(question.ticket)


def _wake(ticket: Ticket) -> None:
    """Give a case that waited for a supplier back to its agent, with a time to answer the customer."""
    ticket.refresh_from_db()
    Ticket.objects.filter(pk=ticket.pk).update(waiting_until=_waiting_until(ticket))
    if ticket.status == TicketStatus.WAITING_SUPPLIER:
        move_ticket(ticket, TicketStatus.OPEN, by=None)
    ticket.refresh_from_db()


def close_question(question: SupplierQuestion, *, by: User | None) -> bool:
    """End a question whose answer nobody needs any more; False if it was over. Safe to repeat."""
    question.refresh_from_db()
    if not question.is_open:
        return False
    with transaction.atomic():
        move_question(question, QuestionStatus.CLOSED, by=by, fields=lease.returned())
        close_work(WorkItem.Reason.SUPPLIER_SILENT, question, by=by)
        still_waits = question.ticket.questions.filter(status__in=WAITING_QUESTIONS).exists()
        if not still_waits:
            _wake(question.ticket)
    return True


def close_questions(event: Event) -> None:
    """End the questions of a case that was solved, unless it goes on in another one. Inside a transaction, that of the tick; safe to repeat."""
    ticket = Ticket.objects.filter(pk=event.subject_id, status=TicketStatus.SOLVED).first()
    if ticket is None:
        return
    if ticket.merged_into_id is not None:
        # It goes on there, and so do the answers.
        ticket.questions.update(ticket=ticket.merged_into)
        return
    for question in ticket.questions.filter(status__in=WAITING_QUESTIONS + (QuestionStatus.OVERDUE,)):
        close_question(question, by=None)


def work_on_question(question_id: int) -> None:
    """Send a question, remind of it, or note the silence: whatever is due. Talks to the network; safe to repeat."""
    related = ("ticket__order", "supplier", "supplier_order")
    waiting = SupplierQuestion.objects.filter(status__in=WAITING_QUESTIONS).select_related(*related)
    question = lease.take(waiting, question_id)
    if question is None:
        return
    if question.sent_at is None:
        _send(question)
    elif _next_step(question) > timezone.now():
        lease.put_off(question, (_next_step(question) - timezone.now()).total_seconds())
    elif question.status == QuestionStatus.ASKED:
        _remind(question)
    elif question.chased_at is None:
        _chase(question)
    else:
        _note_silence(question)


def _next_step(question: SupplierQuestion) -> datetime:
    last = question.chased_at or question.reminded_at
    return last + PATIENCE if last else question.answer_by


def _send(question: SupplierQuestion) -> None:
    try:
        channel = _put(question)
    except (TryLater, Unclear) as error:
        lease.fail(question, f"{type(error).__name__}: {error}")
        return
    with transaction.atomic():
        pause = max(0.0, (question.answer_by - timezone.now()).total_seconds())
        if not lease.finish(question, due_in=pause, channel=channel, sent_at=timezone.now()):
            return
        if channel == Channel.MAIL:
            events.record("supplier_question.put", question, by=None, step="asked")
        elif channel == Channel.BY_HAND:
            _ask_person(
                question, f"{question.supplier.name} takes no questions by itself: ask it, and note its answer."
            )


def _put(question: SupplierQuestion) -> str:
    """Put the question by the first way that takes it, and return that."""
    supplier, row = question.supplier, question.supplier_order
    if supplier.can("questions") and row is not None and row.supplier_order_id:
        try:
            adapter_of(supplier).inquire(
                row.reference, _request(question), key=f"waybill-question-{question.token}"[:64]
            )
        except Refused:
            # What its API does not take is written to its people.
            return Channel.MAIL if supplier.contact_email else Channel.BY_HAND
        return Channel.API
    return Channel.MAIL if supplier.contact_email else Channel.BY_HAND


def _request(question: SupplierQuestion) -> dict[str, str]:
    until = question.answer_by.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    # The same on every attempt, the link too: another text under a known key would be refused.
    link = question_url(question, at=question.asked_at)
    # No word of the customer's, unless the agent has written it.
    return {"kind": "question", "answer_by": until, "text": question.text[:2000], "answer_url": link}


def _remind(question: SupplierQuestion) -> None:
    with transaction.atomic():
        now = timezone.now()
        fields = {"reminded_at": now, **lease.returned(), "due_at": lease.db_now_plus(PATIENCE.total_seconds())}
        if move_question(question, QuestionStatus.REMINDED, by=None, fields=fields):
            _write_again(question, "reminded")


def _chase(question: SupplierQuestion) -> None:
    with transaction.atomic():
        if lease.finish(question, due_in=PATIENCE.total_seconds(), chased_at=timezone.now()):
            _write_again(question, "chased")


def _write_again(question: SupplierQuestion, step: str) -> None:
    # An API is told once; people read mails, so reminders go there where anybody reads them.
    if question.supplier.contact_email and question.channel != Channel.BY_HAND:
        events.record("supplier_question.put", question, by=None, step=step)


def _note_silence(question: SupplierQuestion) -> None:
    name, ticket = question.supplier.name, question.ticket
    with transaction.atomic():
        if not move_question(question, QuestionStatus.OVERDUE, by=None, fields=lease.returned()):
            return
        since = day(timezone.localdate(question.answer_by))
        text = _("%(supplier)s has not answered; the answer was due on %(day)s.") % {"supplier": name, "day": since}
        key = uuid5(question.form_key, "overdue")
        tell_thread(ticket, Thread.INTERNAL, text, author=Author.SYSTEM, form_key=key)
        _ask_person(question, f"{name} has not answered the question in case {ticket.number}.")
        _wake(ticket)


def _ask_person(question: SupplierQuestion, words: str) -> None:
    open_work(WorkItem.Reason.SUPPLIER_SILENT, question, order=question.ticket.order, summary=words)
