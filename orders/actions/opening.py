"""Open a pay page: ask the provider for a session, once per key."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from orders import stripe_client
from orders.actions.checkout import SLACK, add_session
from orders.actions.customer import customer_for, forget_customer
from orders.actions.pay_page import end_later
from orders.actions.shipping import lock_order
from orders.models import CheckoutSession, Order, OrderLine
from orders.pay_lines import pay_lines, ships_to
from orders.states import OrderStatus
from orders.stripe_amounts import to_stripe
from orders.stripe_client import StripeKeptFailure, StripeRefused
from orders.stripe_facts import SessionFacts
from shop.languages import known_or_default, language_tag, speaking

State = CheckoutSession.State
# Stripe refuses to open a page that would end sooner; a minute more for the way there.
SHORTEST_SESSION = timedelta(minutes=31)


def open_session(session: CheckoutSession, *, lines: Sequence[OrderLine] = ()) -> CheckoutSession:
    """Ask Stripe for the pay page of a session, once; safe to repeat. Talks to the network.

    ``lines`` are those of its order; none: they are read. Raises StripeUnclear or StripeRefused, and then the
    order is there and can be paid later.
    """
    if session.state != State.NEW:
        return session
    if session.expires_at - timezone.now() < SHORTEST_SESSION:
        session = renew_session(session.order) or session
    facts = create_there(session, lines)
    row = CheckoutSession.objects.filter(pk=session.pk)
    opened = {"stripe_id": facts.id, "url": facts.url, "state": State.OPEN}
    if row.filter(stripe_id="", state=State.NEW).update(**opened):
        for name, value in opened.items():
            setattr(session, name, value)
        return session
    # Given up meanwhile, it must still be known by its id, so that it can be ended.
    row.filter(stripe_id="").update(stripe_id=facts.id, url=facts.url)
    row.filter(state=State.NEW).update(state=State.OPEN)
    session.refresh_from_db()
    return session


def create_there(session: CheckoutSession, lines: Sequence[OrderLine] = ()) -> SessionFacts:
    """Make a session at Stripe, or be told of the one that its key has made. Talks to the network, and raises as
    ``open_session`` does.
    """
    customer_for(session)
    try:
        return stripe_client.create_session(session_params(session, lines), key=session.key)
    except StripeKeptFailure:
        # Should the try that failed have made a session after all, nobody was ever shown its page.
        session.take_next_key()
    except StripeRefused as error:
        if error.code != "resource_missing" or not session.customer:
            raise
        forget_customer(session)
        session.take_next_key()
    return stripe_client.create_session(session_params(session), key=session.key)


def renew_session(order: Order) -> CheckoutSession | None:
    """Put a new try to pay in the place of the last one, the goods held for as long; None if it is too late."""
    with transaction.atomic():
        lock_order(order)
        order.refresh_from_db()
        if order.status != OrderStatus.PLACED:
            return None
        end_later(order)
        ends = timezone.now() + timedelta(minutes=settings.CHECKOUT_SESSION_MINUTES)
        Order.objects.filter(pk=order.pk).update(pay_by=ends + SLACK)
        order.reservations.filter(state="held").update(expires_at=ends + SLACK)
        return add_session(order, ends_at=ends)


def session_params(session: CheckoutSession, lines: Sequence[OrderLine] = ()) -> dict[str, Any]:
    """Return what Stripe is asked for, in the order's language; the same for the same row, so that a repeat may reuse
    the key.

    ``lines`` are those of the order, if they are at hand.
    """
    with speaking(session.order.language):
        return _session_params(session, lines)


def _session_params(session: CheckoutSession, lines: Sequence[OrderLine]) -> dict[str, Any]:
    order = session.order
    back = settings.SITE_URL + reverse("orders:return", args=[order.token])
    metadata = {"order": order.number, "session": str(session.serial)}
    return {
        "mode": "payment",
        # Stripe knows all of ours by the names they have in HTML.
        "locale": language_tag(known_or_default(order.language)),
        "success_url": f"{back}?session={{CHECKOUT_SESSION_ID}}",
        "cancel_url": settings.SITE_URL + reverse("orders:checkout"),
        "client_reference_id": order.number,
        # Stripe takes one of the two.
        **({"customer": session.customer} if session.customer else {"customer_email": order.email}),
        "expires_at": int(session.expires_at.timestamp()),
        "metadata": metadata,
        "payment_intent_data": {"metadata": metadata, "shipping": ships_to(order)}
        | ({"capture_method": "manual"} if session.authorises else {}),
        "line_items": [
            {
                "quantity": quantity,
                "price_data": {
                    "currency": order.currency.lower(),
                    "unit_amount": to_stripe(minor, order.currency),
                    "product_data": {"name": name[:250]},
                },
            }
            for name, minor, quantity in pay_lines(order, lines or order.lines.all())
        ],
    }
