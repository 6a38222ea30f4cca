"""What providers keep for payments, read after the fact: nothing waits for it."""

from __future__ import annotations

from django.conf import settings
from django.db.models import Q

from orders import lease
from orders.models import Payment
from orders.providers.base import Refused, Unclear
from orders.providers.registry import provider_of


def read_fee(payment_id: int) -> None:
    """Read what a provider keeps for a payment, with its refunds and disputes. Talks to the network; safe to repeat.

    What it does not know yet (it books some time after it takes the money) is asked for again.
    """
    payment = lease.take(Payment.objects.all(), payment_id)
    if payment is None:
        return
    try:
        fee = provider_of(payment.provider).fee(payment)
    except Unclear as error:
        lease.fail(payment, f"no answer: {error}")
        return
    except Refused as error:
        # It knows no such payment; asking again will not help, and the report says that the fee is not known.
        lease.finish(payment, last_error=str(error)[:2000])
        return
    if fee is None:
        lease.finish(payment, due_in=settings.FEE_SECONDS)
        return
    lease.finish(payment, fee_minor=fee.minor, fee_currency=fee.currency)


def read_fee_later(payment_id: int) -> None:
    """Let the fee be read anew: a refund or a dispute may have changed it. Safe to repeat."""
    Payment.objects.filter(lease.is_free(), pk=payment_id).update(due_at=lease.db_now_plus(settings.FEE_SECONDS))


# Payments whose fee nobody knows yet, and nobody was told that it cannot be known.
UNREAD = Q(fee_minor=None, last_error="")
