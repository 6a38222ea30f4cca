"""What a person can do about a piece of work: the best next action first, as a button.

Which ones is listed in the one table that the setting REMEDIES names (like ``shop.panels``): reasons of this
app's work come from all apps, and so do the actions.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from django.conf import settings
from django.db import models, transaction
from django.utils.functional import Promise
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _

from orders import events
from orders.actions.work import subject_of
from orders.models import WorkItem
from shop.models import User


class NotPossible(Exception):
    """The action cannot be done now; the text says why, for staff."""


Act = Callable[..., str]


@dataclass(frozen=True, slots=True)
class Remedy:
    """One action: its button, the dotted name of a function ``(subject, *, by) -> str``, and who may.

    The function does it by the same action as everywhere else and returns what to tell the person; it
    raises NotPossible. It may run twice. ``about``: only for subjects of these models (empty: all).
    ``is_retry``: only tries again, so it may be done for many at once. ``is_page``: nothing is done, a page is
    opened on which it is decided; the function is ``(subject) -> str`` and returns its address.
    """

    key: str
    label: str | Promise
    action: str
    permission: str
    about: tuple[str, ...] = ()
    is_retry: bool = False
    is_page: bool = False


def all_remedies() -> Mapping[str, list[Remedy]]:
    """Return the table: reason to remedies, best first."""
    return import_string(settings.REMEDIES)


def remedies_of(item: WorkItem, user: User) -> list[Remedy]:
    """Return what this person can do about an open piece of work, best first. Costs no query of its own."""
    model = item.subject_key.partition(":")[0]
    found = all_remedies().get(item.reason, []) if item.is_open else []
    return [one for one in found if (not one.about or model in one.about) and user.has_perm(one.permission)]


def page_of(item: WorkItem, remedy: Remedy) -> str | None:
    """Return the address of the page on which a piece of work is decided; None if what it was about is gone."""
    subject = subject_of(item)
    if subject is None:
        return None
    address: Callable[[models.Model], str] = import_string(remedy.action)
    return address(subject)


def apply_remedy(item: WorkItem, remedy: Remedy, *, by: User) -> str:
    """Do one thing about a piece of work; return what to tell the person. Records ``work.acted``.

    Whether the work closes is up to its cause: the action closes it, or the sweep, or it stays. Raises
    NotPossible, and then nothing has changed.
    """
    subject = subject_of(item)
    if subject is None:
        raise NotPossible(_("What this was about is gone."))
    with transaction.atomic():
        told = _run(remedy, subject, by)
        events.record("work.acted", item, by=by, action=remedy.key, about=item.subject_key, result=told[:200])
    return told


def _run(remedy: Remedy, subject: models.Model, by: User) -> str:
    act: Act = import_string(remedy.action)
    return act(subject, by=by)
