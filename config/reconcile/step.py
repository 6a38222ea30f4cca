"""What one page of a part brought, and how a run holds on to its place meanwhile."""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings

from config.models import Comparison
from orders import lease


@dataclass(frozen=True, slots=True)
class Step:
    """What one page brought: where to go on (empty: this part is done), rows looked at, facts taken in."""

    after: str
    seen: int
    taken_in: int = 0


def keep(run: Comparison) -> bool:
    """Hold on to a run for LEASE_SECONDS more, as each look at Stripe may take its time; False if it is ours no more."""
    until = lease.db_now_plus(settings.LEASE_SECONDS)
    mine = Comparison.objects.filter(pk=run.pk, attempt=run.attempt)
    return bool(mine.update(lease_until=until, due_at=until))
