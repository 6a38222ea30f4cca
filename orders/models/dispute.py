"""A payment that a customer's bank takes back."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from orders.lease import DueWork
from orders.models.order import Order
from orders.models.payment import Payment, Refund
from orders.states import DisputeStatus
from shop.money import Money

# While it stands so, nobody knows whose the money is: what is not sent stays here.
UNDECIDED = (DisputeStatus.INQUIRY, DisputeStatus.OPEN, DisputeStatus.REVIEW)


class Dispute(DueWork):
    """One dispute as the provider last told it; ``due_at`` is when it is read again, news or not.

    ``refund`` is the row by which a lost dispute stands in the ledger: money that went back.
    """

    payment = models.ForeignKey(Payment, models.PROTECT, related_name="disputes")
    order = models.ForeignKey(Order, models.PROTECT, related_name="disputes")
    stripe_id = models.CharField(_("Stripe's id"), max_length=120, unique=True, help_text=_("dp_…"))
    status = models.CharField(_("state"), max_length=20, choices=DisputeStatus, default=DisputeStatus.INQUIRY)
    status_changed_at = models.DateTimeField(_("since"), default=timezone.now, editable=False)
    amount_minor = models.PositiveIntegerField(_("amount"), help_text=_("Minor units."))
    currency = models.CharField(_("currency"), max_length=3)
    reason = models.CharField(_("reason"), max_length=60, blank=True, help_text=_("The provider's word."))
    evidence_by = models.DateTimeField(_("evidence until"), null=True, blank=True)
    fee_minor = models.IntegerField(_("fee"), null=True, blank=True, help_text=_("Minor units of the fee's currency."))
    fee_currency = models.CharField(_("currency of the fee"), max_length=3, blank=True)
    opened_at = models.DateTimeField(_("opened"), default=timezone.now)
    refund = models.OneToOneField(Refund, models.PROTECT, null=True, blank=True, related_name="dispute")

    class Meta:
        verbose_name = _("dispute")
        verbose_name_plural = _("disputes")
        ordering = ["opened_at", "pk"]
        constraints = [
            models.CheckConstraint(condition=Q(status__in=DisputeStatus.values), name="dispute_status_known"),
        ]

    def __str__(self) -> str:
        return f"{self.order}: {self.amount} ({self.status})"

    @property
    def amount(self) -> Money:
        """What the bank takes back."""
        return Money(self.amount_minor, self.currency)

    @property
    def is_undecided(self) -> bool:
        """True while the bank has not decided."""
        return self.status in UNDECIDED
