"""What follows what: the one table from events to the tasks that react to them.

A receiver of the signal only writes down that a task is owed: one Reaction row per (event,
task), due at once. The relay hands the row's id to Celery until the task, through
``orders.reactions.react``, has closed it. Queued is not done.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from django.dispatch import Signal
from django.utils import timezone

from orders import signals as orders
from orders.models import Event, Reaction
from suppliers import signals as suppliers
from support import signals as support

REACTIONS: Mapping[Signal, list[str]] = {
    orders.approval_granted: ["suppliers.tasks.forward_order"],
    # What was refused is cancelled in the same act; this looks whether units still wait.
    orders.approval_refused: ["suppliers.tasks.forward_order"],
    orders.order_paid: [
        "suppliers.tasks.forward_order",
        "notifications.tasks.tell_order_confirmed",
    ],
    orders.order_late_paid: ["orders.tasks.settle_late_payment"],
    orders.payment_pending: ["notifications.tasks.tell_payment_pending"],
    orders.payment_failed: ["notifications.tasks.tell_payment_failed"],
    orders.refund_requested: ["notifications.tasks.tell_refund_on_its_way"],
    orders.refund_failed: ["notifications.tasks.tell_refund_failed"],
    orders.parcel_in_transit: ["notifications.tasks.tell_parcel_sent"],
    orders.parcel_renumbered: ["notifications.tasks.tell_parcel_renumbered"],
    orders.parcel_delivered: ["notifications.tasks.tell_parcel_delivered"],
    orders.hold_released: ["suppliers.tasks.forward_order"],
    orders.estimate_changed: ["notifications.tasks.tell_arrival_changed"],
    orders.link_requested: ["notifications.tasks.tell_order_link"],
    orders.cancellation_requested: ["suppliers.tasks.pursue_cancellation"],
    orders.cancellation_waiting: ["notifications.tasks.tell_cancellation_waiting"],
    orders.cancellation_answered: ["notifications.tasks.tell_cancellation_answered"],
    orders.lines_cancelled: ["notifications.tasks.tell_lines_cancelled"],
    suppliers.supplier_lines_rejected: ["suppliers.tasks.repair_rejection"],
    suppliers.supplier_return_updated: ["support.tasks.note_supplier_answer"],
    support.ticket_opened: ["notifications.tasks.tell_ticket_opened"],
    support.ticket_answered: ["notifications.tasks.tell_ticket_answered"],
}


def connect() -> None:
    """Connect every signal of the table to its tasks; may run twice."""
    for signal, tasks in REACTIONS.items():
        for task in tasks:
            signal.connect(_owe(task), dispatch_uid=f"owe {task}", weak=False)


def _owe(task: str) -> Callable[..., None]:
    def owe(sender: object, event: Event, **kwargs: object) -> None:
        Reaction.objects.get_or_create(event=event, receiver=task, defaults={"due_at": timezone.now()})

    return owe
