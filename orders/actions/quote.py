"""What a basket costs: parcels, goods, discount, delivery and tax as one object, shown and then ordered from."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from itertools import islice

from django.conf import settings
from django.utils import timezone

from orders.actions.discount import Buyer, CodeRefused, check_code, find_code, goods_of_code
from orders.models import DiscountCode
from orders.models.discount import DiscountKind
from orders.tax import LineTax, NoCalculator, Taxable, TaxCalculator, calculator
from shop.delivery import Parcel
from shop.models import BasketLine, Region, Variant
from shop.money import Money, payable_step, rounded, split_by_weight
from shop.places import Place, located, region_at
from shop.pricing import plan_priced
from shop.tax import Terms, terms_for

# The least that can be paid by card, in minor units (Stripe, "Minimum and maximum charge amounts", 2026-11-28).
# A code that leaves less than that leaves nothing: the shop gives the rest.
LEAST_CHARGE = {
    "AED": 200, "AUD": 50, "BGN": 100, "BRL": 50, "CAD": 50, "CHF": 50, "CZK": 1500, "DKK": 250, "EUR": 50, "GBP": 30,
    "HKD": 400, "HUF": 17500, "INR": 50, "JPY": 50, "MXN": 1000, "MYR": 200, "NOK": 300, "NZD": 50, "PLN": 200,
    "RON": 200, "SEK": 300, "SGD": 50, "THB": 1000, "USD": 50,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class QuotedLine:
    """So many of one variant, with its shares of all that is not its own. Minor units."""

    variant: Variant
    quantity: int
    unit_minor: int
    delivery_minor: int
    discount_minor: int
    tax: LineTax
    added_tax_minor: int

    @property
    def line_minor(self) -> int:
        """Price times units, before discount."""
        return self.unit_minor * self.quantity

    @property
    def paid_minor(self) -> int:
        """What the customer pays for this line with its shares."""
        return self.line_minor + self.delivery_minor - self.discount_minor + self.added_tax_minor


@dataclass(frozen=True, slots=True)
class QuotedParcel:
    """One parcel with its lines."""

    parcel: Parcel
    lines: tuple[QuotedLine, ...]


@dataclass(frozen=True, slots=True)
class Quote:
    """What a basket costs in one country now. ``refusal`` says why the code that was typed does not apply.

    ``stuck`` is not sent to the country and counted nowhere. With some of it, or without ``is_tax_known``,
    the quote can be shown, and nothing is ordered from it.
    """

    terms: Terms
    parcels: tuple[QuotedParcel, ...]
    code: DiscountCode | None = None
    refusal: CodeRefused | None = None
    is_tax_known: bool = True
    stuck: tuple[Variant, ...] = ()
    region: Region | None = None

    @property
    def place_name(self) -> str:
        """Where the goods go in words: the part of the country, if it is one that matters, or the country."""
        return self.region.name if self.region else self.terms.country_name

    @property
    def lines(self) -> list[QuotedLine]:
        """The lines of all parcels, in order."""
        return [line for parcel in self.parcels for line in parcel.lines]

    @property
    def items_minor(self) -> int:
        """The goods, before discount."""
        return sum(line.line_minor for line in self.lines)

    @property
    def delivery_minor(self) -> int:
        """The delivery of all parcels, before discount."""
        return sum(line.delivery_minor for line in self.lines)

    @property
    def discount_minor(self) -> int:
        """What the code takes off."""
        return sum(line.discount_minor for line in self.lines)

    @property
    def tax_minor(self) -> int:
        """All tax, inside the prices or on top."""
        return sum(line.tax.minor for line in self.lines)

    @property
    def added_tax_minor(self) -> int:
        """The tax that comes on top of the prices."""
        return sum(line.added_tax_minor for line in self.lines)

    @property
    def total_minor(self) -> int:
        """What is to be paid."""
        return sum(line.paid_minor for line in self.lines)

    @property
    def sums(self) -> tuple[int, int, int, int]:
        """Goods, delivery, discount and tax on top: what a customer looks at before they pay."""
        return self.items_minor, self.delivery_minor, self.discount_minor, self.added_tax_minor

    @property
    def fingerprint(self) -> tuple[object, ...]:
        """All that an order placed from this quote would hold of it."""
        goods = sorted((line.variant.sku, line.quantity, line.unit_minor) for line in self.lines)
        parcels = [one.parcel for one in self.parcels]
        ways = sorted(
            (parcel.profile.pk, parcel.service.code, parcel.window.earliest_on, parcel.window.latest_on)
            for parcel in parcels
        )
        code = self.code.code if self.code else ""
        sums = (self.delivery_minor, self.discount_minor, code, self.tax_minor, self.added_tax_minor)
        return (*goods, *ways, *sums)

    def money(self, minor: int) -> Money:
        """Return an amount in the quote's currency."""
        return Money(minor, self.terms.currency)

    @property
    def is_too_small(self) -> bool:
        """True if it is more than nothing and less than can be paid by card."""
        return 0 < self.total_minor < LEAST_CHARGE.get(self.terms.currency, 1)


def quote_basket(
    lines: Sequence[BasketLine],
    place: Place,
    *,
    services: Mapping[str, str] | None = None,
    code: str = "",
    buyer: Buyer | None = None,
    now: datetime,
    without_tax: bool = False,
) -> Quote:
    """Work out what a basket costs. May talk to the network (Stripe Tax), so call it outside transactions.

    ``services`` is how its parcels are to go: see ``plan_delivery``. What is not sent there is left out, and
    stands in the quote. So does why a code does not apply, which takes nothing off then. ``without_tax``
    leaves the tax open. Raises TaxUnknown.
    """
    # Typed in whichever of two ways, a place has one price.
    place = located(place)
    terms = terms_for(place.country, on=timezone.localdate(now))
    region = region_at(place)
    goods = [(line.variant, line.quantity) for line in lines]
    plan = plan_priced(goods, terms, now=now, services=services, region=region)
    parcels, stuck = plan.parcels, tuple(plan.stuck)
    if not parcels:
        return Quote(terms, (), stuck=stuck, region=region)
    discount, scope, refusal = None, set[int](), None
    if code:
        try:
            discount = find_code(code)
            scope = _scope(discount, parcels, buyer or Buyer(), settings.SHOP_CURRENCY, now)
        except CodeRefused as error:
            discount, refusal = None, error
    taxes = NoCalculator() if without_tax else calculator()
    quote = reckon(parcels, terms, place, taxes, code=discount, scope=scope, now=now)
    return replace(quote, refusal=refusal, is_tax_known=not without_tax, stuck=stuck, region=region)


def _scope(code: DiscountCode, parcels: Sequence[Parcel], buyer: Buyer, currency: str, now: datetime) -> set[int]:
    """Return the ids of the products a code is for. Raises CodeRefused if it does not apply."""
    goods = [(variant, units) for parcel in parcels for variant, units in parcel.lines]
    scope = goods_of_code(code, [variant.product for variant, _units in goods])
    value = sum(variant.price_minor * units for variant, units in goods if variant.product_id in scope)
    check_code(code, goods_minor=value, currency=currency, buyer=buyer, now=now)
    return scope


@dataclass(frozen=True, slots=True)
class _Row:
    """One line before discount and tax."""

    variant: Variant
    quantity: int
    delivery_minor: int

    @property
    def line_minor(self) -> int:
        return self.variant.price_minor * self.quantity


def reckon(
    parcels: Sequence[Parcel],
    terms: Terms,
    place: Place,
    calculator: TaxCalculator,
    *,
    code: DiscountCode | None = None,
    scope: Collection[int] = (),
    now: datetime,
) -> Quote:
    """Share delivery and discount out over the lines, and tax each once; every share is kept.

    ``scope`` holds the ids of the products the code is for. Raises TaxUnknown.
    """
    step = payable_step(terms.currency)
    tax_of = partial(
        calculator.tax_of,
        place=place,
        currency=terms.currency,
        is_included=terms.includes_tax,
        on=timezone.localdate(now),
    )
    rows = [row for parcel in parcels for row in _rows(parcel, step)]
    off = _discount(code, rows, scope, step) if code else [(0, 0)] * len(rows)
    quote = Quote(terms, _taxed(parcels, rows, off, terms, tax_of), code)
    if code is not None and quote.is_too_small:
        off = [(row.line_minor, row.delivery_minor) for row in rows]
        quote = Quote(terms, _taxed(parcels, rows, off, terms, tax_of), code)
    return quote


def _rows(parcel: Parcel, step: int) -> list[_Row]:
    weights = [variant.price_minor * units for variant, units in parcel.lines]
    shares = split_by_weight(parcel.price_minor, weights, step=step)
    return [_Row(variant, units, share) for (variant, units), share in zip(parcel.lines, shares, strict=True)]


def _discount(code: DiscountCode, rows: Sequence[_Row], scope: Collection[int], step: int) -> list[tuple[int, int]]:
    """Return what comes off each line: of its goods, and of its share of the delivery."""
    chosen = [row.variant.product_id in scope for row in rows]
    if code.kind == DiscountKind.FREE_DELIVERY:
        return [(0, row.delivery_minor if is_for else 0) for row, is_for in zip(rows, chosen, strict=True)]
    weights = [row.line_minor if is_for else 0 for row, is_for in zip(rows, chosen, strict=True)]
    whole = sum(weights)
    if code.kind == DiscountKind.PERCENT:
        amount = rounded(whole * (code.percent or 0), 100, step=step)
    else:
        amount = rounded(code.amount_minor or 0, step=step)
    return [(share, 0) for share in split_by_weight(min(amount, whole), weights, step=step)]


def _taxed(
    parcels: Sequence[Parcel],
    rows: Sequence[_Row],
    off: Sequence[tuple[int, int]],
    terms: Terms,
    tax_of: Callable[[Sequence[Taxable]], list[LineTax]],
) -> tuple[QuotedParcel, ...]:
    taxable = [
        Taxable(
            row.variant.product.tax_class,
            row.variant.product.tax_code,
            row.line_minor - of_goods,
            row.delivery_minor - of_delivery,
        )
        for row, (of_goods, of_delivery) in zip(rows, off, strict=True)
    ]
    lines = iter(
        QuotedLine(
            variant=row.variant,
            quantity=row.quantity,
            unit_minor=row.variant.price_minor,
            delivery_minor=row.delivery_minor,
            discount_minor=sum(less),
            tax=tax,
            added_tax_minor=0 if terms.includes_tax else tax.minor,
        )
        for row, less, tax in zip(rows, off, tax_of(taxable), strict=True)
    )
    return tuple(QuotedParcel(parcel, tuple(islice(lines, len(parcel.lines)))) for parcel in parcels)
