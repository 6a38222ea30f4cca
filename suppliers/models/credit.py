"""What suppliers owe us for refunds and replacements that are their fault and for goods they have again, and the papers."""

from __future__ import annotations

from django.conf import settings
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from orders.models import Order, OrderLine, Refund
from shop.money import Money
from suppliers.models.back import SupplierReturn
from suppliers.models.order import SupplierOrderLine
from suppliers.models.supplier import Supplier
from suppliers.states import OWED, SupplierCreditStatus


class SupplierCreditQuerySet(models.QuerySet["SupplierCredit"]):
    """Credits by what is to be done about them."""

    def owed(self) -> SupplierCreditQuerySet:
        """Credits of which something is still to come."""
        return self.filter(status__in=OWED)


class SupplierCredit(models.Model):
    """What one supplier owes us for units of one of its lines, because of one refund, replacement or return.

    In its cost currency. ``back``: the return by which it is asked for, and whose answer moves it; alone, it is money for
    goods the supplier has again, without a fault of its own. ``told_minor``: what the supplier says it gives; where that
    is another amount, both are shown and a person decides.
    """

    supplier = models.ForeignKey(Supplier, models.PROTECT, related_name="credits")
    order = models.ForeignKey(Order, models.PROTECT, related_name="+")
    refund = models.ForeignKey(Refund, models.PROTECT, null=True, blank=True, related_name="+")
    replacement = models.OneToOneField(
        OrderLine,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("replacement"),
        help_text=_("The line of new goods that it is owed for, where no money went to the customer."),
    )
    back = models.ForeignKey(
        SupplierReturn,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="credits",
        verbose_name=_("return"),
        help_text=_("The return at the supplier whose answer decides about it."),
    )
    line = models.ForeignKey(SupplierOrderLine, models.PROTECT, related_name="credits", verbose_name=_("line"))
    units = models.PositiveIntegerField(_("units"), help_text=_("0: a share of the cost, for goods kept for less."))
    amount_minor = models.PositiveIntegerField(_("amount"), help_text=_("Minor units."))
    matched_minor = models.PositiveIntegerField(_("matched"), default=0, help_text=_("Minor units."))
    told_minor = models.PositiveIntegerField(
        _("the supplier gives"), null=True, blank=True, help_text=_("Minor units. Empty: it has named no amount.")
    )
    currency = models.CharField(_("currency"), max_length=3)
    reason = models.CharField(_("reason"), max_length=20, choices=Refund.Reason)
    status = models.CharField(
        _("state"), max_length=20, choices=SupplierCreditStatus, default=SupplierCreditStatus.OPEN, editable=False
    )
    status_changed_at = models.DateTimeField(_("since"), default=timezone.now, editable=False)
    opened_at = models.DateTimeField(_("opened"), default=timezone.now)
    note = models.CharField(_("note"), max_length=200, blank=True)

    objects = SupplierCreditQuerySet.as_manager()

    class Meta:
        verbose_name = _("supplier credit")
        verbose_name_plural = _("supplier credits")
        ordering = ["opened_at", "pk"]
        indexes = [
            models.Index(
                fields=["supplier", "currency", "opened_at"],
                condition=Q(status__in=["open", "claimed", "accepted", "credited", "disputed"]),
                name="supplier_credit_owed",
            ),
            models.Index(fields=["order"], name="supplier_credit_by_order"),
        ]
        constraints = [
            # Whatever is told twice or done by two at once: one refund is claimed once of each line.
            models.UniqueConstraint(fields=["refund", "line"], name="supplier_credit_once"),
            models.CheckConstraint(
                condition=Q(status__in=SupplierCreditStatus.values), name="supplier_credit_status_known"
            ),
            models.CheckConstraint(
                condition=(Q(refund=None) | Q(replacement=None)) & ~Q(refund=None, replacement=None, back=None),
                name="supplier_credit_for_one_thing",
            ),
            models.UniqueConstraint(
                fields=["back", "line"],
                condition=Q(refund=None, replacement=None),
                name="supplier_credit_once_per_return",
            ),
            models.CheckConstraint(condition=Q(amount_minor__gte=1), name="supplier_credit_some"),
            models.CheckConstraint(
                condition=Q(matched_minor__lte=F("amount_minor")), name="supplier_credit_not_over_matched"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.supplier}: {self.amount} ({self.order})"

    @property
    def amount(self) -> Money:
        """What it owes for it in all."""
        return Money(self.amount_minor, self.currency)

    @property
    def told(self) -> Money | None:
        """What the supplier says it gives; None if it has named no amount."""
        return None if self.told_minor is None else Money(self.told_minor, self.currency)

    @property
    def owed(self) -> Money:
        """What is not matched yet."""
        return Money(self.amount_minor - self.matched_minor, self.currency)


class SupplierInvoice(models.Model):
    """A supplier's invoice or credit note on which it gives us credit; ``amount_minor`` is that credit."""

    supplier = models.ForeignKey(Supplier, models.PROTECT, related_name="invoices")
    number = models.CharField(_("number"), max_length=60)
    dated_on = models.DateField(_("date"))
    amount_minor = models.PositiveIntegerField(
        _("credit on it"),
        validators=[MinValueValidator(1)],
        help_text=_("Minor units: what it takes off or pays back."),
    )
    matched_minor = models.PositiveIntegerField(_("matched"), default=0, editable=False, help_text=_("Minor units."))
    currency = models.CharField(_("currency"), max_length=3)
    note = models.CharField(_("note"), max_length=200, blank=True)
    noted_at = models.DateTimeField(_("noted"), default=timezone.now, editable=False)
    noted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        editable=False,
        related_name="+",
        verbose_name=_("noted by"),
    )

    class Meta:
        verbose_name = _("supplier invoice")
        verbose_name_plural = _("supplier invoices")
        ordering = ["-dated_on", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["supplier", "number"],
                name="supplier_invoice_once",
                violation_error_message=_("This supplier's invoice of that number is noted already."),
            ),
            models.CheckConstraint(condition=Q(amount_minor__gte=1), name="supplier_invoice_some"),
            models.CheckConstraint(
                condition=Q(matched_minor__lte=F("amount_minor")), name="supplier_invoice_not_over_matched"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.supplier}: {self.number}"

    @property
    def amount(self) -> Money:
        """The credit on it."""
        return Money(self.amount_minor, self.currency)

    @property
    def left(self) -> Money:
        """What of it is matched to no credit yet."""
        return Money(self.amount_minor - self.matched_minor, self.currency)


class CreditMatch(models.Model):
    """So much of a credit was given on an invoice. Never edited; a mistake is undone by ``undone_at``."""

    invoice = models.ForeignKey(SupplierInvoice, models.PROTECT, related_name="matches")
    credit = models.ForeignKey(SupplierCredit, models.PROTECT, related_name="matches")
    amount_minor = models.PositiveIntegerField(_("amount"), help_text=_("Minor units."))
    form_key = models.CharField(max_length=80, editable=False)
    matched_at = models.DateTimeField(_("matched"), default=timezone.now)
    matched_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name=_("by")
    )
    undone_at = models.DateTimeField(_("undone"), null=True, blank=True)
    undone_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("undone by")
    )

    class Meta:
        verbose_name = _("match")
        verbose_name_plural = _("matches")
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["credit", "form_key"], name="credit_match_once"),
            models.CheckConstraint(condition=Q(amount_minor__gte=1), name="credit_match_some"),
        ]

    def __str__(self) -> str:
        return f"{self.invoice}: {Money(self.amount_minor, self.invoice.currency)}"
