"""Who may be the second person for a decision, so that the first one knows whom to ask."""

from __future__ import annotations

from django.db.models import Exists, OuterRef, Q, QuerySet

from orders.actions.refund_caps import is_within_cap, spent_by_people
from orders.actions.work import close_work
from orders.models import Order, RefundCap, WorkItem
from shop.models import User
from support.models import Return
from support.return_states import DecisionStatus, move_decision

DECIDE, DECLINE_RIGHT = "decide_return", "decline_right"


def _with(codename: str) -> Q:
    through = User.groups.through.objects.filter(
        user=OuterRef("pk"),
        group__permissions__codename=codename,
        group__permissions__content_type__app_label="support",
    )
    alone = User.user_permissions.through.objects.filter(
        user=OuterRef("pk"), permission__codename=codename, permission__content_type__app_label="support"
    )
    return Q(is_superuser=True) | Q(Exists(through)) | Q(Exists(alone))


def seconds_for(order: Order, needs: str, amount_minor: int, *, besides: int | None) -> list[User]:
    """Return who may let a decision of an amount count, by name; ``besides`` is the id of who makes it. Six queries at most.

    As ``support.returning.decide.may_approve`` answers for each of them.
    """
    people: QuerySet[User] = User.objects.filter(_with(DECIDE), is_active=True).exclude(pk=besides)
    if needs == "right":
        people = people.filter(_with(DECLINE_RIGHT))
        first = User.objects.filter(pk=besides).first()
        if first is not None and is_within_cap(first, order, amount_minor):
            return list(people.order_by("name", "email"))
    spent = spent_by_people(order)
    caps = RefundCap.objects.filter(currency=order.currency, per_refund_minor__gte=amount_minor)
    enough = set(caps.filter(per_order_minor__gte=spent + amount_minor).values_list("group", flat=True))
    found = people.order_by("name", "email").prefetch_related("groups")
    return [one for one in found if one.is_superuser or any(group.pk in enough for group in one.groups.all())]


def drop_asked(row: Return, *, by: User | None) -> None:
    """Refuse a decision that waits for a second person, for a return that is not to be decided any more."""
    for decision in row.decisions.filter(status=DecisionStatus.ASKED):
        move_decision(decision, DecisionStatus.REFUSED, by=by)
    close_work(WorkItem.Reason.RETURN_DECISION, row)
