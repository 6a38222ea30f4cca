"""What we ordered from a supplier, and what it sent."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from orders.lease import DueWork
from orders.models import Order, OrderLine, Shipment
from suppliers.models.offer import Offer
from suppliers.models.supplier import Supplier
from suppliers.states import SupplierOrderStatus


class SupplierOrder(DueWork):
    """What we order from one supplier for one customer order. ``due_at``: send, look up or ask again.

    One ``for_return`` was never ordered: it stands for the new goods that the supplier sends itself for that return,
    at no cost. Its supplier knows nothing of its reference, so it is asked nothing under that.
    """

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
    delivery_charge_minor = models.PositiveIntegerField(
        _("charges for delivery"),
        null=True,
        blank=True,
        editable=False,
        help_text=_("Minor units of its currency, net of tax; empty: it has not said."),
    )
    charge_currency = models.CharField(_("charges in"), max_length=3, blank=True, editable=False)
    refused_reason = models.CharField(_("why refused"), max_length=300, blank=True)
    for_return = models.OneToOneField(
        "suppliers.SupplierReturn",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="made_good",
        verbose_name=_("new goods for"),
        help_text=_("The supplier sends them itself for this return: nothing was ordered."),
    )
    created_at = models.DateTimeField(_("created"), default=timezone.now)
    placed_at = models.DateTimeField(_("placed"), null=True, blank=True)

    class Meta:
        verbose_name = _("supplier order")
        verbose_name_plural = _("supplier orders")
        ordering = ["-created_at", "-pk"]
        permissions = [("view_margin", _("Can see what the shop earns"))]
        indexes = [models.Index(fields=["order"], name="supplier_order_by_order")]
        constraints = [
            models.UniqueConstraint(fields=["order", "supplier", "part"], name="supplier_order_once"),
            models.CheckConstraint(
                condition=Q(status__in=SupplierOrderStatus.values), name="supplier_order_status_known"
            ),
        ]

    def __str__(self) -> str:
        return self.reference

    @property
    def told_reference(self) -> str:
        """Our reference as the supplier knows it: of new goods for a return, that of the order they were first part of.

        A query for each return on the way there.
        """
        row = self
        while row.for_return is not None:
            row = row.for_return.supplier_order
        return row.reference


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


class SupplierShipment(models.Model):
    """Which supplier sent a parcel, under which id of its own, and the last copy we took."""

    supplier = models.ForeignKey(Supplier, models.PROTECT, related_name="+")
    supplier_shipment_id = models.CharField(_("supplier's id"), max_length=64)
    supplier_order = models.ForeignKey(SupplierOrder, models.PROTECT, related_name="shipments")
    shipment = models.OneToOneField(Shipment, models.PROTECT, related_name="+")
    for_return = models.ForeignKey(
        "suppliers.SupplierReturn",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="parcels",
        verbose_name=_("new goods for"),
        help_text=_("The return for which the supplier says that it sends this."),
    )
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
