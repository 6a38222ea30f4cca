"""Write down who of us looked at whose personal data, and forget it in time."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.utils import timezone
from django.utils.crypto import salted_hmac

from shop.models import AccessLog, User


def note_access(user: User | AnonymousUser, kind: AccessLog.Kind, key: str, did: str = "") -> None:
    """Note that somebody saw something of one person, once an hour: one statement, whether it is new or not.

    Nothing is noted of visitors without a log-in: whoever has a link sees their own. Raises what the database raises:
    what cannot be noted shall not be seen.
    """
    if not user.is_authenticated:
        return
    now = timezone.now()
    row = AccessLog(
        user=user,
        kind=kind,
        key=key[:80],
        did=did[:60],
        at=now,
        hour=now.replace(minute=0, second=0, microsecond=0),
    )
    AccessLog.objects.bulk_create([row], ignore_conflicts=True)


def person_key(email: str) -> str:
    """Return the text that stands for an address where the address itself must not stand."""
    return f"person:{salted_hmac('shop.access', email.strip().lower(), algorithm='sha256').hexdigest()[:24]}"


def forget_old_access(*, now: datetime) -> int:
    """Delete what is older than ACCESS_LOG_DAYS; return how many rows. Safe to repeat."""
    return AccessLog.objects.filter(at__lt=now - timedelta(days=settings.ACCESS_LOG_DAYS)).delete()[0]
