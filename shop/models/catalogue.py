"""Products, their variants, facts and pictures."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from shop.models.delivery import DeliveryProfile
from shop.models.tax import TaxClass
from shop.models.texts import TextsField, local, worded
from shop.money import Money
from shop.paths import path_of

# From this age on people are adults wherever we send to; goods behind the gate of age ask for it unless they say more.
ADULT = 18


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
    names = TextsField(_("name in other languages"), longest=80)
    slug = models.SlugField(_("slug"), max_length=80, unique=True)
    parent = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="children", verbose_name=_("part of")
    )
    position = models.PositiveSmallIntegerField(_("position"), default=0)
    panel = models.SlugField(
        _("picture panel"), max_length=20, blank=True, help_text=_("Colour of the tinted panel behind pictures.")
    )
    introduction = models.CharField(_("introduction"), max_length=200, blank=True)
    introductions = TextsField(_("introduction in other languages"), longest=200)

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
        return path_of("shop:category", self.slug)

    @property
    def local_name(self) -> str:
        """Its name in the language that is spoken now."""
        return local(self.names, self.name)

    @property
    def local_introduction(self) -> str:
        """Its introduction in the language that is spoken now."""
        return local(self.introductions, self.introduction)


class ProductQuerySet(models.QuerySet["Product"]):
    """Products by what a visitor may see."""

    def on_sale(self) -> ProductQuerySet:
        """Published products that have something to show, sold out or not."""
        return self.filter(is_published=True, price_from_minor__isnull=False)


class Product(models.Model):
    """What is shown; its variants are what is bought."""

    name = models.CharField(_("name"), max_length=250)
    names = TextsField(_("name in other languages"), longest=250)
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
    descriptions = TextsField(_("description in other languages"), is_markup=True)
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
    minimum_age = models.PositiveSmallIntegerField(
        _("sold from the age of"),
        null=True,
        blank=True,
        help_text=_("Customers confirm it at the checkout. A supplier's feed raises it and never lowers it."),
    )
    max_per_order = models.PositiveSmallIntegerField(_("most per order"), default=99)
    limit_reason = models.CharField(
        _("why no more per order"), max_length=200, blank=True, help_text=_("A sentence for the customer.")
    )
    active_ingredient = models.CharField(
        _("active ingredient"), max_length=200, blank=True, help_text=_("Of a medicine: with its strength.")
    )
    not_returnable_reason = models.CharField(_("why it cannot be returned"), max_length=200, blank=True)
    return_limit_percent = models.PositiveSmallIntegerField(
        _("comes back too often from"),
        null=True,
        blank=True,
        help_text=_("Percent of the units sent; from there on a person is asked. Empty: as for all products."),
    )
    # What Regulation (EU) 2023/988 (general product safety), article 19, asks an online offer to show.
    maker = models.CharField(_("maker"), max_length=500, blank=True, help_text=_("Name, address, electronic address."))
    responsible_person = models.CharField(
        _("responsible person in the EU"), max_length=500, blank=True, help_text=_("Where the maker is outside the EU.")
    )
    warnings = models.CharField(_("warnings"), max_length=500, blank=True)
    leaflet_url = models.URLField(_("leaflet"), max_length=500, blank=True)
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
    # Written by shop.actions.reviews.refresh_rating, and by nothing else.
    rating_count = models.PositiveIntegerField(_("reviews"), default=0, help_text=_("Published ones."))
    rating_sum = models.PositiveIntegerField(_("stars of all reviews"), default=0)
    latest_reviews = models.JSONField(
        _("latest reviews"), default=list, blank=True, help_text=_("Copies, so that the product page needs no query.")
    )

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
            models.CheckConstraint(
                condition=models.Q(
                    rating_sum__gte=models.F("rating_count"), rating_sum__lte=5 * models.F("rating_count")
                ),
                name="product_rating_possible",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return path_of("shop:product", self.slug)

    @property
    def local_name(self) -> str:
        """Its name in the language that is spoken now: what customers read."""
        return local(self.names, self.name)

    @property
    def local_description(self) -> str:
        """Its description in the language that is spoken now."""
        return local(self.descriptions, self.description)

    @property
    def price_from(self) -> Money:
        """The lowest price of its variants in the catalogue, with the tax of the shop's own country."""
        return Money(self.price_from_minor or 0, self.currency)

    @property
    def is_medicine(self) -> bool:
        """True for what a pharmacist answers for: it has an active ingredient, or needs a prescription."""
        return bool(self.active_ingredient) or self.gate == Gate.PRESCRIPTION

    @property
    def least_age(self) -> int:
        """The age from which on it is sold; 0: to everybody."""
        return self.minimum_age or (ADULT if self.gate == Gate.AGE else 0)

    @property
    def rating(self) -> float | None:
        """The mean of its published reviews, 1 to 5, to one decimal place; None without any."""
        return round(self.rating_sum / self.rating_count, 1) if self.rating_count else None

    @property
    def rating_tenths(self) -> int | None:
        """The mean as it is shown, times ten, so that what reads 4.0 counts as four stars; None without any."""
        return None if self.rating is None else round(10 * self.rating)


class Variant(models.Model):
    """What is bought. Price, stock and delivery are those of the best offer, written by suppliers."""

    product = models.ForeignKey(Product, models.CASCADE, related_name="variants", verbose_name=_("product"))
    sku = models.CharField(_("SKU"), max_length=40, unique=True)
    gtin = models.CharField(_("GTIN"), max_length=14, blank=True, help_text=_("Only one whose check digit is right."))
    bad_gtin = models.CharField(
        _("wrong GTIN"), max_length=40, blank=True, help_text=_("What the supplier told and no GTIN can be; not shown.")
    )
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
    length_mm = models.PositiveIntegerField(_("length in mm"), null=True, blank=True)
    width_mm = models.PositiveIntegerField(_("width in mm"), null=True, blank=True)
    height_mm = models.PositiveIntegerField(_("height in mm"), null=True, blank=True)
    facts = models.JSONField(
        _("facts"), default=list, blank=True, help_text=_("Its own table of facts: pairs of name and value, in order.")
    )
    # Written by shop.actions.prices.set_price, and by nothing else.
    priced_at = models.DateTimeField(_("price since"), null=True, blank=True)
    prior_price_minor = models.PositiveIntegerField(
        _("lowest price before"), null=True, blank=True, help_text=_("Of the 30 days before the price was reduced.")
    )
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

    # Name, width and height of the small picture that stands for it, where the lines of a basket brought it along.
    picture: dict[str, Any] | None = None

    class Meta:
        verbose_name = _("variant")
        verbose_name_plural = _("variants")
        ordering = ["product", "position", "pk"]
        indexes = [models.Index(fields=["gtin"], name="variant_by_gtin")]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(availability__in=Availability.values), name="variant_availability_known"
            ),
            models.CheckConstraint(
                condition=models.Q(prior_price_minor=None)
                | models.Q(prior_price_minor__gt=models.F("price_minor"), priced_at__isnull=False),
                name="variant_prior_price_higher",
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
        """The options in words of the language that is spoken now, as in “Sage, 30 cm”; empty for a product without any."""
        return ", ".join(worded(str(value), about=str(axis)) for axis, value in self.options.items())

    @property
    def full_name(self) -> str:
        """The product with the options, in the language that is spoken now: “Mug, Sage”."""
        label = self.options_label
        return f"{self.product.local_name}, {label}" if label else self.product.local_name

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
    """A picture, re-encoded by us in some sizes; never a remote address.

    ``sizes`` holds all of them, smallest first, as [width, height, name of the file]; ``small`` and ``large``
    are two of them, for lists and for the product page. ``avif_sizes`` are the same as AVIF; none of a drawing.
    """

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
    sizes = models.JSONField(default=list, blank=True, editable=False)
    avif_sizes = models.JSONField(default=list, blank=True, editable=False)
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
