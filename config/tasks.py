"""Tasks that look across all apps."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from config import waiting


@shared_task
def keep_deadlines() -> None:
    """Turn what has waited too long into work for people, and close what has gone on."""
    waiting.keep_deadlines(now=timezone.now())
