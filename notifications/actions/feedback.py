"""Work on what mail providers tell us of our mails: delivered, not taken for now, come back, unwanted."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from django.db import DataError, IntegrityError, InterfaceError, OperationalError, transaction
from django.db.models import Q, Sum
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from notifications import sms
from notifications.actions.addresses import suppress
from notifications.actions.choices import stop_optional
from notifications.actions.replies import check_files, take_in_letter
from notifications.inbound.stored import drop_old_sources, drop_sources, letter_of
from notifications.models import Channel, Delivery, Notification, NotificationStatus, Suppression
from notifications.verdict import is_soft
from orders import lease
from orders.actions.work import open_work
from orders.models import IncomingEvent, WorkItem

logger = logging.getLogger(__name__)
GIVES_UP_AFTER = 8
# So many soft bounces of one address within SOFT_DAYS, without anything that arrived, and it counts as dead.
SOFT_MOST, SOFT_DAYS = 3, timedelta(days=14)
# The first pause before a mail that was not taken for now goes out again; four times as long after each.
SOFT_PAUSE = timedelta(hours=1)
# Later words outweigh earlier ones, whatever order they come in.
WEIGHT = {
    Delivery.UNKNOWN: 0,
    Delivery.DEFERRED: 1,
    Delivery.SOFT_BOUNCED: 2,
    Delivery.DELIVERED: 3,
    Delivery.BOUNCED: 4,
    Delivery.COMPLAINED: 5,
}
KEPT = timedelta(days=30)
# Whose news are worked on here; the inbox is one for all senders.
OURS = Q(source__startswith="mail:") | Q(source__startswith="sms:") | Q(source__startswith="reply:")


def work_incoming(incoming_id: int) -> None:
    """Work on one stored piece of news about a message. Safe to repeat; failures come back with a growing pause."""
    rows = IncomingEvent.objects.filter(OURS, done_at=None)
    incoming = lease.take(rows, incoming_id)
    if incoming is None:
        return
    try:
        take = _prepared(incoming)
        with transaction.atomic():
            outcome = take()
            lease.finish(incoming, done_at=lease.Now(), outcome=outcome[:300])
    except (OperationalError, InterfaceError):
        raise
    except (IntegrityError, DataError, KeyError, TypeError, ValueError) as error:
        logger.warning("news %s of %s: %s", incoming.pk, incoming.source, type(error).__name__)
        lease.fail(incoming, type(error).__name__)
        if incoming.failures + 1 >= GIVES_UP_AFTER:
            summary = f"{incoming.source}: {incoming.kind} could not be worked on: {type(error).__name__}"
            open_work(WorkItem.Reason.INCOMING_FAILED, incoming, order=None, summary=summary)


def _prepared(incoming: IncomingEvent) -> Callable[[], str]:
    """Return what is to be done inside the transaction; a mail and its files are read before it begins."""
    if not incoming.source.startswith("reply:"):
        return lambda: _take_in(incoming)
    letter = letter_of(incoming)
    if letter is None:
        return lambda: "its source is gone"
    files = check_files(letter.files)
    return lambda: take_in_letter(incoming, letter, files)


def _take_in(incoming: IncomingEvent) -> str:
    if incoming.source.startswith("sms:"):
        return _take_in_text(incoming, incoming.body)
    take = TAKES.get(incoming.kind)
    if take is None:
        return "not used"
    return take(incoming, _row_of(incoming.body), incoming.body)


def _row_of(told: Mapping[str, str]) -> Notification | None:
    """Return the message that news are about: by what we gave the provider along, else by the provider's id."""
    mails = Notification.objects.filter(channel=Channel.MAIL)
    if told["notification"].isdecimal() and len(told["notification"]) < 19:
        found = mails.filter(pk=int(told["notification"])).first()
        # The sandbox of a provider, or another shop on the same account, has the same small numbers.
        if found is not None and found.recipient.lower() == told["recipient"].lower():
            return found
    carrier_id = told["carrier_id"]
    return mails.filter(Q(carrier_id=carrier_id) | Q(message_id=carrier_id)).first() if carrier_id else None


def _address(row: Notification | None, told: Mapping[str, str]) -> str:
    return told["recipient"] or (row.recipient if row else "")


def _at(incoming: IncomingEvent, told: Mapping[str, str]) -> datetime:
    return (parse_datetime(told["at"]) if told["at"] else None) or incoming.received_at


def note_delivery(row: Notification | None, delivery: Delivery, *, at: datetime) -> bool:
    """Note what became of a message, unless weightier news are known; True if that is new."""
    if row is None:
        return False
    lighter = [one for one, weight in WEIGHT.items() if weight < WEIGHT[delivery]]
    rows = Notification.objects.filter(pk=row.pk, delivery__in=lighter)
    return bool(rows.update(delivery=delivery, delivery_at=at))


def _delivered(incoming: IncomingEvent, row: Notification | None, told: Mapping[str, str]) -> str:
    if row is not None:
        # It was to go out again, and has arrived after all.
        again = Notification.objects.filter(pk=row.pk, status=NotificationStatus.QUEUED, soft_bounces__gt=0)
        again.update(status=NotificationStatus.SENT, due_at=None)
    return "delivered" if note_delivery(row, Delivery.DELIVERED, at=_at(incoming, told)) else "nothing new"


def _deferred(incoming: IncomingEvent, row: Notification | None, told: Mapping[str, str]) -> str:
    # The provider goes on trying, and tells how it ends.
    return "deferred" if note_delivery(row, Delivery.DEFERRED, at=_at(incoming, told)) else "nothing new"


def _bounced(incoming: IncomingEvent, row: Notification | None, told: Mapping[str, str]) -> str:
    at, address = _at(incoming, told), _address(row, told)
    if told["reject_reason"] == "spam":
        return _complained(incoming, row, told)
    if is_soft(told["reject_reason"], told["own_words"], told["said"]):
        return note_soft_bounce(row, address, source=incoming.source, said=told["said"], at=at)
    note_delivery(row, Delivery.BOUNCED, at=at)
    return _suppress(incoming, address, Suppression.Reason.BOUNCED, told, at)


def _complained(incoming: IncomingEvent, row: Notification | None, told: Mapping[str, str]) -> str:
    at = _at(incoming, told)
    note_delivery(row, Delivery.COMPLAINED, at=at)
    return _suppress(incoming, _address(row, told), Suppression.Reason.COMPLAINED, told, at)


def _suppress(
    incoming: IncomingEvent, address: str, reason: Suppression.Reason, told: Mapping[str, str], at: datetime
) -> str:
    if not address:
        return "about no address"
    new = suppress(address, reason, source=incoming.source, detail=told["said"], at=at, by=None)
    return f"{reason}: not written to any more" if new else f"{reason}: known, or old"


def _unsubscribed(incoming: IncomingEvent, row: Notification | None, told: Mapping[str, str]) -> str:
    address = _address(row, told)
    return f"{stop_optional(address)} kinds stopped" if address else "about no address"


def _failed(incoming: IncomingEvent, row: Notification | None, told: Mapping[str, str]) -> str:
    """The provider itself could not send it: a person looks, as after our own tries."""
    if row is None:
        return "about no message of ours"
    sent = Notification.objects.filter(pk=row.pk, status=NotificationStatus.SENT)
    if not sent.update(status=NotificationStatus.FAILED, last_error=told["said"]):
        return "nothing new"
    summary = f"The mail “{row.kind}” was taken by its provider, which then could not send it."
    open_work(WorkItem.Reason.MAIL_FAILED, row, order=row.order, summary=summary)
    return "given up"


def note_soft_bounce(row: Notification | None, address: str, *, source: str, said: str, at: datetime) -> str:
    """Count a bounce that may be over tomorrow, and send the message again later; too many mark the address."""
    if row is None:
        # Whatever was sent, we cannot send it again; the next one shows how the address is.
        return "not taken, and about no message of ours"
    if WEIGHT[Delivery(row.delivery)] > WEIGHT[Delivery.SOFT_BOUNCED]:
        return "nothing new"
    count = row.soft_bounces + 1
    fields = {"delivery": Delivery.SOFT_BOUNCED, "delivery_at": at, "soft_bounces": count}
    rows = Notification.objects.filter(pk=row.pk, soft_bounces=row.soft_bounces)
    if not rows.update(**fields):
        return "nothing new"
    lately = Notification.objects.to(address).filter(
        delivery=Delivery.SOFT_BOUNCED, delivery_at__gt=timezone.now() - SOFT_DAYS
    )
    if (lately.aggregate(count=Sum("soft_bounces"))["count"] or 0) >= SOFT_MOST:
        note_delivery(row, Delivery.BOUNCED, at=at)
        suppress(address, Suppression.Reason.FULL, source=source, detail=said, at=at, by=None)
        return "not taken again and again: not written to any more"
    again_at = timezone.now() + soft_pause(count)
    # One that is under way right now goes out anyway.
    Notification.objects.filter(pk=row.pk, status=NotificationStatus.SENT).update(
        status=NotificationStatus.QUEUED, due_at=again_at, failures=0
    )
    return "not taken for now: goes out again"


def soft_pause(count: int) -> timedelta:
    """Return how long a message waits that was not taken for the ``count``-th time."""
    return SOFT_PAUSE * 4 ** (count - 1)


def _take_in_text(incoming: IncomingEvent, told: Mapping[str, str]) -> str:
    """Note what became of a text message; a number that nothing can be sent to is left alone."""
    row = Notification.objects.filter(channel=Channel.SMS, carrier_id=told["carrier_id"]).first()
    if row is None or not told["carrier_id"]:
        return "about no message of ours"
    if incoming.kind == "delivered":
        return _delivered(incoming, row, {"at": ""})
    if incoming.kind not in {"undelivered", "failed"}:
        return "not used"
    note_delivery(row, Delivery.BOUNCED, at=incoming.received_at)
    code = int(told["code"]) if told["code"].isdecimal() else 0
    if code not in sms.GONE_CODES:
        return "did not arrive"
    reason = Suppression.Reason.OPTED_OUT if code == sms.OPTED_OUT_CODE else Suppression.Reason.REFUSED
    suppress(row.recipient, reason, source=incoming.source, detail=told["code"], at=incoming.received_at, by=None)
    return f"{reason}: not written to any more"


def forget_old_news(*, now: datetime) -> int:
    """Delete what providers told us long ago, with the addresses in it; return how many. Safe to repeat."""
    rows = IncomingEvent.objects.filter(OURS, received_at__lt=now - KEPT).exclude(done_at=None)
    with transaction.atomic():
        drop_sources(rows)
        count = rows.delete()[0]
    # What no row names: a mail whose row could not be written.
    drop_old_sources(now=now, kept=KEPT * 2)
    return count


TAKES: Mapping[str, Callable[[IncomingEvent, Notification | None, Mapping[str, str]], str]] = {
    "delivered": _delivered,
    "deferred": _deferred,
    "bounced": _bounced,
    "rejected": _bounced,
    "complained": _complained,
    "unsubscribed": _unsubscribed,
    "failed": _failed,
}
