"""What was written to a person, let go of; see ``shop/erasure.py``. That something was sent, and when, stays."""

from __future__ import annotations

from collections.abc import Iterator

from django.db.models import Q, QuerySet
from django.db.models.functions import Lower
from django.utils.translation import gettext as _

from notifications.models import Correspondent, EventDelivery, Notification, NotificationStatus, Suppression
from orders.erasing import erased_email
from orders.models import Order
from shop.erasure import NOWHERE, Erasure
from shop.models import User
from shop.people import Person
from support.erasing import erased_address
from support.models import SupplierQuestion
from support.personal_data import tickets_of

S = NotificationStatus


def marks(person: Person) -> Iterator[str]:
    """Yield the number they gave for text messages."""
    known = Correspondent.objects.filter(address__in=person.addresses)
    yield from known.exclude(phone="").values_list("phone", flat=True)


def handles(person: Person) -> Iterator[str]:
    """Yield what whoever carried our messages calls them."""
    yield from _messages(person).exclude(carrier_id="").values_list("carrier_id", flat=True)


def waits(person: Person) -> Iterator[str]:
    """A message that waits is not sent any more; that is what they want."""
    yield from ()


def counts(person: Person) -> Iterator[tuple[str, int]]:
    """Yield what there is."""
    yield _("messages to them"), _messages(person).count()
    yield _("choices about messages"), Correspondent.objects.filter(address__in=person.addresses).count()


def _messages(person: Person) -> QuerySet[Notification]:
    """Return the messages to somebody, about their orders and cases, and those in which suppliers were asked for them."""
    about = Q(order__in=Order.objects.of_person(person)) | Q(to__in=person.addresses)
    tickets = tickets_of(person)
    about |= Q(to__in=[email.lower() for email in tickets.values_list("email", flat=True)])
    for pk in SupplierQuestion.objects.filter(ticket__in=tickets).values_list("pk", flat=True):
        about |= Q(key__startswith=f"supplier-question:{pk}:")
    return Notification.objects.alias(to=Lower("recipient")).filter(about)


def erase(erasure: Erasure) -> None:
    """Empty the messages, and forget what they wanted to be told."""
    person = erasure.person
    rows = Notification.objects.filter(pk__in=list(_messages(person).values_list("pk", flat=True)))
    rows.filter(status__in=[S.QUEUED, S.SENDING]).update(status=S.DECLINED, due_at=None, lease_until=None)
    rows.update(recipient=f"nobody@{NOWHERE}", headers={}, subject="", text="", html="", last_error="", carrier_id="")
    # The same as the order, or the case, itself has from now on.
    for ticket in tickets_of(person).filter(order=None):
        rows.filter(key__contains=f":{ticket.number}:").update(recipient=erased_address(ticket))
    for order in Order.objects.of_person(person):
        rows.filter(order=order).update(recipient=erased_email(order))
    addresses = [*person.addresses, *_former(erasure)]
    phones = Correspondent.objects.filter(address__in=addresses).values_list("phone", flat=True)
    Suppression.objects.filter(address__in=[*addresses, *phones]).delete()
    Correspondent.objects.filter(address__in=addresses).delete()
    EventDelivery.objects.filter(order__in=Order.objects.of_person(person)).update(body="{}", answer="")


def _former(erasure: Erasure) -> list[str]:
    """Return addresses that their orders once had, unless they are somebody else's, as one that was mistyped may be."""
    typed = {mark.lower() for mark in erasure.marks if "@" in mark} - set(erasure.person.addresses)
    others = Order.objects.exclude(pk__in=Order.objects.of_person(erasure.person).values("pk"))
    taken = _addresses_in(others, typed) | _addresses_in(User.objects.all(), typed)
    return sorted(typed - taken)


def _addresses_in(rows: QuerySet, addresses: set[str]) -> set[str]:
    found = rows.alias(to=Lower("email")).filter(to__in=addresses).values_list("email", flat=True)
    return {email.lower() for email in found}
