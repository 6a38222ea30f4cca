"""Whom what is kept belongs to: an account with its proved addresses, or a guest's address alone."""

from __future__ import annotations

from dataclasses import dataclass

from allauth.account.models import EmailAddress

from shop.accounts import verified_emails
from shop.models import User


@dataclass(frozen=True, slots=True)
class Person:
    """One person. ``proved`` are the addresses, in small letters, that were proved to be theirs; ``user`` may be None."""

    proved: frozenset[str]
    user: User | None = None

    @property
    def addresses(self) -> list[str]:
        """All addresses of theirs, proved or not, in small letters."""
        return sorted(self.proved | ({self.user.email.lower()} if self.user else set()))


def person_of(user: User) -> Person:
    """Return the person of an account."""
    return Person(frozenset(verified_emails(user)), user)


def person_at(email: str) -> Person:
    """Return whose address this is, proved to be theirs by a link sent to it, or by staff who asked."""
    typed = email.strip().lower()
    known = EmailAddress.objects.filter(email__iexact=typed, verified=True).select_related("user").first()
    user = known.user if known else User.objects.filter(email__iexact=typed).first()
    if user is None:
        return Person(frozenset({typed}))
    return Person(frozenset({typed, *verified_emails(user)}), user)
