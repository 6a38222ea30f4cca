"""The list of returns at the desk: what waits for whom, in how many; a fixed number of queries however many there are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlencode

from django.db.models import Count, Exists, OuterRef, Prefetch, Q, QuerySet
from django.http import QueryDict
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from suppliers.models import Supplier
from support.models import Return, ReturnDecision, ReturnLine, ReturnReason
from support.return_states import OVER, UNDECIDED, DecisionStatus, ReturnStatus

_S = ReturnStatus
LONGEST_QUERY = 100
# Handed in, and not here after so long: nobody knows where it is.
ON_THE_WAY = timedelta(days=14)
VIEWS: dict[str, str | Promise] = {
    "decide": _("To decide"),
    "second": _("Waiting for a second person"),
    "goods": _("Waiting for goods"),
    "here": _("Here, not inspected"),
    "doubt": _("In doubt"),
    "open": _("All open"),
    "all": _("All"),
}
DEFAULT_VIEW = "decide"
ASKED_SECOND = Exists(ReturnDecision.objects.filter(parent=OuterRef("pk"), status=DecisionStatus.ASKED))


def rules(now: datetime) -> dict[str, Q]:
    """Return what belongs into each view."""
    undecided = Q(status__in=UNDECIDED)
    lost = Q(status=_S.IN_TRANSIT, handed_in_at__lt=now - ON_THE_WAY)
    no_address = Q(status=_S.ACCEPTED, goods_back=True, decided_at__lt=now - timedelta(days=2))
    return {
        "decide": undecided & ~Q(ASKED_SECOND),
        "second": undecided & Q(ASKED_SECOND),
        "goods": Q(status__in=[_S.ACCEPTED, _S.READY, _S.IN_TRANSIT]),
        "here": Q(status=_S.RECEIVED),
        "doubt": Q(status=_S.REVIEW) | lost | no_address,
        "open": ~Q(status__in=OVER),
        "all": Q(),
    }


@dataclass(frozen=True, slots=True)
class Asked:
    """What a page of the list was asked for; what makes no sense is left out."""

    view: str = DEFAULT_VIEW
    query: str = ""
    reason: str = ""
    supplier: str = ""

    @classmethod
    def of(cls, given: QueryDict) -> Asked:
        """Read an address's query."""
        view = given.get("view", "")
        query = given.get("q", "").replace("\x00", "").strip()[:LONGEST_QUERY]
        reason = given.get("reason", "")
        supplier = given.get("supplier", "").replace("\x00", "")[:50]
        return cls(
            view if view in VIEWS else "all" if query else DEFAULT_VIEW,
            query,
            reason if reason in ReturnReason.values else "",
            supplier,
        )

    def narrowed(self) -> Q:
        """Return what fits the filters, whatever the view."""
        found = Q(reason=self.reason) if self.reason else Q()
        found &= Q(supplier_order__supplier__slug=self.supplier) if self.supplier else Q()
        if self.query:
            found &= (
                Q(number__iexact=self.query)
                | Q(order__number__iexact=self.query)
                | Q(ticket__number__iexact=self.query)
                | Q(order__email__iexact=self.query)
                | Q(tracking_number__iexact=self.query)
            )
        return found

    def querystring(self) -> str:
        """Return the query that asks for the same again."""
        given = {"view": self.view, "q": self.query, "reason": self.reason, "supplier": self.supplier}
        return urlencode({name: value for name, value in given.items() if value})

    @property
    def reasons(self) -> Sequence[tuple[str, str]]:
        """The reasons that can be chosen."""
        return ReturnReason.choices

    def suppliers(self) -> list[tuple[str, str]]:
        """Return the suppliers that can be chosen. One query."""
        return list(Supplier.objects.order_by("name").values_list("slug", "name"))


def rows_of(asked: Asked, *, now: datetime) -> QuerySet[Return]:
    """Return the returns of a view, the oldest first where somebody waits; two queries a page, and one to count."""
    lines = Prefetch("lines", ReturnLine.objects.select_related("order_line"))
    rows = Return.objects.filter(rules(now)[asked.view], asked.narrowed())
    rows = rows.select_related("order", "ticket", "supplier_order__supplier").prefetch_related(lines)
    order = ("-asked_at", "-pk") if asked.view == "all" else ("status_changed_at", "pk")
    return rows.order_by(*order)


def counts_of_views(asked: Asked, *, now: datetime) -> list[tuple[str, str | Promise, int | None, bool]]:
    """Return each view with how many returns it has (None for all there ever were), and whether it is shown. One query."""
    wanted = {name: Count("pk", filter=rule) for name, rule in rules(now).items() if name != "all"}
    numbers = Return.objects.exclude(status__in=[*OVER]).filter(asked.narrowed()).aggregate(**wanted)
    return [(name, label, numbers.get(name), name == asked.view) for name, label in VIEWS.items()]
