"""What stands in the inbox: its views, what can be searched for, and the rows with all that they show.

A page costs the same number of queries however many rows it has.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from django.db.models import Case, Count, Exists, F, OuterRef, Q, QuerySet, Subquery, Value, When, Window
from django.db.models.functions import Coalesce, Least, Left, Lower
from django.http import QueryDict
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from orders.models import Shipment
from shop.models import User
from suppliers.models import SupplierOrder
from support.due import soon
from support.models import Return, Ticket, TicketMessage, Topic
from support.return_states import UNDECIDED
from support.states import TicketStatus
from support.timers import OUR_TURN

PER_PAGE = 50
LONGEST_QUERY, MOST_WORDS = 100, 8
LAST_LINE = 160
OPEN = ~Q(status=TicketStatus.SOLVED)
_TURN = Q(status__in=OUR_TURN)
VIEWS: dict[str, str | Promise] = {
    "mine": _("Mine"),
    "unassigned": _("Unassigned"),
    "soon": _("Due soon"),
    "overdue": _("Overdue"),
    "supplier": _("Waiting for supplier"),
    "customer": _("Waiting for customer"),
    "returns": _("Returns to decide"),
    "all": _("All open"),
}
DEFAULT_VIEW = "all"
# Whichever of both comes first; where one is missing, the other.
DUE = Least(Coalesce("answer_due_at", "solve_due_at"), Coalesce("solve_due_at", "answer_due_at"))


def overdue(now: datetime) -> Q:
    """The condition that a case should have been answered or solved by now."""
    return _TURN & (Q(answer_due_at__lt=now) | Q(solve_due_at__lt=now))


def rules(user: User, now: datetime) -> dict[str, Q]:
    """Return what belongs into each view."""
    until = now + soon()
    near = Q(answer_due_at__lt=until) | Q(solve_due_at__lt=until)
    to_decide = Return.objects.filter(ticket=OuterRef("pk"), status__in=UNDECIDED)
    return {
        "mine": OPEN & Q(owner=user.pk),
        "unassigned": _TURN & Q(owner=None),
        "soon": _TURN & near & ~overdue(now),
        "overdue": overdue(now),
        "supplier": Q(status=TicketStatus.WAITING_SUPPLIER),
        "customer": Q(status=TicketStatus.WAITING_CUSTOMER),
        "returns": OPEN & Q(Exists(to_decide)),
        "all": OPEN,
    }


@dataclass(frozen=True, slots=True)
class Asked:
    """What a page of the inbox was asked for: a view or words to look for, and what narrows it."""

    view: str = DEFAULT_VIEW
    query: str = ""
    topic: str = ""
    priority: str = ""
    tag: str = ""
    state: str = ""

    @classmethod
    def of(cls, given: QueryDict) -> Asked:
        """Read an address's query; what makes no sense is left out."""
        chosen = {
            name: given.get(name, "").replace("\x00", "").strip() for name in ("topic", "priority", "tag", "state")
        }
        known = {"topic": Topic.values, "priority": Ticket.Priority.values, "state": TicketStatus.values}
        for name, values in known.items():
            chosen[name] = chosen[name] if chosen[name] in values else ""
        chosen["tag"] = chosen["tag"][:40]
        query = given.get("q", "").replace("\x00", "").strip()[:LONGEST_QUERY]
        view = given.get("view", DEFAULT_VIEW)
        return cls(view=view if view in VIEWS else DEFAULT_VIEW, query=query, **chosen)

    @property
    def is_narrowed(self) -> bool:
        """True if more is asked than a view."""
        return bool(self.query or self.topic or self.priority or self.tag or self.state)

    @property
    def looks_everywhere(self) -> bool:
        """True for words and states: they are looked for in solved cases too."""
        return bool(self.query or self.state)

    def querystring(self) -> str:
        """Return the query that asks for the same again."""
        given = {"q": self.query, "topic": self.topic, "priority": self.priority, "tag": self.tag, "state": self.state}
        kept = {name: value for name, value in given.items() if value}
        return urlencode({"view": self.view} | kept)

    def rule(self, user: User, now: datetime) -> Q:
        """Return what fits."""
        found = Q() if self.looks_everywhere and self.view == DEFAULT_VIEW else rules(user, now)[self.view]
        if self.query:
            found &= matching(self.query)
        for name, column in (("topic", "topic"), ("priority", "priority"), ("state", "status")):
            found &= Q(**{column: getattr(self, name)}) if getattr(self, name) else Q()
        if self.tag:
            tagged = Ticket.tags.through.objects.filter(ticket=OuterRef("pk"), tag__name__iexact=self.tag)
            found &= Q(Exists(tagged))
        return found


def matching(query: str) -> Q:
    """Return the cases that a number, an address, a name or words name; every word must be found somewhere."""
    # Each of these is looked up once and not for every case; words in messages by their index (PostgreSQL).
    shipments = Shipment.objects.filter(tracking_number__iexact=query).values("order")
    references = Q(reference__iexact=query) | Q(supplier_order_id__iexact=query)
    supplier_orders = SupplierOrder.objects.filter(references).values("order")
    found = Q(number__iexact=query) | Q(email__icontains=query) | Q(name__icontains=query)
    found |= Q(order__number__icontains=query) | Q(order__in=shipments) | Q(order__in=supplier_orders)
    words = Q()
    for word in query.split()[:MOST_WORDS]:
        messages = TicketMessage.objects.filter(body__icontains=word).order_by().values("ticket")
        words &= Q(subject__icontains=word) | Q(pk__in=messages)
    return found | words


def by_urgency(tickets: QuerySet[Ticket]) -> QuerySet[Ticket]:
    """Sort by when they are due; of those due together, whoever wrote first comes first."""
    mine = TicketMessage.objects.filter(ticket=OuterRef("pk"), author=TicketMessage.Author.CUSTOMER)
    wrote = Subquery(mine.order_by("-at").values("at")[:1])
    # Nobody waits in what is solved, of which a search may find thousands: there nothing more is read.
    since = Case(When(status=TicketStatus.SOLVED, then=F("opened_at")), default=Coalesce(wrote, F("opened_at")))
    due = Coalesce(DUE, F("waiting_until"))
    return tickets.order_by(due.asc(nulls_last=True), since, "pk")


def page_of(rule: Q, number: int) -> tuple[list[Ticket], int]:
    """Return the rows of a page and how many there are in all, with all that a row shows of the case; two queries.

    Beyond the end: no rows, and 0.
    """
    last = TicketMessage.objects.filter(ticket=OuterRef("pk")).order_by("-at", "-pk")
    siblings = (
        Ticket.objects.alias(mail=Lower("email"))
        .filter(OPEN, Q(order=OuterRef("order")) | Q(mail=Lower(OuterRef("email"))))
        .order_by()
        .annotate(one=Value(1))
        .values("one")
        .annotate(cases=Count("pk"))
        .values("cases")
    )
    rows = Ticket.objects.filter(rule).select_related("order", "owner").prefetch_related("order__lines")
    rows = rows.annotate(
        total=Window(Count("pk")),
        last_line=Left(Subquery(last.values("body")[:1]), LAST_LINE),
        last_author=Subquery(last.values("author")[:1]),
        last_thread=Subquery(last.values("thread")[:1]),
        siblings=Coalesce(Subquery(siblings), 0),
    )
    start = (number - 1) * PER_PAGE
    found = list(by_urgency(rows)[start : start + PER_PAGE])
    return found, found[0].total if found else 0


def counts(user: User, now: datetime) -> dict[str, int]:
    """Return how many cases each view has, and how many of the late ones were passed up; one query."""
    wanted = {name: Count("pk", filter=rule) for name, rule in rules(user, now).items()}
    raised = Count("pk", filter=overdue(now) & ~Q(escalated_at=None))
    return Ticket.objects.filter(OPEN).aggregate(**wanted, raised=raised)


def arrived(rule: Q, since: datetime) -> int:
    """Return how many cases have come into a list since then: new ones, and those that a customer has opened again."""
    woken = Q(opened_at__gt=since) | Q(status=TicketStatus.OPEN, status_changed_at__gt=since)
    return Ticket.objects.filter(rule & woken).count()


def next_due(now: datetime) -> datetime | None:
    """Return when the next case is due of which it is our turn; None if there is none."""
    coming = Ticket.objects.filter(_TURN).annotate(due=DUE).filter(due__gte=now)
    return coming.order_by("due").values_list("due", flat=True).first()


def people_in(tickets: Sequence[Ticket], found: Mapping[int, list[tuple[User, bool]]]) -> None:
    """Write to each row who has it open now."""
    for ticket in tickets:
        ticket.people = found.get(ticket.pk, [])
