"""All that an agent sees of one case: thread, composer, order, parcels, money, supplier, the customer's other things."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta
from typing import Any

from django.db.models import Case, Exists, F, OuterRef, Prefetch, Q, QuerySet, Subquery, When, prefetch_related_objects
from django.db.models.functions import Lower
from django.http import HttpRequest
from django.utils import timezone

from orders.actions.refund import refundable_minor
from orders.cancellations import CancellationCard
from orders.models import Dispute, Hold, Order, OrderLine
from orders.models.dispute import UNDECIDED
from orders.progress import ParcelCard, item_of, parcel_cards, refund_lines
from orders.states import OrderStatus
from shop.models import User
from shop.panels import panels
from suppliers.models import SupplierOrder
from suppliers.panels import cancellation_facts
from support.checklists import points_of
from support.composing import Composer, composers
from support.desk_forms import ComposerForm
from support.macros import effects_of, kept_macro, offers
from support.models import Draft, ReturnLine, Situation, Ticket, TicketLine
from support.placeholders import PLACEHOLDERS, gaps_in
from support.presence import who_is_in
from support.standing import dates_of, fulfilment_word, payment_word, situation_of
from support.states import TicketStatus
from support.words import clocks_of

OTHERS = 12
IN_TIME = timedelta(days=30)


def tickets_with_drafts(user: User, audience: str) -> QuerySet[Ticket]:
    """Return cases, each with what somebody has begun to write in it to an audience."""
    mine = Draft.objects.filter(ticket=OuterRef("pk"), user=user, audience=audience)
    return Ticket.objects.select_related("order", "owner", "merged_into").annotate(
        draft_body=Subquery(mine.values("body")[:1]),
        draft_macro=Subquery(mine.values("macro__shortcut")[:1]),
        draft_saved_at=Subquery(mine.values("saved_at")[:1]),
    )


def ticket_context(
    request: HttpRequest, ticket: Ticket, composer: Composer, *, form: ComposerForm | None = None
) -> dict[str, Any]:
    """Return the context of the case page; a fixed number of queries however long the thread."""
    thread = list(ticket.messages.select_related("user").prefetch_related("attachments"))
    context: dict[str, Any] = {
        "ticket": ticket,
        "thread": thread,
        "is_solved": ticket.status == TicketStatus.SOLVED,
        "clocks": clocks_of(ticket),
        "people": who_is_in([ticket.pk], besides=request.user).get(ticket.pk, []),
        "checklist": _checklist(ticket),
        "tags": list(ticket.tags.all()),
        "others": list(_others(ticket)),
        "desk_section": "inbox",
    }
    order = _order_context(request, ticket) if ticket.order else {}
    situations = {situation_of(ticket.order, order.get("parcels", []))}
    if order.get("refunds"):
        situations.add(Situation.REFUNDED)
    return context | order | _composer_context(request, ticket, composer, form, thread, situations)


def _composer_context(
    request: HttpRequest,
    ticket: Ticket,
    composer: Composer,
    form: ComposerForm | None,
    thread: Sequence[Any],
    situations: Collection[str],
) -> dict[str, Any]:
    if form is None:
        form = ComposerForm(initial={"message": ticket.draft_body or "", "macro": ticket.draft_macro or ""})  # type: ignore[attr-defined]
        form.initial["seen"] = max((one.pk for one in thread), default=0)
    text = form["message"].value() or ""
    macro = kept_macro(form["macro"].value() or "")
    find = request.GET.get("find", "").replace("\x00", "")[:60]
    offered = offers(ticket, situations, find=find) if composer.takes_macros else []
    return {
        "composers": composers(ticket),
        "composer": composer,
        "form": form,
        "gaps": gaps_in(text) if composer.takes_macros and not form.errors else [],
        "macro": macro,
        "macro_effects": effects_of(macro) if macro else [],
        "macros": offered,
        "suggested": [one for one in offered if one.is_suggested],
        "find": find,
        "placeholders": [(name, one.label) for name, one in PLACEHOLDERS.items()] if composer.takes_macros else [],
    }


def _checklist(ticket: Ticket) -> list[dict[str, Any]]:
    points = points_of(ticket)
    ticks = {tick.key: tick for tick in ticket.ticks.select_related("by")} if points else {}
    return [{"key": one.key, "label": one.label, "tick": ticks.get(one.key)} for one in points]


def _others(ticket: Ticket) -> QuerySet[Ticket]:
    """Cases of the same customer or order, and those that were linked by hand, the newest first."""
    linked = Ticket.linked.through.objects.filter(from_ticket=ticket.pk)
    theirs = Q(lower_email=ticket.email.lower()) | Q(pk__in=linked.values("to_ticket"))
    if ticket.order_id:
        theirs |= Q(order=ticket.order_id)
    rows = Ticket.objects.alias(lower_email=Lower("email")).filter(theirs).exclude(pk=ticket.pk)
    rows = rows.annotate(is_linked=Exists(linked.filter(to_ticket=OuterRef("pk"))))
    return rows.order_by("-opened_at", "-pk")[:OTHERS]


def _order_context(request: HttpRequest, ticket: Ticket) -> dict[str, Any]:
    order = ticket.order
    about = TicketLine.objects.filter(ticket=ticket, order_line=OuterRef("pk"))
    lines = OrderLine.objects.annotate(is_about=Exists(about))
    prefetch_related_objects([order], Prefetch("lines", lines))
    cards = parcel_cards(order)
    cancellations = cancellation_facts(order)
    customers = list(_orders_of(order))
    return {
        "order": order,
        "payment": payment_word(order),
        "fulfilment": fulfilment_word(order),
        "dates": dates_of(order, cards),
        "parcels": cards,
        "lines": _lines(order, cards, [card for card, _parts in cancellations]),
        "cancellations": cancellations,
        "refunds": refund_lines(order),
        "payments": order.payments.all(),
        "supplier_orders": SupplierOrder.objects.filter(order=order).select_related("supplier"),
        "returns": _returns(order),
        "previous": [one for one in customers if one.pk != order.pk],
        "risks": [one for one in customers if one.open_hold or one.open_dispute],
        "can_change_address": order.address_fixed_at is None and order.is_paid,
        "panels": panels("ticket", request, ticket),
    }


def _returns(order: Order) -> list[dict[str, Any]]:
    """Return the returns of an order, the newest first, each with its goods in words. One query."""
    names = {line.pk: line.name for line in order.lines.all()}
    found: dict[int, dict[str, Any]] = {}
    for line in ReturnLine.objects.filter(parent__order=order).select_related("parent").order_by("-parent", "pk"):
        row = found.setdefault(line.parent_id, {"row": line.parent, "goods": []})
        row["goods"].append(f"{line.quantity} × {names[line.order_line_id]}")
    return list(found.values())


def _orders_of(order: Order) -> QuerySet[Order]:
    """Some orders of the customer, this one first, each with what makes it a risk."""
    rows = Order.objects.alias(lower_email=Lower("email")).filter(
        Q(lower_email=order.email.lower()) | (Q(user=order.user_id) if order.user_id else Q(pk=order.pk))
    )
    holds = Hold.objects.filter(order=OuterRef("pk"), released_at=None).values("reason")
    disputes = Dispute.objects.filter(order=OuterRef("pk"), status__in=UNDECIDED).values("status")
    is_this = Case(When(pk=order.pk, then=1), default=0)
    rows = rows.annotate(open_hold=Subquery(holds[:1]), open_dispute=Subquery(disputes[:1]), is_this=is_this)
    # Whoever has ordered often: what is at risk must be among the few that are shown.
    first = ("-is_this", F("open_dispute").desc(nulls_last=True), F("open_hold").desc(nulls_last=True))
    return rows.order_by(*first, "-placed_at", "-pk")[:OTHERS]


def _lines(order: Order, cards: Sequence[ParcelCard], cancelling: Sequence[CancellationCard]) -> list[dict[str, Any]]:
    """Return each line with its picture and what can be done about it."""
    asked = _asked_for(cancelling)
    came = _came_at(order, cards)
    rows = []
    for line in order.lines.all():
        can_cancel = order.status in {OrderStatus.PLACED, OrderStatus.AUTHORISED, OrderStatus.PAID}
        left = line.quantity - line.cancelled - line.shipped - asked.get(line.pk, 0)
        rows.append(
            {
                "line": line,
                "item": item_of(line, line.quantity),
                "refundable": order.money(refundable_minor(line)),
                "stoppable": max(0, left) if can_cancel else 0,
                "came": came.get(line.pk),
            }
        )
    return rows


def _asked_for(cards: Sequence[CancellationCard]) -> Mapping[int, int]:
    """Return for how many units of each line an answer to a cancellation is awaited; as ``cancellable_units`` counts."""
    found: dict[int, int] = {}
    for card in cards:
        for row in card.cancellation.lines.all() if card.cancellation.is_waiting else []:
            found[row.line_id] = found.get(row.line_id, 0) + row.waiting
    return found


def _came_at(order: Order, cards: Sequence[ParcelCard]) -> Mapping[int, dict[str, Any]]:
    """Return when each line was delivered, and whether that is longer ago than a defect may be reported."""
    today = timezone.localdate()
    return {
        item.line_id: {"days": (today - card.window[1]).days, "is_late": today - card.window[1] > IN_TIME}
        for card in cards
        if card.is_delivered
        for item in card.items
    }
