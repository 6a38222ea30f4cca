"""Run one consequence of one event: its effect and its tick in one transaction."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence

from django.db import transaction

from orders import lease
from orders.actions.work import open_work
from orders.models import Event, Reaction, WorkItem

logger = logging.getLogger(__name__)
# So many failures in a row make it work for a person (the tries go on meanwhile).
ALARM_AFTER = 5
OWED = Reaction.objects.filter(done_at=None).select_related("event__order")


class LostLease(Exception):
    """Another worker took the reaction meanwhile; the effect is rolled back."""


def react(reaction_id: int, effect: Callable[[Event], object]) -> bool:
    """Let ``effect`` follow from the event of a reaction, exactly once.

    Effect and tick stand in one transaction, so a worker that dies leaves both undone and the
    relay sends the reaction again. ``effect`` may only write to the database: whatever needs
    the network becomes a row that is due. Returns False if the reaction was done before, or is
    in other hands; never raises for a failing effect, which is written down and tried again.
    """
    reaction = lease.take(OWED, reaction_id)
    return reaction is not None and _do(reaction, effect)


def react_together(reaction_ids: Sequence[int], effect: Callable[[list[Event]], object]) -> None:
    """Let ``effect`` follow from several events in one transaction; should that fail, from each alone.

    Much cheaper than one after the other, for the queries are shared. See ``react``.
    """
    together = lease.take_together(OWED, reaction_ids) if len(reaction_ids) > 1 else []
    if together and not _are_done(together, effect):
        for reaction in together:
            _do(reaction, lambda event: effect([event]))
    taken = {reaction.pk for reaction in together}
    for pk in reaction_ids:
        if pk not in taken:
            react(pk, lambda event: effect([event]))


def _are_done(reactions: Sequence[Reaction], effect: Callable[[list[Event]], object]) -> bool:
    try:
        with transaction.atomic(durable=True):
            effect([reaction.event for reaction in reactions])
            if not lease.finish_together(reactions, done_at=lease.Now()):
                raise LostLease
    except Exception as error:  # noqa: BLE001  (whose fault it is shows when each is tried alone)
        logger.warning("%s reactions together: %s", len(reactions), type(error).__name__)
        return False
    return True


def _do(reaction: Reaction, effect: Callable[[Event], object]) -> bool:
    try:
        with transaction.atomic(durable=True):
            effect(reaction.event)
            if not lease.finish(reaction, done_at=lease.Now()):
                raise LostLease(str(reaction.pk))
    except LostLease:
        return False
    except Exception as error:  # noqa: BLE001  (whatever it is, it is written down and tried again)
        logger.exception("reaction %s (%s) failed", reaction.pk, reaction.receiver)
        lease.fail(reaction, f"{type(error).__name__}: {error}")
        if reaction.failures + 1 >= ALARM_AFTER:
            summary = f"{reaction.receiver} has failed {reaction.failures + 1} times: {type(error).__name__}"
            open_work(WorkItem.Reason.REACTION_FAILED, reaction, order=reaction.event.order, summary=summary)
        return False
    return True
