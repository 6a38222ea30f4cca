"""Work on what Stripe told us, and on what was found there and told us in vain."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.db import transaction

from orders import lease, stripe_client
from orders.actions.cancel import cancel_paid_back
from orders.actions.defence import note_card_declined
from orders.actions.dispute import UnknownPayment, take_dispute
from orders.actions.payment import note_declined, settle
from orders.actions.refund import take_in_refunds
from orders.actions.shipping import lock_order
from orders.actions.work import close_work, open_work
from orders.models import Authorisation, CheckoutSession, IncomingEvent, Order, Payment, RelayBeat, WorkItem
from orders.stripe_client import StripeRefused, StripeUnclear
from orders.stripe_facts import EventFacts

GIVES_UP_AFTER = 8
FROM_STRIPE = IncomingEvent.objects.filter(done_at=None, source="stripe")
REFUND_KINDS = ("charge.refunded", "refund.created", "refund.updated", "refund.failed")
# What becomes of money that a bank keeps for us, whoever decided.
INTENT_KINDS = ("payment_intent.amount_capturable_updated", "payment_intent.succeeded", "payment_intent.canceled")
KINDS = (
    "checkout.session.completed",
    "checkout.session.expired",
    "checkout.session.async_payment_succeeded",
    "checkout.session.async_payment_failed",
    "payment_intent.payment_failed",
    *REFUND_KINDS,
    "charge.dispute.created",
    "charge.dispute.updated",
    "charge.dispute.closed",
    "charge.dispute.funds_withdrawn",
    "charge.dispute.funds_reinstated",
    *INTENT_KINDS,
)


def work_on(incoming_id: int) -> None:
    """Work on one stored event of Stripe's. Safe to repeat; what fails comes back with a growing pause."""
    incoming = lease.take(FROM_STRIPE, incoming_id)
    if incoming is None:
        return
    try:
        _check_version(EventFacts(incoming.event_id, incoming.kind, incoming.body))
        outcome = _work(incoming)
    except (StripeUnclear, StripeRefused, UnknownPayment, KeyError, TypeError, ValueError) as error:
        lease.fail(incoming, f"{type(error).__name__}: {error}")
        if incoming.failures + 1 >= GIVES_UP_AFTER:
            summary = f"Stripe's {incoming.kind} could not be worked on: {type(error).__name__}"
            open_work(WorkItem.Reason.INCOMING_FAILED, incoming, order=None, summary=summary)
        return
    lease.finish(incoming, done_at=lease.Now(), outcome=outcome[:300])


def _work(incoming: IncomingEvent) -> str:
    subject = incoming.body["data"]["object"]
    if incoming.kind.startswith("checkout.session."):
        session = CheckoutSession.objects.filter(stripe_id=subject["id"]).select_related("order").first()
        if session is None:
            return _unknown_session(subject)
        settle(session)
        return f"settled {session}"
    if incoming.kind == "payment_intent.payment_failed":
        return _note_failed(incoming, subject)
    if incoming.kind in REFUND_KINDS:
        return _take_refunds(_id_of(subject.get("payment_intent")))
    if incoming.kind.startswith("charge.dispute."):
        return f"dispute {take_dispute(subject['id'])}"
    if incoming.kind in INTENT_KINDS:
        return _settle_intent(subject["id"])
    return "not used"


def _note_failed(incoming: IncomingEvent, subject: dict) -> str:
    order = Order.objects.filter(number=(subject.get("metadata") or {}).get("order", "")).first()
    if order is None:
        return "not our order"
    code = str((subject.get("last_payment_error") or {}).get("decline_code") or "declined")
    # When it happened, not when it was told: what comes a day late is no attack of this minute.
    at = datetime.fromtimestamp(int(incoming.body.get("created") or incoming.received_at.timestamp()), UTC)
    # One intent may be tried with many cards; each try has a charge of its own.
    note_card_declined(order, key=_id_of(subject.get("latest_charge")) or incoming.event_id, code=code, at=at)
    return "declined" if note_declined(order, intent_id=subject["id"], code=code) else "declined again"


def _settle_intent(intent_id: str) -> str:
    kept = Authorisation.objects.filter(stripe_id=intent_id).select_related("session__order").first()
    if kept is None:
        # Of every other payment its session tells.
        return "not authorised only"
    settle(kept.session)
    return f"settled {kept.session}"


def _check_version(told: EventFacts) -> None:
    """Ask a person where Stripe's messages are in another version than ours; their news is taken in all the same."""
    beat, _new = RelayBeat.objects.get_or_create(pk=1)
    ours = settings.STRIPE_API_VERSION
    if told.api_version == ours:
        close_work(WorkItem.Reason.API_VERSION, beat)
    elif told.api_version:
        summary = f"Stripe writes its webhooks in version {told.api_version}; set their endpoint to {ours}."
        open_work(WorkItem.Reason.API_VERSION, beat, order=None, summary=summary)


def _id_of(intent: object) -> str:
    return str((intent.get("id") if isinstance(intent, dict) else intent) or "")


def _unknown_session(subject: dict) -> str:
    # The answer to our own call may have been lost: Stripe has the session, and our row has no id.
    order = Order.objects.filter(number=subject.get("client_reference_id") or "").first()
    serial = (subject.get("metadata") or {}).get("session", "")
    if order is None or not str(serial).isdigit():
        return "unknown session"
    session = order.sessions.filter(serial=int(serial)).first()
    if session is None:
        return "unknown session"
    CheckoutSession.objects.filter(pk=session.pk, stripe_id="").update(stripe_id=subject["id"])
    session.refresh_from_db()
    settle(session if session.stripe_id == subject["id"] else _adopt(session, subject["id"]))
    return f"settled {session}, found by its order"


def _adopt(session: CheckoutSession, stripe_id: str) -> CheckoutSession:
    """Take in a second page that Stripe has for one try, made by a call that it answered with an error.

    Nobody was shown it; should it be paid all the same, its money must be noted, and else it is ended.
    """
    order = session.order
    with transaction.atomic():
        lock_order(order)
        known = CheckoutSession.objects.filter(stripe_id=stripe_id).first()
        return known or order.sessions.create(
            serial=order.sessions.count() + 1,
            idempotency_key=f"found-{stripe_id}"[:80],
            stripe_id=stripe_id,
            state=CheckoutSession.State.ENDING,
            expires_at=session.expires_at,
            due_at=lease.Now(),
        )


def _take_refunds(intent_id: str) -> str:
    payment = Payment.objects.filter(stripe_id=intent_id).select_related("order").first()
    if payment is None:
        # Whoever notes the payment looks for its refunds.
        return "unknown payment"
    take_in_refunds(payment, stripe_client.list_refunds(intent_id))
    # Nothing that was paid back is sent, wherever it was paid back.
    cancel_paid_back(payment.order)
    return f"refunds of {payment.order}"


def take_in(told: Iterable[EventFacts], *, now: datetime) -> int:
    """Put what Stripe says happened, and did not reach our inbox, into it; return how much that was. Safe to repeat."""
    missed, told = 0, list(told)
    ids = [event.id[:120] for event in told]
    known = set(IncomingEvent.objects.filter(source="stripe", event_id__in=ids).values_list("event_id", flat=True))
    for event in told:
        if event.id[:120] in known:
            continue
        _row, new = IncomingEvent.objects.get_or_create(
            source="stripe",
            event_id=event.id[:120],
            defaults={"kind": event.kind[:80], "body": event.body, "due_at": now},
        )
        missed += new
    return missed


def tell(kind: str, subject: dict[str, Any], *, key: str, now: datetime) -> bool:
    """Work on a fact that was found at Stripe, now, as if its webhook had come; return whether that could be done.

    ``key`` names the fact: told again, it is worked on again. What fails stays in the inbox, and is tried on.
    Talks to the network, like every webhook.
    """
    body = {"id": f"found:{key}"[:120], "type": kind, "created": int(now.timestamp()), "data": {"object": subject}}
    row, new = IncomingEvent.objects.get_or_create(
        source="stripe", event_id=body["id"], defaults={"kind": kind, "body": body, "due_at": now}
    )
    if not new:
        done = IncomingEvent.objects.filter(lease.is_free(), pk=row.pk).exclude(done_at=None)
        done.update(done_at=None, due_at=now, failures=0, body=body)
    work_on(row.pk)
    return IncomingEvent.objects.filter(pk=row.pk).exclude(done_at=None).exists()
