"""What the messages about money that is not here yet say."""

from __future__ import annotations

from django.utils.translation import gettext as _

from notifications.mail import Mail, Section
from notifications.messages import goods_of, order_url
from orders.models import Authorisation, Order
from orders.providers.registry import provider_of
from shop.words import moment


def _goods(order: Order) -> Section:
    left = [(line, line.quantity - line.cancelled) for line in order.lines.all()]
    return Section(_("What you ordered"), [goods_of(line, units) for line, units in left if units])


def transfer_awaited(order: Order) -> Mail:
    """Say where the money is to go, how much, with which reference, and until when."""
    facts = {"total": order.total, "number": order.number, "until": moment(order.pay_by)}
    details = provider_of(order.pay_with).details(order)
    return Mail(
        subject=_("Please transfer %(total)s (%(number)s)") % facts,
        preheader=_("We hold the goods for you until %(until)s.") % facts,
        heading=_("Thank you, %(name)s. Now it is your bank's turn.") % {"name": order.name},
        paragraphs=[
            _("Please transfer %(total)s and give the reference, so that we know whose money it is.") % facts,
            _(
                "We hold the goods for you until %(until)s, and order them as soon as the money is here. "
                "A transfer takes one to two working days."
            )
            % facts,
        ],
        sections=[
            Section(_("Transfer"), [f"{label}: {value}" for label, value in details]),
            _goods(order),
        ],
        button=_("See your order"),
        url=order_url(order),
        after=[_("If you have paid already, you need do nothing: we write to you when it is here.")],
    )


def order_authorised(order: Order, kept: Authorisation) -> Mail:
    """Say that the order is looked at before any money is taken, and by when that is decided."""
    facts = {"amount": kept.amount, "number": order.number, "until": moment(kept.lapses_at)}
    return Mail(
        subject=_("We are checking your order (%(number)s)") % facts,
        preheader=_("Nothing is taken yet. You hear from us before %(until)s.") % facts,
        heading=_("We have your order and look at it before we take any money"),
        paragraphs=[
            _("Your bank keeps %(amount)s for us. We take it only once a colleague has accepted the order.") % facts,
            _("You hear from us before %(until)s. If we cannot accept it, your bank lets the amount go.") % facts,
        ],
        sections=[_goods(order)],
        button=_("See your order"),
        url=order_url(order),
    )


def order_refused(order: Order) -> Mail:
    """Say that the order is not accepted, that nothing was taken, and when the bank lets the amount go."""
    return Mail(
        subject=_("We could not accept your order (%(number)s)") % {"number": order.number},
        preheader=_("Nothing was taken. Your bank lets the amount go."),
        heading=_("We could not accept your order"),
        paragraphs=[
            _("We are sorry: we looked at your order and could not accept it. It is cancelled, and nothing was taken."),
            _("Your bank shows the amount as reserved for up to seven days, and then lets it go by itself."),
        ],
        button=_("See your order"),
        url=order_url(order),
        after=[_("Do you have a question about it? Answer this mail.")],
    )
