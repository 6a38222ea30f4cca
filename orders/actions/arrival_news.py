"""Tell customers of days that moved: what slips at once in one mail, and no more than one such mail in an hour."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from orders import events, lease
from orders.actions.cancel import cancellable_units
from orders.actions.shipping import lock_order
from orders.delay_rules import answer_deadline
from orders.models import ArrivalNotice, Delay, DelayPart, Estimate, Order, OrderDelivery
from orders.states import DelayStatus, OrderStatus, move_delay

PER_ORDER = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Moved:
    """A delivery whose last day is another one than its customer knows, and the word that moved it."""

    delivery: OrderDelivery
    word: Estimate | None

    @property
    def is_later(self) -> bool:
        """True if it comes later than the customer knows."""
        return self.delivery.expected_latest_on > self.delivery.known_latest_on


def owe_news(order_ids: Collection[int]) -> None:
    """Let it be looked soon whether the customers of some orders are to hear of other days.

    Two statements, however many orders; none for none. Call it inside the transaction of the change; safe to repeat.
    """
    if not order_ids:
        return
    ArrivalNotice.objects.bulk_create([ArrivalNotice(order_id=pk) for pk in order_ids], ignore_conflicts=True)
    # Whoever works on a notice that is due looks under the order's lock, and sees this change or is due again.
    asleep = ArrivalNotice.objects.filter(due_at=None, order__in=order_ids)
    asleep.update(due_at=lease.db_now_plus(settings.DELAY_SETTLE_SECONDS))


def tell_arrivals(notice_id: int) -> None:
    """Tell an order's customer which days have moved since they last heard, in one mail; or put it off. Safe to repeat."""
    notice = lease.take(ArrivalNotice.objects.select_related("order"), notice_id)
    if notice is None:
        return
    now = timezone.now()
    wait = (notice.told_at + PER_ORDER - now).total_seconds() if notice.told_at else 0
    if wait > 0:
        lease.put_off(notice, wait)
        return
    with transaction.atomic():
        lock_order(notice.order)
        moved = moved_days(notice.order)
        if lease.finish(notice, **({"told_at": now} if moved else {})) and moved:
            _tell(notice.order, moved, now=now)


def moved_days(order: Order) -> list[Moved]:
    """Return the deliveries of which the customer knows other days than are expected now. Three queries.

    Not those that have come, or of which nothing comes. Days within the promise are nothing to write of.
    """
    if order.status != OrderStatus.PAID:
        return []
    found = []
    for delivery in order.deliveries.prefetch_related("lines", "estimates"):
        known, now = delivery.known_latest_on, delivery.expected_latest_on
        coming = any(
            max(line.delivered, line.returned) < line.quantity - line.cancelled for line in delivery.lines.all()
        )
        # Good news are told to whoever has had the bad ones.
        if coming and (now > known or now < known > delivery.promised_latest_on):
            words = (word for word in delivery.estimates.all() if word.latest_on == now)
            found.append(Moved(delivery, next(words, next(iter(delivery.estimates.all()), None))))
    return found


def _tell(order: Order, moved: list[Moved], *, now: datetime) -> None:
    later = [one for one in moved if one.is_later]
    open_before = list(order.delays.filter(status__in=[DelayStatus.ASKED, DelayStatus.WAITS]))
    before = next(iter(open_before), None)
    first_day = {one.delivery.pk: one.delivery.known_latest_on for one in moved}
    delay = Delay(order=order, told_at=now, status=DelayStatus.TOLD, is_definite=_is_definite(later or moved))
    if later and _can_choose(order, later):
        delay.status = DelayStatus.ASKED
        late = [one.delivery for one in later]
        delay.answer_by = answer_deadline(order, late, delay=delay, before=before, now=now)
        delay.due_at = delay.answer_by
    for old in open_before:
        move_delay(old, DelayStatus.OVER, by=None, fields={"due_at": None})
    delay.save()
    for one in moved:
        delivery = one.delivery
        OrderDelivery.objects.filter(pk=delivery.pk).update(told_latest_on=delivery.expected_latest_on)
        DelayPart.objects.create(
            delay=delay,
            delivery=delivery,
            before_on=first_day[delivery.pk],
            earliest_on=delivery.expected_earliest_on,
            latest_on=delivery.expected_latest_on,
            reason_code=one.word.reason_code if one.word else "",
        )
    events.record("delay.noticed" if later else "arrival.advanced", delay, by=None)


def _is_definite(moved: list[Moved]) -> bool:
    return all(one.word is not None and one.word.source != Estimate.Source.OURS for one in moved)


def _can_choose(order: Order, later: list[Moved]) -> bool:
    stoppable = cancellable_units(order)
    return any(line.pk in stoppable for one in later for line in one.delivery.lines.all())
