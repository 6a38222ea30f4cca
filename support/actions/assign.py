"""Give cases to agents: by hand, to whoever asks for the next, and by themselves."""

from __future__ import annotations

from datetime import UTC, datetime

from django.db import transaction
from django.db.models import Count, Exists, OuterRef, Q
from django.utils import timezone

from orders import events
from orders.models import Event
from shop.models import User
from support.agents import desk_agents, on_duty
from support.inbox import by_urgency
from support.models import AgentProfile, Ticket, TicketMessage
from support.timers import OUR_TURN

# Of the most urgent cases so many are tried: others take some of them in the same moment.
TRIED = 20
# So many waiting cases are given out in one sweep; the next one goes on.
MOST_GIVEN = 200
NEVER = datetime.min.replace(tzinfo=UTC)


def assign_case(ticket: Ticket, to: User | None, *, by: User | None, only_if_free: bool = False) -> bool:
    """Give a case to somebody, or to nobody (None); False if it was theirs, or with ``only_if_free`` somebody's.

    One conditional UPDATE: of two who take the same free case one gets it. Safe to repeat.
    """
    rows, was = Ticket.objects.filter(pk=ticket.pk), ticket.owner_id
    others = Q(owner=None) if only_if_free else ~Q(owner=to) if to is None else Q(owner=None) | ~Q(owner=to)
    with transaction.atomic():
        changed = rows.filter(others).update(owner=to)
        if changed:
            events.record("ticket.assigned", ticket, by=by, to=to.pk if to else None, was=was)
    ticket.refresh_from_db(fields=["owner"])
    return bool(changed)


def take_next(user: User, *, now: datetime, besides: int | None = None) -> Ticket | None:
    """Return the most urgent case that is somebody's own or nobody's, and make it theirs; None if there is none.

    Of two agents who ask in the same moment each gets another one. ``besides`` is the case they come from.
    """
    turn = Ticket.objects.filter(Q(owner=None) | Q(owner=user), status__in=OUR_TURN).exclude(pk=besides)
    # What has an answer that goes out in a moment waits for nobody here.
    turn = turn.filter(~Exists(TicketMessage.objects.filter(ticket=OuterRef("pk"), held_until__isnull=False)))
    while True:
        found = list(by_urgency(turn)[:TRIED])
        for ticket in found:
            if ticket.owner_id == user.pk or assign_case(ticket, user, by=user, only_if_free=True):
                return ticket
        # All of these went to others meanwhile, so another look finds others, or none.
        if len(found) < TRIED:
            return None


def give_out(ticket_id: int) -> User | None:
    """Give a new case to the agent on duty who takes cases, knows its topic and has the fewest to answer.

    Nobody is given more than they take at most, and whoever speaks the customer's language goes first. None: the
    case is somebody's, or nobody is there for it; then it stays among those that nobody has. Safe to repeat.
    """
    with transaction.atomic():
        ticket = Ticket.objects.filter(pk=ticket_id, owner=None, status__in=OUR_TURN).first()
        profiles = _takers(timezone.now()) if ticket else []
        if ticket is None or not profiles:
            return None
        load = dict(
            Ticket.objects.filter(owner__in=[one.user_id for one in profiles], status__in=OUR_TURN)
            .order_by()
            .values_list("owner")
            .annotate(cases=Count("pk"))
        )
        fit = [one for one in profiles if _fits(one, ticket) and load.get(one.user_id, 0) < one.most_open]
        speaking = [one for one in fit if ticket.language in one.languages]
        chosen = min(
            speaking or fit, key=lambda one: (load.get(one.user_id, 0), one.given_at or NEVER, one.pk), default=None
        )
        if chosen is None or not assign_case(ticket, chosen.user, by=None, only_if_free=True):
            return None
        AgentProfile.objects.filter(pk=chosen.pk).update(given_at=timezone.now())
    return chosen.user


def _takers(now: datetime) -> list[AgentProfile]:
    """Lock and return the settings of everybody on duty who takes cases, so that their loads are counted one after the other."""
    there = desk_agents().filter(pk__in=[shift.user_id for shift in on_duty(now)])
    # Whoever has changed none has the first ones; a row of theirs can be locked.
    AgentProfile.objects.bulk_create([AgentProfile(user=user) for user in there], ignore_conflicts=True)
    mine = AgentProfile.objects.filter(user__in=there, is_available=True).select_related("user").order_by("pk")
    return list(mine.select_for_update(of=("self",), no_key=True))


def _fits(profile: AgentProfile, ticket: Ticket) -> bool:
    return not profile.topics or ticket.topic in profile.topics


def give_out_opened(event: Event) -> None:
    """Give out the case that an event is about."""
    give_out(event.subject_id)


def give_out_waiting() -> int:
    """Give out the cases that nobody has, the most urgent first; return how many. Safe to repeat, and cheap if nobody is there."""
    if not on_duty(timezone.now()):
        return 0
    free = by_urgency(Ticket.objects.filter(owner=None, status__in=OUR_TURN))
    return sum(give_out(pk) is not None for pk in list(free.values_list("pk", flat=True)[:MOST_GIVEN]))
