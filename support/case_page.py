"""All that a customer sees of their case: words, thread, order, returns, decisions. Nothing else of it leaves us."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from orders.models import Order, Refund
from orders.progress import order_word, parcel_cards, refund_goods
from orders.states import RefundStatus
from orders.words import REFUND_WORDS, Word
from shop.money import Money
from shop.words import day
from support.actions.closing import may_reopen
from support.models import Rating, Ticket, TicketMessage
from support.states import TicketStatus
from support.words import RETURN_WORDS, state_words

NOT_DECIDED_HERE = [Refund.Reason.DISPUTE, Refund.Reason.NOT_TAKEN, Refund.Reason.LATE_PAYMENT]


@dataclass(frozen=True, slots=True)
class Decision:
    """Money that goes back: how much, since when, to which card."""

    amount: Money
    word: Word
    when: str
    card: str
    goods: list[str]


def with_news(tickets: QuerySet[Ticket]) -> QuerySet[Ticket]:
    """Say of each case whether something has come that its customer has not seen, as ``has_news``."""
    theirs = TicketMessage.objects.for_customers().filter(ticket=OuterRef("pk"))
    news = theirs.exclude(author=TicketMessage.Author.CUSTOMER)
    unseen = news.filter(Q(at__gt=OuterRef("seen_at")) | Q(ticket__seen_at=None))
    return tickets.annotate(has_news=Exists(unseen))


def note_seen(ticket: Ticket, *, now: datetime) -> None:
    """Note that the customer has the case before them; nothing is written where nothing has come since."""
    mine = with_news(Ticket.objects.filter(pk=ticket.pk))
    mine.filter(Q(has_news=True) | Q(seen_at=None)).update(seen_at=now)


def decisions(ticket: Ticket) -> list[Decision]:
    """Return the refunds of a case's order that were decided since it was opened, of its goods where it names some."""
    if ticket.order is None:
        return []
    found = ticket.order.refunds.filter(requested_at__gte=ticket.opened_at).exclude(reason__in=NOT_DECIDED_HERE)
    about = {line.order_line_id for line in ticket.lines.all()}
    rows = found.exclude(status=RefundStatus.FAILED).select_related("payment").prefetch_related("lines__line")
    return [
        Decision(
            one.amount,
            REFUND_WORDS[one.status],
            day(timezone.localdate(one.requested_at)),
            one.payment.card_last4,
            refund_goods(one),
        )
        for one in rows
        if not about or about & {part.line_id for part in one.lines.all()}
    ]


def case_context(ticket: Ticket) -> dict[str, Any]:
    """Return the context of a customer's case page; a fixed number of queries however long the thread."""
    now = timezone.now()
    returns = ticket.returns.select_related("order").prefetch_related("lines__order_line")
    thread = ticket.messages.for_customers().select_related("user").prefetch_related("attachments")
    return {
        "ticket": ticket,
        "state": state_words(ticket),
        "thread": thread,
        "is_solved": ticket.status == TicketStatus.SOLVED,
        "is_closed": not may_reopen(ticket, now=now),
        "decisions": decisions(ticket),
        "returns": [(row, RETURN_WORDS[row.status]) for row in returns],
        "rating": Rating.objects.filter(ticket=ticket).first(),
        **(_order_context(ticket.order) if ticket.order else {}),
    }


def _order_context(order: Order) -> dict[str, Any]:
    return {"order": order, "order_word": order_word(order), "parcels": parcel_cards(order)}
