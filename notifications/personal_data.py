"""What was written to a person: handed out; what is about no order is forgotten with the account."""

from __future__ import annotations

from collections.abc import Iterator

from django.db.models import Q

from notifications.models import Notification, NotificationStatus
from orders.models import Order
from shop.accounts import verified_emails
from shop.models import User
from shop.personal_data import Section, fields_of


def export(user: User) -> Iterator[Section]:
    """Yield the messages about the person's orders, and those about their account."""
    found = Notification.objects.filter(Q(order__in=Order.objects.of(user)) | _about_account(user)).order_by("pk")
    names = ("created_at", "sent_at", "recipient", "subject", "text")
    yield "messages", (fields_of(row, *names) for row in found.iterator(chunk_size=100))


def forget(user: User) -> None:
    """Delete messages about the account that were sent or given up: codes, links, confirmations."""
    over = [NotificationStatus.SENT, NotificationStatus.FAILED]
    Notification.objects.filter(_about_account(user), status__in=over).delete()


def _about_account(user: User) -> Q:
    return Q(order=None, recipient__in={user.email, *verified_emails(user)})
