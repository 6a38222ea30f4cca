"""Tasks that look across all apps."""

from __future__ import annotations

from importlib import import_module

from celery import shared_task
from django.conf import settings
from django.utils import timezone

from config import waiting
from config.nightly import audit_by_night
from config.reconcile import runs
from shop import access


@shared_task
def keep_deadlines() -> None:
    """Turn what has waited too long into work for people, and close what has gone on."""
    waiting.keep_deadlines(now=timezone.now())


@shared_task
def forget_old_visits() -> None:
    """Delete what visits have left, as typed addresses, once they have ended by their age."""
    import_module(settings.SESSION_ENGINE).SessionStore.clear_expired()


@shared_task
def forget_old_access() -> None:
    """Delete what is noted of accesses to personal data once it is old."""
    access.forget_old_access(now=timezone.now())


@shared_task
def run_nightly_audit(row_id: int) -> None:
    """Prove that it all adds up, once a night."""
    audit_by_night(row_id)


@shared_task
def begin_comparisons() -> None:
    """Begin to compare our books with Stripe's: the last days each time, everything once a night."""
    runs.begin_due(now=timezone.now())


@shared_task
def compare(comparison_id: int) -> None:
    """Go on with a comparison, for as long as a task may take."""
    runs.work_on(comparison_id)
