"""Shifts, and what one hands over to the next."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import transaction

from orders.keys import bound_key
from shop.models import User
from support.models import HandOver, HandOverRead, Shift


class Overlapping(Exception):
    """Somebody would be on duty twice at once."""

    def __init__(self, other: Shift) -> None:
        super().__init__(str(other))
        self.other = other


def add_shift(user: User, *, starts_at: datetime, ends_at: datetime, is_lead: bool) -> Shift:
    """Put somebody on duty; the same shift a second time is the one that is there. Raises Overlapping."""
    with transaction.atomic():
        # One at a time for each of them, so that of two at once the second sees the first.
        User.objects.select_for_update(no_key=True).get(pk=user.pk)
        for other in Shift.objects.filter(user=user, starts_at__lt=ends_at, ends_at__gt=starts_at):
            if (other.starts_at, other.ends_at) == (starts_at, ends_at):
                return other
            raise Overlapping(other)
        return Shift.objects.create(user=user, starts_at=starts_at, ends_at=ends_at, is_lead=is_lead)


def remove_shift(shift: Shift) -> bool:
    """Take a shift out of the roster; False if it was gone. Safe to repeat."""
    return bool(Shift.objects.filter(pk=shift.pk).delete()[0])


def write_hand_over(body: str, *, form_key: UUID, by: User) -> HandOver:
    """Leave a note for whoever comes on duty; once per ``form_key``."""
    return HandOver.objects.get_or_create(form_key=bound_key(form_key, by), defaults={"body": body, "by": by})[0]


def read_hand_over(note: HandOver, *, by: User) -> None:
    """Note that somebody has read what was handed over. Safe to repeat."""
    HandOverRead.objects.bulk_create([HandOverRead(hand_over=note, user=by)], ignore_conflicts=True)
