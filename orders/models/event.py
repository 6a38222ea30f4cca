"""What happened, what still follows from it, and what was told us from outside."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from orders.lease import DueWork
from orders.models.order import Order


class Event(models.Model):
    """Something that happened, stored in the transaction of the change itself."""

    kind = models.CharField(_("what"), max_length=60, db_index=True)
    order = models.ForeignKey(Order, models.CASCADE, null=True, blank=True, related_name="events")
    subject_key = models.CharField(_("to what"), max_length=60, help_text=_("Model and id, as in order:12."))
    facts = models.JSONField(_("facts"), default=dict, blank=True)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("by")
    )
    at = models.DateTimeField(_("at"), default=timezone.now, db_index=True)
    delivered_at = models.DateTimeField(_("delivered"), null=True, blank=True)

    class Meta:
        verbose_name = _("event")
        verbose_name_plural = _("events")
        ordering = ["-at", "-pk"]
        indexes = [
            models.Index(fields=["order", "-at"], name="event_by_order"),
            models.Index(fields=["subject_key"], name="event_by_subject"),
            models.Index(fields=["id"], condition=Q(delivered_at=None), name="event_undelivered"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.subject_key}"

    @property
    def subject_id(self) -> int:
        """The id of the row it happened to."""
        return int(self.subject_key.rpartition(":")[2])


class Reaction(DueWork):
    """One consequence of one event: done, or still owed. ``receiver`` is a task's dotted name."""

    event = models.ForeignKey(Event, models.CASCADE, related_name="reactions")
    receiver = models.CharField(_("receiver"), max_length=100)
    done_at = models.DateTimeField(_("done"), null=True, blank=True)

    class Meta:
        verbose_name = _("reaction")
        verbose_name_plural = _("reactions")
        ordering = ["pk"]
        constraints = [models.UniqueConstraint(fields=["event", "receiver"], name="reaction_once")]

    def __str__(self) -> str:
        return f"{self.receiver} after {self.event_id}"


class IncomingEventQuerySet(models.QuerySet["IncomingEvent"]):
    """Webhooks as they come in."""

    def store(self, **fields: object) -> None:
        """Store one, unless its sender's id is known: one statement, whether it is new or repeated."""
        self.bulk_create([self.model(**fields)], ignore_conflicts=True)


class IncomingEvent(DueWork):
    """A webhook, proven genuine, stored once, worked on later. Staff may replay it."""

    source = models.CharField(_("source"), max_length=60, help_text=_("stripe, supplier:<slug> or carrier:<service>."))
    event_id = models.CharField(_("the sender's id"), max_length=120)
    kind = models.CharField(_("kind"), max_length=80)
    # What a copy in the body is of ("order:LF-1-1-1"); of several that wait, only the newest counts. Empty: nothing known.
    subject = models.CharField(max_length=90, blank=True)
    body = models.JSONField(_("body"))
    received_at = models.DateTimeField(_("received"), default=timezone.now, db_index=True)
    done_at = models.DateTimeField(_("worked on"), null=True, blank=True)
    outcome = models.CharField(_("outcome"), max_length=300, blank=True)

    objects = IncomingEventQuerySet.as_manager()

    class Meta:
        verbose_name = _("incoming event")
        verbose_name_plural = _("incoming events")
        ordering = ["-received_at", "-pk"]
        constraints = [models.UniqueConstraint(fields=["source", "event_id"], name="incoming_event_once")]
        indexes = [
            models.Index(fields=["source", "subject"], condition=Q(done_at=None), name="incoming_event_waiting_about")
        ]

    def __str__(self) -> str:
        return f"{self.source} {self.kind} {self.event_id}"


class RelayBeat(models.Model):
    """The one row that says when the relay last turned."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    beat_at = models.DateTimeField(_("last turn"), null=True, blank=True)
    broker_failed_at = models.DateTimeField(_("broker last failed"), null=True, blank=True)
    stripe_read_until = models.DateTimeField(
        _("Stripe's events read until"), null=True, blank=True, help_text=_("Compared with our inbox up to here.")
    )

    class Meta:
        verbose_name = _("relay")
        verbose_name_plural = _("relay")

    def __str__(self) -> str:
        return f"relay {self.beat_at}"
