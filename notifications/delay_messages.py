"""What the messages say when goods come later than promised, or sooner again; and when a supplier is asked why."""

from __future__ import annotations

from django.urls import reverse
from django.utils.translation import gettext as _

from notifications.mail import Mail, Section, absolute
from notifications.messages import goods_of, order_url
from orders.actions.delays import signed_name
from orders.delays import last_day
from orders.models import Delay, DelayPart
from orders.states import DelayStatus, Late
from orders.words import REASON_WORDS
from shop.words import day, day_range
from suppliers.models import SupplierChase


def delay_url(delay: Delay) -> str:
    """Return the address where a customer says whether they wait; it needs no log-in."""
    return absolute(reverse("orders:delay", args=[signed_name(delay)]))


def _goods(part: DelayPart) -> list[str]:
    lines = part.delivery.lines.all()
    left = ((line, line.quantity - line.cancelled - line.delivered) for line in lines)
    return [goods_of(line, units) for line, units in left if units > 0]


def _moved(part: DelayPart) -> str:
    facts = {"old": day(part.before_on), "new": day_range(part.earliest_on, part.latest_on)}
    if part.is_later or part.latest_on > part.delivery.promised_latest_on:
        return _("It was to arrive by %(old)s. It now arrives %(new)s.") % facts
    return _("It was to arrive by %(old)s. It now arrives %(new)s, as first promised.") % facts


def _why(part: DelayPart) -> str:
    reason = REASON_WORDS.get(part.reason_code)
    return _("The reason: %(reason)s.") % {"reason": reason} if reason else _("The supplier gives no reason.")


def _sections(parts: list[DelayPart]) -> list[Section]:
    # One parcel is spoken of in the paragraphs; of several each says its own.
    if len(parts) == 1:
        return [Section(_("What it is about"), _goods(parts[0]))]
    return [
        Section(
            _("Parcel from %(town)s") % {"town": part.delivery.sent_from},
            [_moved(part), *([_why(part)] if part.is_later else []), *_goods(part)],
        )
        for part in parts
    ]


def _window(parts: list[DelayPart]) -> str:
    return day_range(min(part.earliest_on for part in parts), max(part.latest_on for part in parts))


def _choice(delay: Delay) -> list[str]:
    """Say what the customer can do, and what it means to do nothing."""
    if delay.status == DelayStatus.TOLD:
        return [_("It is on its way already. You need do nothing; once it is there you can send it back.")]
    if delay.answer_by is None:
        return [
            _("You can wait, and need do nothing. Or cancel it: we stop it where we still can, and pay you back."),
        ]
    return [
        _(
            "Please tell us by %(day)s whether you want to wait. "
            "If we hear nothing, we cancel what was not sent and pay you back."
        )
        % {"day": last_day(delay.answer_by)},
    ]


def arrival_delayed(delay: Delay) -> Mail:
    """Say the old and the new day, why, what we do, and let the customer choose."""
    order, parts = delay.order, list(delay.parts.select_related("delivery").prefetch_related("delivery__lines"))
    later = [part for part in parts if part.is_later]
    facts = {"new": _window(later), "old": day(max(part.before_on for part in later)), "number": order.number}
    is_one = len(parts) == 1
    can_choose = delay.status != DelayStatus.TOLD
    return Mail(
        subject=_("Later than promised: arrives %(new)s (%(number)s)") % facts,
        preheader=_("Before: by %(old)s.") % facts,
        heading=_("Your parcel from %(town)s is late") % {"town": later[0].delivery.sent_from}
        if len(later) == 1
        else _("Your parcels are late"),
        paragraphs=[
            *([_moved(parts[0]), _why(parts[0])] if is_one else []),
            _("We are sorry. We ask the supplier about it, and follow it until it is there."),
            *_choice(delay),
        ],
        sections=_sections(parts),
        button=_("Wait or cancel") if can_choose else _("See your order"),
        url=delay_url(delay) if can_choose else order_url(order),
    )


def arrival_changed(delay: Delay) -> Mail:
    """Say that all of it comes sooner than the customer was told last."""
    order, parts = delay.order, list(delay.parts.select_related("delivery").prefetch_related("delivery__lines"))
    facts = {"new": _window(parts), "old": day(max(part.before_on for part in parts)), "number": order.number}
    return Mail(
        subject=_("Sooner again: arrives %(new)s (%(number)s)") % facts,
        preheader=_("Before: by %(old)s.") % facts,
        heading=_("Good news of your parcel"),
        paragraphs=[_moved(parts[0])] if len(parts) == 1 else [],
        sections=_sections(parts),
        button=_("See your order"),
        url=order_url(order),
    )


def supplier_chased(chase: SupplierChase) -> Mail:
    """Ask a supplier where goods are, by our reference: nothing of the customer, and no price, stands in it."""
    row = chase.supplier_order
    assert chase.answer_by is not None  # asked with a day for the answer
    # New goods that it sends itself it knows by their return.
    facts = {"reference": row.for_return or row.reference, "day": last_day(chase.answer_by)}
    question = {
        Late.UNCONFIRMED: _("You have not told us whether you can deliver it."),
        Late.UNSENT: _("You have not told us that it was sent, and it was due."),
        Late.UNSCANNED: _("You told us that it was sent, and the carrier has not seen it."),
        Late.STILL: _("Its parcel has not moved for days."),
        Late.PREDICTED: _("It is expected later than was agreed. Can it go sooner?"),
        Late.PASSED: _("It should have arrived by now."),
    }[Late(chase.late_kind)]
    goods = [f"{line.quantity} × {line.supplier_sku}" for line in row.lines.all()]
    return Mail(
        subject=_("Please answer by %(day)s: where is %(reference)s?") % facts,
        preheader=question,
        heading=_("Where is order %(reference)s?") % facts,
        paragraphs=[
            question,
            _("Please tell us by %(day)s where it is and when it arrives: by your system, or by answering this mail.")
            % facts,
            *(
                [_("Your number for it: %(number)s.") % {"number": row.supplier_order_id}]
                if row.supplier_order_id
                else []
            ),
        ],
        sections=[Section(_("What it is about"), goods)],
    )
