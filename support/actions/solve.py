"""Solve a case with the supplier: cancellation, return. Money is in ``support.actions.pay_back``."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core import signing
from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from orders.actions.cancel import request_cancellation
from orders.models import Cancellation, Event, OrderLine
from shop.languages import speaking
from shop.models import User
from suppliers.actions.returns import open_supplier_return
from suppliers.models import SupplierReturn
from support.actions.ticket import Author, Thread, tell_thread
from support.models import Attachment, Return, Ticket
from support.states import TicketStatus, move_ticket

PHOTO_SALT = "support.photo"
PHOTO_LIFE = timedelta(days=30)
# Our topics in the words of the supplier contract.
RETURN_REASONS = {
    "defective": "defective",
    "damaged": "damaged_in_transit",
    "wrong_item": "wrong_item",
    "not_arrived": "lost_in_transit",
    "changed_mind": "no_longer_needed",
}


def cancel_line(
    ticket: Ticket, line: OrderLine, *, quantity: int, reason: Cancellation.Reason, by: User, key: UUID
) -> Cancellation:
    """Ask that units of a line do not come, once per ``key``, and say so in the thread.

    Raises orders.actions.cancel.NothingToCancel and changes nothing.
    """
    name = f"ticket-{key}"
    with transaction.atomic():
        known = Cancellation.objects.filter(key=name).first()
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


def open_return(
    ticket: Ticket, line: OrderLine, *, quantity: int, solution: Return.Solution, note: str, by: User
) -> Return:
    """Ask the supplier of a line to take units back; its answer lands in the case.

    Raises suppliers.actions.returns.NotReturnable. Not safe to repeat by itself: each call is a new
    return, so the desk offers it only while none is open for the line.
    """
    reason = RETURN_REASONS.get(ticket.topic, "other")
    with transaction.atomic():
        number = f"RT-{ticket.number[2:]}-{ticket.returns.count() + 1}"
        supplier_return = open_supplier_return(
            line,
            quantity,
            reference=number,
            reason_code=reason,
            solution=solution,
            note=note,
            photo_urls=photo_links(ticket),
        )
        made = Return.objects.create(
            number=number,
            ticket=ticket,
            order_line=line,
            supplier_return=supplier_return,
            quantity=quantity,
            reason=reason,
            solution=solution,
            opened_by=by,
        )
        supplier = supplier_return.supplier_order.supplier
        text = _("Asked %(supplier)s to take back %(quantity)d × %(name)s (%(number)s). %(note)s")
        facts = {"supplier": supplier.name, "quantity": quantity, "name": line.name, "number": number, "note": note}
        tell_thread(ticket, Thread.SUPPLIER, (text % facts).strip(), author=Author.AGENT)
        Ticket.objects.filter(pk=ticket.pk, owner=None).update(owner=by)
        ticket.refresh_from_db()
        if ticket.status != TicketStatus.WAITING_SUPPLIER:
            move_ticket(ticket, TicketStatus.WAITING_SUPPLIER, by=by)
    return made


def photo_links(ticket: Ticket) -> list[str]:
    """Return signed links to a case's photos, for the supplier; they lapse after PHOTO_LIFE."""
    photos = Attachment.objects.filter(message__ticket=ticket, message__thread=Thread.CUSTOMER)
    signer = signing.TimestampSigner(salt=PHOTO_SALT)
    paths = [reverse("support:photo", args=[signer.sign(str(photo.pk))]) for photo in photos]
    return [settings.SITE_URL + path for path in paths]


def photo_of(signed: str) -> Attachment | None:
    """Return the photo a signed link leads to, or None if it is forged or has lapsed."""
    try:
        pk = signing.TimestampSigner(salt=PHOTO_SALT).unsign(signed, max_age=PHOTO_LIFE)
    except signing.BadSignature:
        return None
    return Attachment.objects.filter(pk=int(pk)).first()


def _details(copy: Mapping[str, Any]) -> list[str]:
    """Say what a supplier's answer holds: what it gives, where the goods go, by when."""
    resolution, words = copy.get("resolution") or {}, []
    amount = resolution.get("amount") or {}
    if resolution.get("type"):
        given = f"{amount.get('amount', '')} {amount.get('currency', '')}".strip()
        words.append(_("It gives: %(what)s %(amount)s") % {"what": resolution["type"], "amount": given})
    if copy.get("return_by"):
        words.append(_("To be sent back by %(day)s.") % {"day": copy["return_by"]})
    if copy.get("instructions"):
        words.append(str(copy["instructions"]))
    return words


def note_supplier_answer(event: Event) -> None:
    """Put a supplier's word on a return into its case, and wake the agent. Inside a transaction."""
    made = Return.objects.filter(supplier_return=event.subject_id).select_related("ticket").first()
    if made is None:
        return
    status = event.facts["status"]
    supplier_return = made.supplier_return
    copy = supplier_return.last_copy
    words = [f"{made.number}: {SupplierReturn.Status(status).label}."]
    if status == SupplierReturn.Status.REFUSED:
        words.append(supplier_return.refused_reason)
    if copy.get("status") == status:
        words += _details(copy)
    tell_thread(made.ticket, Thread.SUPPLIER, " ".join(words), author=Author.SUPPLIER, at=event.at)
    ticket = made.ticket
    ticket.refresh_from_db()
    if ticket.status == TicketStatus.WAITING_SUPPLIER and status != SupplierReturn.Status.REQUESTED:
        move_ticket(ticket, TicketStatus.OPEN, by=None)
        Ticket.objects.filter(pk=ticket.pk).update(answer_due_at=timezone.now() + timedelta(days=1))
