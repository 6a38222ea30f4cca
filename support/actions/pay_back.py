"""Pay back from within a case: what goes out is told to the customer, what waits only to colleagues."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from orders.actions.refund_by_hand import APPROVED, Confirmed, confirm_refund, confirmed_before
from orders.actions.refund_quote import Wish
from orders.actions.shipping import lock_order
from orders.events import key_of
from orders.models import Event, Order, Refund, RefundRequest
from orders.states import RefundRequestStatus
from shop.languages import speaking
from shop.models import User
from support.actions.ticket import Author, Thread, tell_thread
from support.models import Ticket, Topic
from support.states import TicketStatus, move_ticket

REASON_OF = {
    Topic.DEFECTIVE: Refund.Reason.DEFECTIVE,
    Topic.DAMAGED: Refund.Reason.DAMAGED,
    Topic.WRONG_ITEM: Refund.Reason.WRONG_ITEM,
    Topic.NOT_ARRIVED: Refund.Reason.NOT_DELIVERED,
    Topic.CHANGED_MIND: Refund.Reason.RETURNED,
}


def reason_for(ticket: Ticket) -> Refund.Reason:
    """Return the reason that a case's topic suggests for a refund."""
    return REASON_OF.get(Topic(ticket.topic), Refund.Reason.GOODWILL)


def refund_from_ticket(
    ticket: Ticket, order: Order, wish: Wish, *, shown: Mapping[str, Any], key: str, by: User
) -> Confirmed:
    """Do what was confirmed in a case (``orders.actions.refund_by_hand.confirm_refund``), and write it there; once."""
    with transaction.atomic():
        # Of two clicks the second must see what the first has written, here too.
        lock_order(order)
        known = confirmed_before(order, key)
        if known is not None:
            return known
        made = confirm_refund(order, wish, shown=shown, key=key, asked_in=key_of(ticket), by=by)
        Ticket.objects.filter(pk=ticket.pk, owner=None).update(owner=by)
        if made.request is None:
            _tell_customer(ticket, made.refunds)
        else:
            facts = {"amount": made.request.amount, "name": by.get_short_name()}
            _tell_colleagues(ticket, _("%(amount)s waits for approval; asked by %(name)s.") % facts)
        ticket.refresh_from_db()
        if ticket.status == TicketStatus.NEW:
            move_ticket(ticket, TicketStatus.OPEN, by=by)
    return made


def note_refund_decision(event: Event) -> None:
    """Write into the case a refund was asked from what became of it. Inside a transaction, that of the tick."""
    request = RefundRequest.objects.select_related("order", "decided_by").get(pk=event.subject_id)
    kind, _colon, pk = request.asked_in.partition(":")
    ticket = Ticket.objects.filter(pk=pk).first() if kind == "ticket" else None
    if ticket is None:
        return
    facts = {"amount": request.amount, "name": request.decided_by.get_short_name() if request.decided_by else ""}
    if request.status == RefundRequestStatus.APPROVED:
        _tell_colleagues(ticket, _("%(amount)s: approved by %(name)s.") % facts)
        key = f"{APPROVED}{request.pk}-"
        _tell_customer(ticket, request.order.refunds.filter(idempotency_key__startswith=key))
    elif request.status == RefundRequestStatus.DECLINED:
        text = _("%(amount)s: declined by %(name)s. %(answer)s") % (facts | {"answer": request.answer})
        _tell_colleagues(ticket, text.strip())
    else:
        _tell_colleagues(ticket, _("%(amount)s: not decided, for nothing of it is left to pay back.") % facts)


def _tell_customer(ticket: Ticket, refunds: Sequence[Refund]) -> None:
    for refund in refunds:
        names = ", ".join(part.line.name for part in refund.lines.select_related("line"))
        with speaking(ticket.language):
            text = _("We are paying you back %(amount)s for %(name)s.") % {"amount": refund.amount, "name": names}
        tell_thread(ticket, Thread.CUSTOMER, text, author=Author.SYSTEM)


def _tell_colleagues(ticket: Ticket, text: str) -> None:
    tell_thread(ticket, Thread.INTERNAL, text, author=Author.SYSTEM)
