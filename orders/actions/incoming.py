"""Work on what Stripe told us, and look for what it told us in vain."""

from __future__ import annotations

from datetime import datetime, timedelta

from orders import lease, stripe_client
from orders.actions.cancel import cancel_paid_back
from orders.actions.payment import note_declined, settle
from orders.actions.refund import import_refund, take_refund_facts
from orders.actions.work import open_work
from orders.models import CheckoutSession, IncomingEvent, Order, Payment, Refund, WorkItem
from orders.stripe_client import StripeRefused, StripeUnclear

GIVES_UP_AFTER = 8
LOOKS_BACK = timedelta(hours=72)


def work_on(incoming_id: int) -> None:
    """Work on one stored event of Stripe's. Safe to repeat; what fails comes back with a growing pause."""
    incoming = lease.take(IncomingEvent.objects.filter(done_at=None, source="stripe"), incoming_id)
    if incoming is None:
        return
    try:
        outcome = _work(incoming)
    except (StripeUnclear, StripeRefused, KeyError, TypeError, ValueError) as error:
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
        order = Order.objects.filter(number=(subject.get("metadata") or {}).get("order", "")).first()
        code = str((subject.get("last_payment_error") or {}).get("decline_code") or "declined")
        return "declined" if order and note_declined(order, intent_id=subject["id"], code=code) else "nothing to note"
    if incoming.kind in {"charge.refunded", "refund.created", "refund.updated", "refund.failed"}:
        intent = subject.get("payment_intent")
        return _take_refunds(str(intent["id"] if isinstance(intent, dict) else intent))
    return "not used"


def _unknown_session(subject: dict) -> str:
    # The answer to our own call may have been lost: Stripe has the session, and our row has no id.
    order = Order.objects.filter(number=subject.get("client_reference_id") or "").first()
    serial = (subject.get("metadata") or {}).get("session", "")
    if order is None or not str(serial).isdigit():
        return "unknown session"
    session = order.sessions.filter(serial=int(serial)).first()
    if session is None:
        return "unknown session"
    if not session.stripe_id:
        CheckoutSession.objects.filter(pk=session.pk, stripe_id="").update(stripe_id=subject["id"])
        session.refresh_from_db()
    settle(session)
    return f"settled {session}, found by its order"


def _take_refunds(intent_id: str) -> str:
    payment = Payment.objects.filter(stripe_id=intent_id).select_related("order").first()
    if payment is None:
        return "unknown payment"
    for facts, reference in stripe_client.list_refunds(intent_id).values():
        refund = Refund.objects.filter(stripe_id=facts.id).first()
        if refund is None and reference:
            refund = Refund.objects.filter(idempotency_key=reference).first()
        take_refund_facts(refund or import_refund(payment, facts), facts)
    # Nothing that was paid back is sent, wherever it was paid back.
    cancel_paid_back(payment.order)
    return f"refunds of {payment.order}"


def reconcile(*, now: datetime) -> int:
    """Compare payments of the last days with Stripe, in case webhooks were lost; return how many.

    Settles every session still open and takes in refunds made elsewhere. Safe to repeat.
    """
    sessions = CheckoutSession.objects.filter(state=CheckoutSession.State.OPEN, created_at__gte=now - LOOKS_BACK)
    payments = Payment.objects.filter(captured_at__gte=now - LOOKS_BACK)
    looked = 0
    try:
        for session in sessions.select_related("order"):
            settle(session)
            looked += 1
        for payment in payments.only("stripe_id"):
            _take_refunds(payment.stripe_id)
            looked += 1
    except (StripeUnclear, StripeRefused):
        # The next turn goes on; each session has its own due time as well.
        return looked
    return looked
