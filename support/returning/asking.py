"""Take in what a customer asks for: a return, a problem, or the withdrawal from the contract."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID, uuid5

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from orders import events
from orders.actions.sent_back import take_units
from orders.actions.shipping import lock_order
from orders.keys import bound_key
from orders.models import Order, OrderLine
from shop.models import User, Variant
from suppliers.models import SupplierOrderLine
from support.actions.ticket import Author, Thread, open_ticket, survivor_of, tell_thread
from support.models import Basis, Return, ReturnLine, ReturnReason, Solution, Ticket, Topic
from support.returning.decide import decide_by_rule
from support.returning.money import is_dearer
from support.returning.offer import LineOffer, line_offers, returnable_sources
from support.uploads import Photo

TOPICS = {
    ReturnReason.DAMAGED: Topic.DAMAGED,
    ReturnReason.WRONG_ITEM: Topic.WRONG_ITEM,
    ReturnReason.DEFECTIVE: Topic.DEFECTIVE,
}


class NotOffered(Exception):
    """One of the lines may not go back for that reason, or not so many units of it any more."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What somebody asks for: units by order line id, why (empty: a withdrawal), and which way to solve it.

    ``declared_in_time``: the withdrawal was declared before; no window is looked at again.
    """

    units: Mapping[int, int]
    reason: str = ""
    solution: Solution = Solution.REFUND
    exchange_for: Variant | None = None
    words: str = ""
    photos: Sequence[Photo] = ()
    declared_in_time: bool = False


def new_return_number() -> str:
    """Return a number for a return: random, so that it tells nobody how many there are."""
    while True:
        number = f"RT-{secrets.randbelow(9_000_000) + 1_000_000}"
        if not Return.objects.filter(number=number).exists():
            return number


def ask_return(
    order: Order,
    wanted: Wanted,
    *,
    form_key: UUID,
    user: User | None = None,
    opened_by: User | None = None,
    ticket: Ticket | None = None,
) -> list[Return]:
    """Note that goods are to go back, one return per supplier order; an order's same ``form_key`` is one request.

    ``opened_by`` is an agent who does it for the customer: they may give what no rule offers, as goodwill. ``ticket``
    is the case in which they do (None: it has one of its own). What the rule may decide by itself is decided here and
    now. Raises NotOffered or orders.actions.sent_back.AlreadyBack, and changes nothing.
    """
    with transaction.atomic():
        lock_order(order)
        # Lines that were fetched along before the lock tell of a moment that is over.
        order.refresh_from_db()
        known = list(Return.objects.filter(request_key=form_key, order=order))
        if known:
            return known
        offers = {offer.line.pk: offer for offer in line_offers(order, now=timezone.now())}
        groups = parts_of(offers, wanted, is_agent=opened_by is not None)
        if not groups:
            raise NotOffered(order.number)
        case = survivor_of(ticket) if ticket else _ticket(order, wanted, form_key=form_key, user=user)
        made = [_make(order, case, wanted, basis, rows, form_key, opened_by) for (basis, _pk), rows in groups.items()]
        if ticket is not None:
            note_in_case(case, order, made, wanted, form_key=form_key, by=made[0].opened_by)
        for row in made:
            decide_by_rule(row)
    return made


def note_in_case(
    ticket: Ticket, order: Order, made: Sequence[Return], wanted: Wanted, *, form_key: UUID, by: User | None
) -> None:
    """Say in the case of an agent what was opened in it, and in their words why; nothing made: all of it is stopped."""
    facts = {"numbers": ", ".join(row.number for row in made), "name": by.get_short_name() if by else ""}
    text = _("%(numbers)s: opened for the customer by %(name)s.") % facts
    if not made:
        text = _("Withdrawal from goods that have not left: noted for the customer by %(name)s.") % facts
    told = f"{text} {wanted.words}".strip()
    key = bound_key(uuid5(form_key, "opened"), order)
    tell_thread(ticket, Thread.INTERNAL, told, author=Author.SYSTEM, form_key=key, photos=wanted.photos)


Part = tuple[OrderLine, SupplierOrderLine, int]


def parts_of(
    offers: Mapping[int, LineOffer], wanted: Wanted, *, is_agent: bool = False
) -> dict[tuple[Basis, int], list[Part]]:
    """Split what is wanted by ground and by the supplier order it came with: each group is one return. Three queries.

    Raises NotOffered.
    """
    sources = returnable_sources([offers[pk].line for pk in wanted.units if pk in offers])
    groups: dict[tuple[Basis, int], list[Part]] = {}
    for pk, units in wanted.units.items():
        offer = offers.get(pk)
        basis = _basis(offer, wanted, is_agent=is_agent) if offer else None
        if offer is None or basis is None or not 0 < units <= offer.units:
            raise NotOffered(str(pk))
        _refuse_other_goods(offer.line, wanted)
        for row, free in sources.get(pk, []):
            part = min(units, free)
            if part:
                groups.setdefault((basis, row.supplier_order_id), []).append((offer.line, row, part))
                units -= part
        if units:
            raise NotOffered(str(pk))
    return groups


def _basis(offer: LineOffer, wanted: Wanted, *, is_agent: bool) -> Basis | None:
    if wanted.declared_in_time:
        return Basis.WITHDRAWAL
    basis = offer.basis_for(wanted.reason, today=timezone.localdate())
    if basis is None and is_agent:
        return Basis.GOODWILL
    if basis == Basis.WITHDRAWAL and wanted.solution != Solution.REFUND:
        # Whoever wants other goods keeps the contract.
        return Basis.WINDOW
    return basis


def _refuse_other_goods(line: OrderLine, wanted: Wanted) -> None:
    """Raise NotOffered for an exchange that is none: for other goods, or for dearer ones."""
    variant = wanted.exchange_for
    if wanted.solution != Solution.EXCHANGE:
        return
    is_other = variant is None or variant.product_id != line.variant.product_id or variant.pk == line.variant_id
    if is_other or is_dearer(line, variant):
        raise NotOffered(line.sku)


def _ticket(order: Order, wanted: Wanted, *, form_key: UUID, user: User | None) -> Ticket:
    reason = ReturnReason(wanted.reason) if wanted.reason else None
    about = reason.label if reason else _("Withdrawal from the contract")
    return open_ticket(
        order=order,
        email=order.email,
        name=order.name,
        topic=TOPICS.get(reason, Topic.CHANGED_MIND),
        subject=str(_("Return: %(reason)s") % {"reason": about} if reason else about),
        body=wanted.words or str(about),
        form_key=uuid5(form_key, "ticket"),
        user=user,
        lines=dict(wanted.units),
        photos=wanted.photos,
        source=Ticket.Source.RETURN,
    )


def _make(
    order: Order,
    ticket: Ticket,
    wanted: Wanted,
    basis: Basis,
    parts: Sequence[Part],
    form_key: UUID,
    opened_by: User | None,
) -> Return:
    row = Return.objects.create(
        number=new_return_number(),
        order=order,
        ticket=ticket,
        supplier_order=parts[0][1].supplier_order,
        request_key=form_key,
        basis=basis,
        reason=wanted.reason,
        solution=wanted.solution,
        exchange_for=wanted.exchange_for,
        opened_by=opened_by,
    )
    for line, source, units in parts:
        take_units(line, units)
        ReturnLine.objects.create(parent=row, order_line=line, supplier_line=source, quantity=units)
    events.record("return.requested", row, by=opened_by, reason=wanted.reason, basis=str(basis))
    return row


def known_request(order: Order, form_key: UUID) -> list[Return]:
    """Return what was asked for with a form before, as a return or as a withdrawal; empty if nothing was."""
    return list(Return.objects.filter(request_key__in=[form_key, bound_key(form_key, order)], order=order))
