"""The task of the project itself: what looks across all apps."""

from __future__ import annotations

from celery import shared_task

from config.nightly import audit_by_night


@shared_task
def run_nightly_audit(row_id: int) -> None:
    """Prove that it all adds up, once a night."""
    audit_by_night(row_id)
