"""When audit and comparison last ran by themselves, and what each of them found."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from orders.lease import DueWork
from orders.models import Order
from shop.money import Money


class NightlyAudit(DueWork):
    """The one row that says when the audit runs next, and how its last run ended."""

    is_duty = True

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    ran_at = models.DateTimeField(_("last run"), null=True, blank=True)
    unexplained = models.PositiveIntegerField(_("unexplained"), null=True, blank=True)

    class Meta:
        verbose_name = _("nightly audit")
        verbose_name_plural = _("nightly audits")

    def __str__(self) -> str:
        return f"audit of {self.ran_at}"


class AuditCheck(models.Model):
    """What one check found in the last nightly run; the subject of its work for people."""

    name = models.CharField(_("rule"), max_length=60, unique=True)
    violations = models.PositiveIntegerField(_("found"), default=0)
    examples = models.JSONField(_("for example"), default=list, blank=True)
    checked_at = models.DateTimeField(_("checked"))

    class Meta:
        verbose_name = _("audit check")
        verbose_name_plural = _("audit checks")
        ordering = ["name"]

    def __str__(self) -> str:
        return f"{self.name}: {self.violations}"


class Comparison(DueWork):
    """One way of comparing our books with Stripe's: how far the present run is, and how the last one ended.

    What a run has done is kept page by page (``part`` and ``cursor``), so that one that is killed goes on.
    """

    is_duty = True

    class Kind(models.TextChoices):
        RECENT = "recent", _("the last 72 hours")
        FULL = "full", _("everything")

    kind = models.CharField(_("what"), max_length=10, choices=Kind, unique=True)
    begun_at = models.DateTimeField(_("begun"), null=True, blank=True)
    since = models.DateTimeField(_("from"), null=True, blank=True, help_text=_("Empty: from the beginning."))
    part = models.CharField(_("part"), max_length=20, blank=True, help_text=_("Empty: not running."))
    cursor = models.CharField(_("read up to"), max_length=120, blank=True)
    counts = models.JSONField(_("looked at"), default=dict, blank=True)
    finished_at = models.DateTimeField(_("finished"), null=True, blank=True)
    last_counts = models.JSONField(_("looked at in the last whole run"), default=dict, blank=True)
    failed_since = models.DateTimeField(_("failing since"), null=True, blank=True)
    # When it last was as it should be: from here its deadline counts.
    good_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = _("comparison with Stripe")
        verbose_name_plural = _("comparisons with Stripe")

    def __str__(self) -> str:
        return f"comparison of {self.get_kind_display()}"


class MoneyFinding(models.Model):
    """One difference between our books and Stripe's, or money or goods that nothing explains. Never deleted.

    ``key`` is what it is about: an id of Stripe's, or ``order:12``. It is explained by itself when a later
    comparison no longer finds it, or by a person (``explained_by``).
    """

    class Kind(models.TextChoices):
        STRAY_PAYMENT = "stray_payment", _("Money at Stripe that no order asks for")
        AMOUNT = "amount", _("Another amount at Stripe than in our books")
        MISFIT = "misfit", _("Money that does not fit its order, or came too late")
        STRAY_REFUND = "stray_refund", _("Money that went back, and our books do not say so")
        REFUND = "refund", _("Refunds that stand otherwise at Stripe")
        DISPUTE = "dispute", _("Disputes that could not be taken in")
        NOT_AT_STRIPE = "not_at_stripe", _("Payments in our books that Stripe does not know")
        UNIT = "unit", _("Paid units that are nowhere")

    kind = models.CharField(_("kind"), max_length=20, choices=Kind)
    key = models.CharField(_("about"), max_length=120)
    order = models.ForeignKey(Order, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("order"))
    says = models.CharField(_("in one sentence"), max_length=300)
    amount_minor = models.PositiveBigIntegerField(_("amount"), default=0, help_text=_("Minor units."))
    currency = models.CharField(_("currency"), max_length=3)
    found_at = models.DateTimeField(_("found"), default=timezone.now)
    seen_at = models.DateTimeField(_("last seen"), default=timezone.now)
    explained_at = models.DateTimeField(_("explained"), null=True, blank=True)
    explained_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("by")
    )

    class Meta:
        verbose_name = _("difference")
        verbose_name_plural = _("differences")
        ordering = ["found_at", "pk"]
        constraints = [models.UniqueConstraint(fields=["kind", "key"], name="money_finding_once")]
        indexes = [
            models.Index(fields=["kind", "found_at"], condition=models.Q(explained_at=None), name="money_finding_open")
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.key}"

    @property
    def amount(self) -> Money:
        """What it is about, in money."""
        return Money(self.amount_minor, self.currency)
