"""Run one consequence of one event: its effect and its tick in one transaction."""

from __future__ import annotations

import logging
from collections.abc import Callable

from django.db import transaction

from orders import lease
from orders.actions.work import open_work
from orders.models import Event, Reaction, WorkItem

logger = logging.getLogger(__name__)
# So many failures in a row make it work for a person (the tries go on meanwhile).
ALARM_AFTER = 5


class LostLease(Exception):
    """Another worker took the reaction meanwhile; the effect is rolled back."""


def react(reaction_id: int, effect: Callable[[Event], object]) -> bool:
    """Let ``effect`` follow from the event of a reaction, exactly once.

    Effect and tick stand in one transaction, so a worker that dies leaves both undone and the
    relay sends the reaction again. ``effect`` may only write to the database: whatever needs
    the network becomes a row that is due. Returns False if the reaction was done before, or is
    in other hands; never raises for a failing effect, which is written down and tried again.
    """
    reaction = lease.take(Reaction.objects.filter(done_at=None).select_related("event__order"), reaction_id)
    if reaction is None:
        return False
    try:
        with transaction.atomic(durable=True):
            effect(reaction.event)
            if not lease.finish(reaction, done_at=lease.Now()):
                raise LostLease(str(reaction_id))
    except LostLease:
        return False
    except Exception as error:  # noqa: BLE001  (whatever it is, it is written down and tried again)
        logger.exception("reaction %s (%s) failed", reaction_id, reaction.receiver)
        lease.fail(reaction, f"{type(error).__name__}: {error}")
        if reaction.failures + 1 >= ALARM_AFTER:
            summary = f"{reaction.receiver} has failed {reaction.failures + 1} times: {type(error).__name__}"
            open_work(WorkItem.Reason.REACTION_FAILED, reaction, order=reaction.event.order, summary=summary)
        return False
    return True
