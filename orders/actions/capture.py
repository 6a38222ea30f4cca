"""Carry out at the provider what was decided about an authorisation, and decide when nobody did."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.utils import timezone

from orders import lease
from orders.actions.authorisation import NothingToDecide, note_released, refuse_order
from orders.actions.payment import settle
from orders.models import Authorisation
from orders.providers.base import Refused, Unclear
from orders.providers.registry import provider_of
from orders.states import AuthorisationStatus

Status = AuthorisationStatus
LIVE = [Status.HELD, Status.CAPTURING, Status.RELEASING]


def work_on_authorisation(authorisation_id: int) -> None:
    """Take, or let go, what a bank keeps for us. Talks to the network; safe to repeat.

    Where nobody has decided until shortly before it lapses, the shop does: it lets the money go, because
    goods that nobody looked at must not go out, and must not be charged.
    """
    rows = Authorisation.objects.filter(status__in=LIVE).select_related("order", "session")
    kept = lease.take(rows, authorisation_id)
    if kept is None:
        over = Authorisation.objects.filter(lease.is_free(), pk=authorisation_id).exclude(status__in=LIVE)
        over.update(due_at=None, lease_until=None)
        return
    if kept.status == Status.HELD:
        # Too early, should anybody have made it due by hand: then it is only looked at.
        if timezone.now() >= _end_of_thinking(kept):
            _let_go(kept)
        else:
            _look(kept)
        return
    try:
        _carry_out(kept)
    except (Unclear, Refused) as error:
        lease.fail(kept, f"Stripe does not answer: {error}")


def _end_of_thinking(kept: Authorisation) -> datetime:
    return kept.lapses_at - timedelta(hours=settings.LET_GO_BEFORE_HOURS)


def _let_go(kept: Authorisation) -> None:
    try:
        refuse_order(kept.order, by=None, note="nobody decided in time")
    except NothingToDecide:
        note_released(kept)
        return
    lease.finish(kept, due_in=0)


def _look(kept: Authorisation) -> None:
    try:
        settle(kept.session)
    except (Unclear, Refused) as error:
        lease.fail(kept, f"Stripe does not answer: {error}")
        return
    kept.refresh_from_db()
    if kept.status == Status.HELD:
        rest = (_end_of_thinking(kept) - timezone.now()).total_seconds()
        lease.finish(kept, due_in=max(rest, 60))


def _carry_out(kept: Authorisation) -> None:
    provider = provider_of(kept.session.provider)
    try:
        facts = provider.capture(kept) if kept.status == Status.CAPTURING else provider.release(kept)
    except Refused:
        # Lapsed, or decided elsewhere, between the look and the act: how it stands now is what counts.
        facts = provider.read_authorisation(kept)
        if facts.status == "requires_capture":
            raise
    if facts.status == "succeeded":
        # The one way in which money is noted, whoever tells of it.
        settle(kept.session)
    elif facts.status == "canceled":
        note_released(kept, why="let go" if kept.status == Status.RELEASING else "it lapsed before it was taken")
    else:
        raise Unclear(facts.status)
