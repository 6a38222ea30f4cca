"""How far an order is: computed from its parts, by one function, for page and mail alike."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from operator import attrgetter
from urllib.parse import urlsplit

from django.conf import settings
from django.core.files.storage import default_storage
from django.db.models import Prefetch, QuerySet
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from orders.models import Order, OrderDelivery, OrderLine, Refund, RefundLine, Shipment
from orders.parcel_steps import Entry, Step, asked_of, entries_of, note_of, place_left, sent, steps_of
from orders.parts import may_have
from orders.providers.registry import provider_of
from orders.states import AuthorisationStatus, OrderStatus, ParcelStatus, RefundStatus
from orders.undelivered import COMING_BACK, is_paid_back, words_of
from orders.words import LEDGER_WORDS, ORDER_WORDS, PARCEL_WORDS, REASON_WORDS, REFUND_WORDS, STOCK_WORD, Word
from shop.money import Money
from shop.words import day, day_range, moment

# Of these no day of arrival at the door is told any more.
NOT_TO_THE_DOOR = {ParcelStatus.AVAILABLE_FOR_PICKUP, *COMING_BACK}


@dataclass(frozen=True, slots=True)
class Item:
    """So many units in one parcel; the names that ``components/_items.html`` reads."""

    name: str
    options: str
    quantity: int
    image: dict[str, str] | None
    line_id: int


@dataclass(frozen=True, slots=True)
class ParcelCard:
    """One parcel as customers see it; units not in any parcel yet make a card of their own.

    The names are those that ``components/_parcel.html`` reads.
    """

    key: str
    heading: str
    word: str | Promise
    shape: str
    arrival_words: str
    old_arrival: str
    reason: str
    # What we do about it.
    doing: str
    sent_from: str
    import_text: str
    steps: list[Step]
    # What happens next where nothing else says so.
    note: str
    # Where the carrier says it left it.
    left_at: str
    items: list[Item]
    carrier: str
    number: str
    number_note: str
    tracking_url: str
    entries: list[Entry]
    updated_at: datetime | None
    is_sent: bool
    is_delivered: bool
    is_final: bool
    # It goes back to its sender, and its customer can still say what they would rather have.
    is_back: bool
    shipment_id: int | None
    delivery_id: int
    # The first and the last day it may arrive on; the day it was delivered.
    window: tuple[date, date]
    # The same as it was promised at the sale.
    promised: tuple[date, date]
    # Sent in the place of something: it is none of the parcels that were bought.
    is_replacement: bool = False


def order_word(order: Order) -> Word:
    """Return the one word for the whole order; reads its lines. What replaces something has words of its own."""
    if order.status != OrderStatus.PAID:
        return ORDER_WORDS[order.status]
    lines = [line for line in order.lines.all() if line.replaces_id is None]
    live = sum(line.quantity - line.cancelled for line in lines)
    return _moved_word(lines, live) or _waiting_words(lines, live)


def _moved_word(lines: Sequence[OrderLine], live: int) -> Word | None:
    """Return the word for goods that have left or fallen away; None if all of them are still to leave."""
    back, delivered, shipped = (
        sum(getattr(line, name) for line in lines) for name in ("returned", "delivered", "shipped")
    )
    rules = (
        (live == 0, ORDER_WORDS[OrderStatus.CANCELLED]),
        (back >= live, PARCEL_WORDS[ParcelStatus.RETURNED]),
        (back > 0, Word(_("Partly sent back"), "problem")),
        (delivered >= live, PARCEL_WORDS[ParcelStatus.DELIVERED]),
        (delivered > 0, Word(_("Partly delivered"), "half")),
        (0 < shipped < live, Word(_("Partly sent"), "half")),
        (shipped > 0, PARCEL_WORDS[ParcelStatus.IN_TRANSIT]),
    )
    return next((word for fits, word in rules if fits), None)


def _waiting_words(lines: Sequence[OrderLine], live: int) -> Word:
    if all(line.confirmed >= line.quantity - line.cancelled for line in lines):
        return Word(_("Confirmed"), "half")
    if any(line.confirmed for line in lines):
        return Word(_("Partly confirmed"), "half")
    return STOCK_WORD if sum(line.backordered for line in lines) >= live else ORDER_WORDS[OrderStatus.PAID]


def parcel_cards(order: Order) -> list[ParcelCard]:
    """Return the order's parcels, sent or still to come, in order of delivery. Six queries at most."""
    lines = list(order.lines.all())
    found = _shipments(order) if may_have(order, "shipments") else []
    packed = dict.fromkeys([line.pk for line in lines], 0)
    for shipment in found:
        for part in shipment.lines.all() if shipment.kind == Shipment.Kind.OUTBOUND else []:
            packed[part.line_id] += part.quantity
    raw: list[Parts] = []
    for delivery in _deliveries(order, lines):
        raw += _parcels_of(delivery, lines, [one for one in found if one.delivery_id == delivery.pk], packed)
    bought = [parts for parts in raw if not _is_replacement(parts)]
    return [_card(order, place, _heading(parts, bought), *parts) for place, parts in enumerate(raw, start=1)]


def _shipments(order: Order) -> QuerySet[Shipment]:
    return order.shipments.exclude(status=ParcelStatus.CANCELLED).prefetch_related("lines", "tracking_events")


def _deliveries(order: Order, lines: Sequence[OrderLine]) -> Iterable[OrderDelivery]:
    """Return the deliveries of an order; no query where its lines brought them along and nobody has told more of them."""
    delivery_of = OrderLine._meta.get_field("delivery")
    if may_have(order, "estimates") or not all(map(delivery_of.is_cached, lines)):
        return order.deliveries.prefetch_related("estimates")
    # Each has a line, by which it came to be.
    found = {line.delivery_id: line.delivery for line in lines}
    return sorted(found.values(), key=attrgetter("position"))


Items = list[tuple[OrderLine, int]]
# The last member: the supplier waits for new stock of them.
Parts = tuple[OrderDelivery, Shipment | None, Items, bool]


def _parcels_of(
    delivery: OrderDelivery, lines: Sequence[OrderLine], shipments: Sequence[Shipment], packed: Mapping[int, int]
) -> list[Parts]:
    by_id = {line.pk: line for line in lines}
    made: list[Parts] = [
        (delivery, shipment, [(by_id[part.line_id], part.quantity) for part in shipment.lines.all()], False)
        for shipment in shipments
    ]
    ready: Items = []
    short: Items = []
    for line in lines:
        left = line.quantity - line.cancelled - packed[line.pk] if line.delivery_id == delivery.pk else 0
        waiting = min(left, line.backordered)
        # What is backordered comes in a parcel of its own, later than the rest.
        ready += [(line, left - waiting)] if left > waiting else []
        short += [(line, waiting)] if waiting > 0 else []
    made += [(delivery, None, ready, False)] if ready else []
    return [*made, (delivery, None, short, True)] if short else made


def _card(
    order: Order,
    place: int,
    heading: str,
    delivery: OrderDelivery,
    shipment: Shipment | None,
    items: Items,
    is_short: bool,
) -> ParcelCard:
    word = PARCEL_WORDS[shipment.status] if shipment else STOCK_WORD if is_short else _waiting_word(order, items)
    arrival, was, reason = _arrival(order, delivery, shipment)
    if is_short and not reason:
        reason = _("The supplier waits for new stock of it, and sends it as soon as that is there.")
    is_confirmed = not is_short and _is_confirmed(order, items)
    goods = [line for line, _quantity in items]
    # What comes or goes back otherwise than to the door says so itself.
    undelivered = words_of(shipment, goods)
    return ParcelCard(
        key=str(place),
        heading=heading,
        word=word.text,
        shape=word.shape,
        arrival_words=arrival,
        old_arrival=was,
        reason=reason,
        doing=asked_of(delivery, shipment),
        sent_from=_sent_from(delivery),
        import_text=delivery.import_text,
        steps=steps_of(order, shipment, is_confirmed=is_confirmed),
        note="" if is_short else str(undelivered or note_of(order, delivery, shipment, is_confirmed=is_confirmed)),
        left_at=place_left(shipment),
        items=[item_of(line, quantity) for line, quantity in items],
        carrier=shipment.carrier_name if shipment else "",
        number=shipment.tracking_number if shipment else "",
        number_note=_("It may take a day until the carrier knows the number.")
        if shipment and shipment.status in {ParcelStatus.PENDING, ParcelStatus.LABEL_CREATED}
        else "",
        tracking_url=safe_link(shipment.tracking_url) if shipment else "",
        entries=entries_of(shipment),
        updated_at=shipment.updated_at if shipment else None,
        is_sent=sent(shipment)[0],
        is_delivered=bool(shipment and shipment.status == ParcelStatus.DELIVERED),
        shipment_id=shipment.pk if shipment else None,
        is_back=bool(shipment and shipment.status in COMING_BACK) and not is_paid_back(goods),
        is_final=bool(shipment and shipment.status in {ParcelStatus.DELIVERED, ParcelStatus.RETURNED}),
        delivery_id=delivery.pk,
        window=_window(delivery, shipment),
        promised=(delivery.promised_earliest_on, delivery.promised_latest_on),
        is_replacement=_is_replacement((delivery, shipment, items, is_short)),
    )


def _is_replacement(parts: Parts) -> bool:
    _delivery, shipment, items, _is_short = parts
    if shipment is not None and shipment.kind == Shipment.Kind.REPLACEMENT:
        return True
    return bool(items) and all(line.replaces_id is not None for line, _units in items)


def _heading(parts: Parts, bought: Sequence[Parts]) -> str:
    """Name a parcel; what is sent in the place of something counts for itself, so that the others keep their number."""
    if _is_replacement(parts):
        return _("Replacement")
    place = next(number for number, one in enumerate(bought, start=1) if one is parts)
    return _("Parcel %(place)d of %(total)d") % {"place": place, "total": len(bought)}


def _sent_from(delivery: OrderDelivery) -> str:
    facts = {"town": delivery.sent_from, "service": delivery.service_name}
    # Orders from before there was a choice know no service.
    text = _("Sent from %(town)s, %(service)s") if delivery.service_name else _("Sent from %(town)s")
    return text % facts


def item_of(line: OrderLine, quantity: int) -> Item:
    """Return an order line as lists of goods show it."""
    image = {"url": default_storage.url(line.picture)} if line.picture else None
    return Item(line.shown_name, line.options_label, quantity, image, line.pk)


def safe_link(url: str) -> str:
    """Return a link that came from outside if customers may be shown it, else nothing.

    Only https; in development also this very machine, where the simulated carriers are.
    """
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    here = settings.DEBUG and parts.scheme == "http" and parts.hostname in {"127.0.0.1", "localhost"}
    return url if parts.scheme == "https" or here else ""


def _waiting_word(order: Order, items: Items) -> Word:
    if not order.is_paid:
        return ORDER_WORDS[order.status]
    return Word(_("Confirmed"), "half") if _is_confirmed(order, items) else Word(_("Ordered"), "waiting")


def _is_confirmed(order: Order, items: Items) -> bool:
    # What is backordered has an answer too, and a card of its own.
    decided = (line.confirmed + line.backordered >= line.quantity - line.cancelled for line, _quantity in items)
    return order.is_paid and all(decided)


def _window(delivery: OrderDelivery, shipment: Shipment | None) -> tuple[date, date]:
    if shipment is not None and shipment.delivered_at:
        there = timezone.localdate(shipment.delivered_at)
        return there, there
    latest = (shipment and shipment.expected_latest_on) or delivery.expected_latest_on
    earliest = (shipment and shipment.expected_earliest_on) or delivery.expected_earliest_on
    return min(earliest, latest), latest


def _arrival(order: Order, delivery: OrderDelivery, shipment: Shipment | None) -> tuple[str, str, str]:
    if shipment is not None and shipment.delivered_at:
        return _("Delivered %(when)s") % {"when": moment(shipment.delivered_at)}, "", ""
    if shipment is not None and shipment.status in NOT_TO_THE_DOOR:
        return str(PARCEL_WORDS[shipment.status].text), "", ""
    earliest, latest = _window(delivery, shipment)
    now = _("Arrives %(days)s") % {"days": day_range(earliest, latest)}
    if not order.is_paid:
        # Nothing is promised before it is paid; the words tell what a payment now would bring.
        return now, "", ""
    if latest <= delivery.promised_latest_on:
        return now, "", ""
    estimate = next(iter(delivery.estimates.all()), None) if may_have(order, "estimates") else None
    reason = REASON_WORDS.get(estimate.reason_code) if estimate else None
    was = _("Arrives %(days)s") % {"days": day_range(delivery.promised_earliest_on, delivery.promised_latest_on)}
    text = _("Later than promised, by %(day)s at the latest.") % {"day": day(latest)}
    if reason:
        text = _("Later than promised: %(reason)s.") % {"reason": reason}
    return now, was, text


def delivered_words(cards: Sequence[ParcelCard]) -> str:
    """Say how many of several parcels are there; nothing where one card says it."""
    bought = [card for card in cards if not card.is_replacement]
    if len(bought) < 2:
        return ""
    there = sum(card.is_delivered for card in bought)
    return _("%(there)d of %(total)d parcels delivered") % {"there": there, "total": len(bought)}


@dataclass(frozen=True, slots=True)
class RefundRow:
    """One refund in words."""

    amount: Money
    word: Word
    at: datetime
    goods: list[str]


def refund_lines(order: Order) -> list[RefundRow]:
    """Return the order's refunds in words, oldest first; two queries."""
    found = order.refunds.prefetch_related(_refunded_lines()) if may_have(order, "refunds") else []
    rows = [one for one in found if one.reason != Refund.Reason.DISPUTE or one.status != RefundStatus.FAILED]
    return [RefundRow(one.amount, _refund_word(one), one.requested_at, refund_goods(one)) for one in rows]


def _refunded_lines() -> Prefetch:
    return Prefetch("lines", RefundLine.objects.select_related("line"))


def _refund_word(refund: Refund) -> Word:
    # Rows of the ledger that are no refunds of ours.
    return LEDGER_WORDS.get(refund.reason) or REFUND_WORDS[refund.status]


def refund_goods(refund: Refund) -> list[str]:
    """Name what a refund is for, as in “2 × Enamel mug”."""
    return [f"{part.quantity} × {part.line.name}" if part.quantity else part.line.name for part in refund.lines.all()]


def is_moving(order: Order) -> bool:
    """True while something about the order may still change without anybody acting: parcels, money."""
    if order.status == OrderStatus.PLACED:
        # What the customer transfers takes days.
        return not provider_of(order.pay_with).details(order)
    if order.status == OrderStatus.AUTHORISED:
        # A decision takes hours; what was decided takes moments.
        return order.authorisations.exclude(status=AuthorisationStatus.HELD).exists()
    if order.status == OrderStatus.LATE_PAID:
        return True
    open_states = {RefundStatus.REQUESTED, RefundStatus.PENDING}
    if order.status == OrderStatus.CANCELLED:
        return any(refund.status in open_states for refund in order.refunds.all())
    if order.status != OrderStatus.PAID:
        return False
    lines = order.lines.all()
    under_way = any(max(line.delivered, line.returned) < line.quantity - line.cancelled for line in lines)
    return under_way or any(refund.status in open_states for refund in order.refunds.all())
