"""Money in and money back: a ledger, never edited."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from orders.lease import DueWork
from orders.models.order import Order, OrderLine
from orders.states import AuthorisationStatus, RefundStatus
from shop.money import Money


class Keyed(models.Model):
    """Asked of the provider under a key of its own, so that a repeat is no second one."""

    idempotency_key = models.CharField(max_length=80, unique=True)
    # The provider repeats a failure under one key for a day; after one, the next try has another.
    key_serial = models.PositiveSmallIntegerField(default=1)

    class Meta:
        abstract = True

    @property
    def key(self) -> str:
        """The key of the next try."""
        return self.idempotency_key if self.key_serial == 1 else f"{self.idempotency_key}-{self.key_serial}"

    def take_next_key(self) -> None:
        """Leave the key of a try that is over. Two that saw the same failure leave it once."""
        rows = type(self)._default_manager.filter(pk=self.pk, key_serial=self.key_serial)
        rows.update(key_serial=F("key_serial") + 1)
        self.refresh_from_db(fields=["key_serial"])


class CheckoutSession(Keyed, DueWork):
    """One try to pay an order on the provider's page. A row before the provider is asked.

    ``due_at`` is when the sweep looks at it again (return page and webhook may both be lost).
    """

    class State(models.TextChoices):
        NEW = "new", _("to be opened")
        OPEN = "open", _("open")
        # Given up here; that nobody can pay it any more is still to be made true at the provider's.
        ENDING = "ending", _("to be ended")
        COMPLETE = "complete", _("complete")
        EXPIRED = "expired", _("expired")

    order = models.ForeignKey(Order, models.CASCADE, related_name="sessions")
    serial = models.PositiveSmallIntegerField(_("try"), default=1)
    stripe_id = models.CharField(_("Stripe's id"), max_length=120, blank=True, db_index=True)
    url = models.URLField(_("pay page"), max_length=1000, blank=True)
    provider = models.CharField(_("way to pay"), max_length=20, default="stripe")
    # Both are frozen before the first call: a repeat with the same key must send the same values.
    authorises = models.BooleanField(
        _("authorises only"), default=False, help_text=_("The money is taken after a person's decision.")
    )
    customer = models.CharField(
        _("customer there"), max_length=120, null=True, blank=True, help_text=_("Empty: a guest. Null: not asked yet.")
    )
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.NEW)
    # The exact values sent: a repeat with the same key must send the same ones.
    expires_at = models.DateTimeField(_("ends"))
    created_at = models.DateTimeField(_("created"), default=timezone.now)

    class Meta:
        verbose_name = _("checkout session")
        verbose_name_plural = _("checkout sessions")
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.UniqueConstraint(fields=["order", "serial"], name="checkout_session_once"),
            models.UniqueConstraint(
                fields=["stripe_id"], condition=~Q(stripe_id=""), name="checkout_session_stripe_id"
            ),
            # One payable session at a time: two open ones could both be paid.
            models.UniqueConstraint(
                fields=["order"], condition=Q(state__in=["new", "open"]), name="checkout_session_one_open"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.order} #{self.serial}"


class ProviderCustomer(Keyed, DueWork):
    """Who an account's person is for the provider, so that they need not type everything again.

    Once the account is deleted, the customer there is owed to be (``due_at``); then this row goes as well.
    """

    user = models.OneToOneField(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", verbose_name=_("account"))
    stripe_id = models.CharField(_("Stripe's id"), max_length=120, blank=True, help_text=_("cus_…"))
    email = models.EmailField(_("e-mail address there"), blank=True, help_text=_("A repeat names the same."))
    created_at = models.DateTimeField(_("created"), default=timezone.now)
    leaving_at = models.DateTimeField(_("account deleted"), null=True, blank=True)

    class Meta:
        verbose_name = _("customer at the provider")
        verbose_name_plural = _("customers at the provider")
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["stripe_id"], condition=~Q(stripe_id=""), name="provider_customer_once"),
        ]

    def __str__(self) -> str:
        return self.stripe_id or f"customer {self.pk}"


class Authorisation(Keyed, DueWork):
    """Money that a bank keeps for an order on hold, until it is taken or let go.

    ``due_at`` is when a worker looks at it: at once for a decision that the provider does not know yet,
    else shortly before it lapses, when the shop decides by itself (it lets go).
    """

    order = models.ForeignKey(Order, models.PROTECT, related_name="authorisations")
    session = models.OneToOneField(CheckoutSession, models.PROTECT, related_name="authorisation")
    status = models.CharField(
        _("state"), max_length=20, choices=AuthorisationStatus, default=AuthorisationStatus.HELD, editable=False
    )
    status_changed_at = models.DateTimeField(_("since"), default=timezone.now, editable=False)
    stripe_id = models.CharField(_("PaymentIntent"), max_length=120, unique=True, help_text=_("pi_…"))
    amount_minor = models.PositiveIntegerField(_("kept"), help_text=_("Minor units."))
    capture_minor = models.PositiveIntegerField(
        _("to be taken"), null=True, blank=True, help_text=_("Minor units; empty: not decided.")
    )
    # What was cancelled before the decision: [{"line": id, "units": n, "minor": amount}].
    left_out = models.JSONField(_("not taken"), default=list, blank=True)
    currency = models.CharField(_("currency"), max_length=3)
    held_at = models.DateTimeField(_("authorised"), default=timezone.now)
    lapses_at = models.DateTimeField(_("lapses"))
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("decided by")
    )
    note = models.CharField(_("note"), max_length=200, blank=True)

    class Meta:
        verbose_name = _("authorisation")
        verbose_name_plural = _("authorisations")
        ordering = ["held_at", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=AuthorisationStatus.values), name="authorisation_status_known"
            ),
            models.CheckConstraint(condition=Q(amount_minor__gte=1), name="authorisation_some"),
            models.CheckConstraint(
                condition=Q(capture_minor=None) | Q(capture_minor__lte=F("amount_minor")),
                name="authorisation_not_over_captured",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.order}: {self.amount}"

    @property
    def amount(self) -> Money:
        """What the bank keeps."""
        return Money(self.amount_minor, self.currency)


class Payment(DueWork):
    """Money that the provider took for an order. ``refunded_minor`` counts pending refunds too.

    ``stripe_id`` is the provider's name of it, whatever the provider (docs/adr/0015). ``due_at`` is when
    the provider's fees for it are read; reading them never holds anything up.
    """

    order = models.ForeignKey(Order, models.PROTECT, related_name="payments")
    stripe_id = models.CharField(_("PaymentIntent"), max_length=120, unique=True, help_text=_("pi_…"))
    provider = models.CharField(_("way to pay"), max_length=20, default="stripe")
    reference = models.CharField(_("as the statement says"), max_length=140, blank=True)
    captured_minor = models.PositiveIntegerField(_("captured"), help_text=_("Minor units."))
    currency = models.CharField(_("currency"), max_length=3)
    refunded_minor = models.PositiveIntegerField(
        _("refunded"), default=0, help_text=_("Minor units, pending refunds included.")
    )
    card_brand = models.CharField(_("card"), max_length=30, blank=True)
    card_last4 = models.CharField(_("last four digits"), max_length=4, blank=True)
    captured_at = models.DateTimeField(_("captured at"), default=timezone.now)
    compared_at = models.DateTimeField(
        _("last seen at Stripe"), null=True, blank=True, help_text=_("When a comparison last found it there.")
    )
    fee_minor = models.IntegerField(
        _("provider's fee"),
        null=True,
        blank=True,
        help_text=_("Minor units of the fee's currency, those for refunds and disputes included. Empty: not told yet."),
    )
    fee_currency = models.CharField(_("currency of the fee"), max_length=3, blank=True)

    class Meta:
        verbose_name = _("payment")
        verbose_name_plural = _("payments")
        ordering = ["captured_at", "pk"]
        constraints = [
            # The last wall against paying back more than was taken.
            models.CheckConstraint(
                condition=Q(refunded_minor__lte=F("captured_minor")), name="payment_not_over_refunded"
            ),
        ]

    def __str__(self) -> str:
        return self.stripe_id

    @property
    def captured(self) -> Money:
        """What was taken."""
        return Money(self.captured_minor, self.currency)


class Refund(Keyed, DueWork):
    """Money on its way back. A row, with our own key, before the provider is asked."""

    class Reason(models.TextChoices):
        DEFECTIVE = "defective", _("faulty")
        DAMAGED = "damaged", _("arrived damaged")
        WRONG_ITEM = "wrong_item", _("wrong item")
        NOT_DELIVERED = "not_delivered", _("not delivered")
        SUPPLIER_CANNOT = "supplier_cannot", _("supplier cannot deliver")
        CANCELLED = "cancelled", _("cancelled")
        NOT_APPROVED = "not_approved", _("not approved by the pharmacist")
        RETURNED = "returned", _("returned")
        GOODWILL = "goodwill", _("goodwill")
        LATE_PAYMENT = "late_payment", _("paid too late")
        OUTSIDE = "outside", _("made in the provider's dashboard")
        # Two that move no money by us, and of which no mail about a refund is written.
        DISPUTE = "dispute", _("taken back by the customer's bank")
        NOT_TAKEN = "not_taken", _("cancelled before the money was taken")

    payment = models.ForeignKey(Payment, models.PROTECT, related_name="refunds")
    order = models.ForeignKey(Order, models.PROTECT, related_name="refunds")
    status = models.CharField(
        _("state"), max_length=20, choices=RefundStatus, default=RefundStatus.REQUESTED, editable=False
    )
    status_changed_at = models.DateTimeField(_("since"), default=timezone.now, editable=False)
    amount_minor = models.PositiveIntegerField(_("amount"), help_text=_("Minor units."))
    currency = models.CharField(_("currency"), max_length=3)
    reason = models.CharField(_("reason"), max_length=20, choices=Reason)
    note = models.CharField(_("note"), max_length=200, blank=True)
    stripe_id = models.CharField(_("Stripe's id"), max_length=120, blank=True)
    failure = models.CharField(_("why it failed"), max_length=200, blank=True)
    requested_at = models.DateTimeField(_("asked for"), default=timezone.now)
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("by")
    )

    class Meta:
        verbose_name = _("refund")
        verbose_name_plural = _("refunds")
        ordering = ["requested_at", "pk"]
        constraints = [
            models.CheckConstraint(condition=Q(status__in=RefundStatus.values), name="refund_status_known"),
            models.CheckConstraint(condition=Q(amount_minor__gte=1), name="refund_some"),
            models.UniqueConstraint(fields=["stripe_id"], condition=~Q(stripe_id=""), name="refund_stripe_id"),
        ]

    def __str__(self) -> str:
        return f"{self.order}: {self.amount}"

    @property
    def amount(self) -> Money:
        """What goes back."""
        return Money(self.amount_minor, self.currency)


class RefundLine(models.Model):
    """Which units, and how much of their money, a refund pays back."""

    refund = models.ForeignKey(Refund, models.CASCADE, related_name="lines")
    line = models.ForeignKey(OrderLine, models.PROTECT, related_name="refund_lines")
    quantity = models.PositiveIntegerField(
        _("units"), help_text=_("0: money only, as for a scratch the customer lives with.")
    )
    amount_minor = models.PositiveIntegerField(_("amount"), help_text=_("Minor units."))
    delivery_minor = models.PositiveIntegerField(_("of which delivery"), default=0, help_text=_("Minor units."))
    tax_minor = models.PositiveIntegerField(_("of which tax"), default=0, help_text=_("Minor units."))

    class Meta:
        verbose_name = _("refund line")
        verbose_name_plural = _("refund lines")
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["refund", "line"], name="refund_line_once"),
            models.CheckConstraint(
                condition=Q(delivery_minor__lte=F("amount_minor")) & Q(tax_minor__lte=F("amount_minor")),
                name="refund_line_parts_fit",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.refund_id}: {self.quantity} x {self.line_id}"
