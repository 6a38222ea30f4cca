"""Try a refund once more that failed for good."""

from __future__ import annotations

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from orders import events
from orders.actions.refund import RefundPart, TooMuch, request_refund
from orders.actions.work import close_work
from orders.models import Payment, Refund, WorkItem
from orders.states import RefundStatus
from shop.models import User

# Ends the key of a refund that takes the place of a failed one.
AGAIN = "-again"
LONGEST_KEY = 80


def ask_refund_again(refund: Refund, *, by: User | None) -> Refund | None:
    """Pay back what a failed refund did not: a new row with a key of its own; None if it has not failed.

    Only after Stripe has said that the first one failed; before, a second key could pay twice. Once per
    failed refund, whatever is repeated. Raises TooMuch if the money went back in another way meanwhile.
    """
    with transaction.atomic():
        refund.refresh_from_db()
        if refund.status != RefundStatus.FAILED:
            return None
        known = Refund.objects.filter(idempotency_key=refund.idempotency_key + AGAIN).first()
        made = known or _repeat(refund, by)
        close_work(WorkItem.Reason.REFUND_FAILED, refund, by=by)
    return made


def is_again(refund: Refund) -> bool:
    """True if a refund takes the place of one that failed: the customer was told of the failure."""
    return refund.idempotency_key.endswith(AGAIN)


def _repeat(refund: Refund, by: User | None) -> Refund:
    key = refund.idempotency_key + AGAIN
    if len(key) > LONGEST_KEY:
        raise TooMuch("tried too often")
    parts = [
        RefundPart(part.line, part.quantity, part.amount_minor, part.delivery_minor)
        for part in refund.lines.select_related("line")
    ]
    reason = Refund.Reason(refund.reason)
    if sum(part.amount_minor for part in parts) == refund.amount_minor:
        return request_refund(refund.order, parts, reason=reason, note=refund.note, by=by, key=key)
    # A refund of a whole payment names no goods.
    left = Payment.objects.filter(pk=refund.payment_id, refunded_minor__lte=F("captured_minor") - refund.amount_minor)
    if not left.update(refunded_minor=F("refunded_minor") + refund.amount_minor):
        raise TooMuch("more than is left of the payment")
    made = Refund.objects.create(
        payment=refund.payment,
        order=refund.order,
        amount_minor=refund.amount_minor,
        currency=refund.currency,
        reason=reason,
        idempotency_key=key,
        requested_by=by,
        due_at=timezone.now(),
    )
    events.record("refund.requested", made, by=by, amount_minor=made.amount_minor, reason=str(reason))
    return made
