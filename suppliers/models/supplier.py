"""Someone who sends goods for us, and every call between us."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django_countries.fields import CountryField

from orders.lease import DueWork
from orders.models import Order
from shop.models import DeliveryProfile
from suppliers.secrets import EncryptedTextField


class BillsAt(models.TextChoices):
    """When a supplier takes our money."""

    ORDER = "order", _("what it takes an order for")
    DISPATCH = "dispatch", _("what it has sent")


class Supplier(DueWork):
    """Someone who sends goods for us. ``due_at`` is when its news are read again (polling)."""

    is_duty = True

    slug = models.SlugField(_("slug"), unique=True)
    name = models.CharField(_("name"), max_length=120)
    adapter = models.CharField(
        _("speaks"), max_length=20, default="rest", help_text=_("Key of suppliers.adapters.ADAPTERS.")
    )
    base_url = models.URLField(_("address of its API"), max_length=300, blank=True)
    allowed_hosts = models.JSONField(
        _("hosts we may call"), default=list, blank=True, help_text=_("Besides the API's own: picture hosts.")
    )
    api_key = EncryptedTextField(_("API key"), blank=True)
    webhook_secret = EncryptedTextField(_("webhook secret"), blank=True, help_text=_("whsec_…"))
    currency = models.CharField(_("currency"), max_length=3, default="EUR")
    country = CountryField(_("country"))
    delivery_profile = models.OneToOneField(
        DeliveryProfile, models.PROTECT, related_name="+", verbose_name=_("delivery")
    )
    capabilities = models.JSONField(
        _("can"), default=list, blank=True, help_text=_("As its account tells; words of the contract.")
    )
    contact_email = models.EmailField(
        _("asked by mail at"), blank=True, help_text=_("About goods that come late, where its API takes no questions.")
    )
    is_active = models.BooleanField(_("in use"), default=True)
    uses_polling = models.BooleanField(_("is polled"), default=True)
    paused_reason = models.CharField(_("why paused"), max_length=200, blank=True)
    markup_percent = models.PositiveSmallIntegerField(
        _("mark-up"), default=110, help_text=_("Percent on cost, where it recommends no price.")
    )
    replaces_itself = models.BooleanField(
        _("sends new goods itself"),
        default=False,
        help_text=_(
            "Asked through its API to take faulty goods back, it is to send the same again at its own cost. "
            "Off: we order them anew and it is asked for credit."
        ),
    )
    # --- what it owes us when a refund is its fault (suppliers.actions.credits)
    bills_at = models.CharField(
        _("bills"),
        max_length=10,
        choices=BillsAt,
        default=BillsAt.ORDER,
        help_text=_(
            "When it takes our money for goods. Of one that bills what it sends, nothing is claimed for the rest."
        ),
    )
    credit_share_percent = models.PositiveSmallIntegerField(
        _("share of reductions"),
        default=100,
        help_text=_("Percent of the cost that it bears when a customer keeps faulty goods for less."),
    )
    # --- how often its goods come back faulty (suppliers.actions.faultiness)
    fault_percent = models.PositiveSmallIntegerField(
        _("comes back faulty"),
        null=True,
        blank=True,
        editable=False,
        help_text=_("Percent of the units it has sent. Empty: too few to tell."),
    )
    fault_units = models.PositiveIntegerField(_("units measured"), default=0, editable=False)
    # --- where the incremental walks stand (the ``as_of`` of the last complete one)
    catalogue_as_of = models.CharField(max_length=40, blank=True, editable=False)
    stock_as_of = models.CharField(max_length=40, blank=True, editable=False)
    orders_as_of = models.CharField(max_length=40, blank=True, editable=False)
    shipments_as_of = models.CharField(max_length=40, blank=True, editable=False)
    returns_as_of = models.CharField(max_length=40, blank=True, editable=False)
    stock_due_at = models.DateTimeField(null=True, blank=True, editable=False)
    # --- circuit breaker (suppliers.actions.breaker)
    failures_in_row = models.PositiveIntegerField(_("failed calls in a row"), default=0, editable=False)
    opened_at = models.DateTimeField(
        _("not called since"), null=True, blank=True, editable=False, help_text=_("Empty: it is called as usual.")
    )
    opened_reason = models.CharField(_("why not called"), max_length=200, blank=True, editable=False)
    # The last call before the breaker closed: calls up to it say nothing about how the supplier is now.
    counted_from_call = models.BigIntegerField(default=0, editable=False)
    closed_until = models.DateTimeField(
        _("not called until"), null=True, blank=True, editable=False, help_text=_("It asked us to wait.")
    )
    last_good_at = models.DateTimeField(_("last good call"), null=True, blank=True, editable=False)

    class Meta:
        verbose_name = _("supplier")
        verbose_name_plural = _("suppliers")
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(condition=Q(bills_at__in=BillsAt.values), name="supplier_bills_at_known"),
            models.CheckConstraint(condition=Q(credit_share_percent__lte=100), name="supplier_credit_share_percent"),
        ]

    def __str__(self) -> str:
        return self.name

    def can(self, capability: str) -> bool:
        """True if its account declares an optional part of the contract, as ``"cancel"``."""
        return capability in self.capabilities

    @property
    def sends_replacements(self) -> bool:
        """True if it is asked to send new goods itself: that is agreed with it, and its API takes returns."""
        return self.replaces_itself and self.can("returns")


class SupplierProbe(DueWork):
    """The one call that may be made to a supplier whose breaker is open. ``due_at``: when the next may be."""

    is_duty = True

    supplier = models.OneToOneField(Supplier, models.CASCADE, related_name="probe")
    # A message that comes twice must not make two probes, and taking a row does not ask whether it is due.
    rested_since = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        verbose_name = _("probe of a failing supplier")
        verbose_name_plural = _("probes of failing suppliers")
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"{self.supplier}: probe"


class SupplierCall(models.Model):
    """One call to a supplier: what, how long, what came back; secrets and personal data left out."""

    supplier = models.ForeignKey(Supplier, models.CASCADE, related_name="calls")
    order = models.ForeignKey(Order, models.CASCADE, null=True, blank=True, related_name="+")
    method = models.CharField(_("method"), max_length=8)
    path = models.CharField(_("path"), max_length=300)
    reference = models.CharField(_("reference"), max_length=64, blank=True, db_index=True)
    status = models.PositiveSmallIntegerField(
        _("answer"), null=True, blank=True, help_text=_("HTTP status; empty: none.")
    )
    failure = models.CharField(_("failure"), max_length=200, blank=True)
    milliseconds = models.PositiveIntegerField(_("ms"))
    excerpt = models.TextField(_("answer, redacted"), blank=True)
    at = models.DateTimeField(_("at"), default=timezone.now, db_index=True)

    class Meta:
        verbose_name = _("call")
        verbose_name_plural = _("calls")
        ordering = ["-at", "-pk"]
        indexes = [models.Index(fields=["supplier", "-at"], name="call_by_supplier")]

    def __str__(self) -> str:
        return f"{self.method} {self.path}"
