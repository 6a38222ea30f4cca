"""What this app keeps: messages, whom it may write to, and who is told of events by machine."""

from __future__ import annotations

from notifications.models.address import Suppression
from notifications.models.choice import Correspondent, MessageChoice
from notifications.models.endpoint import Endpoint, EventDelivery, EventDeliveryStatus
from notifications.models.mailbox import Mailbox
from notifications.models.notification import Channel, Delivery, Notification, NotificationStatus
from notifications.models.review import ReviewRequest

__all__ = [
    "Channel",
    "Correspondent",
    "Delivery",
    "Endpoint",
    "EventDelivery",
    "EventDeliveryStatus",
    "Mailbox",
    "MessageChoice",
    "Notification",
    "NotificationStatus",
    "ReviewRequest",
    "Suppression",
]
