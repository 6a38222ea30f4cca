"""What was written to a person: handed out; what is about no order is forgotten with the account."""

from __future__ import annotations

from collections.abc import Iterator

from django.db.models import Q

from notifications.actions.feedback import OURS
from notifications.inbound.stored import drop_sources
from notifications.models import Correspondent, Notification, NotificationStatus, Suppression
from orders.models import IncomingEvent, Order
from shop.models import User
from shop.people import Person, person_of
from shop.personal_data import Section, fields_of


def export(person: Person) -> Iterator[Section]:
    """Yield the messages about the person's orders, and those about their account."""
    found = Notification.objects.filter(Q(order__in=Order.objects.of_person(person)) | _about_account(person))
    found = found.order_by("pk")
    names = ("created_at", "sent_at", "recipient", "subject", "text")
    yield "messages", (fields_of(row, *names) for row in found.iterator(chunk_size=100))
    addresses = person.addresses
    known = Correspondent.objects.filter(address__in=addresses).prefetch_related("choices").order_by("pk")
    yield "message_choices", (_choices(row) for row in known)
    marked = Suppression.objects.filter(address__in=addresses).order_by("pk")
    yield "not_written_to", (fields_of(row, "address", "reason", "since", "lifted_at") for row in marked)


def _choices(row: Correspondent) -> dict[str, object]:
    said = [fields_of(one, "channel", "kind", "is_wanted", "changed_at") for one in row.choices.all()]
    return fields_of(row, "address", "phone") | {"choices": said}


def forget(user: User) -> None:
    """Delete messages about the account that are over (codes, links, confirmations), its choices and its number.

    That an address takes no mail stays noted, or it would be written to again.
    """
    person = person_of(user)
    waiting = [NotificationStatus.QUEUED, NotificationStatus.SENDING]
    Notification.objects.filter(_about_account(person)).exclude(status__in=waiting).delete()
    Correspondent.objects.filter(address__in=person.addresses).delete()
    news = IncomingEvent.objects.filter(OURS, body__recipient__in=person.addresses)
    over = news.exclude(done_at=None)
    drop_sources(over)
    over.delete()


def _about_account(person: Person) -> Q:
    return Q(order=None, recipient__in={*person.addresses, *([person.user.email] if person.user else [])})
