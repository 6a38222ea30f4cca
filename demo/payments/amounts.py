from __future__ import annotations

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
    "jpy": 50,
    "kwd": 500,
    "nok": 300,
    "nzd": 50,
    "pln": 200,
    "ron": 200,
    "sek": 300,
    "usd": 50,
}
# Stripe's largest amount has eight digits.
MAXIMUM_MINOR = 99_999_999
EXPONENT = {"jpy": 0, "kwd": 3}
SYMBOL = {"eur": "€", "gbp": "£", "usd": "$", "jpy": "¥"}


def spoken(amount_minor: int, currency: str) -> str:
    """Write an amount of minor units for people, such as ``€74.50`` or ``74.50 CHF``."""
    places = EXPONENT.get(currency, 2)
    whole, rest = divmod(amount_minor, 10**places)
    figure = f"{whole:,}.{rest:0{places}d}" if places else f"{whole:,}"
    symbol = SYMBOL.get(currency)
    return f"{symbol}{figure}" if symbol else f"{figure} {currency.upper()}"
