"""Send a message once more: on a person's wish, or to an address that was corrected."""

from __future__ import annotations

import re
from uuid import UUID, uuid4

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from notifications.actions.announce import answers_to, message_id
from notifications.kinds import kind_of
from notifications.models import Channel, Delivery, Notification, NotificationStatus
from orders.events import key_of, record
from orders.models import Event, Order
from shop.models import User
from support.actions.ticket import Author, Thread, lock_ticket, tell_thread
from support.models import Ticket

UNSENT = (NotificationStatus.QUEUED, NotificationStatus.SENDING, NotificationStatus.FAILED)
# The link of an order in a message: it is a new one once the address was corrected.
ORDER_LINK = re.compile(r"(?<=/orders/)[A-Za-z0-9_-]{40,}(?=/)")


def send_message_again(row: Notification, *, to: str = "", by: User | None = None) -> Notification:
    """Let a message go out again: one that was not sent as itself, one that was as a message of its own.

    To another address (``to``) it is always one of its own. ``by`` is who wishes it.
    """
    is_elsewhere = bool(to) and to.lower() != row.recipient.lower()
    if row.status in UNSENT and not is_elsewhere:
        waiting = Notification.objects.filter(pk=row.pk, status__in=UNSENT)
        waiting.update(status=NotificationStatus.QUEUED, due_at=timezone.now(), failures=0)
        row.refresh_from_db()
        return row
    # A wilful second copy is a message of its own.
    return copy_message(row, f"{row.key}:again-{uuid4().hex[:8]}", to=to or row.recipient, by=by)


def send_again_from_ticket(ticket: Ticket, row: Notification, *, key: UUID, by: User) -> bool:
    """Let a mail go out again as a case asks for it, and write so into the case and the order's timeline; once per ``key``."""
    with transaction.atomic():
        lock_ticket(ticket)
        name = f"desk:{key}"
        if Event.objects.filter(kind="message.sent_again", subject_key=key_of(row), facts__wish=name).exists():
            return False
        if row.status in UNSENT:
            send_message_again(row, by=by)
        else:
            copy_message(row, f"{row.key}:again-{key.hex[:8]}", to=row.recipient, by=by)
        facts = {"name": by.get_short_name(), "subject": row.subject.strip(), "to": row.recipient}
        text = _("%(name)s has sent “%(subject)s” to %(to)s once more.") % facts
        tell_thread(ticket, Thread.INTERNAL, text, author=Author.SYSTEM)
        record("message.sent_again", row, by=by, wish=name, mail=row.kind)
    return True


def copy_message(row: Notification, key: str, *, to: str, by: User | None) -> Notification:
    """Write a message down a second time, to be sent to ``to``; under a key that is known it is there already."""
    known = Notification.objects.filter(key=key).first()
    if known is not None:
        return known
    copy = Notification.objects.get(pk=row.pk)
    token = row.order.token if row.order else ""
    copy.pk, copy.key, copy.recipient, copy.wished_by = None, key, to, by
    copy.message_id, copy.status = message_id(key), NotificationStatus.QUEUED
    copy.due_at, copy.failures, copy.sent_at, copy.created_at = timezone.now(), 0, None, timezone.now()
    copy.carrier_id, copy.delivery, copy.delivery_at, copy.soft_bounces = "", "", None, 0
    copy.lease_until, copy.attempt, copy.deaths, copy.quarantined_at, copy.last_error = None, 0, 0, None, ""
    copy.text, copy.html = (ORDER_LINK.sub(token, text) if token else text for text in (copy.text, copy.html))
    if to.lower() != row.recipient.lower():
        kept = {name: value for name, value in row.headers.items() if name != "Reply-To"}
        copy.headers = {**kept, **answers_to(row.order, to)}
    copy.save(force_insert=True)
    return copy


def send_missed(order: Order, *, before: str, version: int) -> int:
    """Send what an order's former address never took to its present one, where it is still news; return how much."""
    lost = Q(status=NotificationStatus.SUPPRESSED) | Q(delivery__in=[Delivery.BOUNCED, Delivery.SOFT_BOUNCED])
    rows = Notification.objects.to(before).filter(lost, order=order, channel=Channel.MAIL)
    missed = [row for row in rows.select_related("order").order_by("pk") if kind_of(row.kind).is_lasting]
    for row in missed:
        copy_message(row, f"{row.key}:again-{version}", to=order.email, by=None)
    return len(missed)
