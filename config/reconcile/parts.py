"""What a run consists of, in this order."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from config.models import Comparison
from config.reconcile import our_side, stripe_side
from config.reconcile.step import Step

# Each reads one page from the run's place on, and may run twice.
Part = Callable[[Comparison], Step]

_LISTS: Mapping[str, Part] = {
    "payment_intents": stripe_side.intents,
    "charges": stripe_side.charges,
    "refunds": stripe_side.refunds,
    "disputes": stripe_side.disputes,
}
PARTS: Mapping[str, Mapping[str, Part]] = {
    Comparison.Kind.RECENT: {"events": stripe_side.events, **_LISTS, "orders": our_side.recent_orders},
    Comparison.Kind.FULL: {
        **_LISTS,
        "payments": our_side.payments,
        "orders": our_side.orders,
        "units": our_side.units,
    },
}
