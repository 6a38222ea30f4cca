"""Who an account's person is for Stripe: made once, known again at the next order, gone with the account."""

from __future__ import annotations

from datetime import timedelta

from django.db import IntegrityError, transaction
from django.db.models.functions import Now
from django.utils import timezone

from orders import lease, stripe_client
from orders.actions.quarantine import set_aside
from orders.models import CheckoutSession, Order, ProviderCustomer
from orders.models.order import is_under_way
from orders.providers.stripe import KEY_LIFE
from orders.stripe_client import StripeKeptFailure, StripeRefused, StripeUnclear
from shop.models import User

# How often an order that is still under way is looked at.
LOOK_AGAIN = timedelta(hours=6)


def customer_for(session: CheckoutSession) -> str:
    """Return the customer that a session is opened for, chosen once per session; empty for a guest.

    Nobody waits for it: an account whose customer cannot be made now pays as a guest does. Talks to the
    network, and never raises for it.
    """
    if session.customer is None:
        user = session.order.user
        try:
            found = customer_of(user) if user is not None else ""
        except (StripeUnclear, StripeRefused):
            found = ""
        # Of two who open it at once, the first one's choice is the one that is asked for.
        CheckoutSession.objects.filter(pk=session.pk, customer=None).update(customer=found)
        session.refresh_from_db(fields=["customer"])
    return session.customer or ""


def customer_of(user: User) -> str:
    """Return the id of an account's customer at Stripe; make it if there is none yet.

    Safe to repeat and to run twice at once. Talks to the network; raises StripeUnclear or StripeRefused.
    """
    row = _row_of(user)
    if row.stripe_id:
        return row.stripe_id
    reference = str(user.pk)
    found = ""
    if timezone.now() - row.created_at > KEY_LIFE or row.key_serial > 1:
        # The key is worth nothing any more, or an earlier one may have left something behind.
        found = stripe_client.find_customer(email=row.email or user.email, reference=reference)
    found = found or _create(row, user, reference)
    ProviderCustomer.objects.filter(pk=row.pk, stripe_id="").update(stripe_id=found)
    row.refresh_from_db()
    return row.stripe_id


def forget_customer(session: CheckoutSession) -> None:
    """Go on as with a guest where Stripe knows the customer no more (deleted in its dashboard); safe to repeat."""
    with transaction.atomic():
        ProviderCustomer.objects.filter(stripe_id=session.customer).exclude(stripe_id="").delete()
        CheckoutSession.objects.filter(pk=session.pk).update(customer="")
        session.customer = ""


def delete_customer_later(user: User) -> None:
    """Owe the end of an account's customer at Stripe. Inside the transaction that deletes the account."""
    ProviderCustomer.objects.filter(user=user).update(leaving_at=Now(), due_at=Now())


def delete_customer(customer_id: int) -> None:
    """Delete a customer whose account is gone, once none of its orders is under way. Talks to the network.

    Safe to repeat: one that is gone there already is what was wanted. What Stripe refuses is set aside.
    """
    row = lease.take(ProviderCustomer.objects.exclude(leaving_at=None), customer_id)
    if row is None:
        return
    if row.stripe_id and Order.objects.filter(is_under_way(), sessions__customer=row.stripe_id).exists():
        lease.put_off(row, LOOK_AGAIN.total_seconds())
        return
    try:
        is_gone = _is_gone(row)
    except StripeUnclear as error:
        lease.fail(row, str(error))
    except StripeRefused as error:
        if lease.finish(row):
            set_aside(row, f"the provider does not delete it: {error.code}")
    else:
        if is_gone:
            ProviderCustomer.objects.filter(pk=row.pk, attempt=row.attempt).delete()
        else:
            lease.put_off(row, LOOK_AGAIN.total_seconds())


def _is_gone(row: ProviderCustomer) -> bool:
    """Delete the customer; True once nothing of it is at Stripe, and nothing can come any more."""
    known = row.stripe_id or _left_behind(row)
    if known:
        stripe_client.delete_customer(known)
        return True
    # It may be made at this very moment, by somebody who began before the account was deleted.
    return timezone.now() - row.created_at > KEY_LIFE


def _left_behind(row: ProviderCustomer) -> str:
    """Return what a try to make the customer may have left at Stripe, though its answer never came."""
    return stripe_client.find_customer(email=row.email, reference=str(row.user_id)) if row.email else ""


def _row_of(user: User) -> ProviderCustomer:
    known = ProviderCustomer.objects.filter(user=user).first()
    if known is not None:
        return known
    now = timezone.now()
    # The time is part of the key: a row made anew after the customer was deleted makes a new one.
    key = f"customer-{user.pk}-{int(now.timestamp() * 1_000_000)}"
    try:
        with transaction.atomic():
            return ProviderCustomer.objects.create(user=user, idempotency_key=key, email=user.email, created_at=now)
    except IntegrityError:
        return ProviderCustomer.objects.get(user=user)


def _create(row: ProviderCustomer, user: User, reference: str) -> str:
    try:
        return stripe_client.create_customer(
            email=row.email or user.email, name=user.name, reference=reference, key=row.key
        )
    except StripeKeptFailure:
        row.take_next_key()
        raise
