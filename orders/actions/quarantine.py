"""Set aside what must not be tried again by itself, and let a person have it tried again."""

from __future__ import annotations

from django.db import transaction
from django.db.models.functions import Now

from orders import events
from orders.actions.work import close_work, open_work
from orders.events import key_of, order_of
from orders.lease import DueWork, is_free
from orders.models import Order, WorkItem
from shop.models import User

# Set aside says more than "keeps failing": one thing that needs a person is asked for once.
STILL_TRIED = (
    WorkItem.Reason.SUPPLIER_SILENT,
    WorkItem.Reason.REACTION_FAILED,
    WorkItem.Reason.INCOMING_FAILED,
)


def set_aside(row: DueWork, why: str) -> bool:
    """Stop trying a row until a person says otherwise, and ask for that person, once.

    ``why`` is half a sentence for staff, without personal data. Returns False if a worker has the row,
    or had it since it was read, or it was set aside before. Safe to repeat.
    """
    with transaction.atomic():
        rows = type(row)._default_manager.filter(is_free(), pk=row.pk, attempt=row.attempt, quarantined_at=None)
        if not rows.update(quarantined_at=Now(), due_at=None, lease_until=None, last_error=why[:2000]):
            return False
        events.record("row.set_aside", row, by=None, about=key_of(row), why=why[:200])
        order = _order_behind(row)
        money = order.total_minor if order else 0
        for reason in STILL_TRIED:
            close_work(reason, row)
        summary = f"{row._meta.verbose_name} {row} is set aside: {why}"
        open_work(WorkItem.Reason.QUARANTINED, row, order=order, summary=summary, money_minor=money)
    row.refresh_from_db()
    return True


def try_again(row: DueWork, *, by: User | None, **fields: object) -> bool:
    """Let a row that was set aside be tried again now, with a clean slate and further columns to write.

    Returns False if it is not set aside. Safe to repeat.
    """
    with transaction.atomic():
        rows = type(row)._default_manager.filter(pk=row.pk).exclude(quarantined_at=None)
        if not rows.update(quarantined_at=None, due_at=Now(), deaths=0, failures=0, **fields):
            return False
        events.record("row.released", row, by=by, about=key_of(row))
        close_work(WorkItem.Reason.QUARANTINED, row)
    row.refresh_from_db()
    return True


def forget_aside(row: DueWork) -> bool:
    """Note that what was set aside has come to its end in another way; False if it was not set aside."""
    rows = type(row)._default_manager.filter(pk=row.pk).exclude(quarantined_at=None)
    close_work(WorkItem.Reason.QUARANTINED, row)
    return bool(rows.update(quarantined_at=None, due_at=None))


def _order_behind(row: DueWork) -> Order | None:
    # A reaction has its order through its event.
    return order_of(row) or order_of(getattr(row, "event", row))
