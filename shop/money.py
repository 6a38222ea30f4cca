"""Money: whole minor units with their currency, and the few sums a shop does with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from functools import lru_cache

from babel.numbers import format_currency, get_currency_precision
from django.utils.translation import get_language, to_locale

# Digits behind the point by ISO 4217, of currencies that cards can be charged in; every one not named has two. The
# ariary (MGA) has fifths on paper, and nobody can pay them: Stripe and Unicode's CLDR count it in whole ones.
_WITHOUT = "BIF CLP DJF GNF ISK JPY KMF KRW MGA PYG RWF UGX VND VUV XAF XOF XPF"
_THREE = "BHD JOD KWD OMR TND"
MINOR_UNITS = dict.fromkeys(_WITHOUT.split(), 0) | dict.fromkeys(_THREE.split(), 3)
# What a customer pays in a currency with three decimals ends in 0: card payments cannot carry the last digit
# (Stripe, "Supported currencies", three-decimal currencies, read 2026-11-28). Every price and share keeps to it.
THREE_DECIMAL_STEP = 10
# Unit costs of suppliers carry four decimals: integers of 1/10,000 of the currency unit.
COST_DIGITS = 4


class WrongPrecision(ValueError):
    """An amount that whole minor units cannot hold exactly, or that is no amount at all."""


class CurrencyMismatch(ValueError):
    """Two amounts of different currencies met in one sum."""


def minor_units(currency: str) -> int:
    """Return how many digits stand behind the point in ``currency``."""
    return MINOR_UNITS.get(currency, 2)


def payable_step(currency: str) -> int:
    """Return the smallest difference between two amounts a customer can pay, in minor units."""
    return THREE_DECIMAL_STEP if minor_units(currency) == 3 else 1


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in minor units (cents, pence, yen) of one currency."""

    minor: int
    currency: str

    @classmethod
    def parse(cls, text: str, currency: str) -> Money:
        """Read a decimal string such as ``"12.34"``, as suppliers and payment providers write it.

        Raises WrongPrecision rather than round: a price we cannot hold exactly is a
        mistake in the list, and a person must look at it.
        """
        scaled = _decimal(text).scaleb(minor_units(currency))
        if scaled != scaled.to_integral_value():
            raise WrongPrecision(f"{text} {currency}")
        return cls(int(scaled), currency)

    @property
    def decimal(self) -> Decimal:
        """The amount in whole units, exact."""
        return Decimal(self.minor).scaleb(-minor_units(self.currency))

    @property
    def plain(self) -> str:
        """The amount as a decimal string without a sign of currency, for machines: ``"12.50"``."""
        return f"{self.decimal:.{minor_units(self.currency)}f}"

    def __add__(self, other: Money) -> Money:
        self._check(other)
        return Money(self.minor + other.minor, self.currency)

    def __sub__(self, other: Money) -> Money:
        self._check(other)
        return Money(self.minor - other.minor, self.currency)

    def __str__(self) -> str:
        locale = to_locale(get_language() or "en-gb")
        return _written(self.decimal, self.currency, locale)

    def _check(self, other: Money) -> None:
        if self.currency != other.currency:
            raise CurrencyMismatch(f"{self.currency} and {other.currency}")


@lru_cache(maxsize=5000)
def _written(amount: Decimal, currency: str, locale: str) -> str:
    # Prices repeat, and a page has dozens of them.
    # Some currencies have more digits than people usually write: what is charged is shown all the same.
    is_usual = get_currency_precision(currency) >= minor_units(currency)
    return format_currency(amount, currency, locale=locale, decimal_quantization=is_usual)


def _decimal(text: str) -> Decimal:
    # Decimal() also accepts "NaN", "1E+400" and full-width digits; a price list may not.
    if not text.isascii() or not text.replace(".", "", 1).replace("-", "", 1).isdigit() or len(text) > 20:
        raise WrongPrecision(text[:40])
    try:
        return Decimal(text)
    except InvalidOperation as error:
        raise WrongPrecision(text[:40]) from error


def parse_cost(text: str) -> int:
    """Read a supplier's unit cost, a decimal string with at most four decimals, as 1/10,000 units.

    Raises WrongPrecision for more decimals than that, and for anything that is no number.
    """
    scaled = _decimal(text).scaleb(COST_DIGITS)
    if scaled != scaled.to_integral_value():
        raise WrongPrecision(text)
    return int(scaled)


def format_cost(cost: int) -> str:
    """Write a unit cost of 1/10,000 units as the decimal string that suppliers read: ``"4.5200"``."""
    return f"{Decimal(cost).scaleb(-COST_DIGITS):.{COST_DIGITS}f}"


def rounded(numerator: int, denominator: int = 1, *, step: int = 1) -> int:
    """Return a fraction of minor units as a whole multiple of ``step``, halves away from zero.

    The one function that rounds money; whoever calls it does so once per line.
    """
    sign = -1 if numerator < 0 else 1
    unit = denominator * step
    return sign * ((2 * abs(numerator) + unit) // (2 * unit)) * step


def line_cost_minor(unit_cost: int, quantity: int, currency: str) -> int:
    """Return what ``quantity`` units cost, in minor units, rounded once per line (half up)."""
    return rounded(unit_cost * quantity * 10 ** minor_units(currency), 10**COST_DIGITS)


def included_tax_minor(gross_minor: int, rate_basis_points: int) -> int:
    """Return the tax inside a price that includes it, rounded half up.

    ``rate_basis_points`` is the rate in 1/100 of a percent: 2300 is 23 %.
    """
    return rounded(gross_minor * rate_basis_points, 10_000 + rate_basis_points)


def tax_on_top_minor(net_minor: int, rate_basis_points: int, *, step: int = 1) -> int:
    """Return the tax that comes on top of a price without it, as a multiple of ``step``, rounded half up."""
    return rounded(net_minor * rate_basis_points, 10_000, step=step)


def split_by_weight(total_minor: int, weights: Sequence[int], *, step: int = 1) -> list[int]:
    """Split an amount in proportion to ``weights`` so that the parts sum to it exactly.

    Largest remainder: each part gets its share rounded down, and what is left goes, one
    ``step`` each, to the largest remainders, the earlier part first when equal. With
    all weights 0 everything goes to the first part. ``total_minor`` may be negative. What of it
    is no multiple of ``step`` goes to the heaviest part.
    """
    if not weights:
        raise ValueError("nothing to split over")
    whole = sum(weights)
    if whole == 0:
        return [total_minor] + [0] * (len(weights) - 1)
    sign = -1 if total_minor < 0 else 1
    steps, odd = divmod(abs(total_minor), step)
    shares = [divmod(steps * weight, whole) for weight in weights]
    parts = [share for share, _rest in shares]
    by_rest = sorted(range(len(weights)), key=lambda place: (-shares[place][1], place))
    for place in by_rest[: steps - sum(parts)]:
        parts[place] += 1
    parts = [part * step for part in parts]
    parts[weights.index(max(weights))] += odd
    return [sign * part for part in parts]
