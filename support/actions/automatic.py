"""Cases that open by themselves because a customer has to be talked to, and close by themselves when that is over."""

from __future__ import annotations

import secrets
from uuid import NAMESPACE_URL, uuid5

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from orders import events
from orders.actions.shipping import lock_order
from orders.models import Event, OrderDelivery
from shop.languages import speaking
from support.actions.ticket import Author, Thread, answer_due, tell_thread
from support.causes import GRACE, MANNERS, Found, causes_of, of_delivery, stands
from support.models import CaseCause, Ticket, TicketLine
from support.states import TicketStatus, move_ticket

# So many in one sweep; the next one goes on.
MOST = 200
PRIORITIES = list(Ticket.Priority)


def notice_cause(event: Event) -> None:
    """Let an event open a case, or be a line in one that is open. Inside a transaction, that of the tick; safe to repeat."""
    for found in causes_of(event):
        note_cause(found)
    # Late in another way, it may be found again: its case then has the new cause before it loses the old one.
    settle_causes_of(event)


def note_cause(found: Found) -> bool:
    """Note one cause, once: in the open case about its order, else in a new one; False if it is known or switched off.

    No mail goes out: a customer hears of a case when somebody writes to them.
    """
    if found.kind not in settings.AUTOMATIC_CASES:
        return False
    with transaction.atomic():
        # Of two causes at once the second must see the first one's case.
        lock_order(found.order)
        if CaseCause.objects.filter(key=found.key, gone_at=None).exists():
            return False
        ticket = _open_case(found) or _new_case(found)
        cause = CaseCause.objects.create(ticket=ticket, kind=found.kind, key=found.key)
        _say(ticket, found.says, f"noted:{cause.pk}")
        events.record("ticket.cause_noted", ticket, by=None, cause=found.key)
    return True


def _open_case(found: Found) -> Ticket | None:
    """Return the order's open case, ready for somebody to look at it; None: there is none."""
    ticket = Ticket.objects.filter(order=found.order).exclude(status=TicketStatus.SOLVED).order_by("-pk").first()
    if ticket is None:
        return None
    most = max(PRIORITIES.index(ticket.priority), PRIORITIES.index(MANNERS[found.kind].priority))
    Ticket.objects.filter(pk=ticket.pk).update(priority=PRIORITIES[most])
    if ticket.status == TicketStatus.WAITING_CUSTOMER:
        # It is our turn again: they may wait for something else than we thought.
        move_ticket(ticket, TicketStatus.OPEN, by=None)
        Ticket.objects.filter(pk=ticket.pk, answer_due_at=None).update(answer_due_at=answer_due(timezone.now()))
    return ticket


def _new_case(found: Found) -> Ticket:
    order, manner = found.order, MANNERS[found.kind]
    with speaking(order.language):
        subject = str(manner.subject) % {"number": order.number}
    ticket = Ticket.objects.create(
        number=f"T-{secrets.randbelow(900_000) + 100_000}-{secrets.randbelow(90) + 10}",
        order=order,
        user=order.user,
        email=order.email,
        name=order.name[:100],
        language=order.language,
        topic=manner.topic,
        subject=subject,
        priority=manner.priority,
        source=Ticket.Source.AUTOMATIC,
        cause_key=found.key,
        answer_due_at=answer_due(timezone.now()),
    )
    known = {line.pk for line in order.lines.all()}
    TicketLine.objects.bulk_create(
        TicketLine(ticket=ticket, order_line_id=pk, quantity=units)
        for pk, units in found.units.items()
        if pk in known and units > 0
    )
    # Without a message: there is none that its customer has written.
    events.record("ticket.opened", ticket, by=None, message=None, cause=found.key)
    return ticket


def _say(ticket: Ticket, words: str, key: str) -> None:
    form_key = uuid5(NAMESPACE_URL, f"waybill:case-cause:{ticket.token}:{key}")
    tell_thread(ticket, Thread.INTERNAL, words, author=Author.SYSTEM, form_key=form_key)


def settle_causes_of(event: Event) -> None:
    """Look at the causes about the order of an event, one of which may be gone. Inside a transaction; safe to repeat."""
    for cause in CaseCause.objects.filter(gone_at=None, ticket__order=event.order_id).exclude(ticket__order=None):
        settle_cause(cause)


def settle_cause(cause: CaseCause) -> bool:
    """Note that a cause is gone, and close its case if it opened by itself and nobody wrote in it; False if it stands."""
    if stands(cause):
        return False
    with transaction.atomic():
        if not CaseCause.objects.filter(pk=cause.pk, gone_at=None).update(gone_at=timezone.now()):
            return False
        ticket = Ticket.objects.get(pk=cause.ticket_id)
        if ticket.status == TicketStatus.SOLVED:
            return True
        words = _("Over by itself: %(what)s.") % {"what": cause.get_kind_display()}
        _say(ticket, words, f"gone:{cause.pk}")
        if _is_untouched(ticket):
            _close(ticket)
    return True


def _is_untouched(ticket: Ticket) -> bool:
    """True for a case that opened by itself, in which nobody wrote or took part, and that nothing else keeps open."""
    is_ours = ticket.source == Ticket.Source.AUTOMATIC and ticket.owner_id is None
    written = ticket.messages.exclude(author=Author.SYSTEM).exists()
    return is_ours and not written and not ticket.causes.filter(gone_at=None).exists()


def _close(ticket: Ticket) -> None:
    now = timezone.now()
    if move_ticket(ticket, TicketStatus.SOLVED, by=None):
        Ticket.objects.filter(pk=ticket.pk).update(answer_due_at=None, solve_due_at=None, solved_at=now)


def tend_causes() -> None:
    """Note deliveries whose last told day is over by now, and settle causes that are gone. Safe to repeat.

    Whatever an event did not bring is found here: that a day passes is no event.
    """
    for cause in list(CaseCause.objects.filter(gone_at=None).order_by("pk")):
        settle_cause(cause)
    limit = timezone.localdate() - GRACE
    is_over = Q(told_latest_on__lt=limit) | Q(told_latest_on=None, promised_latest_on__lt=limit)
    known = CaseCause.objects.filter(kind=CaseCause.Kind.LATE, gone_at=None, ticket__order=OuterRef("order"))
    late = OrderDelivery.objects.filter(is_over, ~Exists(known)).exclude(late_kind="").select_related("order")
    # The newest first: what was paid back stays among them, and must keep nothing else out.
    for row in late.order_by("-late_since", "-pk")[:MOST]:
        for found in of_delivery(row):
            note_cause(found)
