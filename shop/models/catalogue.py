"""Products, their variants, facts and pictures."""

from __future__ import annotations

from django.db import models
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from shop.models.delivery import DeliveryProfile
from shop.models.tax import TaxClass
from shop.money import Money


class Gate(models.TextChoices):
    """What must be approved before a product may be forwarded to a supplier."""

    NONE = "none", _("none")
    PRESCRIPTION = "prescription", _("prescription")
    AGE = "age", _("age")


class Availability(models.TextChoices):
    """What the supplier says of a variant; the words of the supplier contract."""

    IN_STOCK = "in_stock", _("in stock")
    LOW_STOCK = "low_stock", _("low stock")
    OUT_OF_STOCK = "out_of_stock", _("out of stock")
    MADE_TO_ORDER = "made_to_order", _("made to order")
    DISCONTINUED = "discontinued", _("discontinued")


class Category(models.Model):
    """A department (no parent) or a part of one; at most three levels."""

    name = models.CharField(_("name"), max_length=80)
    slug = models.SlugField(_("slug"), max_length=80, unique=True)
    parent = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="children", verbose_name=_("part of")
    )
    position = models.PositiveSmallIntegerField(_("position"), default=0)
    panel = models.SlugField(
        _("picture panel"), max_length=20, blank=True, help_text=_("Colour of the tinted panel behind pictures.")
    )
    introduction = models.CharField(_("introduction"), max_length=200, blank=True)

    class Meta:
        verbose_name = _("category")
        verbose_name_plural = _("categories")
        ordering = ["position", "name"]
        constraints = [
            models.UniqueConstraint(fields=["parent", "name"], name="category_name_once"),
            models.UniqueConstraint(fields=["name"], condition=models.Q(parent=None), name="department_name_once"),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("shop:category", args=[self.slug])


class ProductQuerySet(models.QuerySet["Product"]):
    """Products by what a visitor may see."""

    def on_sale(self) -> ProductQuerySet:
        """Published products that have something to show, sold out or not."""
        return self.filter(is_published=True, price_from_minor__isnull=False)


class Product(models.Model):
    """What is shown; its variants are what is bought."""

    name = models.CharField(_("name"), max_length=250)
    slug = models.SlugField(_("slug"), max_length=120, unique=True)
    category = models.ForeignKey(Category, models.PROTECT, related_name="products", verbose_name=_("category"))
    department = models.ForeignKey(
        Category,
        models.PROTECT,
        related_name="products_in_department",
        verbose_name=_("department"),
        help_text=_("The category's topmost ancestor."),
    )
    brand = models.CharField(_("brand"), max_length=120, blank=True)
    description = models.TextField(_("description"), blank=True, help_text=_("HTML, cleaned when it comes in."))
    tax_class = models.CharField(
        _("tax class"),
        max_length=20,
        choices=TaxClass,
        default=TaxClass.STANDARD,
        help_text=_("Set from the supplier's rate when the product is new; what it is changed to here stays."),
    )
    tax_code = models.CharField(
        _("tax code"),
        max_length=30,
        blank=True,
        help_text=_("Stripe Tax's code, as in txcd_99999999; asked for only where Stripe works the tax out."),
    )
    gate = models.CharField(_("gate"), max_length=20, choices=Gate, default=Gate.NONE)
    max_per_order = models.PositiveSmallIntegerField(_("most per order"), default=99)
    not_returnable_reason = models.CharField(_("why it cannot be returned"), max_length=200, blank=True)
    is_published = models.BooleanField(_("published"), default=True)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    updated_at = models.DateTimeField(_("updated"), auto_now=True)
    # What a card shows, written by the import so that a list of 24 needs one query.
    price_from_minor = models.PositiveIntegerField(
        _("price from"), null=True, blank=True, help_text=_("Lowest price of its variants, minor units.")
    )
    price_to_minor = models.PositiveIntegerField(_("price to"), null=True, blank=True)
    currency = models.CharField(_("currency"), max_length=3)
    is_available = models.BooleanField(_("something of it can be bought"), default=False)

    objects = ProductQuerySet.as_manager()

    class Meta:
        verbose_name = _("product")
        verbose_name_plural = _("products")
        ordering = ["name", "pk"]
        indexes = [
            models.Index(fields=["department", "is_published", "-created_at"], name="product_by_department"),
            models.Index(fields=["category", "is_published"], name="product_by_category"),
        ]
        constraints = [
            models.CheckConstraint(condition=models.Q(gate__in=Gate.values), name="product_gate_known"),
            models.CheckConstraint(condition=models.Q(tax_class__in=TaxClass.values), name="product_tax_class_known"),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("shop:product", args=[self.slug])

    @property
    def price_from(self) -> Money:
        """The lowest price of its variants in the catalogue, with the tax of the shop's own country."""
        return Money(self.price_from_minor or 0, self.currency)


class Variant(models.Model):
    """What is bought. Price, stock and delivery are those of the best offer, written by suppliers."""

    product = models.ForeignKey(Product, models.CASCADE, related_name="variants", verbose_name=_("product"))
    sku = models.CharField(_("SKU"), max_length=40, unique=True)
    gtin = models.CharField(_("GTIN"), max_length=14, blank=True)
    options = models.JSONField(
        _("options"), default=dict, blank=True, help_text=_("Axis to value, as in Colour: Sage.")
    )
    position = models.PositiveSmallIntegerField(_("position"), default=0)
    is_active = models.BooleanField(_("offered"), default=True)
    price_minor = models.PositiveIntegerField(
        _("price"), help_text=_("Minor units, with the tax of the shop's own country.")
    )
    currency = models.CharField(_("currency"), max_length=3)
    weight_grams = models.PositiveIntegerField(_("weight in grams"), null=True, blank=True)
    # --- written down by suppliers
    unit_cost = models.PositiveBigIntegerField(
        _("unit cost"), null=True, blank=True, help_text=_("1/10,000 of the currency unit.")
    )
    cost_currency = models.CharField(_("cost currency"), max_length=3, blank=True)
    availability = models.CharField(
        _("availability"), max_length=20, choices=Availability, default=Availability.OUT_OF_STOCK
    )
    stock_told = models.PositiveIntegerField(
        _("stock as told"), null=True, blank=True, help_text=_("Empty: the supplier gives no number.")
    )
    stock_told_at = models.DateTimeField(_("stock told at"), null=True, blank=True)
    restock_on = models.DateField(_("back on"), null=True, blank=True)
    handling_min_days = models.PositiveSmallIntegerField(_("handling days, at least"), default=0)
    handling_max_days = models.PositiveSmallIntegerField(_("handling days, at most"), default=1)
    delivery_profile = models.ForeignKey(
        DeliveryProfile, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("delivery")
    )
    ships_to = models.JSONField(
        _("sent to"), null=True, blank=True, help_text=_("Country codes; empty: wherever its origin sends to.")
    )
    # --- written by orders
    reserved = models.PositiveIntegerField(
        _("reserved"), default=0, help_text=_("Units of open reservations; the sum of their rows.")
    )

    class Meta:
        verbose_name = _("variant")
        verbose_name_plural = _("variants")
        ordering = ["product", "position", "pk"]
        indexes = [models.Index(fields=["gtin"], name="variant_by_gtin")]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(availability__in=Availability.values), name="variant_availability_known"
            ),
        ]

    def __str__(self) -> str:
        return self.sku

    @property
    def price(self) -> Money:
        """The price of one in the catalogue, with the tax of the shop's own country."""
        return Money(self.price_minor, self.currency)

    @property
    def options_label(self) -> str:
        """The options in words, as in “Sage, 30 cm”; empty for a product without any."""
        return ", ".join(str(value) for value in self.options.values())

    @property
    def sellable(self) -> int | None:
        """How many can be sold now: stock as told less what is reserved. None means no number is known."""
        if not self.is_active or self.availability in {Availability.OUT_OF_STOCK, Availability.DISCONTINUED}:
            return 0
        if self.stock_told is None:
            return None
        return max(0, self.stock_told - self.reserved)

    @property
    def is_sellable(self) -> bool:
        """True if at least one can be bought and some origin sends it."""
        return self.delivery_profile_id is not None and self.sellable != 0

    def is_sent_to(self, country: str) -> bool:
        """True unless its supplier keeps these goods out of the country."""
        return self.ships_to is None or country in self.ships_to


class ProductFact(models.Model):
    """One line of a product's table of facts."""

    product = models.ForeignKey(Product, models.CASCADE, related_name="facts")
    name = models.CharField(_("fact"), max_length=80)
    value = models.CharField(_("value"), max_length=500)
    position = models.PositiveSmallIntegerField(_("position"), default=0)

    class Meta:
        verbose_name = _("fact")
        verbose_name_plural = _("facts")
        ordering = ["position", "pk"]
        constraints = [models.UniqueConstraint(fields=["product", "name"], name="product_fact_once")]

    def __str__(self) -> str:
        return f"{self.name}: {self.value}"


class ProductImage(models.Model):
    """A picture, re-encoded by us in two sizes; never a remote address."""

    product = models.ForeignKey(Product, models.CASCADE, related_name="images")
    variant = models.ForeignKey(Variant, models.CASCADE, null=True, blank=True, related_name="images")
    position = models.PositiveSmallIntegerField(_("position"), default=0)
    alt = models.CharField(_("description for those who cannot see it"), max_length=250)
    large = models.ImageField(_("large"), upload_to="products/")
    large_width = models.PositiveSmallIntegerField(default=0, editable=False)
    large_height = models.PositiveSmallIntegerField(default=0, editable=False)
    small = models.ImageField(_("small"), upload_to="products/")
    small_width = models.PositiveSmallIntegerField(default=0, editable=False)
    small_height = models.PositiveSmallIntegerField(default=0, editable=False)
    source_url = models.URLField(_("came from"), max_length=500, blank=True)

    class Meta:
        verbose_name = _("picture")
        verbose_name_plural = _("pictures")
        ordering = ["position", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["product", "variant", "position"], name="variant_image_once"),
            models.UniqueConstraint(
                fields=["product", "position"], condition=models.Q(variant=None), name="product_image_once"
            ),
        ]

    def __str__(self) -> str:
        return self.alt
