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
    orders.parcel_in_transit: ["notifications.tasks.tell_parcel_sent", "support.tasks.follow_replacement"],
    orders.parcel_renumbered: ["notifications.tasks.tell_parcel_renumbered"],
    orders.parcel_attempted: ["notifications.tasks.tell_parcel_attempted"],
    orders.parcel_deposited: ["notifications.tasks.tell_parcel_deposited"],
    # Whichever is told first; the customer hears of it once.
    orders.parcel_returning: ["notifications.tasks.tell_parcel_back", "support.tasks.notice_cause"],
    orders.parcel_returned: ["notifications.tasks.tell_parcel_back", "support.tasks.notice_cause"],
    orders.parcel_exception: ["support.tasks.notice_cause"],
    orders.parcel_delivered: [
        "notifications.tasks.tell_parcel_delivered",
        "support.tasks.follow_replacement",
        "notifications.tasks.owe_review_request",
    ],
    orders.hold_placed: ["suppliers.tasks.hold_supplier_orders"],
    orders.hold_released: ["suppliers.tasks.release_supplier_orders", "suppliers.tasks.forward_order"],
    orders.delay_noticed: ["notifications.tasks.tell_arrival_delayed"],
    orders.arrival_advanced: ["notifications.tasks.tell_arrival_changed"],
    orders.delivery_late: ["suppliers.tasks.chase_late", "support.tasks.notice_cause"],
    orders.delivery_on_time: ["support.tasks.settle_causes"],
    orders.dispute_opened: ["support.tasks.notice_cause"],
    orders.dispute_won: ["support.tasks.settle_causes"],
    orders.dispute_lost: ["support.tasks.settle_causes"],
    orders.dispute_closed: ["support.tasks.settle_causes"],
    orders.order_email_corrected: ["notifications.tasks.tell_email_corrected"],
    orders.order_address_changed: ["notifications.tasks.tell_address_changed"],
    orders.link_requested: ["notifications.tasks.tell_order_link"],
    orders.cancellation_requested: ["suppliers.tasks.pursue_cancellation"],
    orders.cancellation_waiting: ["notifications.tasks.tell_cancellation_waiting"],
    orders.cancellation_answered: ["notifications.tasks.tell_cancellation_answered"],
    orders.lines_cancelled: [
        "notifications.tasks.tell_lines_cancelled",
        "support.tasks.notice_cause",
        "support.tasks.pay_instead_of_replacement",
    ],
    orders.variant_back_in_stock: ["notifications.tasks.tell_back_in_stock"],
    suppliers.supplier_lines_rejected: ["suppliers.tasks.repair_rejection"],
    suppliers.supplier_chase_asked: ["notifications.tasks.tell_supplier_chased"],
    suppliers.supplier_return_updated: ["support.tasks.take_supplier_word", "suppliers.tasks.follow_return"],
    suppliers.supplier_return_put: ["notifications.tasks.tell_supplier_return"],
    suppliers.supplier_return_kept: ["support.tasks.note_kept_return"],
    support.ticket_opened: ["notifications.tasks.tell_ticket_opened", "support.tasks.give_out_case"],
    support.ticket_answered: ["notifications.tasks.tell_ticket_answered"],
    support.supplier_question_put: ["notifications.tasks.tell_supplier_question"],
    support.order_withdrawn: ["notifications.tasks.tell_withdrawal"],
    support.return_requested: ["notifications.tasks.tell_return_asked"],
    support.return_accepted: ["notifications.tasks.tell_return_accepted"],
    support.return_ready: ["notifications.tasks.tell_return_ready"],
    support.return_label: ["notifications.tasks.tell_return_ready"],
    support.return_ending: ["notifications.tasks.tell_return_ending"],
    support.return_in_transit: ["notifications.tasks.tell_return_sent_back"],
    support.return_scanned: ["notifications.tasks.tell_return_scanned"],
    support.return_received: ["notifications.tasks.tell_return_arrived"],
    support.return_resolved: ["notifications.tasks.tell_return_resolved"],
    support.return_declined: ["notifications.tasks.tell_return_declined"],
    support.return_cancelled: ["notifications.tasks.tell_return_cancelled"],
    support.return_expired: ["notifications.tasks.tell_return_expired"],
    support.return_review: ["notifications.tasks.tell_return_review"],
    support.replacement_paid_back: ["notifications.tasks.tell_replacement_paid_back"],
    support.ticket_solved: ["support.tasks.close_questions", "notifications.tasks.tell_ticket_solved"],
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
