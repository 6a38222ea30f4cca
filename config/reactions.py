"""What follows what: the one table from events to the tasks that react to them.

When the relay delivers an event it writes down what is owed: one Reaction row per (event, task),
due at once, and hands the row's id to Celery until the task, through ``orders.reactions.react``,
has closed it. Queued is not done.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from django.db.models.functions import Now

from notifications.actions.endpoints import wanted_kinds
from orders import signals as orders
from orders.models import Event, Reaction
from orders.signals import EventSignal
from suppliers import signals as suppliers
from support import signals as support

REACTIONS: Mapping[EventSignal, list[str]] = {
    orders.approval_granted: ["suppliers.tasks.forward_order"],
    # What was refused is cancelled in the same act; this looks whether units still wait.
    orders.approval_refused: ["suppliers.tasks.forward_order"],
    orders.order_paid: [
        "suppliers.tasks.forward_order",
        "notifications.tasks.tell_order_confirmed",
        "orders.tasks.issue_invoice",
    ],
    orders.payment_awaited: ["notifications.tasks.tell_payment_awaited"],
    orders.order_authorised: ["suppliers.tasks.ask_pharmacists", "notifications.tasks.tell_order_authorised"],
    orders.order_refused: ["notifications.tasks.tell_order_refused"],
    orders.order_late_paid: ["orders.tasks.settle_late_payment"],
    orders.payment_pending: ["notifications.tasks.tell_payment_pending"],
    orders.payment_failed: ["notifications.tasks.tell_payment_failed"],
    orders.refund_requested: [
        "notifications.tasks.tell_refund_on_its_way",
        "suppliers.tasks.raise_credits",
        # What waits for approval may have nothing left to pay back now.
        "orders.tasks.lapse_refund_requests",
    ],
    orders.refund_succeeded: ["orders.tasks.issue_credit_note"],
    orders.refund_failed: ["notifications.tasks.tell_refund_failed", "suppliers.tasks.withdraw_credits"],
    orders.refund_request_approved: ["support.tasks.note_refund_decision"],
    orders.refund_request_declined: ["support.tasks.note_refund_decision"],
    orders.refund_request_lapsed: ["support.tasks.note_refund_decision"],
    orders.parcel_in_transit: ["notifications.tasks.tell_parcel_sent"],
    orders.parcel_renumbered: ["notifications.tasks.tell_parcel_renumbered"],
    orders.parcel_attempted: ["notifications.tasks.tell_parcel_attempted"],
    orders.parcel_deposited: ["notifications.tasks.tell_parcel_deposited"],
    # Whichever is told first; the customer hears of it once.
    orders.parcel_returning: ["notifications.tasks.tell_parcel_back"],
    orders.parcel_returned: ["notifications.tasks.tell_parcel_back"],
    orders.parcel_delivered: [
        "notifications.tasks.tell_parcel_delivered",
        "notifications.tasks.owe_review_request",
    ],
    orders.hold_placed: ["suppliers.tasks.hold_supplier_orders"],
    orders.hold_released: ["suppliers.tasks.release_supplier_orders", "suppliers.tasks.forward_order"],
    orders.delay_noticed: ["notifications.tasks.tell_arrival_delayed"],
    orders.arrival_advanced: ["notifications.tasks.tell_arrival_changed"],
    orders.delivery_late: ["suppliers.tasks.chase_late"],
    orders.order_email_corrected: ["notifications.tasks.tell_email_corrected"],
    orders.order_address_changed: ["notifications.tasks.tell_address_changed"],
    orders.link_requested: ["notifications.tasks.tell_order_link"],
    orders.cancellation_requested: ["suppliers.tasks.pursue_cancellation"],
    orders.cancellation_waiting: ["notifications.tasks.tell_cancellation_waiting"],
    orders.cancellation_answered: ["notifications.tasks.tell_cancellation_answered"],
    orders.lines_cancelled: ["notifications.tasks.tell_lines_cancelled"],
    orders.variant_back_in_stock: ["notifications.tasks.tell_back_in_stock"],
    suppliers.supplier_lines_rejected: ["suppliers.tasks.repair_rejection"],
    suppliers.supplier_chase_asked: ["notifications.tasks.tell_supplier_chased"],
    suppliers.supplier_return_updated: ["support.tasks.note_supplier_answer"],
    support.ticket_opened: ["notifications.tasks.tell_ticket_opened"],
    support.ticket_answered: ["notifications.tasks.tell_ticket_answered"],
}

# Owed only for what somebody is told of, or every event of a shop without such addresses would cost a task.
TELL_OTHERS = "notifications.tasks.owe_event"


def owe(happened: Iterable[Event]) -> None:
    """Write down every task that follows from some events, due at once. Inside a transaction; may run twice."""
    tasks = {signal.kind: tasks for signal, tasks in REACTIONS.items()}
    told = wanted_kinds()
    owed = [
        Reaction(event=event, receiver=task, due_at=Now())
        for event in happened
        for task in (*tasks.get(event.kind, ()), *([TELL_OTHERS] if event.kind in told else []))
    ]
    # Owed before: then it stays as it is, done or not.
    Reaction.objects.bulk_create(owed, ignore_conflicts=True)
