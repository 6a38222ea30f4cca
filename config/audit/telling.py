"""Messages: each one owed exists once, and goes to the right person."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import partial

from django.db.models import BigIntegerField, CharField, Count, Exists, F, OuterRef, Q, QuerySet, Value
from django.db.models.fields.json import KT
from django.db.models.functions import Cast, Concat, StrIndex, Substr
from django.utils.translation import gettext_lazy as _

from config.audit.registry import MOST_NAMED, check, named, row_key
from notifications.actions.tell import NOT_ACKNOWLEDGED, NOT_TOLD, STILL_COMING, TOLD_WITH_LINES
from notifications.actions.tell_returns import UNTOLD_YET
from notifications.models import Channel, Notification
from orders.actions.again import AGAIN
from orders.models import Authorisation, Cancellation, Event, Reaction, Refund, Shipment
from orders.undelivered import COMING_BACK
from shop.prepared import any_of
from support.models import Return, Ticket
from support.returning.money import OF_RETURNS
from support.returning.withdrawing import CANCELLATION_KEY

SUBJECT_ID = Substr("subject_key", StrIndex("subject_key", Value(":")) + 1)


def _subject(rows: QuerySet) -> Exists:
    """True where an event's subject is one of these rows."""
    return Exists(rows.annotate(row_key=row_key(rows.model)).filter(row_key=OuterRef("subject_key")))


@dataclass(frozen=True, slots=True)
class Telling:
    """Which message an event must bring: once per event, or once per order or subject (``version``)."""

    event: str
    kind: str
    version: object = None
    but: Q = field(default_factory=lambda: Q(pk=None))


WITH_LINES = Q(facts__reason__in=[str(one) for one in TOLD_WITH_LINES])
NO_REFUND = Q(facts__reason__in=[str(one) for one in NOT_TOLD])
IS_DISPUTE = _subject(Refund.objects.filter(reason=Refund.Reason.DISPUTE))
# It takes the place of a refund that failed, of which the customer was told.
IS_AGAIN = _subject(Refund.objects.filter(idempotency_key__endswith=AGAIN))
# Whatever waits now has waited since, so it had to be told.
STILL_WAITS = _subject(Cancellation.objects.waiting())
# A case about no order goes with its account, and the mails about it do.
IS_THERE = _subject(Ticket.objects.all())
# What we opened ourselves is told by what we write in it.
IS_ASKED = _subject(Ticket.objects.exclude(source__in=NOT_ACKNOWLEDGED))
COMES_BACK = _subject(Shipment.objects.filter(status__in=COMING_BACK))
IS_FOLLOWED = Exists(Event.objects.filter(subject_key=OuterRef("subject_key"), pk__gt=OuterRef("pk")))
# What a return pays back its own steps tell, unless it is a new try.
IS_OF_RETURN = _subject(
    Refund.objects.filter(idempotency_key__startswith=OF_RETURNS).exclude(idempotency_key__endswith=AGAIN)
)
IS_WITHDRAWN = _subject(Cancellation.objects.filter(key__startswith=CANCELLATION_KEY))
IS_KEPT = _subject(Return.objects.filter(goods_back=False))
# One request is one message, by the first of its returns; a withdrawal has a receipt, whatever it made.
OF_REQUEST = Return.objects.filter(order=OuterRef("order"), request_key=OuterRef("request_key"), pk__lt=OuterRef("pk"))
ASKED_FOR = Return.objects.filter(~Exists(OF_REQUEST), status__in=UNTOLD_YET, ready_at=None)
IS_ASKED_FOR = _subject(ASKED_FOR.exclude(reason=""))
UNPAID_THEN = Q(order__paid_at=None) | Q(at__lt=F("order__paid_at"))
# What is told only under conditions that change meanwhile (a refused card of an order that is
# paid by then) cannot be asked for afterwards, and is not listed.
TELLINGS = [
    Telling("order.paid", "order-confirmed", Value("1")),
    Telling("payment.awaited", "transfer-awaited", Value("1")),
    Telling("payment.pending", "payment-pending", Value("1")),
    Telling("parcel.in_transit", "parcel-sent", SUBJECT_ID),
    # Told unless something else has become of it by then.
    Telling("parcel.attempted", "parcel-attempted", but=Q(IS_FOLLOWED)),
    Telling("parcel.deposited", "parcel-deposited", but=Q(IS_FOLLOWED)),
    Telling("parcel.returning", "parcel-back", SUBJECT_ID, but=~Q(COMES_BACK)),
    Telling("parcel.returned", "parcel-back", SUBJECT_ID, but=~Q(COMES_BACK)),
    Telling("parcel.delivered", "parcel-delivered", SUBJECT_ID),
    Telling("delay.noticed", "arrival-delayed", SUBJECT_ID),
    Telling("arrival.advanced", "arrival-changed", SUBJECT_ID),
    Telling("refund.requested", "refund", SUBJECT_ID, but=(WITH_LINES & ~Q(IS_AGAIN)) | NO_REFUND | Q(IS_OF_RETURN)),
    Telling("refund.failed", "refund-failed", SUBJECT_ID, but=Q(IS_DISPUTE)),
    Telling("order.refused", "order-refused", Value("1")),
    # What somebody asked for is told by the answer to that.
    # What was not accepted is told as such.
    Telling(
        "lines.cancelled",
        "lines-cancelled",
        but=Q(facts__has_key="cancellation") | Q(facts__has_key="authorisation") | Q(facts__has_key="replacements"),
    ),
    Telling("cancellation.waiting", "cancellation-asked", SUBJECT_ID, but=~Q(STILL_WAITS) | Q(IS_WITHDRAWN)),
    Telling("cancellation.answered", "cancellation-answered", but=UNPAID_THEN),
    Telling("order.link_requested", "order-link"),
    Telling("order.email_corrected", "email-left"),
    Telling("order.email_corrected", "email-corrected"),
    Telling("order.address_changed", "address-changed"),
    Telling("ticket.opened", "ticket-opened", but=~Q(IS_ASKED)),
    Telling("ticket.answered", "ticket-answered", but=~Q(IS_THERE)),
    Telling("order.withdrawn", "withdrawal-received"),
    Telling("return.requested", "return-asked", SUBJECT_ID, but=~Q(IS_ASKED_FOR)),
    # Whose supplier is asked for new goods; all others hear of it by the next step.
    Telling("return.accepted", "return-kept", but=~Q(facts__in_kind="kept")),
    # Told unless something else has become of it by then.
    Telling("return.ready", "return-ready", but=Q(IS_FOLLOWED)),
    Telling("return.ending", "return-ending", but=Q(IS_FOLLOWED)),
    Telling("return.received", "return-arrived", but=Q(IS_FOLLOWED)),
    Telling("return.declined", "return-declined", but=Q(IS_FOLLOWED)),
    Telling("return.expired", "return-expired", but=Q(IS_FOLLOWED)),
    Telling("return.review", "return-review", but=Q(IS_FOLLOWED)),
    Telling("return.in_transit", "return-sent-back"),
    Telling("return.resolved", "return-kept", but=~Q(IS_KEPT)),
    Telling("return.resolved", "return-resolved", but=Q(IS_KEPT)),
    Telling("return.cancelled", "return-cancelled"),
    Telling("replacement.paid_back", "replacement-failed"),
]
# What may be written before an order is paid.
BEFORE_PAYMENT = ["payment-pending", "payment-failed", "order-link", "transfer-awaited"]
# Whoever transfers has bought, and may put right what was mistyped.
BEFORE_PAYMENT += ["email-left", "email-corrected", "address-changed"]
# And before its money is taken, once a bank keeps it.
WHILE_AUTHORISED = [
    "order-authorised",
    "order-refused",
    "lines-cancelled",
    "cancellation-answered",
    "cancellation-asked",
]


def _of_kind(kind: str) -> QuerySet[Event]:
    # While a consequence is still owed, it is not late here: the backlog's check looks after it.
    owed = Reaction.objects.filter(event=OuterRef("pk"), done_at=None)
    return Event.objects.filter(~Exists(owed), kind=kind, delivered_at__isnull=False).order_by("pk")


def _untold(telling: Telling) -> QuerySet[Event]:
    events = _of_kind(telling.event)
    if telling.version is None:
        message = Notification.objects.filter(event=OuterRef("pk"), kind=telling.kind)
    else:
        parts = (Value(f"{telling.kind}:"), "order__number", Value(":"), telling.version)
        events = events.annotate(wanted=Concat(*parts, output_field=CharField()))
        message = Notification.objects.filter(key=OuterRef("wanted"))
    return events.exclude(telling.but).filter(~Exists(message))


UNTOLD = [(telling, any_of(partial(_untold, telling))) for telling in TELLINGS]


@check("V08 told", _("Whatever a customer must hear of is told to them."))
def told() -> Iterable[str]:
    for telling, has_any in UNTOLD:
        if has_any():
            yield from named(_untold(telling), f"no message {telling.kind} was written", "order")
    untold = _untold_numbers(_of_kind("parcel.renumbered"))
    yield from named(untold, "no message parcel-number was written", "order")


def _untold_numbers(events: QuerySet[Event]) -> QuerySet[Event]:
    """Keep the events of numbers that parcels still have, and that stand in no message about them."""
    parcel_key = Concat(Value("parcel-sent:"), "order__number", Value(":"), SUBJECT_ID, output_field=CharField())
    events = events.annotate(number=KT("facts__number"), sent_key=parcel_key)
    parts = (Value("parcel-number:"), "order__number", Value(":"), SUBJECT_ID, Value("-"), "number")
    events = events.annotate(wanted=Concat(*parts, output_field=CharField()))
    # What has arrived needs no number any more, whatever becomes of it afterwards.
    coming = Shipment.objects.filter(status__in=STILL_COMING, delivered_at=None, tracking_number=OuterRef("number"))
    in_first = Notification.objects.filter(key=OuterRef("sent_key"), text__contains=OuterRef("number"))
    in_own = Notification.objects.filter(key=OuterRef("wanted"))
    return events.filter(_subject(coming), ~Exists(in_first), ~Exists(in_own))


@check("V08 once", _("Each message is one: no two rows for one event, or with one Message-ID."))
def once() -> Iterable[str]:
    ids = Notification.objects.order_by().values("message_id").annotate(count=Count("pk")).filter(count__gt=1)
    yield from (f"{row['message_id']}: {row['count']} messages have it" for row in ids[:MOST_NAMED])
    # A second copy that a person wished for is a message of its own.
    known = Notification.objects.filter(event__isnull=False).exclude(key__contains=":again-").order_by()
    twice = known.values("event", "kind", "channel").annotate(count=Count("pk")).filter(count__gt=1)
    yield from (f"event {row['event']}: {row['count']} messages {row['kind']}" for row in twice[:MOST_NAMED])


@check("V08 addresses", _("No message goes to anybody but the one it is about."))
def addresses() -> Iterable[str]:
    cases = Q(kind__startswith="ticket-")
    # A text message goes to a number; a copy to where whoever wished for it said.
    mails = Notification.objects.filter(channel=Channel.MAIL, wished_by=None)
    about_orders = mails.filter(order__isnull=False).exclude(cases)
    # What was written before an address was corrected went to the one that was right then.
    former = Event.objects.filter(order=OuterRef("order"), kind="order.email_corrected")
    former = former.annotate(before=KT("facts__before")).filter(before__iexact=OuterRef("recipient"))
    wrong = about_orders.exclude(recipient__iexact=F("order__email")).filter(~Exists(former))
    yield from named(wrong, "goes to somebody else than the customer")
    about_cases = mails.filter(cases, event__subject_key__startswith="ticket:").annotate(
        case=Cast(Substr("event__subject_key", len("ticket:") + 1), BigIntegerField())
    )
    customer = Ticket.objects.filter(pk=OuterRef("case"), email__iexact=OuterRef("recipient"))
    yield from named(about_cases.filter(~Exists(customer)), "goes to somebody else than the case's customer")


@check("V08 early", _("No order is spoken of before it is paid."))
def early() -> Iterable[str]:
    rows = Notification.objects.filter(order__isnull=False, order__paid_at=None)
    kept = Authorisation.objects.filter(order=OuterRef("order"))
    rows = rows.exclude(Q(Exists(kept)), kind__in=WHILE_AUTHORISED)
    wrong = rows.exclude(kind__in=BEFORE_PAYMENT).exclude(kind__startswith="ticket-").exclude(kind__startswith="refund")
    yield from named(wrong, "its order was never paid")
