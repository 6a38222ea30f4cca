"""What the shop asks of a way to pay. Whatever is not in here, a provider does not need to know.

Orders, payments and refunds name their provider by its ``name``; the actions find it in ``registry``.
A further provider is one module with one class, and its entry there.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, ClassVar

from django.utils.functional import Promise

if TYPE_CHECKING:
    from orders.models import Authorisation, Order, Payment, Refund


class Unclear(Exception):
    """It may have happened (time-out, cut answer, 5xx): repeat with the same key, or look up."""


class Refused(Exception):
    """Nothing happened, and repeating will not help. ``code`` is the provider's."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code


class ByHand(Exception):
    """No machine does this here: a person does it, and notes it."""


@dataclass(frozen=True, slots=True)
class RefundFacts:
    """A refund there; ``status`` is pending, succeeded, failed, canceled or requires_action."""

    id: str
    status: str
    amount_minor: int
    currency: str
    intent_id: str
    failure: str = ""


@dataclass(frozen=True, slots=True)
class IntentFacts:
    """An authorisation there; ``status`` is requires_capture, succeeded or canceled. Amounts in minor units."""

    id: str
    status: str
    captured_minor: int
    currency: str


@dataclass(frozen=True, slots=True)
class Fee:
    """What a provider keeps for a payment, with its refunds and disputes, in minor units of ``currency``."""

    minor: int
    currency: str


class Provider(ABC):
    """One way to pay. The methods that talk to the network raise Unclear or Refused, and may be repeated."""

    name: ClassVar[str]
    label: str | Promise
    note: str | Promise
    # True if it has a page of its own that customers are sent to.
    has_page: ClassVar[bool] = False
    # True if money can be authorised first and taken later.
    can_authorise: ClassVar[bool] = False
    # True if refunds are made by people, outside.
    refunds_by_hand: ClassVar[bool] = False

    @abstractmethod
    def is_offered(self) -> bool:
        """Say whether customers may choose it now, by the settings alone."""

    @abstractmethod
    def time_to_pay(self) -> timedelta:
        """Return how long an order waits for its money, and its goods are held."""

    def details(self, order: Order) -> list[tuple[str | Promise, str]]:
        """Return what customers must know to pay an order elsewhere, as label and value; none with a page."""
        return []

    def refund(self, refund: Refund) -> RefundFacts:
        """Make a refund, or find the one that an earlier try has made. Raises ByHand where people do it."""
        raise ByHand(self.name)

    def read_authorisation(self, authorisation: Authorisation) -> IntentFacts:
        """Say how an authorisation stands."""
        raise ByHand(self.name)

    def capture(self, authorisation: Authorisation) -> IntentFacts:
        """Take ``capture_minor`` of an authorisation; the rest is let go."""
        raise ByHand(self.name)

    def release(self, authorisation: Authorisation) -> IntentFacts:
        """Let all of an authorisation go."""
        raise ByHand(self.name)

    def fee(self, payment: Payment) -> Fee | None:
        """Return what it keeps for a payment; None if that is not known there yet."""
        raise ByHand(self.name)
