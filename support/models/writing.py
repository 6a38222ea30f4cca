"""What agents write with: macros, drafts, and answers that wait a moment before they go out."""

from __future__ import annotations

from django.conf import settings
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from orders.lease import DueWork
from support.models.ticket import Tag, Ticket, TicketMessage, Topic
from support.states import TicketStatus


class Situation(models.TextChoices):
    """How the goods of a case stand: what a macro fits to."""

    UNPAID = "unpaid", _("not paid")
    WAITING = "waiting", _("not sent yet")
    LATE = "late", _("later than promised")
    SENT = "sent", _("on its way")
    DELIVERED = "delivered", _("delivered")
    CANCELLED = "cancelled", _("cancelled")
    REFUNDED = "refunded", _("paid back, at least in part")


class Macro(models.Model):
    """A prepared answer: a text in every language, and what becomes of the case once it was sent.

    ``shortcut`` is what agents type after a colon. Without ``topic`` or ``situation`` it fits any.
    """

    class Action(models.TextChoices):
        NONE = "", _("nothing more")
        TAKE = "take", _("make it my case")
        URGENT = "urgent", _("make it urgent")

    # After an answer to a customer; the others need a reason that no macro knows.
    STATES = [
        (TicketStatus.WAITING_CUSTOMER.value, TicketStatus.WAITING_CUSTOMER.label),
        (TicketStatus.OPEN.value, TicketStatus.OPEN.label),
        (TicketStatus.WAITING_SUPPLIER.value, TicketStatus.WAITING_SUPPLIER.label),
        (TicketStatus.SOLVED.value, TicketStatus.SOLVED.label),
    ]

    shortcut = models.CharField(
        _("shortcut"),
        max_length=30,
        unique=True,
        validators=[RegexValidator(r"^[a-z0-9-]+\Z", _("Small letters, digits and dashes only."))],
        help_text=_("Agents type it after a colon, as in :late."),
    )
    topic = models.CharField(_("fits the topic"), max_length=20, choices=Topic, blank=True, default="")
    situation = models.CharField(_("fits the order"), max_length=12, choices=Situation, blank=True, default="")
    status_after = models.CharField(
        _("state afterwards"), max_length=20, choices=STATES, default=TicketStatus.WAITING_CUSTOMER
    )
    wait_days = models.PositiveSmallIntegerField(
        _("days to wait"),
        null=True,
        blank=True,
        help_text=_("Only while waiting for the supplier: until when the customer reads that we wait."),
    )
    tags = models.ManyToManyField(Tag, blank=True, related_name="+", verbose_name=_("tags"))
    action = models.CharField(_("and"), max_length=10, choices=Action, blank=True, default=Action.NONE)
    position = models.PositiveSmallIntegerField(_("position"), default=100)
    is_active = models.BooleanField(_("is offered"), default=True)

    class Meta:
        verbose_name = _("macro")
        verbose_name_plural = _("macros")
        ordering = ["position", "shortcut"]
        constraints = [
            models.CheckConstraint(
                condition=Q(status_after__in=["waiting_customer", "open", "waiting_supplier", "solved"]),
                name="macro_state_known",
            ),
            models.CheckConstraint(
                condition=Q(wait_days=None) | Q(status_after="waiting_supplier"), name="macro_waits_for_suppliers_only"
            ),
        ]

    def __str__(self) -> str:
        return f":{self.shortcut}"


class MacroText(models.Model):
    """A macro in one language. The body may hold placeholders (``support.placeholders``), as in {{order_number}}."""

    macro = models.ForeignKey(Macro, models.CASCADE, related_name="texts")
    language = models.CharField(_("language"), max_length=10)
    name = models.CharField(_("name"), max_length=80, help_text=_("What agents find it by."))
    body = models.TextField(_("text"), max_length=4000)

    class Meta:
        verbose_name = _("text of a macro")
        verbose_name_plural = _("texts of a macro")
        ordering = ["language"]
        constraints = [models.UniqueConstraint(fields=["macro", "language"], name="macro_text_once")]

    def __str__(self) -> str:
        return f"{self.name} ({self.language})"


class Audience(models.TextChoices):
    """To whom an agent writes."""

    CUSTOMER = "customer", _("Reply to customer")
    SUPPLIER = "supplier", _("Ask supplier")
    NOTE = "note", _("Internal note")


class Draft(models.Model):
    """What somebody has begun to write in a case, and the macro that it came from."""

    ticket = models.ForeignKey(Ticket, models.CASCADE, related_name="+")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    audience = models.CharField(_("to whom"), max_length=10, choices=Audience)
    body = models.TextField(_("text"))
    macro = models.ForeignKey(Macro, models.SET_NULL, null=True, blank=True, related_name="+")
    saved_at = models.DateTimeField(_("saved"), default=timezone.now)

    class Meta:
        verbose_name = _("draft")
        verbose_name_plural = _("drafts")
        constraints = [models.UniqueConstraint(fields=["ticket", "user", "audience"], name="draft_once")]

    def __str__(self) -> str:
        return f"{self.audience} in {self.ticket_id}"


class HeldAnswer(DueWork):
    """An answer that goes out when ``due_at`` has come, unless its agent takes it back; gone once either happened.

    The macro is what it was written with: what that says about the case follows when the answer goes out.
    """

    message = models.OneToOneField(TicketMessage, models.CASCADE, related_name="held")
    macro = models.ForeignKey(Macro, models.SET_NULL, null=True, blank=True, related_name="+")

    class Meta:
        verbose_name = _("answer about to go out")
        verbose_name_plural = _("answers about to go out")

    def __str__(self) -> str:
        return str(self.message_id)


class Tick(models.Model):
    """One point of a topic's checklist (``support.checklists``) that somebody has ticked."""

    ticket = models.ForeignKey(Ticket, models.CASCADE, related_name="ticks")
    key = models.CharField(_("point"), max_length=40)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    at = models.DateTimeField(_("at"), default=timezone.now)

    class Meta:
        verbose_name = _("tick")
        verbose_name_plural = _("ticks")
        ordering = ["at", "pk"]
        constraints = [models.UniqueConstraint(fields=["ticket", "key"], name="tick_once")]

    def __str__(self) -> str:
        return self.key
