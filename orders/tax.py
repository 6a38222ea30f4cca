"""Who works out the tax of an order: our own table, or Stripe Tax; the setting TAX_CALCULATOR names one."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Protocol

from django.conf import settings
from django.core.cache import cache
from django.utils.module_loading import import_string

from orders import stripe_client
from orders.stripe_client import StripeRefused, StripeUnclear
from orders.stripe_facts import TaxFacts, TaxItem
from shop.models import TaxClass
from shop.money import included_tax_minor, payable_step, rounded, split_by_weight, tax_on_top_minor
from shop.places import Place, located
from shop.tax import rates_on

logger = logging.getLogger(__name__)
# Page and order ask the same within minutes; so long an answer of Stripe Tax is used again.
ANSWER_SECONDS = 600
# Stripe Tax's codes ("Product tax codes"): tangible goods in general, and what bears no tax.
STRIPE_CODES = {TaxClass.STANDARD: "txcd_99999999", TaxClass.ZERO: "txcd_00000000"}


class TaxUnknown(Exception):
    """The tax cannot be worked out now, so nothing may be sold: no answer, or not enough is known."""


@dataclass(frozen=True, slots=True)
class Taxable:
    """What one line is taxed on: goods and its share of the delivery, each less its discount, in minor units."""

    tax_class: str
    tax_code: str
    goods_minor: int
    delivery_minor: int


@dataclass(frozen=True, slots=True)
class LineTax:
    """The tax of one line in minor units, inside or on top of its price, and its rate in 1/100 of a percent."""

    basis_points: int
    minor: int


class TaxCalculator(Protocol):
    """The interface. Delivery bears the tax of the goods it brings: docs/adr/0011."""

    def tax_of(
        self, lines: Sequence[Taxable], place: Place, *, currency: str, is_included: bool, on: date
    ) -> list[LineTax]:
        """Return the tax of each line, rounded once per line. Raises TaxUnknown."""
        ...


class TableCalculator:
    """Works with the rates in the database (``shop.models.TaxRate``); one query."""

    def tax_of(
        self, lines: Sequence[Taxable], place: Place, *, currency: str, is_included: bool, on: date
    ) -> list[LineTax]:
        """Return the tax of each line by the country's and region's rate of its class."""
        rates, step = rates_on(on, [located(place).country]), payable_step(currency)
        made = []
        for line in lines:
            rate, base = rates.of(line.tax_class, place), line.goods_minor + line.delivery_minor
            tax = included_tax_minor(base, rate) if is_included else tax_on_top_minor(base, rate, step=step)
            made.append(LineTax(rate, tax))
        return made


class StripeCalculator:
    """Asks Stripe Tax. Talks to the network, so never call it inside a transaction."""

    def tax_of(
        self, lines: Sequence[Taxable], place: Place, *, currency: str, is_included: bool, on: date
    ) -> list[LineTax]:
        """Return the tax of each line as Stripe says; the same question is asked once in ten minutes.

        What the jurisdiction takes of the delivery is shared out over the lines by their shares of it.
        """
        items = [TaxItem(line.goods_minor, _stripe_code(line)) for line in lines]
        delivery = sum(line.delivery_minor for line in lines)
        answer = _asked_once(items, delivery, place, currency=currency, is_included=is_included)
        shares = split_by_weight(answer.delivery_tax_minor, [line.delivery_minor for line in lines])
        step = 1 if is_included else payable_step(currency)
        return [
            LineTax(rate, rounded(tax + share, step=step))
            for (rate, tax), share in zip(answer.lines, shares, strict=True)
        ]


def _stripe_code(line: Taxable) -> str:
    code = line.tax_code or STRIPE_CODES.get(TaxClass(line.tax_class), "")
    if not code:
        # The general code would bear the standard rate: too much is as wrong as too little.
        logger.error("goods of tax class %s have no tax code of Stripe's", line.tax_class)
        raise TaxUnknown(line.tax_class)
    return code


def _asked_once(
    items: Sequence[TaxItem], delivery_minor: int, place: Place, *, currency: str, is_included: bool
) -> TaxFacts:
    asked = [[asdict(item) for item in items], delivery_minor, asdict(place), currency, is_included]
    key = "tax:" + hashlib.sha256(json.dumps(asked).encode()).hexdigest()
    known = cache.get(key)
    if known is not None:
        return known
    try:
        answer = stripe_client.calculate_tax(
            items, delivery_minor=delivery_minor, place=place, currency=currency, is_included=is_included
        )
    except (StripeUnclear, StripeRefused) as error:
        logger.warning("Stripe Tax gives no answer: %s", type(error).__name__)
        raise TaxUnknown("no answer") from error
    cache.set(key, answer, ANSWER_SECONDS)
    return answer


class NoCalculator:
    """Works nothing out: for showing goods and delivery while the tax is not known. Nothing is sold by it."""

    def tax_of(
        self, lines: Sequence[Taxable], place: Place, *, currency: str, is_included: bool, on: date
    ) -> list[LineTax]:
        """Return no tax for every line."""
        return [LineTax(0, 0) for _line in lines]


def calculator() -> TaxCalculator:
    """Return the calculator that the setting TAX_CALCULATOR names."""
    return import_string(settings.TAX_CALCULATOR)()
