"""How each protection is switched off: one function each, which takes fixtures by name.

One that returns a context manager is off for as long as that is open.
"""

from __future__ import annotations

import uuid
from contextlib import AbstractContextManager, suppress

from django.contrib.auth.models import PermissionsMixin
from django.db.models import F
from django.utils import timezone

from config.reactions import REACTIONS
from notifications.actions import send
from orders import events, lease, states, stripe_client
from orders.actions import checkout, incoming, refund
from orders.models import Event, IncomingEvent, Order, OrderLine, Reservation
from orders.signals import EventSignal
from orders.states import ParcelStatus
from shop.models import Variant
from suppliers import outbound, webhooks
from suppliers.actions import copies, track
from suppliers.adapters.base import Refused, Unclear
from suppliers.adapters.rest import RestAdapter
from tests.races.crowd import forget_the_attempt, never_lock, wait_before_update, without_wall


def no_lease(monkeypatch) -> None:
    """take() hands the row to whoever comes and writes no lease."""
    monkeypatch.setattr(lease, "take", lambda rows, pk, *, seconds=None: rows.filter(pk=pk).first())


def no_fence(monkeypatch) -> None:
    """finish() believes whoever gives a row back, without comparing the attempt."""
    forget_the_attempt(monkeypatch)


def a_new_message_id_each_time(monkeypatch) -> None:
    """Each attempt makes a Message-ID of its own."""
    message_of = send.message_of

    def fresh(*args, **kwargs):
        message = message_of(*args, **kwargs)
        message.extra_headers["Message-ID"] = f"<{uuid.uuid4().hex}@x>"
        return message

    monkeypatch.setattr(send, "message_of", fresh)


def a_new_key_and_reference_each_time(monkeypatch) -> None:
    """Each attempt to place an order has its own Idempotency-Key and reference (the supplier knows either again)."""
    place = RestAdapter.place

    def fresh(self, request, *, key):
        return place(self, request | {"reference": uuid.uuid4().hex}, key=uuid.uuid4().hex)

    monkeypatch.setattr(RestAdapter, "place", fresh)


def a_new_refund_key_each_time(monkeypatch) -> None:
    """Each attempt to pay back has its own Idempotency-Key, and no earlier one is looked up."""
    _see_no_refund(monkeypatch)
    create = stripe_client.create_refund
    monkeypatch.setattr(
        stripe_client, "create_refund", lambda *args, **kwargs: create(*args, **kwargs | {"key": uuid.uuid4().hex})
    )


def a_key_that_is_trusted_for_ever(monkeypatch) -> None:
    """A refund is repeated with its key, however old that is and however it failed, and not looked up first."""
    _see_no_refund(monkeypatch)


def _see_no_refund(monkeypatch) -> None:
    monkeypatch.setattr(stripe_client, "list_refunds", lambda intent: {})


def a_lost_answer_read_as_a_refusal(monkeypatch) -> None:
    """What may have arrived is treated as if it had not."""
    place = RestAdapter.place

    def sure(self, request, *, key):
        try:
            return place(self, request, key=key)
        except Unclear as error:
            raise Refused("no-answer", str(error)) from error

    monkeypatch.setattr(RestAdapter, "place", sure)


def tasks_published_at_once(monkeypatch) -> None:
    """Consequences go straight to the broker (which loses them) instead of being owed in the database."""
    record, broker = events.record, []

    def publish(kind, subject, *, by, **facts):
        event = record(kind, subject, by=by, **facts)
        Event.objects.filter(pk=event.pk).update(delivered_at=timezone.now())
        broker.extend(REACTIONS.get(EventSignal.by_kind.get(kind), []))
        return event

    monkeypatch.setattr(events, "record", publish)


def webhooks_worked_on_at_once(monkeypatch) -> None:
    """A webhook is worked on in its request and not stored first."""

    def at_once(**told):
        with suppress(stripe_client.StripeUnclear):
            incoming._work(IncomingEvent(**told))

    monkeypatch.setattr(IncomingEvent.objects, "store", at_once)


def no_version_check(monkeypatch) -> None:
    """Any copy of an order counts as newer than the one known, and may take back what was said."""
    for module in (track, copies):
        monkeypatch.setattr(module, "is_old_news", lambda supplier_order, copy: False)
    monkeypatch.setattr(track, "check_successor", lambda *known_and_told: True)


def parcels_move_anywhere(monkeypatch) -> None:
    """Every state of a parcel leads to every other."""
    everywhere = frozenset(ParcelStatus.values)
    monkeypatch.setattr(states, "PARCEL_MOVES", dict.fromkeys(ParcelStatus.values, everywhere))


def no_refund_limit(monkeypatch) -> None:
    """Neither payment nor line asks what is left of it."""
    monkeypatch.setattr(refund, "_take_from", lambda order, amount: order.payments.get())
    monkeypatch.setattr(refund, "_take_from_line", lambda part: None)


def no_signature_check(monkeypatch) -> None:
    """Every webhook counts as signed."""
    monkeypatch.setattr(webhooks, "is_signed", lambda request, secret: True)


def no_transaction_guard(monkeypatch) -> None:
    """The outbound client does not ask whether a transaction is open."""
    monkeypatch.setattr(outbound, "_check_transaction", lambda: None)


def no_permission_check(monkeypatch) -> None:
    """Everybody who is logged in has every permission."""
    monkeypatch.setattr(PermissionsMixin, "has_perm", lambda self, permission, obj=None: True)


def no_reservation_check(monkeypatch) -> None:
    """Units are held without asking whether they are there."""

    def reserve_all(order, lines, *, until):
        for line in lines:
            Variant.objects.filter(pk=line.variant_id).update(reserved=F("reserved") + line.quantity)
            Reservation.objects.create(
                order=order, line=line, variant=line.variant, quantity=line.quantity, expires_at=until
            )

    monkeypatch.setattr(checkout, "reserve_all", reserve_all)


def no_unique_webhook() -> AbstractContextManager[None]:
    """The constraint that stores one (source, event id) once is dropped."""
    return without_wall(IncomingEvent, "incoming_event_once")


def no_order_lock(monkeypatch, crowd) -> None:
    """Units are counted without locking the order (SQLite has one writer at a time and needs no lock)."""
    never_lock(monkeypatch, Order)
    wait_before_update(monkeypatch, OrderLine, crowd.gap)
