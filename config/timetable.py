"""The table of sweeps: which rows are due, and which task works on one of them.

The relay looks at all of them about three times a second, and more often while there is work, with one query, and
hands what is due to Celery by id. ``every`` (seconds) is for work that has no row of its own; it may run at any time,
and twice.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from django.conf import settings
from django.db.models import Q, QuerySet

from config.hands import Job
from config.models import Comparison, NightlyAudit
from notifications.models import Endpoint, Notification, NotificationStatus, ReviewRequest
from orders.lease import DueWork
from orders.models import (
    ArrivalNotice,
    Authorisation,
    Cancellation,
    CheckoutSession,
    Delay,
    Dispute,
    IncomingEvent,
    Payment,
    ProviderCustomer,
    Reaction,
    Refund,
)
from orders.states import DelayStatus
from suppliers.actions.breaker import due_probes, may_be_called, of_callable
from suppliers.models import (
    PictureFetch,
    Supplier,
    SupplierCancellation,
    SupplierChase,
    SupplierOrder,
    SupplierReturn,
    TrackingService,
)
from suppliers.states import SupplierCancellationStatus
from support.models import HeldAnswer, Return, SupplierQuestion, Withdrawal
from support.states import WAITING_QUESTIONS

# How many rows a task takes that takes several: statements are shared, and rows die together.
SEVERAL = 20
FORWARDING = Q(receiver="suppliers.tasks.forward_order")
INVOICES = Q(receiver="orders.tasks.issue_invoice")
# What looks at every parcel, and finds something to do at few.
LOOKING = Q(receiver__in=["support.tasks.follow_replacement", "notifications.tasks.owe_review_request"])
# Whose webhooks are worked on by whom; all others are suppliers'.
INCOMING_TASKS = {
    "stripe": "orders.tasks.work_incoming",
    "carrier": "suppliers.tasks.work_carrier_message",
    "mail": "notifications.tasks.work_incoming",
    "sms": "notifications.tasks.work_incoming",
    "reply": "notifications.tasks.work_incoming",
}
INCOMING = IncomingEvent.objects.filter(done_at=None)
# Whole copies of orders and parcels, as suppliers have them.
COPIES = Q(source__startswith="supplier:") & ~Q(subject="")
# What else only writes to customers.
WRITTEN = ~LOOKING & (Q(receiver__startswith="notifications.") | Q(receiver="orders.tasks.issue_credit_note"))


@dataclass(frozen=True, slots=True)
class Sweep:
    """Rows that may be due, the task for one of them, and the queue it goes to."""

    name: str
    rows: Callable[[], QuerySet[DueWork]]
    task: Callable[[DueWork], str]
    queue: str
    # Columns that ``jobs`` looks at.
    needs: tuple[str, ...] = ()
    # Ids that the task is given before the rows' own.
    ids: tuple[str, ...] = ()
    # As many rows as the task takes at once.
    together: int = 1

    def jobs(self, rows: Sequence[DueWork]) -> list[Job]:
        """Return what is to be handed out for some rows: task, queue, arguments."""
        groups: dict[tuple[object, ...], list[int]] = {}
        for row in rows:
            shared = tuple(getattr(row, name) for name in self.ids)
            groups.setdefault((self.task(row), *shared), []).append(row.pk)
        return [
            (task, self.queue, (*shared, *pks[start : start + self.together]))
            for (task, *shared), pks in groups.items()
            for start in range(0, len(pks), self.together)
        ]


@dataclass(frozen=True, slots=True)
class Periodic:
    """A task without a row: run every so many seconds, and when the relay starts."""

    task: str
    every: Callable[[], float]
    queue: str


def _always(task: str) -> Callable[[DueWork], str]:
    return lambda row: task


def _incoming_task(row: DueWork) -> str:
    # One inbox for all senders; each app works on its own.
    sender = row.source.partition(":")[0]  # type: ignore[attr-defined]
    return INCOMING_TASKS.get(sender, "suppliers.tasks.work_incoming")


def _reactions(name: str, which: Q, queue: str, together: int = 1) -> Sweep:
    """Some of the reactions: each sweep fills the room of its own queue, and no other's."""
    return Sweep(
        name,
        lambda: Reaction.objects.filter(which, done_at=None),
        lambda row: row.receiver,  # type: ignore[attr-defined]
        queue,
        ("receiver",),
        together=together,
    )


SWEEPS: list[Sweep] = [
    _reactions("forwarding", FORWARDING, "engine", SEVERAL),
    _reactions("reactions", ~(FORWARDING | LOOKING | INVOICES | WRITTEN), "engine"),
    # With the payments: however much suppliers have to tell at once, whoever has paid waits for none of it.
    Sweep("paid", lambda: INCOMING.filter(source="stripe"), _incoming_task, "payments", ("source",)),
    # Most of what suppliers tell has been read from their lists meanwhile, and is seen through many at a time.
    Sweep(
        "copies", lambda: INCOMING.filter(COPIES), _always("suppliers.tasks.work_copies"), "engine", together=SEVERAL
    ),
    Sweep("incoming", lambda: INCOMING.exclude(COPIES).exclude(source="stripe"), _incoming_task, "engine", ("source",)),
    _reactions("looking", LOOKING, "engine", SEVERAL),
    Sweep("sessions", CheckoutSession.objects.all, _always("orders.tasks.settle_session"), "payments"),
    Sweep("refunds", Refund.objects.all, _always("orders.tasks.send_refund"), "payments"),
    Sweep("authorisations", Authorisation.objects.all, _always("orders.tasks.settle_authorisation"), "payments"),
    Sweep("disputes", Dispute.objects.all, _always("orders.tasks.read_dispute"), "payments"),
    Sweep("fees", Payment.objects.all, _always("orders.tasks.read_fee"), "payments"),
    Sweep("customers", ProviderCustomer.objects.all, _always("orders.tasks.delete_customer"), "payments"),
    Sweep("arrivals", ArrivalNotice.objects.all, _always("orders.tasks.tell_arrivals"), "engine"),
    Sweep(
        "delays",
        lambda: Delay.objects.filter(status=DelayStatus.ASKED),
        _always("orders.tasks.settle_silence"),
        "engine",
    ),
    Sweep("supplier_chases", SupplierChase.objects.all, _always("suppliers.tasks.work_on_chase"), "suppliers"),
    Sweep(
        "supplier_questions",
        lambda: SupplierQuestion.objects.filter(status__in=WAITING_QUESTIONS),
        _always("support.tasks.work_on_question"),
        "suppliers",
    ),
    Sweep("cancellations", Cancellation.objects.waiting, _always("orders.tasks.withdraw_unpaid"), "payments"),
    Sweep(
        "supplier_cancellations",
        lambda: SupplierCancellation.objects.exclude(status=SupplierCancellationStatus.DECIDED),
        _always("suppliers.tasks.ask_cancellation"),
        "suppliers",
    ),
    # What belongs to a supplier that is not to be called stays where it is, until its breaker closes.
    Sweep(
        "supplier_orders",
        lambda: of_callable(SupplierOrder.objects.all()),
        _always("suppliers.tasks.send_supplier_orders"),
        "suppliers",
        ("supplier",),
        ("supplier_id",),
        SEVERAL,
    ),
    Sweep("supplier_probes", due_probes, _always("suppliers.tasks.probe_supplier"), "suppliers"),
    Sweep("withdrawals", Withdrawal.objects.all, _always("support.tasks.tend_withdrawal"), "engine"),
    Sweep("returns", Return.objects.all, _always("support.tasks.tend_return"), "engine"),
    Sweep("supplier_returns", SupplierReturn.objects.all, _always("suppliers.tasks.ask_return"), "suppliers"),
    Sweep(
        "suppliers",
        lambda: Supplier.objects.filter(may_be_called(), uses_polling=True),
        _always("suppliers.tasks.poll_supplier"),
        "suppliers",
    ),
    # The reader of a service asks about many parcels at once; which are due stands with each of them.
    Sweep(
        "tracking_services",
        TrackingService.objects.all,
        _always("suppliers.tasks.read_tracking_service"),
        "suppliers",
    ),
    Sweep(
        "pictures",
        lambda: PictureFetch.objects.filter(status=PictureFetch.Status.WANTED),
        _always("suppliers.tasks.fetch_picture"),
        # A new catalogue has thousands: they must delay no order and no mail.
        "pictures",
    ),
    Sweep(
        "notifications",
        lambda: Notification.objects.filter(status__in=[NotificationStatus.QUEUED, NotificationStatus.SENDING]),
        _always("notifications.tasks.send_notification"),
        "mail",
    ),
    # What writes mails and papers waits behind the mails already written, and delays no order. Invoices take
    # their numbers one after the other: several at once are as quick as one.
    # On the engine's queue: it only lets a row be seen; the mail that follows waits with the mails.
    Sweep("held_answers", HeldAnswer.objects.all, _always("support.tasks.release_answer"), "engine"),
    _reactions("writing", WRITTEN, "mail"),
    _reactions("invoices", INVOICES, "mail", SEVERAL),
    Sweep("review_requests", ReviewRequest.objects.all, _always("notifications.tasks.ask_for_review"), "mail"),
    # One row per address that is told of events: what is dead waits in its own lane.
    Sweep(
        "endpoints",
        lambda: Endpoint.objects.filter(is_active=True),
        _always("notifications.tasks.tell_endpoint"),
        "events",
    ),
    Sweep("comparisons", Comparison.objects.all, _always("config.tasks.compare"), "payments"),
    Sweep("audit", NightlyAudit.objects.all, _always("config.tasks.run_nightly_audit"), "engine"),
]

PERIODIC: list[Periodic] = [
    Periodic("config.tasks.begin_comparisons", lambda: settings.RECONCILE_SECONDS, "payments"),
    Periodic("orders.tasks.look_at_circuit", lambda: 60, "engine"),
    Periodic("orders.tasks.forget_pay_attempts", lambda: 3600, "engine"),
    Periodic("config.tasks.forget_old_visits", lambda: 86_400, "engine"),
    Periodic("config.tasks.forget_old_access", lambda: 86_400, "engine"),
    Periodic("orders.tasks.note_what_is_back", lambda: 60, "engine"),
    Periodic("orders.tasks.watch_deliveries", lambda: 60, "engine"),
    Periodic("support.tasks.tend_causes", lambda: 300, "engine"),
    Periodic("suppliers.tasks.measure_punctuality", lambda: 21_600, "engine"),
    Periodic("support.tasks.forget_kept_files", lambda: 3600, "engine"),
    Periodic("support.tasks.learn_from_returns", lambda: 21_600, "engine"),
    Periodic("config.tasks.keep_deadlines", lambda: settings.DEADLINE_SECONDS, "engine"),
    # The cases' own due times are the rows that it works on.
    Periodic("support.tasks.tend_cases", lambda: 60, "engine"),
    Periodic("suppliers.tasks.forget_old_calls", lambda: 86_400, "engine"),
    # An hour where no mailbox is set: then there is nothing to do.
    Periodic("notifications.tasks.read_mailbox", lambda: settings.INBOUND_IMAP.get("seconds", 3600), "mail"),
    Periodic("notifications.tasks.write_digest", lambda: 900, "mail"),
    Periodic("notifications.tasks.forget_old_news", lambda: 86_400, "mail"),
    Periodic("suppliers.tasks.set_aside_old", lambda: 300, "engine"),
    Periodic("suppliers.tasks.tend_carriers", lambda: 3600, "engine"),
]
