"""Run the audit every night, and ask a person about each check that does not hold."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.apps import AppConfig
from django.conf import settings
from django.db import connections, transaction
from django.utils import timezone

from config.audit import Finding, run_audit
from config.models import AuditCheck, NightlyAudit
from orders import lease
from orders.actions.work import close_work, open_work
from orders.models import WorkItem

logger = logging.getLogger(__name__)
# Longer than it takes over any shop; whoever dies in it is followed by another.
AUDIT_SECONDS = 3600
EXAMPLES = 20


def next_night(now: datetime) -> datetime:
    """Return the next moment at which the shop's clock shows AUDIT_HOUR."""
    local = timezone.localtime(now)
    tonight = local.replace(hour=settings.AUDIT_HOUR, minute=0, second=0, microsecond=0)
    return tonight if tonight > local else tonight + timedelta(days=1)


def keep_row(sender: AppConfig, using: str, **kwargs: object) -> None:
    """Have the row that the timetable looks at. Runs after every migrate; safe to repeat."""
    if NightlyAudit._meta.db_table in connections[using].introspection.table_names():
        due_at = next_night(timezone.now())
        NightlyAudit.objects.using(using).get_or_create(pk=1, defaults={"due_at": due_at})


def audit_by_night(row_id: int) -> bool:
    """Run every check, note what it found, and owe the next night; True if this process did it.

    One open WorkItem per check that does not hold, closed by the night in which it holds again.
    Safe to repeat and to run twice at once.
    """
    row = lease.take(NightlyAudit.objects.all(), row_id, seconds=AUDIT_SECONDS)
    if row is None:
        return False
    try:
        findings = run_audit()
    except Exception as error:  # noqa: BLE001  (whatever it is, the audit is tried again this night)
        logger.exception("the nightly audit failed")
        lease.fail(row, f"{type(error).__name__}: {error}")
        return False
    now = timezone.now()
    unexplained = sum(len(finding.violations) for finding in findings)
    pause = (next_night(now) - now).total_seconds()
    with transaction.atomic():
        if not lease.finish(row, due_in=pause, ran_at=now, unexplained=unexplained):
            return False
        for finding in findings:
            _note(finding, now)
        _forget(AuditCheck.objects.exclude(name__in=[finding.check.name for finding in findings]))
    return True


def _note(finding: Finding, now: datetime) -> None:
    name, found = finding.check.name, finding.violations
    changes = {"violations": len(found), "examples": found[:EXAMPLES], "checked_at": now}
    check, _new = AuditCheck.objects.update_or_create(name=name, defaults=changes)
    if found:
        summary = f"{name}: {len(found)} found, as in “{found[0]}”. The audit page names them all."
        open_work(WorkItem.Reason.AUDIT, check, order=None, summary=summary)
    else:
        close_work(WorkItem.Reason.AUDIT, check)


def _forget(gone: Iterable[AuditCheck]) -> None:
    # A check that is no more can never hold again, and nobody should be asked about it.
    for check in gone:
        close_work(WorkItem.Reason.AUDIT, check)
        check.delete()
