"""What each message about an order says. The words for states are those of the pages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date

from django.urls import reverse
from django.utils.translation import gettext as _, ngettext

from notifications.mail import Mail, Section, absolute
from notifications.structured import order_data, parcel_data
from orders.models import Order, OrderLine, Refund, Shipment
from orders.progress import ParcelCard, parcel_cards, refund_goods
from shop.addresses import address_lines
from shop.returns import policy_of
from shop.words import day, day_range, in_a_sentence


def order_url(order: Order) -> str:
    return absolute(order.get_absolute_url())


def calendar_link(order: Order) -> tuple[str, str]:
    """Return where the arrival is kept as a calendar file, with its words."""
    return _("Add the arrival to your calendar"), absolute(reverse("orders:calendar", args=[order.token]))


def credit_note_links(refunds: Iterable[Refund]) -> list[tuple[str, str]]:
    """Return the addresses of credit notes; each is written once its money has been sent."""
    return [
        (
            _("Credit note over %(amount)s (as soon as the money is sent)") % {"amount": refund.amount},
            absolute(reverse("orders:credit-note", args=[refund.order.token, refund.pk])),
        )
        for refund in refunds
    ]


def _goods(card: ParcelCard) -> list[str]:
    return [f"{item.quantity} × {item.name}" + (f", {item.options}" if item.options else "") for item in card.items]


def goods_of(line: OrderLine, quantity: int) -> str:
    return f"{quantity} × {line.shown_name}" + (f", {line.options_label}" if line.options_label else "")


def _sums(order: Order) -> list[str]:
    """Say what it cost, as the order page does."""
    sums = [
        _("Goods: %(amount)s") % {"amount": order.money(order.items_minor)},
        _("Delivery: %(amount)s") % {"amount": order.money(order.delivery_minor)},
    ]
    if order.discount_minor:
        sums.append(_("Discount %(code)s: %(amount)s") % {"code": order.discount_code, "amount": order.discount})
    if order.added_tax_minor:
        sums.append(_("Tax: %(amount)s") % {"amount": order.money(order.added_tax_minor)})
    sums.append(_("Total, paid: %(amount)s") % {"amount": order.total})
    if order.prices_include_tax:
        sums.append(_("of which VAT: %(amount)s") % {"amount": order.money(order.tax_minor)})
    elif not order.tax_minor:
        sums.append(_("Tax: we charge none for this country"))
    return sums


def order_confirmed(order: Order) -> Mail:
    """Say that it is paid, what comes when, and what it cost."""
    cards = parcel_cards(order)
    first = min(delivery.promised_earliest_on for delivery in order.deliveries.all())
    last = max(delivery.promised_latest_on for delivery in order.deliveries.all())
    sums = _sums(order)
    return Mail(
        subject=_("Order confirmed: arrives %(days)s (%(number)s)")
        % {"days": day_range(first, last), "number": order.number},
        preheader=ngettext(
            "%(count)d parcel, %(total)s. Follow it on your order page.",
            "%(count)d parcels, %(total)s. Follow each of them on your order page.",
            len(cards),
        )
        % {"count": len(cards), "total": order.total},
        heading=_("Thank you, %(name)s. Your order is paid.") % {"name": order.name},
        paragraphs=[
            _("We are ordering the goods now. You hear from us as each parcel leaves, and before anything slips.")
        ],
        sections=[
            *[
                Section(
                    f"{card.heading}: {in_a_sentence(card.arrival_words, begins_with_noun=False)}",
                    [text for text in (*_goods(card), card.sent_from, card.import_text) if text],
                )
                for card in cards
            ],
            Section(_("Payment"), sums),
            Section(_("Goes to"), address_lines(order)),
        ],
        button=_("See your order"),
        url=order_url(order),
        links=[(_("Invoice"), absolute(reverse("orders:invoice", args=[order.token]))), calendar_link(order)],
        after=[
            *_may_go_back(order),
            _("Keep this mail: its link opens your order without an account."),
        ],
        structured=[order_data(order, order_url(order))],
    )


def payment_pending(order: Order) -> Mail:
    """Say that the bank needs time, before payment."""
    return Mail(
        subject=_("Waiting for your bank (%(number)s)") % {"number": order.number},
        preheader=_("We hold the goods for you meanwhile."),
        heading=_("We are waiting for your bank"),
        paragraphs=[
            _("Your payment of %(total)s is on its way. As soon as it is here we order the goods and tell you.")
            % {"total": order.total}
        ],
        button=_("See your order"),
        url=order_url(order),
    )


def payment_failed(order: Order) -> Mail:
    """Say that the card was refused, and how to go on."""
    return Mail(
        subject=_("Payment did not go through (%(number)s)") % {"number": order.number},
        preheader=_("Nothing was taken. You can try again or use another card."),
        heading=_("Your payment did not go through"),
        paragraphs=[_("Nothing was taken, and nothing is sent yet. You can try again, or use another card.")],
        button=_("Pay the order"),
        url=order_url(order),
    )


def parcel_sent(shipment: Shipment) -> Mail:
    """Say what is in this parcel, when it arrives, and what is still to come."""
    order = shipment.order
    cards = parcel_cards(order)
    card = _card_of(shipment, cards)
    still = [good for other in cards if not other.is_sent and other is not card for good in _goods(other)]
    heading = _heading_of(card)
    sections = [Section(_("In this parcel"), _goods(card))]
    if still:
        sections.append(Section(_("Still to come"), still))
    if shipment.tracking_number:
        sections.append(Section(_("Tracking"), [f"{shipment.carrier_name} {shipment.tracking_number}"]))
    arrives = in_a_sentence(card.arrival_words, begins_with_noun=False)
    return Mail(
        subject=_("Sent: %(arrives)s (%(number)s, %(parcel)s)")
        % {"arrives": arrives, "number": order.number, "parcel": in_a_sentence(heading)},
        preheader=_("%(parcel)s is on its way to you.") % {"parcel": heading},
        heading=_("%(parcel)s is on its way") % {"parcel": heading},
        paragraphs=[f"{card.arrival_words}. {card.sent_from}."],
        sections=sections,
        button=_("Track parcel"),
        url=order_url(order),
        links=[calendar_link(order)],
        structured=[parcel_data(shipment, card, order_url(order))],
    )


def _may_go_back(order: Order) -> list[str]:
    """Say how long goods may go back where they are bought from; nothing where a market takes nothing back."""
    policy = policy_of(order.country.code)
    days = max(policy.return_days, policy.withdrawal_days)
    text = _("You can send goods back within %(days)d days, unless it says otherwise with the product.")
    return [text % {"days": days}] if days else []


def _heading_of(card: ParcelCard) -> str:
    """Return what a parcel is called; one with nothing but replacements is the replacement."""
    return _("Your replacement") if card.is_replacement else card.heading


def parcel_delivered(shipment: Shipment) -> Mail:
    """Say that a parcel is there, and what to do if it is not."""
    order = shipment.order
    card = _card_of(shipment, parcel_cards(order))
    heading = _heading_of(card)
    return Mail(
        subject=_("Delivered: %(parcel)s (%(number)s)") % {"parcel": in_a_sentence(heading), "number": order.number},
        preheader=_("Not there, or something wrong with it? Tell us and we solve it."),
        heading=_("%(parcel)s was delivered") % {"parcel": heading},
        paragraphs=[
            _(
                "The carrier says it was delivered. Is it not there, or is something wrong with it? Tell us and we solve it with the supplier."
            )
        ],
        sections=[Section(_("In this parcel"), _goods(card))],
        button=_("Get help with this order"),
        url=absolute(reverse("support:order-help", args=[order.token])),
        after=_may_go_back(order),
    )


def parcel_renumbered(shipment: Shipment) -> Mail:
    """Say the parcel's new number, and that nothing else has changed."""
    order = shipment.order
    card = _card_of(shipment, parcel_cards(order))
    facts = {"parcel": in_a_sentence(card.heading), "number": order.number}
    return Mail(
        subject=_("New tracking number: %(parcel)s (%(number)s)") % facts,
        preheader=_("The number we sent you before shows nothing more."),
        heading=_("%(parcel)s has a new tracking number") % {"parcel": card.heading},
        paragraphs=[
            _("The carrier has given your parcel a new number. Your order page follows it; you need do nothing."),
            f"{card.arrival_words}. {card.sent_from}.",
        ],
        sections=[
            Section(_("Tracking"), [f"{shipment.carrier_name} {shipment.tracking_number}".strip()]),
            Section(_("In this parcel"), _goods(card)),
        ],
        button=_("Track parcel"),
        url=order_url(order),
    )


def _card_of(shipment: Shipment, cards: list[ParcelCard]) -> ParcelCard:
    return next(card for card in cards if card.shipment_id == shipment.pk)


def refund_on_its_way(refund: Refund) -> Mail:
    """Say how much goes back for what, and how long it takes."""
    order = refund.order
    return Mail(
        subject=_("Refund of %(amount)s on its way (%(number)s)") % {"amount": refund.amount, "number": order.number},
        preheader=_("It goes back the way you paid."),
        heading=_("We are paying you back %(amount)s") % {"amount": refund.amount},
        paragraphs=[_("It goes back the way you paid, and takes your bank up to ten working days.")],
        sections=[Section(_("For"), refund_goods(refund) or [_("Order %(number)s") % {"number": order.number}])],
        button=_("See your order"),
        url=order_url(order),
        links=credit_note_links([refund] if order.is_paid else []),
    )


def refund_failed(refund: Refund) -> Mail:
    """Say that the money did not arrive and that we look after it."""
    order = refund.order
    return Mail(
        subject=_("Refund of %(amount)s did not go through (%(number)s)")
        % {"amount": refund.amount, "number": order.number},
        preheader=_("The money is safe with us; we pay it in another way."),
        heading=_("Your refund did not go through"),
        paragraphs=[
            _("Your bank did not take it. The money is safe with us; a colleague looks into it and writes to you.")
        ],
        button=_("See your order"),
        url=order_url(order),
    )


def lines_cancelled(order: Order, parts: Mapping[int, int], refund: Refund | None, *, reason: str) -> Mail:
    """Say what will not come, and what is paid back for it."""
    goods = [goods_of(line, parts[line.pk]) for line in order.lines.all() if line.pk in parts]
    rest = [
        goods_of(line, line.quantity - line.cancelled - line.delivered)
        for line in order.lines.all()
        if line.quantity - line.cancelled - line.delivered > 0
    ]
    text = {
        Refund.Reason.SUPPLIER_CANNOT: _("The supplier cannot deliver it, and no other can in time. We are sorry."),
        Refund.Reason.NOT_APPROVED: _(
            "Our pharmacist may not approve it for you. Answer this mail if you have a question."
        ),
    }.get(reason, _("As agreed, it is cancelled."))
    money = []
    if refund is not None:
        money = [
            _("We are paying you back %(amount)s, the way you paid; it takes your bank up to ten working days.")
            % {"amount": refund.amount}
        ]
    sections = [Section(_("Not coming"), goods)]
    if rest:
        sections.append(Section(_("Comes as planned"), rest))
    return Mail(
        subject=_cancelled_subject(order, goods, [line for line in order.lines.all() if line.pk in parts]),
        preheader=money[0] if money else _("Nothing was taken for it."),
        heading=_("Part of your order will not come") if rest else _("Your order is cancelled"),
        paragraphs=[text, *money],
        sections=sections,
        button=_("See your order"),
        url=order_url(order),
        links=credit_note_links([refund] if refund else []),
    )


def _cancelled_subject(order: Order, goods: Sequence[str], lines: Sequence[OrderLine]) -> str:
    # A subject is read over shoulders and on lock screens: no medicine is named in it.
    if not goods or any(line.gated_at for line in lines):
        return _("A change to your order (%(number)s)") % {"number": order.number}
    return _("Cancelled: %(goods)s (%(number)s)") % {"goods": goods[0], "number": order.number}


def order_link(order: Order, today: date) -> Mail:
    """Send the order's link to the address it was ordered with."""
    return Mail(
        subject=_("Your order page (%(number)s)") % {"number": order.number},
        preheader=_("The link you asked for on %(day)s.") % {"day": day(today)},
        heading=_("Here is your order"),
        paragraphs=[
            _(
                "Someone, we hope you, asked for the link to this order. Whoever has it can see the order, so keep it to yourself."
            )
        ],
        button=_("See your order"),
        url=order_url(order),
    )


def email_left(order: Order) -> Mail:
    """Tell the old address that we write elsewhere now; without a link, for it may be a stranger's."""
    return Mail(
        subject=_("We write to another address now (%(number)s)") % {"number": order.number},
        preheader=_("Links in mails that came before do not work any more."),
        heading=_("This order's e-mail address was corrected"),
        paragraphs=[
            _("Whoever placed it has corrected the address it was ordered with. You get no further mail about it."),
            _("Was it your order, and you changed nothing? Write to us at once and name its number."),
        ],
        button=_("Write to us"),
        url=absolute(reverse("support:contact")),
    )


def email_corrected(order: Order) -> Mail:
    """Tell the new address that all further mails come to it."""
    return Mail(
        subject=_("We write to this address now (%(number)s)") % {"number": order.number},
        preheader=_("All further mails about your order come here."),
        heading=_("Your e-mail address is corrected"),
        paragraphs=[
            _("All further mails about your order come to this address. Links from before do not work any more.")
        ],
        button=_("See your order"),
        url=order_url(order),
    )
