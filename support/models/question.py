"""What suppliers are asked from within a case."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from orders.lease import DueWork
from orders.models.order import new_token
from suppliers.models import Supplier, SupplierOrder
from support.models.attachment import Attachment
from support.models.ticket import Ticket
from support.states import OPEN_QUESTIONS, QuestionStatus


class SupplierQuestion(DueWork):
    """One question to one supplier about one case; ``due_at``: send it, or see whether it was answered in time.

    ``answer_by`` is until when an answer is asked for, ``token`` what its page is found by (support.question_links).
    """

    class Kind(models.TextChoices):
        LATE = "late", _("where it is")
        FAULT = "fault", _("what is wrong with it")
        BACK = "back", _("sending it back")
        OTHER = "other", _("something else")

    class Channel(models.TextChoices):
        API = "api", _("its API")
        MAIL = "mail", _("mail")
        BY_HAND = "by_hand", _("a person asks")

    ticket = models.ForeignKey(Ticket, models.CASCADE, related_name="questions", verbose_name=_("ticket"))
    supplier = models.ForeignKey(Supplier, models.PROTECT, related_name="+", verbose_name=_("supplier"))
    supplier_order = models.ForeignKey(
        SupplierOrder, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("supplier order")
    )
    kind = models.CharField(_("about"), max_length=10, choices=Kind, default=Kind.OTHER)
    text = models.TextField(_("question"), help_text=_("Plain text; the supplier reads it."))
    files = models.ManyToManyField(Attachment, blank=True, related_name="+", verbose_name=_("files it may see"))
    token = models.CharField(max_length=64, unique=True, default=new_token, editable=False)
    form_key = models.UUIDField(unique=True, editable=False)
    status = models.CharField(
        _("state"), max_length=10, choices=QuestionStatus, default=QuestionStatus.ASKED, editable=False
    )
    status_changed_at = models.DateTimeField(_("since"), default=timezone.now, editable=False)
    channel = models.CharField(_("by"), max_length=8, choices=Channel, blank=True, help_text=_("Empty: not sent yet."))
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("asked by")
    )
    asked_at = models.DateTimeField(_("asked"), default=timezone.now)
    sent_at = models.DateTimeField(_("sent"), null=True, blank=True)
    answer_by = models.DateTimeField(_("answer by"))
    reminded_at = models.DateTimeField(_("reminded"), null=True, blank=True)
    chased_at = models.DateTimeField(_("reminded again"), null=True, blank=True)
    answered_at = models.DateTimeField(_("answered"), null=True, blank=True)
    answer = models.TextField(_("answer"), blank=True)
    new_day = models.DateField(_("new day"), null=True, blank=True, help_text=_("As the supplier names it."))

    class Meta:
        verbose_name = _("question in a case")
        verbose_name_plural = _("questions in cases")
        ordering = ["-asked_at", "-pk"]
        indexes = [models.Index(fields=["status", "answer_by"], name="question_by_status")]
        constraints = [
            models.CheckConstraint(condition=Q(status__in=QuestionStatus.values), name="question_status_known"),
            models.CheckConstraint(condition=Q(channel__in=["", "api", "mail", "by_hand"]), name="question_way_known"),
            models.CheckConstraint(
                condition=Q(kind__in=["late", "fault", "back", "other"]), name="question_kind_known"
            ),
            models.CheckConstraint(
                condition=~Q(status="answered") | Q(answered_at__isnull=False), name="question_answered_when"
            ),
            # The second reminder follows the first.
            models.CheckConstraint(
                condition=Q(chased_at=None) | Q(reminded_at__isnull=False), name="question_chased_after_reminder"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.ticket_id}: question {self.pk}"

    @property
    def is_open(self) -> bool:
        """True while an answer is still wanted, however late."""
        return self.status in OPEN_QUESTIONS

    @property
    def order(self) -> models.Model | None:
        """The order it is about; None: the case is about none."""
        return self.ticket.order
