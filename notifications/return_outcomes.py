"""What the messages say once goods are on their way back, have come, or do not: with the money of that very step.

The money of a return is told by these messages alone, see ``notifications.actions.tell_returns.refunds_of_step``.
"""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.translation import gettext as _

from notifications.mail import Mail, Section
from notifications.messages import credit_note_links, goods_of, order_url
from notifications.return_messages import asked_about, decided_words, facts_of, page_of, what_follows
from orders.models import Refund
from shop.money import Money
from shop.words import day_range
from support.models import Choice, Replacement, Return, Solution
from support.return_states import ReplacementStatus
from support.returning.in_kind import is_replaced_in_kind, waits_for_supplier


def _sum(row: Return, refunds: Sequence[Refund]) -> Money:
    return row.order.money(sum(refund.amount_minor for refund in refunds))


def _money_words(row: Return, refunds: Sequence[Refund]) -> list[str]:
    if not refunds:
        return []
    text = _("We are paying you back %(amount)s, the way you paid; it takes your bank up to ten working days.")
    return [text % {"amount": _sum(row, refunds)}]


def _bank(refunds: Sequence[Refund]) -> list[str]:
    return [_("It goes back the way you paid, and takes your bank up to ten working days.")] if refunds else []


def _heading(row: Return, refunds: Sequence[Refund], without: str) -> str:
    """Begin with the money where there is some, as the subject does."""
    return _("We are paying you back %(amount)s") % {"amount": _sum(row, refunds)} if refunds else without


def _subject(row: Return, refunds: Sequence[Refund], without: str) -> str:
    """Begin with the money where there is some: it is what its reader looks for."""
    if not refunds:
        return without % facts_of(row)
    text = _("Refund of %(amount)s on its way: return %(return)s (%(number)s)")
    return text % {**facts_of(row), "amount": _sum(row, refunds)}


def _new_goods(row: Return) -> list[Section]:
    found = [
        goods_of(new.line, new.quantity)
        + ": "
        + _("arrives %(days)s")
        % {"days": day_range(new.line.delivery.expected_earliest_on, new.line.delivery.expected_latest_on)}
        for new in row.replacements.exclude(status=ReplacementStatus.FAILED).select_related("line__delivery")
    ]
    title = (
        _("Sent to you by the supplier, at no cost") if is_replaced_in_kind(row) else _("Ordered for you, at no cost")
    )
    return [Section(title, found)] if found else []


def return_kept(row: Return, refunds: Sequence[Refund]) -> Mail:
    """Say that nothing has to be sent back, and what the customer gets."""
    is_part = row.choice == Choice.PART_REFUND
    new = _new_goods(row)
    keep = _("You need not send anything back. Keep it, or give it away.")
    if is_part:
        # Where they wished for something else, our own words of the decision say why.
        keep = _("You keep it and get part of the price back.")
        if row.solution == Solution.KEEP:
            keep = _("As you wished, you keep it and get part of the price back.")
    without = _("Nothing to send back")
    if new and is_replaced_in_kind(row):
        without = _("Nothing to send back, your replacement is being sent")
    elif new:
        without = _("Nothing to send back, your replacement is ordered")
    return Mail(
        subject=_subject(row, refunds, _("Nothing to send back: return %(return)s (%(number)s)")),
        preheader=_("You keep the goods; there is nothing for you to do."),
        heading=_heading(row, refunds, without),
        paragraphs=[keep, *_bank(refunds), *([_you_hear()] if new else [])],
        quote=decided_words(row),
        sections=[*new, asked_about(row)],
        button=_("See your return"),
        url=page_of(row),
        links=credit_note_links(refunds),
    )


def return_in_kind(row: Return) -> Mail:
    """Say that nothing has to be sent back and the supplier was asked to send new goods; no day, for it has named none."""
    return Mail(
        subject=_("Accepted, nothing to send back: return %(return)s (%(number)s)") % facts_of(row),
        preheader=_("You keep the goods, and the supplier is asked to send you new ones."),
        heading=_("Your replacement: the supplier is asked to send it"),
        paragraphs=[
            _("You need not send anything back. Keep it, or give it away."),
            _(
                "We have asked the supplier to send you the new goods itself, at no cost. You hear from us once it does."
            ),
            _("If it does not, we order them anew or pay you back; there is nothing for you to do."),
        ],
        quote=decided_words(row),
        sections=[asked_about(row)],
        button=_("See your return"),
        url=page_of(row),
    )


def _you_hear() -> str:
    return _("You hear from us as soon as the new goods are sent, with their tracking number.")


def return_sent_back(row: Return, refunds: Sequence[Refund]) -> Mail:
    """Say that we know the parcel is on its way, and give the money where it is given at the hand-over."""
    new = _new_goods(row) if row.refund_at_handover else []
    next_step = [] if refunds or new else [text for text in [what_follows(row)] if text]
    carrier = f"{row.carrier_name} {row.tracking_number}".strip()
    return Mail(
        subject=_subject(row, refunds, _("Handed in: return %(return)s (%(number)s)")),
        preheader=_("Your parcel has been handed in. There is nothing more for you to do."),
        heading=_heading(row, refunds, _("Your return is on its way back")),
        paragraphs=[
            _("Your parcel has been handed in. There is nothing more for you to do; keep the carrier's receipt."),
            *_bank(refunds),
            *next_step,
            *([_you_hear()] if new else []),
        ],
        sections=[*new, *([Section(_("Carrier"), [carrier])] if carrier else []), asked_about(row)],
        button=_("See your return"),
        url=page_of(row),
        links=credit_note_links(refunds),
    )


def return_scanned(row: Return, refunds: Sequence[Refund]) -> Mail:
    """Give the money of a hand-over that its customer had told of before the carrier did."""
    return Mail(
        subject=_subject(row, refunds, _("Handed in: return %(return)s (%(number)s)")),
        preheader=_("The carrier has your parcel. There is nothing more for you to do."),
        heading=_heading(row, refunds, _("Your return is on its way back")),
        paragraphs=[_("The carrier has scanned the parcel that you handed in."), *_bank(refunds)],
        sections=[asked_about(row)],
        button=_("See your return"),
        url=page_of(row),
        links=credit_note_links(refunds),
    )


def return_arrived(row: Return) -> Mail:
    """Say that the parcel is there, and what happens before the customer has the money or the new goods."""
    if all(line.settled >= line.quantity for line in row.lines.all()):
        next_step = _("You have had all of it already; the supplier only looks whether everything is there.")
    elif waits_for_supplier(row):
        next_step = _("It is looked at now. Then the supplier sends you the new goods, and we tell you when they come.")
    elif row.choice == Choice.REPLACEMENT:
        next_step = _("It is looked at now. Then we order the new goods for you and tell you when they come.")
    elif row.is_withdrawal:
        # Article 13(3): what is held back until the goods are here is held back no longer, whatever is found of them.
        next_step = _("We pay you back without delay, and tell you when the money is on its way.")
    else:
        next_step = _("It is looked at now. Then we pay you back and tell you, within 14 days of today at the latest.")
    return Mail(
        subject=_("Received: return %(return)s (%(number)s)") % facts_of(row),
        preheader=_("What happens next, and by when. You need do nothing."),
        heading=_("Your return has arrived"),
        paragraphs=[next_step],
        sections=[asked_about(row)],
        button=_("See your return"),
        url=page_of(row),
    )


def return_resolved(row: Return, refunds: Sequence[Refund], *, is_declined: bool = False) -> Mail:
    """Say that a return is over: what came, and what the customer has had for it."""
    new = _new_goods(row)
    opening = [_("The goods are here, and your return is complete.")]
    if is_declined:
        opening = [_("We have looked at the rest of your return, and cannot give more for it. What we gave you stays.")]
    elif not any(line.received for line in row.lines.all()):
        opening = []
    return Mail(
        subject=_subject(row, refunds, _("Complete: return %(return)s (%(number)s)")),
        preheader=_("What came back, and what you get for it."),
        heading=_heading(row, refunds, _("Your return is complete")),
        paragraphs=[
            *opening,
            *_bank(refunds),
            *([_you_hear()] if new else []),
            *([objection()] if is_declined else []),
        ],
        quote=_last_words(row),
        sections=[*new, asked_about(row)],
        button=_("See your return"),
        url=page_of(row),
        links=credit_note_links(refunds),
    )


def _last_words(row: Return) -> str:
    """Return what was decided after the goods were handed in; what was before stood in an earlier message."""
    last = row.decisions.order_by("-pk").first()
    is_new = last is not None and row.handed_in_at is not None and last.at > row.handed_in_at
    return decided_words(row) if is_new else ""


def objection() -> str:
    """Say how to object. The Union's platform for disputes closed on 20 July 2025: no link leads there."""
    return _(
        "Do you disagree? Answer this mail and say why; a colleague looks at it again. "
        "Your rights by law stay as they are, whatever we decide."
    )


def return_declined(row: Return) -> Mail:
    """Say that it cannot be accepted, why in words, and how to object."""
    why = decided_words(row)
    return Mail(
        subject=_("Not accepted: return %(return)s (%(number)s)") % facts_of(row),
        preheader=_("Why, and what you can do if you see it otherwise."),
        heading=_("We cannot accept your return"),
        paragraphs=[
            _("We have looked at it. Please do not send the goods: they would not be taken in."),
            *([_("This is why:")] if why else []),
        ],
        quote=why,
        sections=[asked_about(row)],
        button=_("See your return"),
        url=page_of(row),
        after=[objection()],
    )


def return_cancelled(row: Return) -> Mail:
    """Confirm that a request was taken back."""
    return Mail(
        subject=_("Taken back: return %(return)s (%(number)s)") % facts_of(row),
        preheader=_("You keep the goods. Please do not send them."),
        heading=_("Your return request is taken back"),
        paragraphs=[
            _("You keep the goods, and nothing is paid back. Please do not send them: a label of ours counts no more."),
            _("As long as the time to return lasts you can ask again from your order's page."),
        ],
        sections=[asked_about(row)],
        button=_("See your order"),
        url=order_url(row.order),
    )


def return_expired(row: Return) -> Mail:
    """Say that the time to hand it in is over, and what counts if the parcel is on its way all the same."""
    return Mail(
        subject=_("Not handed in: return %(return)s (%(number)s)") % facts_of(row),
        preheader=_("Sent it all the same? Then tell us, and it counts."),
        heading=_("Your return was not handed in in time"),
        paragraphs=[
            _("The last day was %(last)s, and no parcel has been seen. So the return is closed.") % facts_of(row),
            _("Have you sent it? Answer this mail with the tracking number: it counts when you handed it in."),
            _("Is something faulty? Your rights by law last longer; ask again from your order's page."),
        ],
        sections=[asked_about(row)],
        button=_("See your return"),
        url=page_of(row),
    )


def return_review(row: Return, refunds: Sequence[Refund], *, after: str = "") -> Mail:
    """Say that a colleague looks at it again, which takes longer, and what is paid meanwhile; ``after``: which step."""
    if not row.received_at and after == "return.accepted" or after == "return.inspected" and _is_all_there(row):
        after = "return.silent"
    not_there = _("Your parcel has not arrived as it should. A colleague asks where it is and decides.")
    opening = {
        "return.silent": _("The supplier was to send you new goods and has not said so. A colleague sees to it now."),
        "return.declined": _("A colleague looks at your return again, as you asked."),
        "return.expired": _("Your parcel has come after all. A colleague looks at it and decides."),
        "return.in_transit": not_there,
        "return.scanned": not_there,
    }.get(after, _("Not everything came back as agreed. A colleague looks at it and decides."))
    return Mail(
        subject=_subject(row, refunds, _("It takes a little longer: return %(return)s (%(number)s)")),
        preheader=_("A colleague looks at it. You need do nothing, and hear from us."),
        heading=_("We look at your return once more"),
        paragraphs=[
            *_money_words(row, refunds),
            f"{opening} " + _("It takes a little longer, and you hear from us; you need do nothing."),
        ],
        sections=[*_came(row), asked_about(row)],
        button=_("See your return"),
        url=page_of(row),
        links=credit_note_links(refunds),
        after=[_("Photos of what you sent, or the carrier's receipt, help: just answer this mail.")]
        if after != "return.silent"
        else [],
    )


def _is_all_there(row: Return) -> bool:
    return all(line.received == line.quantity and not line.refused for line in row.lines.all())


def _came(row: Return) -> list[Section]:
    lines = [
        _("%(name)s: %(received)d of %(quantity)d")
        % {"name": line.order_line.name, "received": line.received - line.refused, "quantity": line.quantity}
        for line in row.lines.select_related("order_line")
        if line.received or line.refused
    ]
    return [Section(_("Came back as agreed"), lines)] if lines else []


def replacement_failed(new: Replacement, units: int, refunds: Sequence[Refund]) -> Mail:
    """Say that new goods cannot be had after all, and that the money goes back in their place."""
    row = new.parent
    return Mail(
        subject=_subject(row, refunds, _("Your replacement cannot come: return %(return)s (%(number)s)")),
        preheader=_("The new goods will not be sent. You get your money back instead."),
        heading=_("Your replacement cannot come"),
        paragraphs=[
            _("The new goods cannot be sent to you. You get your money back in their place."),
            *(_money_words(row, refunds) or [_("A colleague sees to the money and writes to you.")]),
        ],
        sections=[Section(_("Not coming"), [goods_of(new.line, units)]), asked_about(row)],
        button=_("See your return"),
        url=page_of(row),
        links=credit_note_links(refunds),
    )
