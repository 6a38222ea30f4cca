"""Support cases: tickets and their threads."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from orders.models import Order, OrderLine
from orders.models.order import new_token
from support.states import TicketStatus


class Topic(models.TextChoices):
    """What a case is about, in the customer's everyday words."""

    DEFECTIVE = "defective", _("Faulty")
    DAMAGED = "damaged", _("Arrived damaged")
    WRONG_ITEM = "wrong_item", _("Wrong item")
    NOT_ARRIVED = "not_arrived", _("Has not arrived")
    CHANGED_MIND = "changed_mind", _("Changed my mind")
    CANCEL = "cancel", _("Cancel the order")
    QUESTION = "question", _("Something else")


class Tag(models.Model):
    """A word that agents put on cases, to find and count them by."""

    name = models.CharField(_("name"), max_length=40, unique=True)

    class Meta:
        verbose_name = _("tag")
        verbose_name_plural = _("tags")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Ticket(models.Model):
    """One support case of one customer.

    ``answer_due_at`` is when somebody must have written to the customer, ``solve_due_at`` when it must be over; both
    are empty while it is not our turn. ``cause_key`` names what opened it by itself ("late:shipment:12"): one open
    case per cause. A case that was merged into another keeps its messages there and is solved.
    """

    class Priority(models.TextChoices):
        LOW = "low", _("low")
        NORMAL = "normal", _("normal")
        HIGH = "high", _("high")
        URGENT = "urgent", _("urgent")

    class Source(models.TextChoices):
        PAGE = "page", _("page")
        MAIL = "mail", _("mail")
        AUTOMATIC = "automatic", _("opened by itself")
        STAFF = "staff", _("a colleague")
        RETURN = "return", _("a return")

    number = models.CharField(_("number"), max_length=20, unique=True)
    token = models.CharField(max_length=64, unique=True, default=new_token, editable=False)
    order = models.ForeignKey(Order, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("order"))
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("account")
    )
    email = models.EmailField(_("customer's e-mail address"))
    name = models.CharField(_("customer's name"), max_length=100, blank=True)
    language = models.CharField(_("language"), max_length=10, default="en-gb")
    topic = models.CharField(_("topic"), max_length=20, choices=Topic, default=Topic.QUESTION)
    subject = models.CharField(_("subject"), max_length=200)
    status = models.CharField(_("state"), max_length=20, choices=TicketStatus, default=TicketStatus.NEW, editable=False)
    status_changed_at = models.DateTimeField(_("since"), default=timezone.now, editable=False)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("agent")
    )
    opened_at = models.DateTimeField(_("opened"), default=timezone.now)
    last_message_at = models.DateTimeField(_("last message"), default=timezone.now)
    answer_due_at = models.DateTimeField(_("answer due"), null=True, blank=True)
    priority = models.CharField(_("priority"), max_length=10, choices=Priority, default=Priority.NORMAL)
    source = models.CharField(_("came by"), max_length=10, choices=Source, default=Source.PAGE)
    cause_key = models.CharField(max_length=80, blank=True, default="", editable=False)
    tags = models.ManyToManyField(Tag, blank=True, related_name="tickets", verbose_name=_("tags"))
    linked = models.ManyToManyField("self", blank=True, verbose_name=_("linked cases"))
    merged_into = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="merged", verbose_name=_("merged into")
    )
    first_answered_at = models.DateTimeField(_("first answer"), null=True, blank=True, editable=False)
    solve_due_at = models.DateTimeField(_("to be solved by"), null=True, blank=True)
    solved_at = models.DateTimeField(_("solved"), null=True, blank=True, editable=False)
    reopened = models.PositiveSmallIntegerField(_("times opened again"), default=0, editable=False)
    escalated_at = models.DateTimeField(_("escalated"), null=True, blank=True, editable=False)
    # While it is not our turn the clocks stand still: what was left of each, in seconds of its service level.
    answer_left_seconds = models.PositiveIntegerField(null=True, blank=True, editable=False)
    solve_left_seconds = models.PositiveIntegerField(null=True, blank=True, editable=False)
    # What the customer reads meanwhile: whom we asked stands in the supplier thread, until when is here.
    waiting_until = models.DateTimeField(_("waiting until"), null=True, blank=True)
    # What came after it is marked as new on the customer's own pages.
    seen_at = models.DateTimeField(_("last seen by the customer"), null=True, blank=True, editable=False)

    class Meta:
        verbose_name = _("ticket")
        verbose_name_plural = _("tickets")
        ordering = ["answer_due_at", "opened_at", "pk"]
        indexes = [
            models.Index(fields=["status", "answer_due_at"], name="ticket_by_status"),
            models.Index(fields=["order"], name="ticket_by_order"),
            models.Index(Lower("email"), name="ticket_by_email"),
            # Few cases are open, however many there were.
            models.Index(fields=["owner"], condition=~Q(status="solved"), name="ticket_open_by_owner"),
            models.Index(fields=["first_answered_at"], name="ticket_by_first_answer"),
            models.Index(fields=["solved_at"], name="ticket_by_solved"),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(status__in=TicketStatus.values), name="ticket_status_known"),
            models.CheckConstraint(
                condition=Q(priority__in=["low", "normal", "high", "urgent"]), name="ticket_priority_known"
            ),
            models.CheckConstraint(condition=Q(merged_into=None) | Q(status="solved"), name="ticket_merged_is_solved"),
            models.UniqueConstraint(
                fields=["cause_key"],
                condition=~Q(cause_key="") & ~Q(status="solved"),
                name="ticket_open_cause_once",
            ),
        ]

    def __str__(self) -> str:
        return self.number

    def get_absolute_url(self) -> str:
        return reverse("support:ticket", args=[self.token])


class TicketLine(models.Model):
    """Which units of the order the case is about."""

    ticket = models.ForeignKey(Ticket, models.CASCADE, related_name="lines")
    order_line = models.ForeignKey(OrderLine, models.PROTECT, related_name="+")
    quantity = models.PositiveIntegerField(_("units"))

    class Meta:
        verbose_name = _("ticket line")
        verbose_name_plural = _("ticket lines")
        ordering = ["pk"]
        constraints = [models.UniqueConstraint(fields=["ticket", "order_line"], name="ticket_line_once")]

    def __str__(self) -> str:
        return f"{self.quantity} x {self.order_line_id}"


class MessageQuerySet(models.QuerySet["TicketMessage"]):
    """Messages by who may read them."""

    def for_customers(self) -> MessageQuerySet:
        """Keep what a customer may read: their own thread, and of it what has gone out. Whatever shows them messages asks this."""
        return self.filter(thread=TicketMessage.Thread.CUSTOMER, held_until=None)


class TicketMessage(models.Model):
    """One message of one thread. Only the customer thread ever reaches a customer.

    ``held_until`` is when an agent's answer goes out: until then they can take it back, and nobody else has it.
    ``quoted`` is what a mail quoted below its own words. ``mail_id`` is the Message-ID of the mail it came or went by.
    """

    class Thread(models.TextChoices):
        CUSTOMER = "customer", _("with the customer")
        SUPPLIER = "supplier", _("with the supplier")
        INTERNAL = "internal", _("internal note")

    class Author(models.TextChoices):
        CUSTOMER = "customer", _("customer")
        AGENT = "agent", _("agent")
        SUPPLIER = "supplier", _("supplier")
        SYSTEM = "system", _("the shop")

    ticket = models.ForeignKey(Ticket, models.CASCADE, related_name="messages")
    thread = models.CharField(_("thread"), max_length=10, choices=Thread)
    author = models.CharField(_("from"), max_length=10, choices=Author)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    body = models.TextField(_("text"), help_text=_("Plain text."))
    quoted = models.TextField(_("quoted text"), blank=True, default="")
    from_address = models.EmailField(_("written from"), blank=True, default="")
    mail_id = models.CharField(max_length=250, blank=True, default="", editable=False)
    held_until = models.DateTimeField(_("goes out at"), null=True, blank=True, editable=False)
    at = models.DateTimeField(_("at"), default=timezone.now)
    # A form sent twice by a double click carries the same key.
    form_key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)

    objects = MessageQuerySet.as_manager()

    class Meta:
        verbose_name = _("message")
        verbose_name_plural = _("messages")
        ordering = ["at", "pk"]
        indexes = [
            models.Index(fields=["mail_id"], name="message_by_mail_id", condition=~Q(mail_id="")),
            models.Index(fields=["from_address", "at"], name="message_by_sender", condition=~Q(from_address="")),
            models.Index(fields=["held_until"], name="message_held", condition=Q(held_until__isnull=False)),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(thread__in=["customer", "supplier", "internal"]), name="ticket_thread_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.ticket_id} {self.thread} {self.at:%Y-%m-%d %H:%M}"
