"""Cards, wallets and whatever else Stripe's hosted page offers."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from orders import stripe_client
from orders.providers.base import Fee, IntentFacts, Provider, RefundFacts
from orders.stripe_client import StripeKeptFailure

if TYPE_CHECKING:
    from orders.models import Authorisation, Payment, Refund

# Stripe may forget a key after a day; from then on a repeat could pay twice, so it is looked up.
KEY_LIFE = timedelta(hours=20)


class Stripe(Provider):
    """Stripe, by ``orders.stripe_client``: the one door."""

    name = "stripe"
    label = _("Card")
    note = _("Also Apple Pay, Google Pay and direct debit, on Stripe's page.")
    has_page = True
    can_authorise = True

    def is_offered(self) -> bool:
        return True

    def time_to_pay(self) -> timedelta:
        return timedelta(minutes=settings.CHECKOUT_SESSION_MINUTES)

    def refund(self, refund: Refund) -> RefundFacts:
        if refund.stripe_id:
            return stripe_client.read_refund(refund.stripe_id)
        intent, reference = refund.payment.stripe_id, refund.idempotency_key
        if refund.failures or timezone.now() - refund.requested_at > KEY_LIFE:
            for facts, theirs in stripe_client.list_refunds(intent).values():
                if theirs == reference:
                    return facts
        try:
            return stripe_client.create_refund(
                intent,
                amount_minor=refund.amount_minor,
                currency=refund.currency,
                reference=reference,
                key=refund.key,
            )
        except StripeKeptFailure:
            # Stripe repeats the failure for a day. The next try has another key, and looks first whether
            # this one left something behind: only then is it no second refund.
            refund.take_next_key()
            raise

    def read_authorisation(self, authorisation: Authorisation) -> IntentFacts:
        return stripe_client.read_intent(authorisation.stripe_id)

    def capture(self, authorisation: Authorisation) -> IntentFacts:
        return self._decide(authorisation, authorisation.capture_minor)

    def release(self, authorisation: Authorisation) -> IntentFacts:
        return self._decide(authorisation, None)

    def _decide(self, authorisation: Authorisation, amount_minor: int | None) -> IntentFacts:
        # Looked up before every try, whatever the age of the key: what is decided is decided once.
        facts = stripe_client.read_intent(authorisation.stripe_id)
        if facts.status != "requires_capture":
            return facts
        try:
            if amount_minor:
                return stripe_client.capture_intent(
                    facts.id, amount_minor=amount_minor, currency=authorisation.currency, key=authorisation.key
                )
            return stripe_client.cancel_intent(facts.id, key=authorisation.key)
        except StripeKeptFailure:
            authorisation.take_next_key()
            raise

    def fee(self, payment: Payment) -> Fee | None:
        return stripe_client.read_fee(payment.stripe_id)
