"""The one table of what prepared texts can be filled with, from the case they are used in.

A placeholder stands in a text as ``{{new_date}}``. What the case does not have stays in the text, so that it is
seen, and nothing is sent that still holds one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property

from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import gettext as _, gettext_lazy

from orders.models import Order
from orders.progress import ParcelCard, parcel_cards, refund_lines
from shop.languages import speaking
from shop.models import User
from shop.words import day, moment
from support.models import Ticket
from support.standing import dates_of

# What looks like one, however it is spaced; and what is left of one that was damaged by typing.
PLACEHOLDER = re.compile(r"\{\{\s*([^{}\n]{0,60}?)\s*\}\}")
BROKEN = re.compile(r"\{\{[^\n]{0,40}|[^\n{}]{0,40}\}\}")


class Facts:
    """What a case knows, each part read once and only when it is asked for."""

    def __init__(self, ticket: Ticket, agent: User) -> None:
        self.ticket, self.agent = ticket, agent

    @property
    def order(self) -> Order | None:
        """The order it is about."""
        return self.ticket.order

    @cached_property
    def cards(self) -> list[ParcelCard]:
        """The order's parcels, as customers see them."""
        return parcel_cards(self.order) if self.order else []

    @property
    def moving(self) -> ParcelCard | None:
        """The parcel to speak of: the first with a number that is not there yet, else the last that came."""
        numbered = [card for card in self.cards if card.number]
        return next((card for card in numbered if not card.is_final), numbered[-1] if numbered else None)

    @cached_property
    def goods(self) -> str:
        """The goods that the case is about; where none are named, those of the order."""
        chosen = {line.order_line_id for line in self.ticket.lines.all()}
        lines = list(self.order.lines.all()) if self.order else []
        return ", ".join(line.name for line in lines if line.pk in chosen or not chosen)

    def promised(self) -> str:
        """Return the days promised at the sale."""
        dates = dates_of(self.order, self.cards) if self.order else None
        return dates.promised if dates else ""

    def new_date(self) -> str:
        """Return the last day on which what comes late is there now."""
        late = [card.window[1] for card in self.cards if card.old_arrival and not card.is_final]
        return day(max(late)) if late else ""

    def refund(self) -> str:
        """Return the amount of the newest refund."""
        rows = refund_lines(self.order) if self.order else []
        return str(rows[-1].amount) if rows else ""

    def returning(self) -> str:
        """Return the number of the newest return."""
        made = self.ticket.returns.first()
        return made.number if made else ""

    def name(self) -> str:
        """Return how the customer is called."""
        return self.ticket.name or (self.order.name if self.order else "")


@dataclass(frozen=True, slots=True)
class Placeholder:
    """One thing a text can be filled with; ``missing`` says why a case may not have it."""

    label: str | Promise
    value: Callable[[Facts], str]
    missing: str | Promise


_t = gettext_lazy
_NO_ORDER = _t("the case is about no order")
_NO_PARCEL = _t("no parcel has a tracking number yet")
PLACEHOLDERS: Mapping[str, Placeholder] = {
    "name": Placeholder(_t("customer's name"), Facts.name, _t("we do not know the customer's name")),
    "case_number": Placeholder(_t("number of the case"), lambda facts: facts.ticket.number, ""),
    "case_link": Placeholder(
        _t("link of the case"), lambda facts: settings.SITE_URL + facts.ticket.get_absolute_url(), ""
    ),
    "order_number": Placeholder(
        _t("number of the order"), lambda facts: facts.order.number if facts.order else "", _NO_ORDER
    ),
    "order_link": Placeholder(
        _t("link of the order's page"),
        lambda facts: settings.SITE_URL + facts.order.get_absolute_url() if facts.order else "",
        _NO_ORDER,
    ),
    "order_total": Placeholder(
        _t("what was paid"), lambda facts: str(facts.order.total) if facts.order else "", _NO_ORDER
    ),
    "goods": Placeholder(_t("goods of the case"), lambda facts: facts.goods, _NO_ORDER),
    "promised_dates": Placeholder(_t("days promised"), Facts.promised, _t("no days were promised")),
    "new_date": Placeholder(_t("new date of what is late"), Facts.new_date, _t("nothing of it is late")),
    "carrier": Placeholder(_t("carrier"), lambda facts: facts.moving.carrier if facts.moving else "", _NO_PARCEL),
    "tracking_number": Placeholder(
        _t("tracking number"), lambda facts: facts.moving.number if facts.moving else "", _NO_PARCEL
    ),
    "tracking_link": Placeholder(
        _t("carrier's tracking link"),
        lambda facts: facts.moving.tracking_url if facts.moving else "",
        _t("no parcel has a tracking link yet"),
    ),
    "refund_amount": Placeholder(_t("amount of the newest refund"), Facts.refund, _t("nothing was paid back yet")),
    "return_number": Placeholder(_t("number of the return"), Facts.returning, _t("no return is open")),
    "answer_due": Placeholder(
        _t("when we answer next"),
        lambda facts: moment(facts.ticket.answer_due_at) if facts.ticket.answer_due_at else "",
        _t("no answer of ours is due"),
    ),
    "waiting_until": Placeholder(
        _t("until when we wait for the supplier"),
        lambda facts: moment(facts.ticket.waiting_until) if facts.ticket.waiting_until else "",
        _t("no supplier was asked until a day"),
    ),
    "agent": Placeholder(_t("your first name"), lambda facts: facts.agent.get_short_name(), ""),
    "shop": Placeholder(_t("name of the shop"), lambda facts: settings.SHOP_NAME, ""),
}


@dataclass(frozen=True, slots=True)
class Filled:
    """A text with what could be filled in; ``gaps`` says in words what could not."""

    text: str
    gaps: list[str]
    is_changed: bool


def fill(text: str, ticket: Ticket, agent: User) -> Filled:
    """Fill a text in the language of its case. What is missing, unknown or damaged stays as it is."""
    facts = Facts(ticket, agent)
    with speaking(ticket.language):
        values = {name: PLACEHOLDERS[name].value(facts) for name in names_in(text) if name in PLACEHOLDERS}
    filled = PLACEHOLDER.sub(lambda found: values.get(found[1]) or found[0], text)
    return Filled(filled, gaps_in(filled), filled != text)


def names_in(text: str) -> list[str]:
    """Return the names of the placeholders in a text, each once, in their order."""
    return list(dict.fromkeys(found[1] for found in PLACEHOLDER.finditer(text)))


def gaps_in(text: str) -> list[str]:
    """Say what in a text is still to be filled, one sentence each; none: it can be sent."""
    gaps = damaged_in(text)
    for name in names_in(text):
        known = PLACEHOLDERS.get(name)
        if known is None:
            continue
        if known.missing:
            facts = {"name": name, "label": known.label, "why": known.missing}
            gaps.append(_("“{{%(name)s}}” (%(label)s) is missing: %(why)s.") % facts)
        else:
            gaps.append(_("“{{%(name)s}}” is not filled in yet.") % {"name": name})
    return gaps


def damaged_in(text: str) -> list[str]:
    """Say which placeholders of a text there are not, and what looks like the rest of one."""
    gaps = [
        _("“{{%(name)s}}”: there is no such placeholder.") % {"name": name}
        for name in names_in(text)
        if name not in PLACEHOLDERS
    ]
    damaged = BROKEN.search(PLACEHOLDER.sub("", text))
    if damaged:
        gaps.append(_("“%(text)s” looks like a damaged placeholder.") % {"text": damaged[0].strip()})
    return gaps
