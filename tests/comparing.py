"""Our books and Stripe's, compared in a test: a whole run at once, or as much of it as Stripe lets us."""

from __future__ import annotations

from django.utils import timezone

from config.models import Comparison, MoneyFinding
from config.reconcile import runs
from orders.models import IncomingEvent


def reconcile(kind: str = "recent") -> int:
    """Run a comparison to its end, or to where Stripe does not answer; return how many events it took in."""
    told = IncomingEvent.objects.filter(source="stripe").exclude(event_id__startswith="found:")
    before = told.count()
    runs.work_on(runs.begin(Comparison.Kind(kind), now=timezone.now()).pk)
    return told.count() - before


def found() -> list[tuple[str, str]]:
    """Return (kind, key) of every difference that nothing explains."""
    return sorted(MoneyFinding.objects.filter(explained_at=None).values_list("kind", "key"))
