"""Erase a person altogether, account or guest: everything but what the law has us keep.

Each app knows its own part, listed in the table that the setting ERASERS names, last floor first: a module per app with

- ``marks(person)``: their own texts (addresses, names, telephone numbers), by which they are found where machines wrote;
- ``handles(person)``: names of their rows (numbers, references), by which others speak of them;
- ``waits(person)``: why it cannot be done yet, a sentence each;
- ``counts(person)``: what there is, as (label, how much);
- ``erase(erasure)``: lets go of it.

What is kept, and why, is in ``docs/privacy.md``; ``tests/test_erasure.py`` searches the whole database for what is left.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from types import ModuleType

from django.conf import settings
from django.db import transaction
from django.utils.module_loading import import_string

from shop.access import note_access, person_key
from shop.models import AccessLog, User
from shop.people import Person
from shop.personal_data import StaysStaff

# Shorter texts are found in too much that is nobody's.
SHORTEST = 6
# In place of an address that was erased; nothing is ever sent there (RFC 2606).
NOWHERE = "erased.invalid"
ERASED = "[erased]"


@dataclass(frozen=True, slots=True)
class Erasure:
    """One person, with all that they are found by, collected before anything of it is gone."""

    person: Person
    marks: frozenset[str]
    handles: frozenset[str]


class NotYet(Exception):
    """Something of theirs is under way; ``reasons`` say what, for whoever wants to erase it."""

    def __init__(self, reasons: list[str]) -> None:
        super().__init__("; ".join(reasons))
        self.reasons = reasons


def erasers() -> list[ModuleType]:
    """Return the module of each app, last floor first."""
    return [import_module(path) for path in import_string(settings.ERASERS)]


def reasons_to_wait(person: Person) -> list[str]:
    """Return why a person cannot be erased yet; empty: they can."""
    return [reason for module in erasers() for reason in module.waits(person)]


def found_of(person: Person) -> Iterator[tuple[str, int]]:
    """Yield what there is of a person, as (label, how much), of each kind that there is any of."""
    for module in reversed(erasers()):
        yield from (entry for entry in module.counts(person) if entry[1])


def erase_person(person: Person, *, by: User | None) -> None:
    """Erase a person. ``by`` is whoever of us does it; None: they themselves, or a command. Safe to repeat.

    Raises NotYet while something of theirs is under way, and StaysStaff for somebody who works here.
    """
    user = person.user
    if user is not None and (user.is_staff or user.is_superuser or user.groups.exists()):
        raise StaysStaff
    with transaction.atomic():
        reasons = reasons_to_wait(person)
        if reasons:
            raise NotYet(reasons)
        modules = erasers()
        marks = {str(text).strip() for module in modules for text in module.marks(person)} | set(person.addresses)
        handles = {str(text) for module in modules for text in module.handles(person) if text}
        kept = frozenset(text for text in marks if len(text) >= SHORTEST)
        erasure = Erasure(person, kept, frozenset(handles))
        for module in modules:
            module.erase(erasure)
        if by is not None:
            for email in sorted(person.proved):
                note_access(by, AccessLog.Kind.ERASURE, person_key(email), "erased")
