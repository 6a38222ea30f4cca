"""The customer's choice when goods come late: wait, or cancel; and what silence means."""

from __future__ import annotations

from django.core.signing import BadSignature, Signer
from django.db import transaction
from django.utils import timezone

from orders import lease
from orders.actions.cancel import NothingToCancel, cancellable_units, request_cancellation
from orders.actions.shipping import lock_order
from orders.models import Cancellation, Delay
from orders.states import DelayStatus, IllegalMove, move_delay
from shop.models import User

# What a database takes for a key.
LONGEST_PK = 18
OPEN = (DelayStatus.ASKED, DelayStatus.WAITS)


def signed_name(delay: Delay) -> str:
    """Return the text by which a link names a delay; whoever has it may answer, without a log-in.

    It ends with the order's link: where the address was corrected, links from before do not work any more.
    """
    return _signer(delay.order.token).sign(str(delay.pk))


def delay_by_name(name: str) -> Delay | None:
    """Return the delay that a link names; None for one that we did not sign. One query."""
    pk = name.partition(":")[0]
    if not (pk.isascii() and pk.isdigit() and len(pk) <= LONGEST_PK):
        return None
    delay = Delay.objects.select_related("order").filter(pk=int(pk)).first()
    if delay is None:
        return None
    try:
        _signer(delay.order.token).unsign(name)
    except BadSignature:
        return None
    return delay


def _signer(token: str) -> Signer:
    return Signer(salt=f"orders.delay.{token}")


def stoppable_units(delay: Delay) -> dict[int, int]:
    """Return, by order line, the units of what is late that can still be stopped. Three queries."""
    late = [part.delivery_id for part in delay.parts.all() if part.is_later]
    units = cancellable_units(delay.order)
    lines = delay.order.lines.filter(delivery__in=late, pk__in=units)
    return {line.pk: units[line.pk] for line in lines}


def wait_for(delay: Delay, *, by: User | None) -> bool:
    """Note that the customer waits; return False if that was said, or decided otherwise, before. Safe to repeat."""
    with transaction.atomic():
        lock_order(delay.order)
        try:
            return move_delay(delay, DelayStatus.WAITS, by=by, fields={"due_at": None})
        except IllegalMove:
            return False


def cancel_delayed(delay: Delay, *, by: User | None, to: DelayStatus = DelayStatus.CANCELLED) -> Cancellation:
    """Ask that what is late does not come, once: the cancellation's own conversation answers, and pays back.

    Raises NothingToCancel if all of it has left or was cancelled before, and IllegalMove where the delay is
    over; nothing changes then. Safe to repeat.
    """
    key = f"delay-{delay.pk}"
    with transaction.atomic():
        # Of the click and the parcel that leaves, whoever has the row first decides.
        lock_order(delay.order)
        known = Cancellation.objects.filter(key=key, order=delay.order).first()
        if known is not None:
            return known
        move_delay(delay, to, by=by, fields={"due_at": None})
        units = stoppable_units(delay)
        if not units:
            raise NothingToCancel(delay.order.number)
        return request_cancellation(delay.order, units, key=key, reason=Cancellation.Reason.TOO_LATE, by=by)


def settle_silence(delay_id: int) -> None:
    """Act on a question that nobody has answered in time: what was not sent is cancelled and paid back."""
    delay = lease.take(Delay.objects.filter(status=DelayStatus.ASKED).select_related("order"), delay_id)
    if delay is None:
        return
    left = (delay.answer_by - timezone.now()).total_seconds() if delay.answer_by else 0
    if left > 0:
        lease.put_off(delay, left)
        return
    if delay.answer_by is not None:
        try:
            cancel_delayed(delay, by=None, to=DelayStatus.UNANSWERED)
        except IllegalMove:
            pass
        except NothingToCancel:
            # It has left meanwhile.
            move_delay(delay, DelayStatus.OVER, by=None)
    lease.finish(delay)
