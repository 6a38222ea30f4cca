"""Delays with real threads: told at once it is one mail, and the click and the parcel that leaves do not both win."""

from __future__ import annotations

from threading import Barrier, Thread

import pytest
from django.db import connections, transaction
from django.utils import timezone

from orders.actions.arrival_news import tell_arrivals
from orders.actions.cancel import NothingToCancel
from orders.actions.delays import cancel_delayed, wait_for
from orders.actions.shipping import ParcelNews, record_parcel
from orders.actions.watch import watch_deliveries
from orders.models import ArrivalNotice, Cancellation, Delay, Event, Order, OrderDelivery, Shipment, WorkItem
from orders.states import IllegalMove, ParcelStatus
from tests.delays import hand_over, sell, slip

pytestmark = [pytest.mark.race, pytest.mark.django_db(transaction=True)]


def together(*works) -> list[object]:
    """Do several things at the same moment, each over a connection of its own; return what came of each."""
    barrier, results = Barrier(len(works)), [None] * len(works)

    def run(place: int, work) -> None:
        try:
            barrier.wait(timeout=20)
            results[place] = work()
        except (NothingToCancel, IllegalMove) as error:
            results[place] = type(error)
        finally:
            connections.close_all()

    threads = [Thread(target=run, args=(place, work)) for place, work in enumerate(works)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    return results


def delayed() -> Order:
    order = sell()
    slip(order, OrderDelivery.objects.get(order=order).promised_latest_on.replace(year=2027))
    return order


def test_a_slip_that_several_workers_tell_at_once_is_one_telling():
    order = delayed()
    notice = ArrivalNotice.objects.get(order=order)
    together(*[lambda: tell_arrivals(notice.pk)] * 4)
    assert Delay.objects.filter(order=order).count() == 1
    assert Event.objects.filter(kind="delay.noticed").count() == 1


def test_two_sweeps_at_once_open_one_piece_of_work_and_record_the_lateness_once():
    order = delayed()
    OrderDelivery.objects.update(watch_at=timezone.now())
    together(*[lambda: watch_deliveries(now=timezone.now())] * 3)
    assert WorkItem.objects.filter(reason="late", order=order).count() == 1
    assert Event.objects.filter(kind="delivery.late").count() == 1


def test_a_customer_who_cancels_while_the_parcel_leaves_gets_one_answer_and_never_both():
    for _round in range(4):
        order = delayed()
        hand_over(order)
        tell_arrivals(ArrivalNotice.objects.get(order=order).pk)
        delay, line = Delay.objects.get(order=order), order.lines.get()

        def leave(order=order, line=line) -> None:
            with transaction.atomic():
                news = ParcelNews(lines={line.pk: line.quantity}, status=ParcelStatus.IN_TRANSIT)
                record_parcel(order, line.delivery, None, news)

        answer, _left = together(lambda delay=delay: cancel_delayed(delay, by=None), leave)
        delay.refresh_from_db()
        line.refresh_from_db()
        asked = Cancellation.objects.filter(order=order)
        # Either the wish came first, and its conversation finds out; or the parcel did, and nothing was asked.
        assert (delay.status, asked.count()) in {("cancelled", 1), ("asked", 0)}, answer
        assert (answer is NothingToCancel) == (asked.count() == 0)
        assert (line.shipped, line.cancelled) == (line.quantity, 0)
        assert Shipment.objects.filter(order=order).count() == 1


def test_wait_and_cancel_clicked_at_once_end_in_one_of_them():
    order = delayed()
    tell_arrivals(ArrivalNotice.objects.get(order=order).pk)
    delay = Delay.objects.get()
    together(
        lambda: wait_for(Delay.objects.get(pk=delay.pk), by=None),
        lambda: cancel_delayed(Delay.objects.get(pk=delay.pk), by=None),
        lambda: cancel_delayed(Delay.objects.get(pk=delay.pk), by=None),
    )
    delay.refresh_from_db()
    # Whoever waits may cancel afterwards; who has cancelled does not wait again.
    assert delay.status == "cancelled"
    assert Cancellation.objects.filter(order=order).count() == 1
