"""When the goods of a whole list would arrive: by what is known per origin, without asking per product."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime

from django.db.models import Q

from shop.arrival import arrival_window
from shop.delivery import choices_of
from shop.lists.prices import price_between
from shop.models import DeliveryService
from shop.tax import Terms

# Goods that are longer in the making are in no list of "by this day".
MOST_HANDLING_DAYS = 60

Span = tuple[int, int | None, DeliveryService]


class Arrivals:
    """The last day on which goods would arrive, ordered now by the service that their cards speak of.

    That is the cheapest one, which depends on what the goods cost; hence *spans* of prices per origin.
    ``services`` are those of the visitor's country, by delivery profile.
    """

    def __init__(self, services: Mapping[int, Sequence[DeliveryService]], terms: Terms, now: datetime) -> None:
        self.services = services
        self._terms = terms
        self._now = now
        self._spans = {profile: self._spans_of(known) for profile, known in services.items()}
        self._days: dict[tuple[int, int], date] = {}

    def _spans_of(self, services: Sequence[DeliveryService]) -> list[Span]:
        edges = sorted({0, *(service.free_from_minor for service in services if service.free_from_minor is not None)})
        cheapest = [self._cheapest(services, edge) for edge in edges]
        spans: list[Span] = []
        for low, high, service in zip(edges, [*edges[1:], None], cheapest, strict=True):
            if spans and spans[-1][2].pk == service.pk:
                low = spans.pop()[0]
            spans.append((low, high, service))
        return spans

    def _cheapest(self, services: Sequence[DeliveryService], items_minor: int) -> DeliveryService:
        ways = choices_of(
            services,
            self._terms.country,
            items_minor=items_minor,
            handling_min_days=0,
            handling_max_days=0,
            now=self._now,
        )
        return ways[0].service

    def depends_on_price(self, profile: int | None) -> bool:
        """True if dearer goods of an origin travel by another service than cheap ones."""
        return len(self._spans.get(profile or 0, ())) > 1

    def _last_day(self, service: DeliveryService, handling: int) -> date:
        key = service.pk, handling
        if key not in self._days:
            window = arrival_window(
                service.zone.profile,
                service,
                self._terms.country,
                handling_min_days=0,
                handling_max_days=handling,
                now=self._now,
            )
            self._days[key] = window.latest_on
        return self._days[key]

    def day_of(self, profile: int | None, shown_minor: int, handling: int, sent_to: str) -> date | None:
        """Return by which day goods would be there; None if they cannot be bought or are not sent there."""
        if sent_to and f" {self._terms.country} " not in sent_to:
            return None
        for low, high, service in self._spans.get(profile or 0, ()):
            if low <= shown_minor and (high is None or shown_minor < high):
                return self._last_day(service, handling)
        return None

    def by(self, day: date) -> Q:
        """Return the condition that goods would be there by a day."""
        found = Q(pk__in=[])
        for profile, spans in self._spans.items():
            for span in spans:
                fitting = [days for days in range(MOST_HANDLING_DAYS) if self._last_day(span[2], days) <= day]
                if fitting:
                    found |= self._in_span(profile, span, len(spans)) & Q(handling_max_days__lte=fitting[-1])
        return found & (Q(sent_to="") | Q(sent_to__contains=f" {self._terms.country} "))

    def _in_span(self, profile: int, span: Span, count: int) -> Q:
        low, high, _service = span
        found = Q(delivery_profile=profile)
        return found & price_between("usual_minor", low, high, self._terms) if count > 1 else found
