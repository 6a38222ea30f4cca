"""Write to staff each morning what waits for a person and what happened yesterday."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Count, Min, Q, QuerySet, Sum
from django.utils import timezone
from django.utils.translation import gettext as _

from notifications import staff_messages
from notifications.actions.announce import announce
from notifications.models import Notification
from orders.models import Delay, Order, Refund, Shipment, WorkItem
from shop.languages import default_language, speaking
from shop.models import User
from shop.money import Money

KIND = "staff-digest"
MOST_REASONS = 12


def readers() -> QuerySet[User]:
    """Return the people of the store who may see its work list."""
    return User.objects.filter(is_active=True, is_staff=True, groups__name=settings.STAFF_ROLES[0]).order_by("pk")


def write_digest(*, now: datetime) -> int:
    """Write today's digest to everybody who has not got it, from DIGEST_HOUR on; return how many. Safe to repeat.

    A day on which nothing waits and nothing happened has none.
    """
    local = timezone.localtime(now)
    if settings.DIGEST_HOUR < 0 or local.hour < settings.DIGEST_HOUR:
        return 0
    keys = {f"{KIND}:{local.date()}:{person.pk}": person for person in readers()}
    known = set(Notification.objects.filter(key__in=keys).values_list("key", flat=True))
    missing = [person for key, person in keys.items() if key not in known]
    if not missing:
        return 0
    with speaking(default_language()):
        digest = digest_of(local.date(), now=now)
        mail = staff_messages.staff_digest(digest)
    if not digest.count and not digest.yesterday:
        return 0
    with transaction.atomic():
        for person in missing:
            announce(KIND, f"{local.date()}:{person.pk}", mail, recipient=person.email, order=None, event=None)
    return len(missing)


def digest_of(today: date, *, now: datetime) -> staff_messages.Digest:
    """Return what stands in the digest of a day. Seven queries."""
    open_work = WorkItem.objects.filter(closed_at=None)
    found = open_work.order_by().values("reason").annotate(count=Count("pk"), since=Min("opened_at"))
    waiting = [
        staff_messages.Waiting(
            str(WorkItem.Reason(row["reason"]).label), row["count"], timezone.localtime(row["since"]).date()
        )
        for row in found.order_by("since")[:MOST_REASONS]
    ]
    overdue = open_work.filter(deadline_at__lt=now).count()
    return staff_messages.Digest(today, waiting, overdue, _yesterday(today))


def _yesterday(today: date) -> list[str]:
    ends = timezone.make_aware(datetime.combine(today, datetime.min.time()))
    begins = timezone.make_aware(datetime.combine(today - timedelta(days=1), datetime.min.time()))

    def within(field: str) -> Q:
        return Q(**{f"{field}__gte": begins, f"{field}__lt": ends})

    paid = Order.objects.filter(within("paid_at")).order_by().values("currency")
    told = [
        _("%(count)d orders paid, %(total)s") % {"count": row["count"], "total": Money(row["total"], row["currency"])}
        for row in paid.annotate(count=Count("pk"), total=Sum("total_minor")).order_by("currency")
    ]
    counted = [
        (_("%(count)d parcels sent"), Shipment.objects.filter(within("shipped_at"))),
        (_("%(count)d parcels delivered"), Shipment.objects.filter(within("delivered_at"))),
        (_("%(count)d orders told of a delay"), Delay.objects.filter(within("told_at"))),
        (_("%(count)d refunds"), Refund.objects.filter(within("requested_at"))),
    ]
    sums = ((words, rows.count()) for words, rows in counted)
    return told + [words % {"count": count} for words, count in sums if count]
