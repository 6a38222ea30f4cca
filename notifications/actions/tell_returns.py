"""From an event of a return to the message about it: one function per event; each may run any number of times.

Nobody gets two messages about one sum: what a return pays back is told by the return's own step (``refunds_of_step``),
and the message about a refund leaves it out (``is_told_by_return``).
"""

from __future__ import annotations

from collections.abc import Sequence

from notifications import return_messages, return_outcomes
from notifications.actions.announce import announce
from notifications.mail import Mail
from orders.actions.again import is_again
from orders.events import key_of
from orders.models import Cancellation, Event, Order, Refund
from support.models import Choice, Replacement, Return, Ticket, TicketMessage
from support.return_states import ReturnStatus
from support.returning.in_kind import waits_for_supplier
from support.returning.money import OF_RETURNS, refund_key
from support.returning.withdrawing import CANCELLATION_KEY

# Where these are reached, the request itself has nothing to say any more.
UNTOLD_YET = (ReturnStatus.REQUESTED, ReturnStatus.ACCEPTED)
# The steps after which money is given before the next one, and which tell it themselves.
TELLS_FORWARD = {"return.in_transit", "return.scanned"}


def is_told_by_return(refund: Refund) -> bool:
    """True if a return's own message names a refund; not of a new try after a failed one."""
    return refund.idempotency_key.startswith(OF_RETURNS) and not is_again(refund)


def is_stopped_by_withdrawal(cancellation: Cancellation) -> bool:
    """True if goods are stopped because their buyer has withdrawn: the receipt of that says so already."""
    return cancellation.key.startswith(CANCELLATION_KEY)


def refunds_of_step(event: Event, row: Return) -> list[Refund]:
    """Return the refunds that a step of a return tells: those owed between it and the step next to it.

    All events of an order's return are written with the order locked, so they are numbered in their order: what is
    given at the hand-over follows it, all else comes before the step that ends the act. Three queries.
    """
    steps = Event.objects.filter(kind__startswith="return.", subject_key=key_of(row)).order_by("pk")
    owed = Event.objects.filter(kind="refund.requested", order=row.order_id)
    if event.kind in TELLS_FORWARD:
        after = steps.filter(pk__gt=event.pk).first()
        owed = owed.filter(pk__gt=event.pk, **({"pk__lt": after.pk} if after else {}))
    else:
        before = steps.filter(pk__lt=event.pk).last()
        if before is None or before.kind in TELLS_FORWARD:
            return []
        owed = owed.filter(pk__gt=before.pk, pk__lt=event.pk)
    ids = [one.subject_id for one in owed]
    found = Refund.objects.filter(pk__in=ids, idempotency_key__startswith=refund_key(row)).order_by("pk")
    return [refund for refund in found if not is_again(refund)]


def _row_of(event: Event) -> Return | None:
    related = ("order", "ticket", "supplier_order__supplier__delivery_profile", "exchange_for")
    return Return.objects.select_related(*related).filter(pk=event.subject_id).first()


def _about_return(kind: str, mail: Mail, row: Return, event: Event, version: object) -> None:
    _to_customer(kind, mail, row.order, row.ticket, event, version)


def _to_customer(kind: str, mail: Mail, order: Order, ticket: Ticket | None, event: Event, version: object) -> None:
    # An answer goes into the return's case, as long as that is the same person's.
    is_theirs = ticket is not None and ticket.email.lower() == order.email.lower()
    announce(
        kind,
        f"{order.number}:{version}",
        mail,
        recipient=order.email,
        order=order,
        event=event,
        ticket=ticket if is_theirs else None,
    )


def _words_in(ticket: Ticket) -> str:
    """Return what a customer wrote with a request; its subject stands there where they wrote nothing."""
    first = ticket.messages.filter(thread=TicketMessage.Thread.CUSTOMER).order_by("pk").first()
    return "" if first is None or first.body in ticket.subject else first.body


def withdrawn(event: Event) -> None:
    """Once per withdrawal, at once, whatever becomes of it."""
    order: Order = event.order
    rows = list(Return.objects.select_related("order", "ticket").filter(pk__in=event.facts["returns"]).order_by("pk"))
    stopped = Cancellation.objects.filter(order=order, key=event.facts["key"]).first()
    # In a case that an agent opened it in stands more than the declaration.
    words = _words_in(rows[0].ticket) if rows and rows[0].opened_by_id is None else ""
    mail = return_messages.withdrawal_received(order, event.at, rows, stopped, words=words)
    ticket = rows[0].ticket if rows else None
    _to_customer("withdrawal-received", mail, order, ticket, event, event.pk)


def asked(event: Event) -> None:
    """Once per request, however many returns it made; not for a withdrawal, and not where the next step says it all."""
    row = _row_of(event)
    if row is None or _has_receipt(row):
        return
    same = Return.objects.filter(order=row.order, request_key=row.request_key).order_by("pk")
    rows = [one for one in same.select_related("order", "ticket", "exchange_for") if one.status in UNTOLD_YET]
    if not rows or row.status not in UNTOLD_YET:
        return
    words = _words_in(row.ticket)
    # By the first of the request, so that it is one message whichever of its events comes first.
    _about_return("return-asked", return_messages.return_asked(rows, words=words), row, event, same[0].pk)


def accepted(event: Event) -> None:
    """Once per return whose supplier was asked for new goods and nothing has to come back; else the next step says it.

    Also where that step was faster: what it says is of its own day.
    """
    row = _row_of(event)
    if row is not None and event.facts.get("in_kind") == "kept":
        _about_return("return-kept", return_outcomes.return_in_kind(row), row, event, event.pk)


def _has_receipt(row: Return) -> bool:
    """True for what a withdrawal brought: its receipt was the answer, also for what had left before it was stopped."""
    said = Event.objects.filter(kind="order.withdrawn", order=row.order_id)
    return row.is_withdrawal and not row.reason and said.exists()


def ready(event: Event) -> None:
    """Once per time that goods may be handed in, and per label that comes later; not where they are, or need not be."""
    row = _row_of(event)
    if row is not None and row.status == ReturnStatus.READY:
        mail = return_messages.return_ready(row, is_news=event.kind == "return.label")
        _about_return("return-ready", mail, row, event, event.pk)


def ending(event: Event) -> None:
    """Once per reminder; not where the goods were handed in meanwhile."""
    row = _row_of(event)
    if row is not None and row.status == ReturnStatus.READY:
        _about_return("return-ending", return_messages.return_ending(row), row, event, event.pk)


def sent_back(event: Event) -> None:
    """Once per parcel on its way back, with the money that is given at the hand-over."""
    row = _row_of(event)
    if row is not None:
        mail = return_outcomes.return_sent_back(row, refunds_of_step(event, row))
        _about_return("return-sent-back", mail, row, event, event.pk)


def scanned(event: Event) -> None:
    """Once per parcel of which its sender told before a carrier did; not where that brings no money."""
    row = _row_of(event)
    refunds = refunds_of_step(event, row) if row is not None else []
    if row is not None and refunds:
        _about_return("return-scanned", return_outcomes.return_scanned(row, refunds), row, event, event.pk)


def arrived(event: Event) -> None:
    """Once per arrival; not where it was looked at at once: then the step after it says so."""
    row = _row_of(event)
    if row is None:
        return
    is_waiting = row.status == ReturnStatus.INSPECTED and waits_for_supplier(row)
    if is_waiting or row.status == ReturnStatus.RECEIVED:
        _about_return("return-arrived", return_outcomes.return_arrived(row), row, event, event.pk)


def resolved(event: Event) -> None:
    """Once per return, with its money or new goods; in other words where nothing had to come back."""
    row = _row_of(event)
    if row is None:
        return
    refunds = refunds_of_step(event, row)
    if row.goods_back is False:
        _about_return("return-kept", return_outcomes.return_kept(row, refunds), row, event, event.pk)
        return
    last = row.decisions.order_by("-pk").first()
    is_declined = last is not None and last.choice == Choice.DECLINE
    mail = return_outcomes.return_resolved(row, refunds, is_declined=is_declined)
    _about_return("return-resolved", mail, row, event, event.pk)


def declined(event: Event) -> None:
    """Once per decision; not where it is looked at again already."""
    row = _row_of(event)
    if row is not None and row.status == ReturnStatus.DECLINED:
        _about_return("return-declined", return_outcomes.return_declined(row), row, event, event.pk)


def cancelled(event: Event) -> None:
    """Once per return."""
    row = _row_of(event)
    if row is not None:
        _about_return("return-cancelled", return_outcomes.return_cancelled(row), row, event, event.pk)


def expired(event: Event) -> None:
    """Once per return; not where its goods have come all the same."""
    row = _row_of(event)
    if row is not None and row.status == ReturnStatus.EXPIRED:
        _about_return("return-expired", return_outcomes.return_expired(row), row, event, event.pk)


def looked_at_again(event: Event) -> None:
    """Once per time that a person has to decide anew; not where they have, unless money is to be told."""
    row = _row_of(event)
    if row is None:
        return
    refunds = refunds_of_step(event, row)
    if not refunds and row.status != ReturnStatus.REVIEW:
        return
    mail = return_outcomes.return_review(row, refunds, after=_step_before(event, row))
    _about_return("return-review", mail, row, event, event.pk)


def _step_before(event: Event, row: Return) -> str:
    steps = Event.objects.filter(kind__startswith="return.", subject_key=key_of(row), pk__lt=event.pk)
    return steps.order_by("-pk").values_list("kind", flat=True).first() or ""


def replacement_paid_back(event: Event) -> None:
    """Once per time that new goods fall away, with the money in their place."""
    related = ("parent__order", "parent__ticket", "line")
    new = Replacement.objects.select_related(*related).filter(pk=event.subject_id).first()
    if new is None:
        return
    refunds: Sequence[Refund] = Refund.objects.filter(pk__in=event.facts["refunds"]).order_by("pk")
    mail = return_outcomes.replacement_failed(new, event.facts["units"], refunds)
    _about_return("replacement-failed", mail, new.parent, event, event.pk)
