"""The customer's one order: never split or doubled, whatever the suppliers do."""

from __future__ import annotations

import secrets

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.db.models.functions import Greatest, Lower
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext, gettext_lazy as _
from django_countries.fields import CountryField

from orders.states import OrderStatus
from shop.accounts import verified_emails
from shop.models import Basket, Region, User, Variant
from shop.money import Money, included_tax_minor, payable_step
from shop.people import Person
from shop.places import Place, located, region_at

# What a line cost the customer, as a query asks for it; the same as ``OrderLine.paid_minor``.
PAID_MINOR = F("line_minor") + F("delivery_minor") - F("discount_minor") + F("added_tax_minor")

# Money that is still to come or to be decided.
NOT_SETTLED = (OrderStatus.PLACED, OrderStatus.AUTHORISED, OrderStatus.LATE_PAID)

# The kind of code that takes nothing off the goods (``orders.models.discount.DiscountKind``, which stands on orders).
FREE_DELIVERY = "free_delivery"


def new_token() -> str:
    """Return an unguessable text for a link: 43 characters, 256 bits."""
    return secrets.token_urlsafe(32)


def is_under_way() -> Q:
    """The condition that money or goods of an order are still to come or to be decided."""
    coming = OrderLine.objects.filter(
        order=OuterRef("pk"), quantity__gt=F("cancelled") + Greatest(F("delivered"), F("returned"))
    )
    return Q(status__in=NOT_SETTLED) | (Q(status=OrderStatus.PAID) & Q(Exists(coming)))


class OrderQuerySet(models.QuerySet["Order"]):
    """Orders by who may see them, and by what is to be done."""

    def of(self, user: User | AnonymousUser) -> OrderQuerySet:
        """Return the orders of someone who is logged in; nobody else's.

        Theirs are also those that a guest placed with an address which they have proved to be their own. One
        query for these addresses.
        """
        if not user.is_authenticated:
            return self.none()
        as_guest = Q(user=None, lower_email__in=verified_emails(user))
        return self.alias(lower_email=Lower("email")).filter(Q(user=user) | as_guest)

    def of_person(self, person: Person) -> OrderQuerySet:
        """Return the orders of a person, placed with their account or, as a guest, with a proved address of theirs."""
        mine = Q(user=None, lower_email__in=person.proved)
        if person.user is not None:
            mine |= Q(user=person.user)
        return self.alias(lower_email=Lower("email")).filter(mine)

    def by_token(self, token: str) -> OrderQuerySet:
        """Return the one order whose link this is: who has the link may see it."""
        return self.filter(token=token)

    def unpaid(self) -> OrderQuerySet:
        """Orders that still wait for their money."""
        return self.filter(status=OrderStatus.PLACED)


class Order(models.Model):
    """What one customer bought at one time. ``status`` is about the money only."""

    number = models.CharField(_("number"), max_length=20, unique=True)
    token = models.CharField(max_length=64, unique=True, default=new_token, editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("account")
    )
    basket = models.ForeignKey(Basket, models.SET_NULL, null=True, blank=True, related_name="+", editable=False)
    basket_generation = models.PositiveIntegerField(default=1, editable=False)
    status = models.CharField(
        _("payment"), max_length=20, choices=OrderStatus, default=OrderStatus.PLACED, editable=False
    )
    status_changed_at = models.DateTimeField(_("payment changed"), default=timezone.now, editable=False)
    # --- who and where
    email = models.EmailField(_("e-mail address"))
    # Written by notifications: the page then asks for another address.
    email_failed_at = models.DateTimeField(
        _("address takes no mail since"),
        null=True,
        blank=True,
        editable=False,
        help_text=_("Empty: as far as we know it does."),
    )
    name = models.CharField(_("full name"), max_length=100)
    company = models.CharField(_("company"), max_length=100, blank=True)
    line1 = models.CharField(_("address"), max_length=100)
    line2 = models.CharField(_("flat, floor, building"), max_length=100, blank=True)
    city = models.CharField(_("town"), max_length=60)
    region = models.CharField(_("region"), max_length=60, blank=True)
    postcode = models.CharField(_("postcode"), max_length=12, blank=True)
    country = CountryField(_("country"))
    phone = models.CharField(_("telephone"), max_length=20, blank=True)
    note = models.CharField(_("note for the courier"), max_length=200, blank=True)
    # Written by suppliers with the first of them that is sent it: from then on it stays as it is.
    address_fixed_at = models.DateTimeField(_("address told to a supplier"), null=True, blank=True, editable=False)
    invoice_to = models.TextField(
        _("invoice to"), max_length=400, blank=True, help_text=_("Empty: to where the goods go.")
    )
    language = models.CharField(_("language"), max_length=10, default="en-gb")
    pay_with = models.CharField(_("way to pay"), max_length=20, default="stripe")
    confirmed_age = models.PositiveSmallIntegerField(
        _("age confirmed"), null=True, blank=True, editable=False, help_text=_("Empty: the goods asked for none.")
    )
    # --- money, minor units. Prices include tax or not as the market of the delivery country does; what tax
    # comes on top of them is ``added_tax_minor``, part of ``tax_minor``.
    currency = models.CharField(_("currency"), max_length=3)
    prices_include_tax = models.BooleanField(_("prices include tax"), default=True, editable=False)
    items_minor = models.PositiveIntegerField(_("goods"), help_text=_("Minor units."))
    delivery_minor = models.PositiveIntegerField(_("delivery"), help_text=_("Minor units."))
    discount_minor = models.PositiveIntegerField(_("discount"), default=0, help_text=_("Minor units."))
    discount_code = models.CharField(_("discount code"), max_length=30, blank=True, editable=False)
    discount_kind = models.CharField(_("kind of discount"), max_length=20, blank=True, editable=False)
    tax_minor = models.PositiveIntegerField(_("of which tax"), help_text=_("Minor units."))
    added_tax_minor = models.PositiveIntegerField(
        _("tax on top"), default=0, help_text=_("Minor units; 0 where prices include tax.")
    )
    total_minor = models.PositiveIntegerField(_("total"), help_text=_("Minor units."))
    # --- times
    placed_at = models.DateTimeField(_("placed"), default=timezone.now, db_index=True)
    paid_at = models.DateTimeField(_("paid"), null=True, blank=True)
    pay_by = models.DateTimeField(_("to be paid by"))
    forward_after = models.DateTimeField(
        _("forwarded from"), null=True, blank=True, help_text=_("End of the time to change one's mind.")
    )

    objects = OrderQuerySet.as_manager()

    class Meta:
        verbose_name = _("order")
        verbose_name_plural = _("orders")
        ordering = ["-placed_at", "-pk"]
        indexes = [
            models.Index(fields=["status", "pay_by"], name="order_by_status"),
            models.Index(fields=["user", "-placed_at"], name="order_by_user"),
            models.Index(Lower("email"), name="order_by_email_any_case"),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(status__in=OrderStatus.values), name="order_status_known"),
            models.CheckConstraint(
                condition=Q(
                    total_minor=F("items_minor") + F("delivery_minor") - F("discount_minor") + F("added_tax_minor")
                ),
                name="order_total_adds_up",
            ),
            models.CheckConstraint(
                condition=Q(prices_include_tax=True, added_tax_minor=0)
                | Q(prices_include_tax=False, added_tax_minor=F("tax_minor")),
                name="order_tax_in_or_on_top",
            ),
            # Two clicks on "pay", two tabs: one basket leads to one open order at a time. Money that comes
            # late must be noted whatever else there is; it is decided when the order would be paid.
            models.UniqueConstraint(
                fields=["basket", "basket_generation"],
                condition=Q(status__in=[OrderStatus.PLACED, OrderStatus.AUTHORISED, OrderStatus.PAID]),
                name="order_once_per_basket",
            ),
        ]

    def __str__(self) -> str:
        return self.number

    def get_absolute_url(self) -> str:
        return reverse("orders:detail", args=[self.token])

    @property
    def total(self) -> Money:
        """What the customer pays, everything included."""
        return Money(self.total_minor, self.currency)

    @property
    def discount(self) -> Money:
        """What the code takes off, below zero as sums show it."""
        return Money(-self.discount_minor, self.currency)

    @property
    def is_paid(self) -> bool:
        """True once the money is there, also if some of it went back later."""
        return self.paid_at is not None

    @cached_property
    def part_of_country(self) -> Region | None:
        """The part of its country that it goes to, if that has terms of its own; one query, once."""
        return region_at(self.place)

    @property
    def place(self) -> Place:
        """Where it goes, under the country code that counts for price, tax and delivery."""
        parts = {name: getattr(self, name) for name in ("region", "postcode", "city", "line1")}
        return located(Place(self.country.code, **parts))

    def money(self, minor: int) -> Money:
        """Return an amount in the order's currency."""
        return Money(minor, self.currency)


class OrderLine(models.Model):
    """So many of one variant, at the price of the sale, and how far its units are."""

    order = models.ForeignKey(Order, models.CASCADE, related_name="lines")
    delivery = models.ForeignKey("orders.OrderDelivery", models.PROTECT, related_name="lines")
    variant = models.ForeignKey(Variant, models.PROTECT, related_name="+")
    replaces = models.ForeignKey(
        "self",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="replaced_by",
        verbose_name=_("in the place of"),
        help_text=_("A line at no price, whose units replace units of that one."),
    )
    position = models.PositiveSmallIntegerField(default=1)
    sku = models.CharField(_("SKU"), max_length=40)
    name = models.CharField(_("name"), max_length=250)
    options_label = models.CharField(_("options"), max_length=200, blank=True)
    picture = models.CharField(
        _("picture"), max_length=200, blank=True, help_text=_("Path of the small picture at sale.")
    )
    quantity = models.PositiveIntegerField(_("ordered"))
    unit_price_minor = models.PositiveIntegerField(_("unit price"), help_text=_("Minor units."))
    tax_basis_points = models.PositiveSmallIntegerField(_("tax rate"), help_text=_("1/100 of a percent."))
    line_minor = models.PositiveIntegerField(_("line total"), help_text=_("Minor units, before discount."))
    tax_minor = models.PositiveIntegerField(_("of which tax"), help_text=_("Minor units."))
    added_tax_minor = models.PositiveIntegerField(
        _("tax on top"), default=0, help_text=_("Minor units; 0 where prices include tax.")
    )
    discount_minor = models.PositiveIntegerField(_("share of the discount"), default=0, help_text=_("Minor units."))
    delivery_minor = models.PositiveIntegerField(_("share of the delivery"), default=0, help_text=_("Minor units."))
    unit_cost = models.PositiveBigIntegerField(
        _("unit cost"), null=True, blank=True, help_text=_("1/10,000 of the currency unit, at sale.")
    )
    cost_currency = models.CharField(_("cost currency"), max_length=3, blank=True)
    gated_at = models.DateTimeField(
        _("needs approval since"),
        null=True,
        blank=True,
        help_text=_("Never emptied: taking the gate off the product frees nothing that was sold with it."),
    )
    # --- how far its units are, written by suppliers: ordered = open + forwarded + cancelled
    forwarded = models.PositiveIntegerField(_("forwarded"), default=0)
    confirmed = models.PositiveIntegerField(_("confirmed"), default=0)
    backordered = models.PositiveIntegerField(_("backordered"), default=0)
    shipped = models.PositiveIntegerField(_("sent"), default=0)
    delivered = models.PositiveIntegerField(_("delivered"), default=0)
    returned = models.PositiveIntegerField(
        _("sent back"),
        default=0,
        help_text=_("Units whose parcel is on its way back or back, delivered before or not."),
    )
    cancelled = models.PositiveIntegerField(_("cancelled"), default=0)
    in_returns = models.PositiveIntegerField(
        _("in returns"),
        default=0,
        help_text=_("Units that the customer sends back, has had money for, or gets anew; each counts once."),
    )
    # --- how much of it was paid back, pending refunds included
    refunded = models.PositiveIntegerField(_("units refunded"), default=0)
    refunded_minor = models.PositiveIntegerField(_("refunded"), default=0, help_text=_("Minor units."))

    class Meta:
        verbose_name = _("order line")
        verbose_name_plural = _("order lines")
        ordering = ["position", "pk"]
        indexes = [
            # The few lines with units that are nowhere, among all that ever were.
            models.Index(
                fields=["order"], condition=Q(quantity__gt=F("forwarded") + F("cancelled")), name="order_line_open"
            ),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(quantity__gte=1), name="order_line_some"),
            models.CheckConstraint(
                condition=Q(discount_minor__lte=F("line_minor") + F("delivery_minor")), name="order_line_not_below_zero"
            ),
            models.CheckConstraint(
                condition=Q(forwarded__lte=F("quantity") - F("cancelled")), name="order_line_adds_up"
            ),
            models.CheckConstraint(condition=Q(delivered__lte=F("shipped")), name="order_line_sent_before_delivered"),
            models.CheckConstraint(condition=Q(returned__lte=F("shipped")), name="order_line_sent_before_returned"),
            models.CheckConstraint(condition=Q(refunded__lte=F("quantity")), name="order_line_refunded_once"),
            models.CheckConstraint(condition=Q(in_returns__lte=F("quantity")), name="order_line_back_once"),
            models.CheckConstraint(
                condition=Q(replaces=None) | Q(line_minor=0, delivery_minor=0, tax_minor=0, discount_minor=0),
                name="order_line_replacement_is_free",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.order}: {self.quantity} x {self.sku}"

    @property
    def shown_name(self) -> str:
        """The name as lists show it: what came free in the place of something says so."""
        if self.replaces_id is None:
            return self.name
        return gettext("Replacement for %(name)s, free of charge") % {"name": self.name}

    @property
    def open(self) -> int:
        """Units that are neither with a supplier nor cancelled."""
        return self.quantity - self.forwarded - self.cancelled

    @property
    def paid_minor(self) -> int:
        """What the customer paid for this line with its shares of delivery, discount and tax on top."""
        return self.line_minor + self.delivery_minor - self.discount_minor + self.added_tax_minor

    @property
    def delivery_paid_minor(self) -> int:
        """What of ``paid_minor`` is its delivery: less what a code took off it, with its part of the tax on top.

        Rounded down to what can be paid back. It asks for the order, which whoever reads many lines fetches along.
        """
        net = self.paid_minor - self.added_tax_minor
        off = min(self.discount_minor, self.delivery_minor) if self.order.discount_kind == FREE_DELIVERY else 0
        delivery = min(self.delivery_minor - off, net)
        step = payable_step(self.order.currency)
        return delivery + (self.added_tax_minor * delivery // (net * step) * step if net else 0)

    @property
    def goods_net_minor(self) -> int:
        """What its goods bring after discount and without tax; the delivery's share is left out."""
        goods = max(0, self.line_minor - self.discount_minor)
        return goods if self.added_tax_minor else goods - included_tax_minor(goods, self.tax_basis_points)


class ReservationState(models.TextChoices):
    """Whether the units are still held."""

    HELD = "held", _("held while being paid")
    KEPT = "kept", _("paid")
    RELEASED = "released", _("released")


class Reservation(models.Model):
    """Units held for an order line; the sum over open ones is the variant's ``reserved``.

    Released when the order runs out or is cancelled, or when the supplier has told its stock
    anew after taking the units (from then on its own number leaves them out).
    """

    order = models.ForeignKey(Order, models.CASCADE, related_name="reservations")
    line = models.OneToOneField(OrderLine, models.CASCADE, related_name="reservation")
    variant = models.ForeignKey(Variant, models.PROTECT, related_name="+")
    quantity = models.PositiveIntegerField(_("units"))
    state = models.CharField(_("state"), max_length=10, choices=ReservationState, default=ReservationState.HELD)
    expires_at = models.DateTimeField(_("expires"), null=True, blank=True)
    taken_at = models.DateTimeField(_("taken by the supplier"), null=True, blank=True)
    released_at = models.DateTimeField(_("released"), null=True, blank=True)

    class Meta:
        verbose_name = _("reservation")
        verbose_name_plural = _("reservations")
        ordering = ["pk"]
        indexes = [models.Index(fields=["variant", "state"], name="reservation_by_variant")]
        constraints = [
            models.CheckConstraint(condition=Q(state__in=ReservationState.values), name="reservation_state_known")
        ]

    def __str__(self) -> str:
        return f"{self.quantity} x {self.variant} ({self.state})"
