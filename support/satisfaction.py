"""What customers thought of how their case was solved, for figures.

The ratings are asked for by name: a desk without them has figures all the same.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.apps import apps


def ratings_since(start: datetime) -> Iterable[tuple[datetime, int | None, bool]]:
    """Return when, for whose case (an agent's id; None: nobody's) and how customers have rated; one query."""
    try:
        model = apps.get_model("support", "Rating")
    except LookupError:
        return []
    return model.objects.filter(at__gte=start).order_by().values_list("at", "ticket__owner", "is_good")
