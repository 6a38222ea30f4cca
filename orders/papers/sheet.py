"""A paper in words: what page and PDF print, in the language of the order.

Both are drawn from the same ``Sheet``, so they cannot say different things.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from babel.dates import format_date
from babel.numbers import format_percent
from django.conf import settings
from django.utils.translation import gettext as _, override, to_locale

from orders.models import Refund
from orders.papers.content import Content
from shop.money import Money

# Longer names are cut: a paper has so much room, and nobody's name is that long.
LONGEST = 300
# They move nothing, and Persian and Indian names are spelt with them.
JOINERS = "\u200c\u200d"


@dataclass(frozen=True, slots=True)
class Column:
    """One column of the table of lines; ``share`` is its part of the width, ``is_number`` sets it to the right."""

    title: str
    share: float
    is_number: bool = True


@dataclass(frozen=True, slots=True)
class Row:
    """One line: its cells in the order of the columns, and what stands small below the first."""

    cells: list[str]
    small: str = ""


@dataclass(frozen=True, slots=True)
class Sheet:
    """All that a paper prints, in words."""

    language: str
    title: str
    number: str
    facts: list[tuple[str, str]]
    seller_name: str
    seller: list[str]
    seller_foot: list[str]
    buyer: list[str]
    columns: list[Column]
    rows: list[Row]
    taxes: list[list[str]]
    tax_titles: list[str]
    sums: list[tuple[str, str]]
    total: tuple[str, str]
    notes: list[str]


def sheet_of(content: Content) -> Sheet:
    """Put the frozen content of a paper into the words of its order's language."""
    language = content["language"] if content["language"] in dict(settings.LANGUAGES) else settings.LANGUAGE_CODE
    with override(language):
        return _Writer(content, to_locale(language)).sheet(language)


def clean(text: object) -> str:
    """Return text as one printable line: without controls, and without marks that turn the direction of what follows.

    A name is somebody else's words; it may not move the words beside it.
    """
    kept = (" " if character.isspace() else character for character in str(text)[:LONGEST])
    printable = (one for one in kept if one in JOINERS or unicodedata.category(one) not in {"Cc", "Cf", "Cs", "Co"})
    return " ".join("".join(printable).split())


class _Writer:
    """Writes one paper; the language is active while it does."""

    def __init__(self, content: Content, locale: str) -> None:
        self.content, self.locale = content, locale
        self.is_invoice = content["kind"] == "invoice"
        self.sums = content["sums"]

    def sheet(self, language: str) -> Sheet:
        seller, buyer = self.content["seller"], self.content["buyer"]
        return Sheet(
            language=language,
            title=_("Invoice") if self.is_invoice else _("Credit note"),
            number=self.content["number"],
            facts=self._facts(),
            seller_name=clean(seller["name"]),
            seller=[clean(line) for line in seller["lines"]],
            seller_foot=self._seller_foot(),
            buyer=[clean(line) for line in (buyer["company"], buyer["name"], *buyer["lines"]) if clean(line)],
            columns=[column for column, _write in self._columns()],
            rows=[self._row(line) for line in self.content["lines"]],
            tax_titles=[_("VAT rate"), _("Net"), _("VAT"), _("Gross")],
            taxes=[self._tax(row) for row in self.content["taxes"]],
            sums=self._sums(),
            total=self._total(),
            notes=self._notes(),
        )

    def _money(self, minor: int) -> str:
        return str(Money(minor, self.content["currency"]))

    def _day(self, iso: str) -> str:
        return format_date(date.fromisoformat(iso), "long", locale=self.locale) if iso else ""

    def _rate(self, basis_points: int) -> str:
        return format_percent(basis_points / 10_000, "#,##0.##%", locale=self.locale)

    def _facts(self) -> list[tuple[str, str]]:
        order = self.content["order"]
        facts = [(_("Number"), self.content["number"]), (_("Date"), self._day(self.content["issued_on"]))]
        if not self.is_invoice:
            invoice = self.content["invoice"]
            of = _("%(number)s of %(day)s") % {"number": invoice["number"], "day": self._day(invoice["issued_on"])}
            facts.append((_("Corrects invoice"), of))
        facts += [(_("Order"), order["number"]), (_("Ordered on"), self._day(order["placed_on"]))]
        if self.is_invoice:
            facts.append((_("Paid on"), self._day(order["paid_on"])))
        return facts

    def _seller_foot(self) -> list[str]:
        seller = self.content["seller"]
        vat = _("VAT number %(number)s") % {"number": clean(seller["vat_number"])} if seller["vat_number"] else ""
        return [part for part in (vat, clean(seller["registration"]), clean(seller["contact"])) if part]

    def _columns(self) -> Sequence[tuple[Column, Callable[[dict[str, Any]], str]]]:
        # A column in which every cell is nothing is left out.
        columns: list[tuple[Column, Callable[[dict[str, Any]], str]]] = [
            (Column(_("Goods"), 58, is_number=False), lambda line: clean(line["name"])),
            (Column(_("Units"), 11), lambda line: str(line["quantity"]) if line["quantity"] else "–"),
            (Column(_("Unit price"), 19), lambda line: self._money(line["unit_minor"])),
        ]
        if self.sums["discount_minor"]:
            columns.append((Column(_("Discount"), 18), lambda line: self._money(-line["discount_minor"])))
        if self.sums["delivery_minor"]:
            columns.append((Column(_("Delivery"), 18), lambda line: self._money(line["delivery_minor"])))
        net = (Column(_("Net"), 19), lambda line: self._money(line["total_minor"] - line["tax_minor"]))
        rate = (Column(_("VAT"), 13), lambda line: self._rate(line["tax_basis_points"]))
        gross = (Column(_("Amount"), 20), lambda line: self._money(line["total_minor"]))
        return [*columns, net, rate, gross]

    def _row(self, line: dict[str, Any]) -> Row:
        small = " · ".join(part for part in (clean(line["options"]), clean(line["sku"])) if part)
        return Row([write(line) for _column, write in self._columns()], small)

    def _tax(self, row: dict[str, int]) -> list[str]:
        amounts = [self._money(row[name]) for name in ("net_minor", "tax_minor", "total_minor")]
        return [self._rate(row["tax_basis_points"]), *amounts]

    def _sums(self) -> list[tuple[str, str]]:
        sums = [(_("Goods"), self._money(self.sums["goods_minor"]))]
        if self.sums["discount_minor"]:
            sums.append((_("Discount"), self._money(-self.sums["discount_minor"])))
        if self.sums["delivery_minor"]:
            sums.append((_("Delivery"), self._money(self.sums["delivery_minor"])))
        if self.sums["added_tax_minor"]:
            sums.append((_("VAT"), self._money(self.sums["added_tax_minor"])))
        return sums

    def _total(self) -> tuple[str, str]:
        title = _("Total, VAT included") if self.is_invoice else _("Total credited, VAT included")
        return title, self._money(self.sums["total_minor"])

    def _notes(self) -> list[str]:
        notes = [self._delivery(one) for one in self.content.get("deliveries", [])]
        notes += [self._paid(one) for one in self.content["payments"]]
        if not self.is_invoice:
            notes.insert(0, _("Reason: %(reason)s.") % {"reason": self._reason()})
        if not self.sums["tax_minor"]:
            notes.append(_("No VAT is charged on this sale."))
        return notes

    def _delivery(self, parcel: dict[str, Any]) -> str:
        facts = {
            "town": clean(parcel["sent_from"]),
            "service": clean(parcel["service"]),
            "amount": self._money(parcel["delivery_minor"]),
        }
        # Orders from before there was a choice know no service.
        with_service = _("Delivery from %(town)s, %(service)s: %(amount)s.")
        return (with_service if facts["service"] else _("Delivery from %(town)s: %(amount)s.")) % facts

    def _reason(self) -> str:
        known = dict(Refund.Reason.choices)
        return str(known.get(self.content["reason"], self.content["reason"]))

    def _paid(self, payment: dict[str, Any]) -> str:
        facts = {
            "amount": self._money(payment["amount_minor"]),
            "brand": clean(payment["brand"]).title(),
            "digits": clean(payment["last4"]),
            "day": self._day(payment["paid_on"]),
        }
        if not self.is_invoice:
            to_card = _("%(amount)s goes back to the %(brand)s card ending in %(digits)s.")
            return (to_card if facts["digits"] else _("%(amount)s goes back the way it was paid.")) % facts
        by_card = _("%(amount)s paid by %(brand)s card ending in %(digits)s on %(day)s.")
        return (by_card if facts["digits"] else _("%(amount)s paid on %(day)s.")) % facts
