"""Suppliers, what they offer, what we ordered from them, and every call between us."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django_countries.fields import CountryField

from orders.lease import DueWork
from orders.models import Cancellation, Order, OrderLine, Shipment
from shop.models import DeliveryProfile, Variant
from shop.models.catalogue import Availability
from suppliers.secrets import EncryptedTextField
from suppliers.states import SupplierCancellationStatus, SupplierOrderStatus


class Supplier(DueWork):
    """Someone who sends goods for us. ``due_at`` is when its news are read again (polling)."""

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
    is_active = models.BooleanField(_("in use"), default=True)
    uses_polling = models.BooleanField(_("is polled"), default=True)
    paused_reason = models.CharField(_("why paused"), max_length=200, blank=True)
    markup_percent = models.PositiveSmallIntegerField(
        _("mark-up"), default=110, help_text=_("Percent on cost, where it recommends no price.")
    )
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

    def __str__(self) -> str:
        return self.name

    def can(self, capability: str) -> bool:
        """True if its account declares an optional part of the contract, as ``"cancel"``."""
        return capability in self.capabilities


class SupplierProbe(DueWork):
    """The one call that may be made to a supplier whose breaker is open. ``due_at``: when the next may be."""

    supplier = models.OneToOneField(Supplier, models.CASCADE, related_name="probe")
    # A message that comes twice must not make two probes, and taking a row does not ask whether it is due.
    rested_since = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        verbose_name = _("probe of a failing supplier")
        verbose_name_plural = _("probes of failing suppliers")
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"{self.supplier}: probe"


class OfferStatus(models.TextChoices):
    """Whether the supplier still sells it; the words of the contract."""

    ACTIVE = "active", _("active")
    SUSPENDED = "suspended", _("suspended")
    DISCONTINUED = "discontinued", _("discontinued")


class Offer(models.Model):
    """One supplier's way to deliver a variant."""

    supplier = models.ForeignKey(Supplier, models.PROTECT, related_name="offers")
    variant = models.ForeignKey(Variant, models.CASCADE, related_name="+")
    supplier_sku = models.CharField(_("supplier's SKU"), max_length=64)
    unit_cost = models.PositiveBigIntegerField(_("unit cost"), help_text=_("1/10,000 of the currency unit."))
    currency = models.CharField(_("currency"), max_length=3)
    recommended_minor = models.PositiveIntegerField(
        _("recommended price"), null=True, blank=True, help_text=_("Minor units, tax included.")
    )
    status = models.CharField(_("state"), max_length=20, choices=OfferStatus, default=OfferStatus.ACTIVE)
    availability = models.CharField(
        _("availability"), max_length=20, choices=Availability, default=Availability.OUT_OF_STOCK
    )
    stock = models.PositiveIntegerField(_("stock"), null=True, blank=True, help_text=_("Empty: no number given."))
    stock_told_at = models.DateTimeField(_("stock told at"), null=True, blank=True)
    restock_on = models.DateField(_("back on"), null=True, blank=True)
    handling_min_days = models.PositiveSmallIntegerField(_("handling days, at least"), default=0)
    handling_max_days = models.PositiveSmallIntegerField(_("handling days, at most"), default=1)
    ships_to = models.JSONField(_("ships to"), null=True, blank=True, help_text=_("Country codes; empty: everywhere."))
    updated_at = models.DateTimeField(_("updated"), auto_now=True)

    class Meta:
        verbose_name = _("offer")
        verbose_name_plural = _("offers")
        ordering = ["variant", "supplier"]
        indexes = [models.Index(fields=["variant", "status"], name="offer_by_variant")]
        constraints = [
            models.UniqueConstraint(fields=["supplier", "supplier_sku"], name="offer_once"),
            models.CheckConstraint(condition=Q(status__in=OfferStatus.values), name="offer_status_known"),
            models.CheckConstraint(condition=Q(availability__in=Availability.values), name="offer_availability_known"),
        ]

    def __str__(self) -> str:
        return f"{self.supplier}: {self.supplier_sku}"


class SupplierOrder(DueWork):
    """What we order from one supplier for one customer order. ``due_at``: send, look up or ask again."""

    order = models.ForeignKey(Order, models.PROTECT, related_name="+")
    supplier = models.ForeignKey(Supplier, models.PROTECT, related_name="supplier_orders")
    part = models.PositiveSmallIntegerField(_("part"), default=1)
    reference = models.CharField(
        _("our reference"), max_length=32, unique=True, help_text=_("The same on every attempt.")
    )
    status = models.CharField(
        _("dialogue"), max_length=20, choices=SupplierOrderStatus, default=SupplierOrderStatus.READY, editable=False
    )
    status_changed_at = models.DateTimeField(_("since"), default=timezone.now, editable=False)
    request = models.JSONField(
        _("what we sent"),
        default=dict,
        blank=True,
        editable=False,
        help_text=_("Saved before the first call; the same on every attempt."),
    )
    first_sent_at = models.DateTimeField(_("first sent"), null=True, blank=True, editable=False)
    last_sent_at = models.DateTimeField(_("last sent"), null=True, blank=True, editable=False)
    # A person's word counts like the order itself: from then on it has its full time again.
    waits_since = models.DateTimeField(_("waits since"), default=timezone.now, editable=False)
    # --- what the supplier says
    supplier_order_id = models.CharField(_("supplier's number"), max_length=64, blank=True)
    version = models.PositiveIntegerField(_("version"), default=0, editable=False)
    supplier_status = models.CharField(_("supplier says"), max_length=30, blank=True)
    hold_code = models.CharField(_("held by the supplier"), max_length=30, blank=True)
    ship_by_on = models.DateField(_("sends by"), null=True, blank=True)
    last_copy = models.JSONField(_("last answer"), default=dict, blank=True, editable=False)
    refused_reason = models.CharField(_("why refused"), max_length=300, blank=True)
    created_at = models.DateTimeField(_("created"), default=timezone.now)
    placed_at = models.DateTimeField(_("placed"), null=True, blank=True)

    class Meta:
        verbose_name = _("supplier order")
        verbose_name_plural = _("supplier orders")
        ordering = ["-created_at", "-pk"]
        indexes = [models.Index(fields=["order"], name="supplier_order_by_order")]
        constraints = [
            models.UniqueConstraint(fields=["order", "supplier", "part"], name="supplier_order_once"),
            models.CheckConstraint(
                condition=Q(status__in=SupplierOrderStatus.values), name="supplier_order_status_known"
            ),
        ]

    def __str__(self) -> str:
        return self.reference


class SupplierOrderLine(models.Model):
    """So many units of one order line asked from the supplier, and what became of them."""

    supplier_order = models.ForeignKey(SupplierOrder, models.CASCADE, related_name="lines")
    order_line = models.ForeignKey(OrderLine, models.PROTECT, related_name="+")
    offer = models.ForeignKey(Offer, models.PROTECT, related_name="+")
    line_id = models.CharField(_("our line id"), max_length=32)
    supplier_sku = models.CharField(_("supplier's SKU"), max_length=64)
    quantity = models.PositiveIntegerField(_("asked for"))
    unit_cost = models.PositiveBigIntegerField(
        _("unit cost"), help_text=_("1/10,000 of the currency unit; the most we pay.")
    )
    pending = models.PositiveIntegerField(_("undecided"), default=0)
    accepted = models.PositiveIntegerField(_("accepted"), default=0)
    backordered = models.PositiveIntegerField(_("backordered"), default=0)
    rejected = models.PositiveIntegerField(_("rejected"), default=0)
    cancelled = models.PositiveIntegerField(_("cancelled"), default=0)
    shipped = models.PositiveIntegerField(_("sent"), default=0)
    delivered = models.PositiveIntegerField(_("delivered"), default=0)
    returned = models.PositiveIntegerField(_("returned"), default=0)
    reason_code = models.CharField(_("reason"), max_length=40, blank=True)

    class Meta:
        verbose_name = _("supplier order line")
        verbose_name_plural = _("supplier order lines")
        ordering = ["pk"]
        indexes = [
            # The few lines that something is still awaited of.
            models.Index(fields=["supplier_order"], condition=Q(pending__gt=0), name="supplier_line_pending"),
            models.Index(fields=["supplier_order"], condition=Q(backordered__gt=0), name="supplier_line_backordered"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["supplier_order", "line_id"], name="supplier_order_line_once"),
            models.CheckConstraint(
                condition=Q(quantity=F("pending") + F("accepted") + F("backordered") + F("rejected") + F("cancelled")),
                name="supplier_order_line_adds_up",
            ),
            models.CheckConstraint(
                condition=Q(shipped__lte=F("accepted")) & Q(delivered__lte=F("shipped")),
                name="supplier_order_line_in_order",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.supplier_order}: {self.quantity} x {self.supplier_sku}"


class SupplierCancellation(DueWork):
    """What one supplier is asked to stop for one cancellation. ``due_at``: ask, ask again, or read the answer."""

    cancellation = models.ForeignKey(Cancellation, models.PROTECT, related_name="+")
    supplier_order = models.ForeignKey(SupplierOrder, models.PROTECT, related_name="cancellations")
    order = models.ForeignKey(Order, models.PROTECT, related_name="+")
    status = models.CharField(
        _("state"),
        max_length=20,
        choices=SupplierCancellationStatus,
        default=SupplierCancellationStatus.TO_ASK,
        editable=False,
    )
    status_changed_at = models.DateTimeField(_("since"), default=timezone.now, editable=False)
    request_key = models.CharField(max_length=80, unique=True, help_text=_("The same on every attempt."))
    request = models.JSONField(
        _("what we asked"), default=dict, blank=True, editable=False, help_text=_("Saved before the first call.")
    )
    first_asked_at = models.DateTimeField(_("first asked"), null=True, blank=True, editable=False)
    asked_version = models.PositiveIntegerField(
        default=0, editable=False, help_text=_("Version of the order in which the request was noted.")
    )
    outcome = models.CharField(_("supplier says"), max_length=60, blank=True)
    created_at = models.DateTimeField(_("created"), default=timezone.now)
    decided_at = models.DateTimeField(_("decided"), null=True, blank=True)

    class Meta:
        verbose_name = _("cancellation at a supplier")
        verbose_name_plural = _("cancellations at suppliers")
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["cancellation", "supplier_order"], name="supplier_cancellation_once"),
            models.CheckConstraint(
                condition=Q(status__in=SupplierCancellationStatus.values), name="supplier_cancellation_status_known"
            ),
        ]

    def __str__(self) -> str:
        return self.request_key


class SupplierCancellationLine(models.Model):
    """How many units of one supplier order line are to be stopped, and what became of them."""

    supplier_cancellation = models.ForeignKey(SupplierCancellation, models.CASCADE, related_name="lines")
    line = models.ForeignKey(SupplierOrderLine, models.PROTECT, related_name="cancellation_lines")
    quantity = models.PositiveIntegerField(_("asked for"))
    cancelled = models.PositiveIntegerField(_("cancelled"), default=0)
    refused = models.PositiveIntegerField(_("not possible"), default=0)

    class Meta:
        verbose_name = _("goods to be stopped")
        verbose_name_plural = _("goods to be stopped")
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["supplier_cancellation", "line"], name="supplier_cancellation_line_once"),
            models.CheckConstraint(
                condition=Q(quantity__gte=F("cancelled") + F("refused")), name="supplier_cancellation_line_adds_up"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.supplier_cancellation}: {self.quantity} x {self.line.supplier_sku}"

    @property
    def waiting(self) -> int:
        """Units without an answer."""
        return self.quantity - self.cancelled - self.refused


class SupplierShipment(models.Model):
    """Which supplier sent a parcel, under which id of its own, and the last copy we took."""

    supplier = models.ForeignKey(Supplier, models.PROTECT, related_name="+")
    supplier_shipment_id = models.CharField(_("supplier's id"), max_length=64)
    supplier_order = models.ForeignKey(SupplierOrder, models.PROTECT, related_name="shipments")
    shipment = models.OneToOneField(Shipment, models.PROTECT, related_name="+")
    version = models.PositiveIntegerField(_("version"), default=0)

    class Meta:
        verbose_name = _("supplier's parcel")
        verbose_name_plural = _("suppliers' parcels")
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["supplier", "supplier_shipment_id"], name="supplier_shipment_once")
        ]

    def __str__(self) -> str:
        return self.supplier_shipment_id


class SupplierReturn(DueWork):
    """A return asked from a supplier under our own reference. ``due_at``: ask, or read its answer."""

    class Status(models.TextChoices):
        TO_ASK = "to_ask", _("to be asked")
        UNKNOWN = "unknown", _("outcome unknown")
        REFUSED = "refused", _("not possible")
        REQUESTED = "requested", _("asked")
        APPROVED = "approved", _("approved")
        REJECTED = "rejected", _("rejected")
        IN_TRANSIT = "in_transit", _("on the way back")
        RECEIVED = "received", _("received")
        RESOLVED = "resolved", _("resolved")
        CANCELLED = "cancelled", _("withdrawn")
        EXPIRED = "expired", _("expired")

    supplier_order = models.ForeignKey(SupplierOrder, models.PROTECT, related_name="returns")
    order = models.ForeignKey(Order, models.PROTECT, related_name="+")
    return_reference = models.CharField(_("our reference"), max_length=32, unique=True)
    status = models.CharField(_("state"), max_length=20, choices=Status, default=Status.TO_ASK)
    status_changed_at = models.DateTimeField(_("since"), default=timezone.now, editable=False)
    request = models.JSONField(_("what we asked"), default=dict, editable=False)
    last_copy = models.JSONField(_("last answer"), default=dict, blank=True, editable=False)
    version = models.PositiveIntegerField(default=0, editable=False)
    refused_reason = models.CharField(_("why not"), max_length=300, blank=True)
    created_at = models.DateTimeField(_("created"), default=timezone.now)

    class Meta:
        verbose_name = _("return at a supplier")
        verbose_name_plural = _("returns at suppliers")
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(
                    status__in=[
                        "to_ask", "unknown", "refused", "requested", "approved", "rejected",
                        "in_transit", "received", "resolved", "cancelled", "expired",
                    ]
                ),
                name="supplier_return_status_known",
            )
        ]  # fmt: skip

    def __str__(self) -> str:
        return self.return_reference


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
