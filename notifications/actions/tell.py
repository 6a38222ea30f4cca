"""From an event to the message about it: one function per event; each may run any number of times."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from django.utils import timezone

from notifications import (
    address_messages,
    cancellation_messages,
    delay_messages,
    messages,
    parcel_messages,
    payment_messages,
    stock_messages,
    supplier_messages,
    ticket_messages,
)
from notifications.actions.again import send_missed
from notifications.actions.announce import announce
from notifications.actions.choices import wants_anew
from notifications.actions.tell_returns import is_stopped_by_withdrawal, is_told_by_return
from notifications.mail import Mail
from notifications.models import Notification
from orders.actions.again import is_again
from orders.models import Cancellation, Delay, Event, Order, Refund, Shipment
from orders.states import AuthorisationStatus, OrderStatus, ParcelStatus
from orders.undelivered import COMING_BACK
from shop.languages import default_language, speaking
from shop.models import StockWatch
from suppliers.models import SupplierChase, SupplierReturn
from support.models import SupplierQuestion, Ticket, TicketMessage
from support.states import TicketStatus

# The message that a quantity is cancelled names its refund as well.
TOLD_WITH_LINES = {Refund.Reason.CANCELLED, Refund.Reason.SUPPLIER_CANNOT, Refund.Reason.NOT_APPROVED}
# Rows of the ledger that move no money by us: what happened is told in its own words, or not by us.
NOT_TOLD = {Refund.Reason.DISPUTE, Refund.Reason.NOT_TAKEN}
# Cases that no customer opened: nobody is thanked for a message they have not written. A return has a message of its own.
NOT_ACKNOWLEDGED = {Ticket.Source.STAFF, Ticket.Source.AUTOMATIC, Ticket.Source.RETURN}
# States of a parcel whose number still helps the customer.
STILL_COMING = set(ParcelStatus) - {ParcelStatus.DELIVERED, ParcelStatus.CANCELLED, ParcelStatus.RETURNED}


def in_its_language(effect: Callable[[Event], None]) -> Callable[[Event], None]:
    """Return the effect done in the language of the event's order: its words, its days, its links.

    What belongs to no order, or is for somebody else than who ordered, chooses its own language inside.
    """

    def told(event: Event) -> None:
        with speaking(event.order.language if event.order else default_language()):
            effect(event)

    return told


def _about_order(kind: str, mail: Mail, order: Order, event: Event, version: object) -> None:
    announce(kind, f"{order.number}:{version}", mail, recipient=order.email, order=order, event=event)


def order_confirmed(event: Event) -> None:
    """Once per order."""
    _about_order("order-confirmed", messages.order_confirmed(event.order), event.order, event, 1)


def payment_awaited(event: Event) -> None:
    """Once, to whoever is to transfer the money; on a pay page the customer is told there."""
    _about_order("transfer-awaited", payment_messages.transfer_awaited(event.order), event.order, event, 1)


def order_authorised(event: Event) -> None:
    """Once per order, and only while it waits for the decision."""
    kept = event.order.authorisations.filter(status=AuthorisationStatus.HELD).first()
    if kept is not None:
        _about_order("order-authorised", payment_messages.order_authorised(event.order, kept), event.order, event, 1)


def order_refused(event: Event) -> None:
    """Once per order."""
    _about_order("order-refused", payment_messages.order_refused(event.order), event.order, event, 1)


def payment_pending(event: Event) -> None:
    """Once per order."""
    _about_order("payment-pending", messages.payment_pending(event.order), event.order, event, 1)


def payment_failed(event: Event) -> None:
    """Once per order, and not after it was paid: three tries at a till are no reason for three mails."""
    if not event.order.is_paid:
        _about_order("payment-failed", messages.payment_failed(event.order), event.order, event, 1)


def parcel_sent(event: Event) -> None:
    """Once per parcel; not for one that is void meanwhile."""
    shipment = Shipment.objects.get(pk=event.subject_id)
    if shipment.status == ParcelStatus.CANCELLED:
        return
    _about_order("parcel-sent", messages.parcel_sent(shipment), event.order, event, shipment.pk)


def parcel_renumbered(event: Event) -> None:
    """Once per new number, after the parcel was told as sent with another one; not for a number that is gone again."""
    shipment, number = Shipment.objects.get(pk=event.subject_id), event.facts["number"]
    sent = Notification.objects.filter(key=f"parcel-sent:{event.order.number}:{shipment.pk}").first()
    is_told = sent is not None and number in sent.text
    if shipment.tracking_number == number and shipment.status in STILL_COMING and not is_told:
        version = f"{shipment.pk}-{number}"
        _about_order("parcel-number", messages.parcel_renumbered(shipment), event.order, event, version)


def parcel_delivered(event: Event) -> None:
    """Once per parcel."""
    shipment = Shipment.objects.get(pk=event.subject_id)
    _about_order("parcel-delivered", messages.parcel_delivered(shipment), event.order, event, shipment.pk)


def parcel_attempted(event: Event) -> None:
    """Once per attempt; not once the parcel is elsewhere, or a later attempt is to be told."""
    shipment = Shipment.objects.get(pk=event.subject_id)
    if shipment.status == ParcelStatus.ATTEMPT_FAILED and not _is_overtaken(event):
        mail = parcel_messages.delivery_tried(shipment)
        _about_order("parcel-attempted", mail, event.order, event, event.pk)


def parcel_deposited(event: Event) -> None:
    """Once per place where it waits; not once it was collected, or waits elsewhere."""
    shipment = Shipment.objects.get(pk=event.subject_id)
    if shipment.status == ParcelStatus.AVAILABLE_FOR_PICKUP and not _is_overtaken(event):
        mail = parcel_messages.parcel_deposited(shipment)
        _about_order("parcel-deposited", mail, event.order, event, event.pk)


def _is_overtaken(event: Event) -> bool:
    later = Event.objects.filter(kind=event.kind, subject_key=event.subject_key, pk__gt=event.pk)
    return later.exists()


def parcel_back(event: Event) -> None:
    """Once per parcel; not while its carrier has stopped it on the way back."""
    shipment = Shipment.objects.get(pk=event.subject_id)
    if shipment.status in COMING_BACK:
        _about_order("parcel-back", parcel_messages.parcel_comes_back(shipment), event.order, event, shipment.pk)


def arrival_delayed(event: Event) -> None:
    """Once per telling: which one it is, and when, was decided with the event."""
    delay = Delay.objects.select_related("order").get(pk=event.subject_id)
    _about_order("arrival-delayed", delay_messages.arrival_delayed(delay), event.order, event, delay.pk)


def arrival_changed(event: Event) -> None:
    """Once per telling that all of it comes sooner than the customer knew."""
    delay = Delay.objects.select_related("order").get(pk=event.subject_id)
    _about_order("arrival-changed", delay_messages.arrival_changed(delay), event.order, event, delay.pk)


def supplier_chased(event: Event) -> None:
    """Once per question to a supplier that takes questions by mail; nothing of the customer stands in it."""
    chase = SupplierChase.objects.select_related("supplier_order__supplier", "order").get(pk=event.subject_id)
    supplier = chase.supplier_order.supplier
    if chase.channel == SupplierChase.Channel.MAIL and supplier.contact_email:
        mail, key = delay_messages.supplier_chased(chase), f"{chase.supplier_order.reference}:{chase.late_kind}"
        announce("supplier-chased", key, mail, recipient=supplier.contact_email, order=None, event=event)


def supplier_question(event: Event) -> None:
    """Once per question and step, to a supplier that reads mails; not once it is answered, or nobody asks any more."""
    related = ("ticket", "supplier", "supplier_order")
    question = SupplierQuestion.objects.select_related(*related).filter(pk=event.subject_id).first()
    if question is None or not question.is_open or not question.supplier.contact_email:
        return
    step, address = str(event.facts["step"]), question.supplier.contact_email
    with speaking(default_language()):
        mail = supplier_messages.supplier_asked(question, step)
    key = f"{question.pk}:{step}"
    announce("supplier-question", key, mail, recipient=address, order=None, event=event, question=question)


def supplier_return(event: Event) -> None:
    """Once per return and step, to a supplier that reads mails; not once it has answered, or nothing comes back."""
    rows = SupplierReturn.objects.select_related("supplier_order__supplier", "order")
    row, step = rows.filter(pk=event.subject_id).first(), str(event.facts["step"])
    wanted = SupplierReturn.Status.CANCELLED if step == "withdrawn" else SupplierReturn.Status.REQUESTED
    if row is None or row.status != wanted or not row.supplier_order.supplier.contact_email:
        return
    with speaking(default_language()):
        mail = supplier_messages.supplier_return_asked(row, step)
    address = row.supplier_order.supplier.contact_email
    announce("supplier-return", f"{row.return_reference}:{step}", mail, recipient=address, order=None, event=event)


def refund_on_its_way(event: Event) -> None:
    """Once per refund, unless the message about cancelled goods or about a return tells it; also of a new try."""
    refund = Refund.objects.get(pk=event.subject_id)
    if refund.reason in NOT_TOLD or is_told_by_return(refund):
        return
    if refund.reason not in TOLD_WITH_LINES or is_again(refund):
        _about_order("refund", messages.refund_on_its_way(refund), event.order, event, refund.pk)


def refund_failed(event: Event) -> None:
    """Once per refund."""
    refund = Refund.objects.get(pk=event.subject_id)
    if refund.reason == Refund.Reason.DISPUTE:
        return
    _about_order("refund-failed", messages.refund_failed(refund), event.order, event, refund.pk)


def lines_cancelled(event: Event) -> None:
    """Once per act; not where somebody had asked for it, or nothing was accepted: that is told as such.

    New goods for old ones that nobody can send are told with the money in their place.
    """
    if {"cancellation", "authorisation", "replacements"} & event.facts.keys():
        return
    parts = {int(part["line"]): int(part["quantity"]) for part in event.facts["lines"]}
    replaced = set(event.order.lines.filter(pk__in=parts).exclude(replaces=None).values_list("pk", flat=True))
    parts = {pk: units for pk, units in parts.items() if pk not in replaced}
    refund = Refund.objects.filter(pk=event.facts.get("refund")).first()
    mail = messages.lines_cancelled(event.order, parts, refund, reason=str(event.facts.get("reason")))
    _about_order("lines-cancelled", mail, event.order, event, event.pk)


def cancellation_waiting(event: Event) -> None:
    """Once per cancellation, and only while its answer is still to come; not where a receipt has said so."""
    cancellation = Cancellation.objects.select_related("order").get(pk=event.subject_id)
    if cancellation.is_waiting and not is_stopped_by_withdrawal(cancellation):
        mail = cancellation_messages.cancellation_waiting(cancellation)
        _about_order("cancellation-asked", mail, event.order, event, cancellation.pk)


def cancellation_answered(event: Event) -> None:
    """Once per answer: each supplier gives its own. Not about an order that was neither paid nor authorised."""
    if not event.order.is_paid and not event.order.authorisations.exists():
        return
    cancelled, refused = (
        {int(part["line"]): int(part["quantity"]) for part in event.facts[name]} for name in ("cancelled", "refused")
    )
    refunds = list(Refund.objects.filter(pk__in=event.facts["refunds"]))
    why = event.facts["why"]
    mail = cancellation_messages.cancellation_answered(event.order, cancelled, refused, refunds, why=why)
    _about_order("cancellation-answered", mail, event.order, event, event.pk)


def order_link(event: Event) -> None:
    """Once per request."""
    _about_order("order-link", messages.order_link(event.order, timezone.localdate()), event.order, event, event.pk)


def address_changed(event: Event) -> None:
    """Once per change; of two that follow each other at once, each names what counts when it is written."""
    _about_order("address-changed", address_messages.address_changed(event.order), event.order, event, event.pk)


def email_corrected(event: Event) -> None:
    """Once per correction, to both addresses: the old one learns nothing of the order, the new one all of it.

    What the old address never took goes to the new one as well.
    """
    order, before = event.order, event.facts["before"]
    mail = messages.email_left(order)
    announce("email-left", f"{order.number}:{event.pk}", mail, recipient=before, order=order, event=event)
    confirmed = Notification.objects.filter(kind="order-confirmed", order=order).first()
    is_missed = order.is_paid and confirmed is not None and confirmed.recipient != order.email
    mail = messages.order_confirmed(order) if is_missed else messages.email_corrected(order)
    if order.status == OrderStatus.PLACED:
        # Where the money is to go was told to the old address only.
        mail = payment_messages.transfer_awaited(order)
    _about_order("email-corrected", mail, order, event, event.pk)
    send_missed(order, before=before, version=event.pk)


def ticket_opened(event: Event) -> None:
    """Once per case that a customer opened; not about one that was deleted with its account."""
    message = TicketMessage.objects.select_related("ticket__order").filter(pk=event.facts["message"]).first()
    if message is None or message.ticket.source in NOT_ACKNOWLEDGED:
        return
    ticket = message.ticket
    # So that no program answers it (RFC 3834), and that it stands below what it answers.
    headers = {"Auto-Submitted": "auto-replied", "X-Auto-Response-Suppress": "OOF, AutoReply"} | _below(message.mail_id)
    with speaking(ticket.language):
        mail = ticket_messages.ticket_opened(ticket, message)
        _about_ticket("ticket-opened", mail, ticket, event, message.pk, headers)


def ticket_answered(event: Event) -> None:
    """Once per answer; not in a case that was deleted with its account."""
    message = TicketMessage.objects.select_related("ticket", "user").filter(pk=event.facts["message"]).first()
    if message is None:
        return
    ticket = message.ticket
    theirs = ticket.messages.exclude(mail_id="").filter(author=TicketMessage.Author.CUSTOMER, pk__lt=message.pk)
    last = theirs.order_by("-pk").values_list("mail_id", flat=True).first()
    with speaking(ticket.language):
        mail = ticket_messages.ticket_answered(ticket, message)
        _about_ticket("ticket-answered", mail, ticket, event, message.pk, _below(last or ""))


def ticket_solved(event: Event) -> None:
    """Once per closing by an agent; not where the customer closed it, or it goes on elsewhere or is open again."""
    ticket = Ticket.objects.filter(pk=event.subject_id, status=TicketStatus.SOLVED, merged_into=None).first()
    if ticket is None or event.by_id is None:
        return
    with speaking(ticket.language):
        _about_ticket("ticket-solved", ticket_messages.ticket_solved(ticket), ticket, event, event.pk)


def _below(mail_id: str) -> dict[str, str]:
    return {"In-Reply-To": mail_id, "References": mail_id} if mail_id else {}


def _about_ticket(
    kind: str, mail: Mail, ticket: Ticket, event: Event, version: int, headers: Mapping[str, str] | None = None
) -> None:
    announce(
        kind,
        f"{ticket.number}:{version}",
        mail,
        recipient=ticket.email,
        order=ticket.order,
        event=event,
        language=ticket.language,
        ticket=ticket,
        headers=headers,
    )


def back_in_stock(event: Event) -> None:
    """Once per wish; whoever has stopped it meanwhile is not told."""
    for watch in StockWatch.objects.filter(pk__in=event.facts["watches"]).select_related("variant__product"):
        # Asked for by name since then, it is wanted, whatever was stopped before.
        wants_anew("back-in-stock", watch.email, asked_at=watch.asked_at)
        with speaking(watch.language):
            mail = stock_messages.back_in_stock(watch)
        announce(
            "back-in-stock",
            f"{watch.pk}:1",
            mail,
            recipient=watch.email,
            order=None,
            event=event,
            language=watch.language,
        )
