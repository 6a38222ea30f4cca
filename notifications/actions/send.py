"""Hand a recorded message to whatever carries it, unless its address takes nothing or nobody wants it."""

from __future__ import annotations

from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection
from django.db import transaction
from django.utils import timezone

from notifications import sms
from notifications.actions.addresses import is_suppressed, mark_orders, suppress
from notifications.actions.choices import is_wanted
from notifications.actions.feedback import note_soft_bounce
from notifications.models import Channel, Delivery, Notification, NotificationStatus, Suppression
from notifications.verdict import Verdict, verdict_of
from orders import lease
from orders.actions.work import close_work, open_work
from orders.models import WorkItem

GIVES_UP_AFTER = 12
# What we call ourselves where it is asked who said that an address is dead.
OURSELVES = "sending"
WAITING = Notification.objects.filter(status__in=[NotificationStatus.QUEUED, NotificationStatus.SENDING])


def send_notification(notification_id: int) -> None:
    """Send one message, with the same Message-ID on every attempt. Talks to the network.

    A worker that dies between sending and noting it sends again; the fixed Message-ID lets the
    other side see that it is the same mail.
    """
    row = lease.take(WAITING, notification_id)
    if row is None or _leave_unsent(row):
        return
    Notification.objects.filter(pk=row.pk, attempt=row.attempt).update(status=NotificationStatus.SENDING)
    try:
        carrier_id = sms.send(row) if row.channel == Channel.SMS else _send_mail(row)
    except Exception as error:  # noqa: BLE001  (every transport has its own; the row is tried again)
        _note_refusal(row, error)
        return
    lease.finish(row, status=NotificationStatus.SENT, sent_at=timezone.now(), carrier_id=carrier_id[:200])
    close_work(WorkItem.Reason.MAIL_FAILED, row)


class NothingTaken(Exception):
    """The transport said neither yes nor no."""


def _send_mail(row: Notification) -> str:
    """Hand a mail over; return what a provider calls it, or nothing from a plain mail server."""
    connection = get_connection(settings.MAIL_TRANSPORT["backend"], **settings.MAIL_TRANSPORT["options"])
    message = message_of(row, connection)
    if not message.send():
        raise NothingTaken("the transport took nothing")
    status = getattr(message, "anymail_status", None)
    return str(status.message_id or "") if status else ""


def _leave_unsent(row: Notification) -> bool:
    """End a row that must not go out, or that nobody wants; True if it is one."""
    if is_suppressed(row.recipient):
        status = NotificationStatus.SUPPRESSED
        mark_orders(row.recipient)
    elif row.channel == Channel.MAIL and not is_wanted(row.kind, row.recipient):
        status = NotificationStatus.DECLINED
    else:
        return False
    lease.finish(row, status=status)
    close_work(WorkItem.Reason.MAIL_FAILED, row)
    return True


def message_of(row: Notification, connection: object = None) -> EmailMultiAlternatives:
    """Return the mail of a row, as it goes out."""
    headers = {"Message-ID": row.message_id, "Date": _date(row)} | row.headers
    message = EmailMultiAlternatives(
        row.subject, row.text, settings.DEFAULT_FROM_EMAIL, [row.recipient], headers=headers, connection=connection
    )
    if row.html:
        message.attach_alternative(row.html, "text/html")
    # Comes back with a provider's news of this mail (notifications.actions.feedback).
    message.metadata = {"notification": str(row.pk)}
    return message


def _date(row: Notification) -> str:
    return row.created_at.strftime("%a, %d %b %Y %H:%M:%S +0000")


def _note_refusal(row: Notification, error: Exception) -> None:
    verdict = sms.verdict_of(error) if row.channel == Channel.SMS else verdict_of(error)
    if verdict is Verdict.GONE:
        _note_gone(row, error)
    elif verdict is Verdict.FULL:
        _note_full(row, error)
    elif verdict is Verdict.REFUSED:
        _give_up(row, error, "is refused for good")
    else:
        _note_failure(row, error)


def _note_gone(row: Notification, error: Exception) -> None:
    has_opted_out = getattr(error, "code", 0) == sms.OPTED_OUT_CODE
    reason = Suppression.Reason.OPTED_OUT if has_opted_out else Suppression.Reason.REFUSED
    # Together, so that an address is never marked by a message that still waits to be sent to it.
    with transaction.atomic():
        fields = {"delivery": Delivery.BOUNCED, "delivery_at": timezone.now(), "last_error": _told(error)}
        if lease.finish(row, status=NotificationStatus.SUPPRESSED, **fields):
            suppress(row.recipient, reason, source=OURSELVES, detail=_told(error), by=None)


def _note_full(row: Notification, error: Exception) -> None:
    """Count it as a provider's word would be; the row waits longer than after a failure of ours."""
    with transaction.atomic():
        # As if it had been sent, and the news had come at once.
        if not lease.finish(row, status=NotificationStatus.SENT, sent_at=timezone.now(), last_error=_told(error)):
            return
        row.refresh_from_db()
        note_soft_bounce(row, row.recipient, source=OURSELVES, said=_told(error), at=timezone.now())


def _note_failure(row: Notification, error: Exception) -> None:
    if row.failures + 1 < GIVES_UP_AFTER:
        lease.fail(row, _told(error), status=NotificationStatus.QUEUED)
        return
    _give_up(row, error, f"could not be sent in {GIVES_UP_AFTER} tries")


def _give_up(row: Notification, error: Exception, what: str) -> None:
    # Together, so that a worker that dies here leaves nothing given up that nobody is asked about.
    with transaction.atomic():
        if lease.finish(row, status=NotificationStatus.FAILED, last_error=_told(error)):
            summary = f"The message “{row.kind}” {what}."
            open_work(WorkItem.Reason.MAIL_FAILED, row, order=row.order, summary=summary)


def _told(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:2000]
