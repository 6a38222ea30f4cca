"""Begin runs, go on with them page by page, and end them."""

from __future__ import annotations

import time
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import QuerySet
from django.utils import timezone

from config.models import Comparison
from config.reconcile.parts import PARTS
from config.reconcile.step import Step
from orders import lease
from orders.stripe_client import StripeRefused, StripeUnclear
from shop.turns import is_over

Kind = Comparison.Kind
LOOKS_BACK = timedelta(hours=72)
# Seconds after which a task gives the run back, to go on at once: a worker has others to serve as well.
TAKES = 40


def begin(kind: Kind, *, now: datetime) -> Comparison:
    """Let a run begin now, or go on at once where it is. Safe to repeat."""
    row, _new = Comparison.objects.get_or_create(kind=kind)
    Comparison.objects.filter(lease.is_free(), pk=row.pk, quarantined_at=None).update(due_at=now)
    return row


def begin_due(*, now: datetime) -> None:
    """Begin what is due by the clock: the last days at every call, everything once a night. Safe to repeat."""
    begin(Kind.RECENT, now=now)
    if not Comparison.objects.filter(kind=Kind.FULL, begun_at__gte=last_night(now)).exists():
        begin(Kind.FULL, now=now)


def last_night(now: datetime) -> datetime:
    """Return the last moment at which the shop's clock showed AUDIT_HOUR."""
    local = timezone.localtime(now)
    tonight = local.replace(hour=settings.AUDIT_HOUR, minute=0, second=0, microsecond=0)
    return tonight if tonight <= local else tonight - timedelta(days=1)


def work_on(comparison_id: int, *, seconds: float = TAKES) -> bool:
    """Go on with a run for so many seconds, page by page; True if it has ended, whole.

    Each page's findings are written before its place is noted, so a run that dies repeats one page at most, and
    repeating changes nothing. Of two at once one has the lease. When Stripe does not answer, it goes on later
    where it stood. Talks to the network.
    """
    run = lease.take(Comparison.objects.all(), comparison_id)
    if run is None:
        return False
    if not run.part and not _start(run):
        return False
    end = time.monotonic() + seconds
    while run.part:
        try:
            step = PARTS[run.kind][run.part](run)
        except (StripeUnclear, StripeRefused) as error:
            _fail(run, error)
            return False
        if not _note(run, step):
            # Our lease ran out, and somebody else goes on from the same place.
            return False
        if run.part and is_over(end):
            lease.put_off(run, 0)
            return False
    return _finish(run)


def _start(run: Comparison) -> bool:
    now = timezone.now()
    run.begun_at, run.since = now, now - LOOKS_BACK if run.kind == Kind.RECENT else None
    run.part, run.cursor, run.counts = next(iter(PARTS[run.kind])), "", {}
    names = ("begun_at", "since", "part", "cursor", "counts")
    return bool(_mine(run).update(**{name: getattr(run, name) for name in names}))


def _mine(run: Comparison) -> QuerySet[Comparison]:
    return Comparison.objects.filter(pk=run.pk, attempt=run.attempt)


def _note(run: Comparison, step: Step) -> bool:
    """Note how far the run is, and hold on to it for one more page."""
    counts = run.counts.get(run.part, {"seen": 0, "taken_in": 0})
    run.counts[run.part] = {"seen": counts["seen"] + step.seen, "taken_in": counts["taken_in"] + step.taken_in}
    if not step.after:
        names = list(PARTS[run.kind])
        run.part = next(iter(names[names.index(run.part) + 1 :]), "")
    run.cursor = step.after
    changes = {"part": run.part, "cursor": run.cursor, "counts": run.counts, "failed_since": None}
    return bool(_mine(run).update(**changes)) and lease.keep(run)


def _fail(run: Comparison, error: Exception) -> None:
    now = timezone.now()
    _mine(run).filter(failed_since=None).update(failed_since=now)
    if isinstance(error, StripeRefused):
        # It does not know the place where we stood, or what we ask: this part begins anew.
        run.counts.pop(run.part, None)
        _mine(run).update(cursor="", counts=run.counts)
    lease.fail(run, f"{type(error).__name__}: {error}")


def _finish(run: Comparison) -> bool:
    now = timezone.now()
    return lease.finish(
        run, finished_at=now, good_at=now, last_counts=run.counts, failed_since=None, part="", cursor=""
    )
