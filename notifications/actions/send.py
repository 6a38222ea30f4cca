"""Hand a recorded message to the mail transport."""

from __future__ import annotations

from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection
from django.db import transaction
from django.utils import timezone

from notifications.models import Notification, NotificationStatus
from orders import lease
from orders.actions.work import close_work, open_work
from orders.models import WorkItem

GIVES_UP_AFTER = 12


def send_notification(notification_id: int) -> None:
    """Send one message, with the same Message-ID on every attempt. Talks to the network.

    A worker that dies between sending and noting it sends again; the fixed Message-ID lets the
    other side see that it is the same mail.
    """
    waiting = [NotificationStatus.QUEUED, NotificationStatus.SENDING]
    row = lease.take(Notification.objects.filter(status__in=waiting), notification_id)
    if row is None:
        return
    Notification.objects.filter(pk=row.pk, attempt=row.attempt).update(status=NotificationStatus.SENDING)
    try:
        connection = get_connection(settings.MAIL_TRANSPORT["backend"], **settings.MAIL_TRANSPORT["options"])
        sent = message_of(row, connection).send()
    except Exception as error:  # noqa: BLE001  (every transport has its own; the row is tried again)
        _note_failure(row, f"{type(error).__name__}: {error}")
        return
    if not sent:
        _note_failure(row, "the transport took nothing")
        return
    lease.finish(row, status=NotificationStatus.SENT, sent_at=timezone.now())
    close_work(WorkItem.Reason.MAIL_FAILED, row)


def message_of(row: Notification, connection: object = None) -> EmailMultiAlternatives:
    """Return the mail of a row, as it goes out."""
    headers = {"Message-ID": row.message_id, "Date": _date(row)} | row.headers
    message = EmailMultiAlternatives(
        row.subject, row.text, settings.DEFAULT_FROM_EMAIL, [row.recipient], headers=headers, connection=connection
    )
    if row.html:
        message.attach_alternative(row.html, "text/html")
    return message


def _date(row: Notification) -> str:
    return row.created_at.strftime("%a, %d %b %Y %H:%M:%S +0000")


def _note_failure(row: Notification, error: str) -> None:
    if row.failures + 1 < GIVES_UP_AFTER:
        lease.fail(row, error, status=NotificationStatus.QUEUED)
        return
    summary = f"The mail “{row.kind}” could not be sent in {GIVES_UP_AFTER} tries."
    # Together, so that a worker that dies here leaves nothing given up that nobody is asked about.
    with transaction.atomic():
        if lease.finish(row, status=NotificationStatus.FAILED, last_error=error[:2000]):
            open_work(WorkItem.Reason.MAIL_FAILED, row, order=row.order, summary=summary)
