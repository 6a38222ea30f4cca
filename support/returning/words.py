"""What a case is told of its return, and which of its photos a supplier may see."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid5

from django.conf import settings
from django.core import signing
from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from orders.keys import bound_key
from suppliers.models import SupplierReturn
from support.actions.ticket import Author, Thread, tell_thread
from support.models import Attachment, Basis, Return, ReturnDecision, ReturnReason, Ticket
from support.return_states import OVER
from support.states import TicketStatus, move_ticket

PHOTO_SALT = "support.photo"
# Whoever is asked through an API gets its links once; they last for the longest that a return may take.
PHOTO_LIFE = timedelta(days=180)
_S = SupplierReturn.Status
# Nothing is to be judged by photos any more.
SAID_ALL = (_S.REFUSED, _S.REJECTED, _S.RESOLVED, _S.CANCELLED, _S.EXPIRED)
# Our reasons in the words of the supplier contract.
CONTRACT_REASONS = {
    ReturnReason.DAMAGED: "damaged_in_transit",
    ReturnReason.WRONG_ITEM: "wrong_item",
    ReturnReason.DEFECTIVE: "defective",
    ReturnReason.LATE: "arrived_late",
    ReturnReason.OTHER: "other",
}


def tell_decision(row: Return, decision: ReturnDecision) -> None:
    """Write a decision into the case: the words for the customer in their thread, once; the rule's reasons inside."""
    ticket, by = row.ticket, decision.decided_by
    key = uuid5(decision.form_key, "told")
    if decision.text:
        tell_thread(ticket, Thread.CUSTOMER, decision.text, author=Author.AGENT, by=by, form_key=key)
    name = by.get_short_name() if by else _("The rule")
    text = _("%(number)s: %(choice)s, decided by %(name)s. %(why)s")
    facts = {
        "number": row.number,
        "choice": decision.get_choice_display(),
        "name": name,
        "why": "; ".join(decision.why),
    }
    tell_thread(ticket, Thread.INTERNAL, text % facts, author=Author.SYSTEM, form_key=uuid5(decision.form_key, "why"))
    Ticket.objects.filter(pk=ticket.pk, owner=None).update(owner=by)
    ticket.refresh_from_db()
    if ticket.status in {TicketStatus.NEW, TicketStatus.OPEN}:
        move_ticket(ticket, TicketStatus.WAITING_CUSTOMER, by=by)


def tell_colleagues(row: Return, text: str, *, once: bool = False) -> None:
    """Write into a case what only staff read, and wake it; ``once``: unless it stands there already."""
    body = f"{row.number}: {text}."
    if once and row.ticket.messages.filter(thread=Thread.INTERNAL, body=body).exists():
        return
    tell_thread(row.ticket, Thread.INTERNAL, body, author=Author.SYSTEM)
    wake(row.ticket)


def wake(ticket: Ticket) -> None:
    """Let somebody look at a case again."""
    ticket.refresh_from_db()
    if ticket.status not in {TicketStatus.NEW, TicketStatus.OPEN}:
        move_ticket(ticket, TicketStatus.OPEN, by=None)


def close_case(row: Return) -> None:
    """Close the case of returns that are over, unless somebody is to look at it; no mail says so, the return's own does."""
    ticket = row.ticket
    ticket.refresh_from_db()
    still_open = ticket.returns.exclude(status__in=OVER).exclude(pk=row.pk).exists()
    if ticket.status == TicketStatus.WAITING_CUSTOMER and not still_open and ticket.source == Ticket.Source.RETURN:
        move_ticket(ticket, TicketStatus.SOLVED, by=None)


def photos_for_supplier(row: Return) -> QuerySet[Attachment]:
    """Return the pictures that show its supplier a fault: of the request, and of answers to it until the supplier was asked.

    An old case in which an agent has opened a return, or one that another was merged into, is about more than this.
    """
    keys = [uuid5(row.request_key, name) for name in ("ticket", "opened")]
    theirs = Q(message__form_key__in=[bound_key(key, row.order) for key in keys])
    # Requests of before kept the key as it was sent.
    theirs |= Q(message__form_key__in=keys, message__ticket__order=row.order)
    asked_at = row.supplier_return.created_at if row.supplier_return else timezone.now()
    if row.opened_by_id is None and not row.ticket.merged.exists():
        customers = row.ticket.messages.for_customers().filter(author=Author.CUSTOMER, at__lte=asked_at)
        theirs |= Q(message__in=customers)
    return Attachment.objects.filter(theirs, content_type__startswith="image/")


def photo_links(row: Return) -> list[str]:
    """Return signed links to the photos of a fault, for its supplier; they lapse with its part in the return.

    A request about goods of several suppliers has one set of photos: each of them sees all of it.
    """
    if row.basis != Basis.FAULT:
        return []
    signer = signing.TimestampSigner(salt=PHOTO_SALT)
    names = [signer.sign(f"{photo.pk}.{row.number}") for photo in photos_for_supplier(row)]
    return [settings.SITE_URL + reverse("support:photo", args=[name]) for name in names]


def photo_of(signed: str) -> Attachment | None:
    """Return the photo a signed link leads to; None if it is forged, too old, or the return is over at its supplier."""
    try:
        value = signing.TimestampSigner(salt=PHOTO_SALT).unsign(signed, max_age=PHOTO_LIFE)
    except signing.BadSignature:
        return None
    pk, _dot, number = value.partition(".")
    asked = SupplierReturn.objects.filter(return_reference=number).exclude(status__in=SAID_ALL)
    return Attachment.objects.filter(pk=int(pk)).first() if asked.exists() else None
