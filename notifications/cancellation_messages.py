"""What the messages about a cancellation say: asked for, and the answer. The words are those of the pages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from django.urls import reverse
from django.utils.translation import gettext as _

from notifications.mail import Mail, Section, absolute
from notifications.messages import credit_note_links, goods_of, order_url
from orders.models import Cancellation, Order, Refund
from orders.states import CancellationStatus
from orders.words import CANCELLATION_WORDS, REFUSAL_WORDS
from shop.words import moment


def _named(order: Order, parts: Mapping[int, int]) -> list[str]:
    return [goods_of(line, parts[line.pk]) for line in order.lines.all() if parts.get(line.pk)]


def cancellation_waiting(cancellation: Cancellation) -> Mail:
    """Say what was asked for, of whom the answer is awaited, and until when."""
    order = cancellation.order
    goods = _named(order, {row.line_id: row.waiting for row in cancellation.lines.all()})
    facts = {"number": order.number, "goods": goods[0] if goods else "", "when": moment(cancellation.answer_by)}
    facts["word"] = CANCELLATION_WORDS[CancellationStatus.REQUESTED].text
    return Mail(
        subject=_("%(word)s: %(goods)s (%(number)s)") % facts,
        preheader=_("You hear from us by %(when)s at the latest.") % facts,
        heading=_("We have asked the supplier to stop it"),
        paragraphs=[
            _(
                "The goods are with the supplier already, so it is they who can still stop them. "
                "You hear from us by %(when)s at the latest; you need do nothing."
            )
            % facts,
            _("What can be stopped is paid back at once. What was already sent you can return."),
        ],
        sections=[Section(_("To be cancelled"), goods)],
        button=_("See your order"),
        url=order_url(order),
    )


def cancellation_answered(
    order: Order, cancelled: Mapping[int, int], refused: Mapping[int, int], refunds: Sequence[Refund], *, why: str
) -> Mail:
    """Say what is cancelled and how much goes back, what could not be stopped and why, and what to do then."""
    stopped, coming = _named(order, cancelled), _named(order, refused)
    status = CancellationStatus.PARTLY if stopped and coming else CancellationStatus.ACCEPTED
    word = CANCELLATION_WORDS[status if stopped else CancellationStatus.REFUSED].text
    amount = order.money(sum(refund.amount_minor for refund in refunds))
    facts = {"word": word, "goods": (stopped or coming or [""])[0], "number": order.number, "amount": amount}
    money = (
        _("We are paying you back %(amount)s, the way you paid; it takes your bank up to ten working days.") % facts
        if refunds
        else ""
    )
    reason = str(REFUSAL_WORDS.get(why, "")) if coming else ""
    sections = [
        Section(title, goods)
        for title, goods in ((_("Cancelled"), stopped), (_("Could not be stopped"), coming))
        if goods
    ]
    help_url = absolute(reverse("support:order-help", args=[order.token]))
    return Mail(
        subject=_("%(word)s: %(goods)s (%(number)s)") % facts,
        preheader=money or reason,
        heading=_heading(is_stopped=bool(stopped), is_coming=bool(coming)),
        paragraphs=[text for text in (money, reason) if text],
        sections=sections,
        button=_("Get help with this order") if coming else _("See your order"),
        url=help_url if coming else order_url(order),
        links=credit_note_links(refunds),
    )


def _heading(*, is_stopped: bool, is_coming: bool) -> str:
    if is_stopped and is_coming:
        return _("Part of it is cancelled")
    return _("It is cancelled") if is_stopped else _("It could not be stopped any more")
