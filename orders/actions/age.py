"""Goods that are sold from an age on: the customer says once, at the checkout, that they are old enough."""

from __future__ import annotations

from collections.abc import Iterable

from shop.models import Variant


class AgeNotConfirmed(Exception):
    """The basket holds goods that are sold from ``age`` on, and the customer did not say to be that old."""

    def __init__(self, age: int) -> None:
        super().__init__(f"sold from the age of {age}")
        self.age = age


def age_asked(variants: Iterable[Variant]) -> int:
    """Return the highest age that any of these goods asks for; 0 if none does. No query: the products are known."""
    return max((variant.product.least_age for variant in variants), default=0)


def refuse_too_young(variants: Iterable[Variant], confirmed_age: int) -> int | None:
    """Return the age that an order of these goods keeps as confirmed; None where they ask for none.

    ``confirmed_age`` is what the customer said to have reached; 0 if nothing was said. Raises AgeNotConfirmed.
    """
    asked = age_asked(variants)
    if confirmed_age < asked:
        raise AgeNotConfirmed(asked)
    return asked or None
