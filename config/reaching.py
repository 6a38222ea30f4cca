"""Deadlines of messages: those that do not leave, customers they do not reach, systems that take no events.

Part of ``config/deadlines.py``.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db.models import Q

from config.waits import A_DAY, AT_ONCE, AWAY, Wait
from notifications.actions.endpoints import has_waiting
from notifications.models import (
    Endpoint,
    EventDelivery,
    EventDeliveryStatus,
    Mailbox,
    Notification,
    NotificationStatus,
)
from orders.models import Order, WorkItem
from orders.models.order import is_under_way

R = WorkItem.Reason
_N, _E = NotificationStatus, EventDeliveryStatus


def _mail(name: str, states: tuple[str, ...], after: timedelta, says: str, **more: Any) -> Wait:
    says, since = "The message “{row.kind}” " + says, more.pop("since", ("created_at",))
    return Wait(name, Notification, states, R.MAIL_FAILED, since, after, says, **more)


def _endpoint(name: str, since: str, after: timedelta, says: str, cause: Q) -> Wait:
    return Wait(
        name, Endpoint, (), R.ENDPOINT_FAILED, (since,), after, "{row.name} " + says, cause, lambda row: 0, related=()
    )


_UNSENT = (_N.QUEUED, _N.SENDING)
_IS_AGAIN = Q(soft_bounces__gt=0)
REACHING = [
    _mail("mail to send", _UNSENT, AWAY, "has been waiting for an hour. {row.last_error:.150}", cause=~_IS_AGAIN),
    # It came back for now, and goes out again after hours.
    _mail("mail to send again", _UNSENT, A_DAY, "came back and has not left again.", cause=_IS_AGAIN, since=("delivery_at",)),
    _mail("mail given up", (_N.FAILED,), AT_ONCE, "was given up. {row.last_error:.150}", sticks=True),
    Wait(
        "unreachable", Order, (), R.UNREACHABLE, ("email_failed_at",), AT_ONCE,
        "The customer of {row.number} does not get our mails: the address takes none.",
        Q(email_failed_at__isnull=False) & is_under_way(), related=(), sticks=True,
    ),
    Wait(
        "mailbox failing", Mailbox, (), R.INCOMING_FAILED, ("failing_since",), AWAY,
        "The mailbox {row.name} {row.last_error:.150}", Q(failing_since__isnull=False), lambda row: 0, related=(),
    ),
    _endpoint(
        "endpoint failing", "failing_since", A_DAY, "has taken no event for a day. {row.last_error:.150}",
        Q(failing_since__isnull=False, is_active=True),
    ),
    _endpoint(
        "endpoint given up", "given_up_at", AT_ONCE, "does not take what it is told; events are given up.",
        Q(given_up_at__isnull=False),
    ),
]  # fmt: skip
REACHING_RESTS = {
    (Notification, _N.SENT): "over",
    (Notification, _N.SUPPRESSED): "its address is marked; a person is asked about each open order of it",
    (Notification, _N.DECLINED): "over: whoever it was for wants none of this kind",
    (EventDelivery, _E.QUEUED): "sent in the lane of its endpoint, which has the deadline",
    (EventDelivery, _E.TAKEN): "over",
    (EventDelivery, _E.FAILED): "a person is asked about its endpoint",
}
WAKEN_ENDPOINTS = has_waiting()
