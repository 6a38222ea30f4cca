"""Whom we reach: what was left unsent has a reason, and somebody is asked about whoever does not hear from us."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import CharField, Exists, F, OuterRef, Q, Value
from django.db.models.functions import Concat, Lower
from django.utils.translation import gettext_lazy as _

from config.audit.registry import check, named, row_key, written_once
from notifications.kinds import OPTIONAL
from notifications.models import (
    Channel,
    Endpoint,
    EventDelivery,
    EventDeliveryStatus,
    Notification,
    NotificationStatus,
    Suppression,
)
from orders.models import Order, WorkItem
from orders.models.order import is_under_way


def _asked(reason: WorkItem.Reason, *, still_open: bool) -> Exists:
    work = WorkItem.objects.filter(reason=reason, subject_key=OuterRef("row_key"))
    return Exists(work.filter(closed_at=None) if still_open else work)


@check("V09 reach", _("What was not sent has a reason, and a person was asked about each customer it was for."))
@written_once
def reach() -> Iterable[str]:
    marked = Suppression.objects.filter(address=OuterRef("lower_recipient"))
    unsent = Notification.objects.filter(status=NotificationStatus.SUPPRESSED)
    unsent = unsent.annotate(lower_recipient=Lower("recipient"))
    yield from named(unsent.filter(~Exists(marked)), "was not sent, and nothing is noted against its address")
    # What an order's own address does not take is shown on its page, and asked about.
    lost = Notification.objects.filter(status=NotificationStatus.SUPPRESSED, channel=Channel.MAIL, order=OuterRef("pk"))
    dead = Suppression.objects.filter(lifted_at=None, address=OuterRef("lower_email"))
    orders = Order.objects.filter(is_under_way()).annotate(lower_email=Lower("email"), row_key=row_key(Order))
    of_dead = orders.filter(
        Exists(dead), Exists(lost.annotate(to=Lower("recipient")).filter(to=OuterRef("lower_email")))
    )
    yield from named(of_dead.filter(email_failed_at=None), "its page does not say that its address takes no mail")
    unasked = orders.exclude(email_failed_at=None).exclude(_asked(WorkItem.Reason.UNREACHABLE, still_open=False))
    yield from named(unasked, "its customer gets no mail, and nobody was asked")
    alive = orders.exclude(email_failed_at=None).filter(~Exists(dead))
    yield from named(alive, "its page says that its address takes no mail, and nothing is noted against it")


@check("V08 wishes", _("Only what may be stopped was left out, and a text message never comes alone."))
@written_once
def wishes() -> Iterable[str]:
    optional = [kind.slug for kind in OPTIONAL]
    declined = Notification.objects.filter(status=NotificationStatus.DECLINED)
    yield from named(declined.exclude(kind__in=optional), "must be told, and was left out as not wanted")
    texts = Notification.objects.filter(channel=Channel.SMS).exclude(key__contains=":again-")
    twin = Notification.objects.filter(channel=Channel.MAIL, order=OuterRef("order")).annotate(
        text_key=Concat(Value("sms:"), F("key"), output_field=CharField())
    )
    yield from named(texts.filter(~Exists(twin.filter(text_key=OuterRef("key")))), "has no mail beside it")


@check("V09 endpoints", _("An event that other systems were to be told is taken, on its way, or somebody was asked."))
@written_once
def endpoints() -> Iterable[str]:
    rows = EventDelivery.objects.filter(status=EventDeliveryStatus.QUEUED)
    yield from named(rows.filter(Q(due_at=None) | Q(endpoint__is_active=False)), "waits, and nobody looks at it")
    given_up = Endpoint.objects.exclude(given_up_at=None).annotate(row_key=row_key(Endpoint))
    unasked = given_up.exclude(_asked(WorkItem.Reason.ENDPOINT_FAILED, still_open=False))
    yield from named(unasked, "does not take events, and nobody was asked")
