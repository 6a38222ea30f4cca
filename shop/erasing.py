"""What the shop window knows of a person, let go of; see ``shop/erasure.py``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from importlib import import_module

from django.conf import settings
from django.contrib.admin.models import LogEntry
from django.contrib.sessions.models import Session
from django.utils.translation import gettext as _

from shop.erasure import ERASED, Erasure
from shop.models import Basket, SavedAddress
from shop.people import Person
from shop.personal_data import forget, watches_of

ADDRESS = ("name", "company", "line1", "line2", "phone")


def marks(person: Person) -> Iterator[str]:
    """Yield their name, and what their saved addresses say."""
    if person.user is not None:
        yield person.user.name
        for address in SavedAddress.objects.of(person.user):
            yield from (str(getattr(address, name)) for name in ADDRESS)


def handles(person: Person) -> Iterator[str]:
    """Nothing of others speaks of rows of this app."""
    yield from ()


def waits(person: Person) -> Iterator[str]:
    """Nothing here has to be waited for."""
    yield from ()


def counts(person: Person) -> Iterator[tuple[str, int]]:
    """Yield what there is."""
    user = person.user
    yield _("account"), int(user is not None)
    yield _("saved addresses"), SavedAddress.objects.of(user).count() if user else 0
    yield _("wishes to be told of goods"), watches_of(person).count()


def erase(erasure: Erasure) -> None:
    """Empty the account, and whatever visits and the admin's history still say."""
    watches_of(erasure.person).delete()
    if erasure.person.user is not None:
        forget(erasure.person.user)
        Basket.objects.filter(user=erasure.person.user).update(user=None)
    _end_visits(erasure.marks)
    for mark in erasure.marks:
        LogEntry.objects.filter(object_repr__icontains=mark).update(object_repr=ERASED, change_message="")
        LogEntry.objects.filter(change_message__icontains=mark).update(change_message="")


def _end_visits(marks: Iterable[str]) -> None:
    """End the visits in which something of theirs was typed. Each must be read: they are kept packed and signed."""
    store = import_module(settings.SESSION_ENGINE).SessionStore
    lowered = [mark.lower() for mark in marks]
    for row in Session.objects.iterator(chunk_size=500):
        said = str(store().decode(row.session_data)).lower()
        if any(mark in said for mark in lowered):
            row.delete()
