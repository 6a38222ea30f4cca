"""Solve a case: cancellation, another address. Money is in ``support.actions.pay_back``, returns in ``support.returning``."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from orders.actions.address import change_address
from orders.actions.cancel import request_cancellation
from orders.models import Cancellation, OrderLine
from shop.addresses import address_lines
from shop.languages import speaking
from shop.models import User
from support.actions.ticket import Author, Thread, tell_thread
from support.models import Ticket
from support.states import TicketStatus, move_ticket


def cancel_line(
    ticket: Ticket, line: OrderLine, *, quantity: int, reason: Cancellation.Reason, by: User, key: UUID
) -> Cancellation:
    """Ask that units of a line do not come, once per ``key``, and say so in the thread.

    Raises orders.actions.cancel.NothingToCancel and changes nothing.
    """
    name = f"ticket-{key}"
    with transaction.atomic():
        known = Cancellation.objects.filter(key=name, order=line.order).first()
        if known is not None:
            return known
        made = request_cancellation(line.order, {line.pk: quantity}, key=name, reason=reason, by=by)
        Ticket.objects.filter(pk=ticket.pk, owner=None).update(owner=by)
        with speaking(ticket.language):
            text = _(
                "We are cancelling %(quantity)d × %(name)s for you; the answer comes by mail and on your order page."
            )
        tell_thread(ticket, Thread.CUSTOMER, text % {"quantity": quantity, "name": line.name}, author=Author.SYSTEM)
        ticket.refresh_from_db()
        if ticket.status == TicketStatus.NEW:
            move_ticket(ticket, TicketStatus.OPEN, by=by)
    return made


def change_address_from_ticket(ticket: Ticket, parts: Mapping[str, str], *, by: User) -> bool:
    """Let the order of a case go elsewhere, and say so in its thread; once, for the same address is no change.

    Raises as ``orders.actions.address.change_address`` does. Call it outside transactions.
    """
    order = ticket.order
    if order is None or not change_address(order, parts, by=by):
        return False
    with speaking(ticket.language):
        text = _("Your order goes to another address now: %(address)s") % {"address": ", ".join(address_lines(order))}
    with transaction.atomic():
        tell_thread(ticket, Thread.CUSTOMER, text, author=Author.SYSTEM)
    return True
