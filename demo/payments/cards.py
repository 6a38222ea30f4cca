"""Stripe's well-known test cards and what each does."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Decline:
    """Why a payment was refused, in Stripe's codes, and what the customer reads."""

    code: str
    reason: str
    message: str


@dataclass(frozen=True)
class Card:
    """A test card and its behaviour."""

    number: str
    brand: str = "visa"
    decline: Decline | None = None
    asks_3ds: bool = False
    # What becomes of refunds to it: "succeeded", "pending" (succeeds later) or "fails" (later).
    refunds: str = "succeeded"
    is_disputed: bool = False

    @property
    def last4(self) -> str:
        return self.number[-4:]


GENERIC = Decline("card_declined", "generic_decline", "Your card was declined.")
NO_FUNDS = Decline("card_declined", "insufficient_funds", "Your card has insufficient funds.")
EXPIRED = Decline("expired_card", "expired_card", "Your card has expired.")
WRONG_CVC = Decline("incorrect_cvc", "incorrect_cvc", "Your card's security code is incorrect.")
TROUBLE = Decline(
    "processing_error", "processing_error", "An error occurred while processing your card. Try again in a little bit."
)
NOT_A_TEST_CARD = Decline(
    "card_declined",
    "live_mode_test_card",
    "Your card was declined. Your request was in test mode, but used a non test card.",
)
NOT_A_NUMBER = Decline("incorrect_number", "incorrect_number", "Your card number is incorrect.")
NOT_AUTHENTICATED = Decline(
    "payment_intent_authentication_failure",
    "authentication_required",
    "We are unable to authenticate your payment method. Please choose a different payment method and try again.",
)
BANK_REFUSED = Decline("payment_method_provider_decline", "generic_decline", "The bank did not carry out the payment.")

CARDS = {
    card.number: card
    for card in (
        Card("4242424242424242"),
        Card("5555555555554444", brand="mastercard"),
        Card("378282246310005", brand="amex"),
        Card("4000000000000002", decline=GENERIC),
        Card("4000000000009995", decline=NO_FUNDS),
        Card("4000000000000069", decline=EXPIRED),
        Card("4000000000000127", decline=WRONG_CVC),
        Card("4000000000000119", decline=TROUBLE),
        Card("4000002760003184", asks_3ds=True),
        Card("4000000000005126", refunds="fails"),
        Card("4000000000007726", refunds="pending"),
        Card("4000000000000259", is_disputed=True),
    )
}


def known_card(typed: str) -> Card:
    """Find the test card of a number as typed; any other number gets a card that is declined."""
    number = "".join(character for character in typed if character.isdigit())
    if number in CARDS:
        return CARDS[number]
    decline = NOT_A_TEST_CARD if 12 <= len(number) <= 19 and _luhn(number) else NOT_A_NUMBER
    return Card(number or "0000", brand="unknown", decline=decline)


def _luhn(number: str) -> bool:
    digits = [int(digit) for digit in reversed(number)]
    doubled = [digit * 2 - 9 if digit > 4 else digit * 2 for digit in digits[1::2]]
    return (sum(digits[0::2]) + sum(doubled)) % 10 == 0
