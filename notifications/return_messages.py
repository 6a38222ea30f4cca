"""What the messages about goods that are to come back say, from the request to the last day to hand them in.

The steps after that are in ``return_outcomes``. A receipt of a withdrawal says what was declared and when it came in
(Directive 2011/83/EU, article 11a(4), as inserted by Directive (EU) 2023/2673), and when the money follows (13).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.utils.translation import gettext as _, ngettext, pgettext

from notifications.mail import Mail, Section, absolute
from notifications.messages import goods_of, order_url
from orders.models import Cancellation, Order
from orders.progress import safe_link
from shop.returns import policy_of
from shop.words import day, exact_moment, moment
from support.models import Choice, Return, Solution
from support.return_states import DecisionStatus, ReturnStatus
from support.returning.flow import open_units
from support.returning.in_kind import waits_for_supplier
from support.returning.last_day import HAND_IN_DAYS
from support.returning.money import quote_lines


def page_of(row: Return) -> str:
    return absolute(row.get_absolute_url())


def facts_of(row: Return) -> dict[str, object]:
    """Return what subjects and sentences about a return name."""
    last = day(row.return_by) if row.return_by else ""
    return {"return": row.number, "number": row.order.number, "last": last, "days": HAND_IN_DAYS}


def goods_in(row: Return) -> list[str]:
    return [goods_of(line.order_line, line.quantity) for line in row.lines.select_related("order_line")]


def asked_about(row: Return) -> Section:
    """Say which return it is: number, when it was asked for and what for."""
    lines = [_("Asked for: %(when)s") % {"when": exact_moment(row.asked_at)}]
    if row.reason:
        lines.append(_("Reason: %(reason)s") % {"reason": row.get_reason_display()})
    return Section(_("Return %(return)s") % facts_of(row), [*goods_in(row), *lines])


def decided_words(row: Return) -> str:
    """Return what whoever decided wrote to the customer; empty: nothing."""
    last = row.decisions.filter(status=DecisionStatus.IN_FORCE).order_by("-pk").first()
    return last.text if last else ""


def withdrawal_received(
    order: Order, at: datetime, rows: Sequence[Return], cancellation: Cancellation | None, *, words: str = ""
) -> Mail:
    """Confirm a withdrawal from the contract: what was declared, when it came in, and what follows."""
    facts = {"number": order.number, "when": moment(at), "exactly": exact_moment(at)}
    going = [row for row in rows if row.goods_back is not False]
    kept = [row for row in rows if row.goods_back is False]
    stopped = [goods_of(part.line, part.quantity) for part in _parts(cancellation)]
    sections = [asked_about(row) for row in rows]
    if stopped:
        sections.append(Section(_("Not sent yet: being stopped"), stopped))
    declared = [
        _("I withdraw from the contract about the goods named here."),
        _("Order %(number)s of %(day)s") % {"number": order.number, "day": exact_moment(order.placed_at)},
        f"{order.name}, {order.email}",
        _("Received: %(exactly)s") % facts,
    ]
    return Mail(
        subject=_("Withdrawal received %(when)s (%(number)s)") % facts,
        preheader=_("Keep this mail: it confirms what you have withdrawn from, and when."),
        heading=_("We have received your withdrawal"),
        paragraphs=[
            _("It came in on %(exactly)s. Nobody has to agree to it, and you need no reason.") % facts,
            *([_goods_go_back(going)] if going else []),
            *([_goods_are_kept(kept, is_all=not going)] if kept else []),
            *([_being_stopped(cancellation)] if stopped else []),
            *([_money_after_withdrawal(order, going)] if going or stopped or not kept else []),
        ],
        sections=[Section(_("Your declaration"), declared), *sections],
        quote=words,
        button=_("See your return") if rows else _("See your order"),
        url=page_of(rows[0]) if rows else order_url(order),
    )


def _parts(cancellation: Cancellation | None):
    return cancellation.lines.select_related("line") if cancellation else []


def _goods_go_back(rows: Sequence[Return]) -> str:
    first = _("Send back what you have within %(days)d days. Where it goes, and with which label, follows in a mail.")
    text = first % {"days": HAND_IN_DAYS}
    if len(rows) > 1:
        text += " " + several(rows)
    return f"{text} {postage(rows[0])}" if len({row.shop_pays for row in rows}) == 1 else text


def _goods_are_kept(rows: Sequence[Return], *, is_all: bool) -> str:
    if is_all:
        return _("You need not send anything back: keep it, or give it away. We pay it back at once, the way you paid.")
    text = _("What is in %(numbers)s need not come back: keep it, or give it away. We pay that back at once.")
    return text % {"numbers": ", ".join(row.number for row in rows)}


def several(rows: Sequence[Return]) -> str:
    """Explain why one request became several returns."""
    return ngettext(
        "The goods come from %(count)d place.",
        "The goods come from %(count)d places, so they go back in %(count)d parcels, each with a number of its own.",
        len(rows),
    ) % {"count": len(rows)}


def postage(row: Return) -> str:
    """Say who pays the way back."""
    if not row.shop_pays:
        return _("You pay the postage.")
    if row.label_url:
        return _("The label is paid for: it costs you nothing.")
    return _("We pay the postage.")


def _being_stopped(cancellation: Cancellation | None) -> str:
    text = _("We have asked the supplier to stop what has not left yet.")
    if cancellation is not None and cancellation.is_waiting:
        text += " " + _("You hear by %(when)s whether it can.") % {"when": moment(cancellation.answer_by)}
    return text + " " + _("What comes all the same you can send back.")


def _money_after_withdrawal(order: Order, rows: Sequence[Return]) -> str:
    if not rows:
        return _("You get back all that you paid for it, the way you paid, within 14 days of today at the latest.")
    if policy_of(order.country.code).refunds_at_handover:
        when = _("We pay you back as soon as the carrier has it")
    else:
        when = _("We pay you back as soon as the goods are here, or you show us that you have sent them")
    return _("%(when)s: what you paid for the goods and their standard delivery, the way you paid.") % {"when": when}


def return_asked(rows: Sequence[Return], *, words: str = "") -> Mail:
    """Confirm a request: number, what, and what happens next and by when. ``rows`` are of one request."""
    first = rows[0]
    numbers = ", ".join(row.number for row in rows)
    facts = {**facts_of(first), "return": numbers}
    until = moment(first.ticket.answer_due_at) if first.ticket.answer_due_at else ""
    if any(row.status == ReturnStatus.REQUESTED for row in rows):
        preheader = _("Keep the goods until you hear from us. Nothing is to be sent yet.")
        next_step = _("A colleague looks at it. Keep the goods until then: nothing is to be sent yet.")
        if until:
            next_step = _("A colleague looks at it and answers by %(when)s. Nothing is to be sent until then.")
        next_step %= {"when": until}
    elif all(row.goods_back is False for row in rows):
        preheader = _("It is accepted, and nothing has to be sent back.")
        next_step = _("It is accepted, and nothing has to be sent back. We are asking the supplier for the new goods.")
    else:
        preheader = _("It is accepted. Where the goods go follows in a mail.")
        next_step = _("It is accepted. We are asking the supplier for address and label; they follow in a mail.")
    return Mail(
        subject=_("We have your return request: %(return)s (%(number)s)") % facts,
        preheader=preheader,
        heading=_("We have your return request") if first.opened_by_id is None else _("We have noted your return"),
        paragraphs=[next_step, *([several(rows)] if len(rows) > 1 else [])],
        sections=[_request_of(row) for row in rows],
        quote=words,
        button=_("See your return"),
        url=page_of(first),
        after=[
            _("Something to add, or a photo? Answer this mail. You can take the request back on the return's page.")
        ],
    )


def _request_of(row: Return) -> Section:
    section = asked_about(row)
    wanted = Solution(row.solution).label
    if row.exchange_for is not None:
        wanted = f"{wanted}: {row.exchange_for.options_label}"
    section.lines.append(_("You would like: %(what)s") % {"what": wanted})
    return section


def what_follows(row: Return) -> str:
    """Say what the customer has once the goods are on their way, or here."""
    step = _("Once the goods are here") if not row.refund_at_handover else _("Once the carrier has scanned the parcel")
    if waits_for_supplier(row):
        return _("Once the goods are here, the supplier sends you the new ones. If it does not, we see to it.")
    if row.choice == Choice.REPLACEMENT:
        return _("%(step)s, we send you the new goods. If nobody has them, you get your money back.") % {"step": step}
    quote = quote_lines(row, row.lines.select_related("order_line"), open_units(row))
    if quote is None:
        return ""
    amount = row.order.money(quote.total_minor)
    text = _("%(step)s, we pay you back %(amount)s, the way you paid; it takes your bank up to ten working days.")
    return text % {"step": step, "amount": amount}


def return_ready(row: Return, *, is_news: bool = False) -> Mail:
    """Say where the goods go, with which label, by which day, who pays, and what follows.

    ``is_news``: an address was told before, and now there is a label, or another one, or another address.
    """
    facts = facts_of(row)
    label = safe_link(row.label_url)
    subject, heading = _ready_words(is_news=is_news, has_label=bool(label))
    return Mail(
        subject=subject % facts,
        preheader=_("Address, label and slip, and what happens once it is on its way."),
        heading=heading % facts,
        paragraphs=[
            *([_("If you have an earlier label or address, please use this one instead.")] if is_news else []),
            _hand_in_words(row, has_label=bool(label)),
            postage(row) + (" " + _("Keep the receipt and send us a photo of it.") if _pays_later(row) else ""),
            *[text for text in [what_follows(row)] if text],
        ],
        quote=decided_words(row),
        sections=[*way_back(row), asked_about(row)],
        button=_("Print the slip and see your return"),
        url=page_of(row),
        beside=[(_("The return label (another site)"), label)] if label else [],
        after=[_("Changed your mind? You can take it back on the return's page until the parcel is handed in.")],
    )


def _ready_words(*, is_news: bool, has_label: bool) -> tuple[str, str]:
    """Return subject and heading, still to be filled in."""
    if not is_news:
        subject = _("Send it back by %(last)s: return %(return)s (%(number)s)")
        return subject, _("Your return is accepted: send it back by %(last)s")
    if has_label:
        return _("Your label is here: return %(return)s (%(number)s)"), _("Here is the label: send it back by %(last)s")
    subject = _("It goes to another address: return %(return)s (%(number)s)")
    return subject, _("Another address: send it back by %(last)s")


def _pays_later(row: Return) -> bool:
    return row.shop_pays and not row.label_url


def _hand_in_words(row: Return, *, has_label: bool) -> str:
    facts = facts_of(row)
    if has_label:
        text = _(
            "Put the slip with the number %(return)s into the parcel, the label on it, and hand it in by %(last)s."
        )
    else:
        text = _(
            "Put the slip with the number %(return)s into the parcel, and send it to the address below by %(last)s."
        )
    return text % facts


def way_back(row: Return) -> list[Section]:
    """Return where goods go and with what, as blocks of lines."""
    found = [Section(pgettext("the way back", "Goes to"), row.return_to.splitlines())] if row.return_to else []
    carrier = f"{row.carrier_name} {row.tracking_number}".strip()
    if carrier:
        found.append(Section(_("Carrier"), [carrier]))
    if row.instructions:
        found.append(Section(_("What the supplier asks for"), row.instructions.splitlines()))
    return found


def return_ending(row: Return) -> Mail:
    """Remind of the last day, once."""
    facts = facts_of(row)
    label = safe_link(row.label_url)
    return Mail(
        subject=_("Until %(last)s: your return %(return)s (%(number)s)") % facts,
        preheader=_("Sent it already? Then there is nothing to do."),
        heading=_("Please hand in your return by %(last)s") % facts,
        paragraphs=[
            _(
                "The parcel with your return %(return)s has not been scanned yet. The last day to hand it in is %(last)s."
            )
            % facts,
            _("Is it on its way already? Then tell us its number on the return's page, or just wait for the carrier."),
        ],
        sections=[*way_back(row), asked_about(row)],
        button=_("Print the slip and see your return"),
        url=page_of(row),
        beside=[(_("The return label (another site)"), label)] if label else [],
    )
