from __future__ import annotations

from demo.payments.errors import Invalid

# Smallest charge per currency in minor units, in the order of Stripe's own minimum charge
# amounts; these are also the currencies the sandbox takes.
MINIMUM_MINOR = {
    "aud": 50,
    "cad": 50,
    "chf": 50,
    "czk": 1500,
    "dkk": 250,
    "eur": 50,
    "gbp": 30,
    "huf": 17500,
    "isk": 10000,
    "jpy": 50,
    "kwd": 500,
    "nok": 300,
    "nzd": 50,
    "pln": 200,
    "ron": 200,
    "sek": 300,
    "ugx": 200000,
    "usd": 50,
}
# Stripe's largest amount has eight digits.
MAXIMUM_MINOR = 99_999_999
EXPONENT = {"jpy": 0, "kwd": 3}
# Currencies without decimals that Stripe writes with two (docs.stripe.com/currencies, "Special cases"), and the last
# digit that card networks do not carry in those with three.
WHOLE = {"isk": 100, "ugx": 100, "kwd": 10}
SYMBOL = {"eur": "€", "gbp": "£", "usd": "$", "jpy": "¥"}


def check_whole(amount_minor: int, currency: str, *, param: str) -> None:
    """Refuse an amount that the currency cannot be paid in, as Stripe does."""
    least = WHOLE.get(currency, 1)
    if amount_minor % least:
        raise Invalid(
            f"Invalid amount: in {currency.upper()} it has to be a multiple of {least}.",
            code="invalid_charge_amount_no_decimal_compatible",
            param=param,
        )


def spoken(amount_minor: int, currency: str) -> str:
    """Write an amount of minor units for people, such as ``€74.50`` or ``74.50 CHF``."""
    places = EXPONENT.get(currency, 2)
    whole, rest = divmod(amount_minor, 10**places)
    figure = f"{whole:,}.{rest:0{places}d}" if places else f"{whole:,}"
    symbol = SYMBOL.get(currency)
    return f"{symbol}{figure}" if symbol else f"{figure} {currency.upper()}"
