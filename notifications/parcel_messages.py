"""What the messages say when a parcel was not handed over, waits to be collected, or comes back."""

from __future__ import annotations

from django.urls import reverse
from django.utils.translation import gettext as _

from notifications.mail import Mail, Section, absolute
from notifications.messages import goods_of, order_url
from notifications.structured import parcel_data
from orders.models import Order, Shipment
from orders.progress import ParcelCard, parcel_cards
from orders.undelivered import Undelivered, coming_back, is_paid_back, tried, waiting, waiting_since
from shop.words import in_a_sentence


def delivery_tried(shipment: Shipment) -> Mail:
    """Say that the carrier came in vain, when and why, and what it does next."""
    card = _card_of(shipment)
    return Mail(
        subject=_("Delivery tried: %(parcel)s (%(number)s)") % _facts(shipment, card),
        preheader=_("The carrier could not hand it over. What it does next, and what you can do."),
        heading=_("%(parcel)s could not be handed over") % {"parcel": card.heading},
        paragraphs=_paragraphs(tried(shipment)),
        sections=_sections(shipment),
        button=_("Track parcel"),
        url=order_url(shipment.order),
        links=[*_carriers_page(card), _help(shipment.order)],
        structured=[parcel_data(shipment, card, order_url(shipment.order))],
    )


def parcel_deposited(shipment: Shipment) -> Mail:
    """Say where a parcel waits to be collected, since when, and what to bring."""
    card = _card_of(shipment)
    event = {"@type": "DeliveryEvent", "availableFrom": waiting_since(shipment).isoformat()}
    return Mail(
        subject=_("Ready to collect: %(parcel)s (%(number)s)") % _facts(shipment, card),
        preheader=_("It is kept for some days only. What to bring, and where it is."),
        heading=_("%(parcel)s waits to be collected") % {"parcel": card.heading},
        paragraphs=_paragraphs(waiting(shipment)),
        sections=_sections(shipment),
        button=_("Track parcel"),
        url=order_url(shipment.order),
        links=[*_carriers_page(card), _help(shipment.order)],
        structured=[parcel_data(shipment, card, order_url(shipment.order)) | {"deliveryStatus": event}],
    )


def parcel_comes_back(shipment: Shipment) -> Mail:
    """Say that a parcel goes back to its sender, that a colleague sees to it, and what the customer can choose."""
    card, order = _card_of(shipment), shipment.order
    lines = [part.line for part in shipment.lines.select_related("line")]
    is_settled = is_paid_back(lines)
    return Mail(
        subject=_("On its way back: %(parcel)s (%(number)s)") % _facts(shipment, card),
        preheader=_("You have been paid back for it.")
        if is_settled
        else _("You need do nothing, unless you would rather have it sent once more."),
        heading=_("%(parcel)s goes back to its sender") % {"parcel": card.heading},
        paragraphs=_paragraphs(coming_back(shipment, lines)),
        sections=_sections(shipment),
        button=_("See your order") if is_settled else _("Tell us what you prefer"),
        url=order_url(order) if is_settled else _help(order)[1],
        links=[] if is_settled else [(_("Track parcel"), order_url(order))],
    )


def _facts(shipment: Shipment, card: ParcelCard) -> dict[str, str]:
    return {"parcel": in_a_sentence(card.heading), "number": shipment.order.number}


def _card_of(shipment: Shipment) -> ParcelCard:
    return next(card for card in parcel_cards(shipment.order) if card.shipment_id == shipment.pk)


def _paragraphs(words: Undelivered) -> list[str]:
    return [" ".join(words.happened), " ".join(words.then)]


def _sections(shipment: Shipment) -> list[Section]:
    goods = [goods_of(part.line, part.quantity) for part in shipment.lines.select_related("line")]
    sections = [Section(_("In this parcel"), goods)]
    if shipment.tracking_number:
        number = f"{shipment.carrier_name} {shipment.tracking_number}".strip()
        sections.append(Section(_("Tracking"), [number]))
    return sections


def _carriers_page(card: ParcelCard) -> list[tuple[str, str]]:
    if not card.tracking_url:
        return []
    return [(_("%(carrier)s's own page (another site)") % {"carrier": card.carrier}, card.tracking_url)]


def _help(order: Order) -> tuple[str, str]:
    return _("Get help with this order"), absolute(reverse("support:order-help", args=[order.token]))
