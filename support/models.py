"""Support cases: tickets with their threads, files, and returns."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.core.files.storage import Storage, storages
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from orders.models import Order, OrderLine
from orders.models.order import new_token
from suppliers.models import SupplierReturn
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


class Ticket(models.Model):
    """One support case of one customer."""

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

    class Meta:
        verbose_name = _("ticket")
        verbose_name_plural = _("tickets")
        ordering = ["answer_due_at", "opened_at", "pk"]
        indexes = [
            models.Index(fields=["status", "answer_due_at"], name="ticket_by_status"),
            models.Index(fields=["order"], name="ticket_by_order"),
        ]
        constraints = [models.CheckConstraint(condition=Q(status__in=TicketStatus.values), name="ticket_status_known")]

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


class TicketMessage(models.Model):
    """One message of one thread. Only the customer thread ever reaches a customer."""

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
    at = models.DateTimeField(_("at"), default=timezone.now)
    # A form sent twice by a double click carries the same key.
    form_key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)

    class Meta:
        verbose_name = _("message")
        verbose_name_plural = _("messages")
        ordering = ["at", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(thread__in=["customer", "supplier", "internal"]), name="ticket_thread_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.ticket_id} {self.thread} {self.at:%Y-%m-%d %H:%M}"


def private_storage() -> Storage:
    """Return the storage outside the media folder, which no web server serves."""
    return storages["private"]


def attachment_path(attachment: Attachment, filename: str) -> str:
    """Return where a file rests: a random name, never the customer's."""
    return f"tickets/{uuid.uuid4().hex}{attachment.extension}"


class Attachment(models.Model):
    """A customer's or agent's file, checked, re-encoded if a picture, and private."""

    EXTENSIONS = {"image/jpeg": ".jpg", "image/png": ".png", "image/webp": ".webp", "application/pdf": ".pdf"}

    message = models.ForeignKey(TicketMessage, models.CASCADE, related_name="attachments")
    token = models.CharField(max_length=64, unique=True, default=new_token, editable=False)
    file = models.FileField(_("file"), upload_to=attachment_path, storage=private_storage)
    original_name = models.CharField(_("name"), max_length=200)
    content_type = models.CharField(_("type"), max_length=50)
    size_bytes = models.PositiveIntegerField(_("bytes"))
    added_at = models.DateTimeField(_("added"), default=timezone.now)

    class Meta:
        verbose_name = _("file")
        verbose_name_plural = _("files")
        ordering = ["pk"]

    def __str__(self) -> str:
        return self.original_name

    @property
    def extension(self) -> str:
        """The ending that belongs to the checked type."""
        return self.EXTENSIONS[self.content_type]


class Return(models.Model):
    """A customer's return within a case; what the supplier says of it is the SupplierReturn's."""

    class Solution(models.TextChoices):
        REFUND = "refund", _("refund")
        REPLACEMENT = "replacement", _("replacement")
        CREDIT = "credit", _("credit")

    number = models.CharField(_("number"), max_length=32, unique=True)
    ticket = models.ForeignKey(Ticket, models.PROTECT, related_name="returns")
    order_line = models.ForeignKey(OrderLine, models.PROTECT, related_name="+")
    supplier_return = models.OneToOneField(SupplierReturn, models.PROTECT, related_name="+")
    quantity = models.PositiveIntegerField(_("units"))
    reason = models.CharField(_("reason"), max_length=30)
    solution = models.CharField(_("asked for"), max_length=20, choices=Solution)
    opened_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    opened_at = models.DateTimeField(_("opened"), default=timezone.now)

    class Meta:
        verbose_name = _("return")
        verbose_name_plural = _("returns")
        ordering = ["-opened_at", "-pk"]
        constraints = [models.CheckConstraint(condition=Q(quantity__gte=1), name="return_some")]

    def __str__(self) -> str:
        return self.number
