"""What lists, filters and search read: one narrow row per product on sale, written by ``shop.search.index``."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from shop.models.catalogue import Category, Product, ProductImage, Variant
from shop.models.delivery import DeliveryProfile
from shop.models.tax import TaxClass


class Listing(models.Model):
    """A product as lists know it. There is none for a product that is not on sale.

    Its id is the product's, so the highest is the newest. ``…_words`` are folded (see ``shop.search.words``);
    the database keeps its own full-text index of them in step (see ``shop.search.schema``).
    """

    product = models.OneToOneField(Product, models.CASCADE, primary_key=True, related_name="listing")
    department = models.ForeignKey(Category, models.CASCADE, related_name="+", db_index=False)
    category = models.ForeignKey(Category, models.CASCADE, related_name="+", db_index=False)
    brand = models.CharField(max_length=120, blank=True)
    price_minor = models.PositiveIntegerField(help_text=_("Lowest price of its variants, minor units."))
    usual_minor = models.PositiveIntegerField(
        help_text=_("Price of the variant that its card stands for, minor units.")
    )
    tax_class = models.CharField(max_length=20, choices=TaxClass)
    is_available = models.BooleanField()
    rating_tenths = models.PositiveSmallIntegerField(
        null=True, help_text=_("Ten times the mean of its reviews as it is shown; empty without any.")
    )
    variant = models.ForeignKey(Variant, models.SET_NULL, null=True, related_name="+")
    picture = models.ForeignKey(ProductImage, models.SET_NULL, null=True, related_name="+")
    delivery_profile = models.ForeignKey(
        DeliveryProfile,
        models.SET_NULL,
        null=True,
        related_name="+",
        db_index=False,
        help_text=_("Empty: nothing of it can be bought."),
    )
    handling_max_days = models.PositiveSmallIntegerField(default=0)
    sent_to = models.TextField(blank=True, help_text=_("Country codes with a blank on both sides; empty: everywhere."))
    # A list as JSON in plain text: read a thousand at a time, and only to be counted.
    facts = models.TextField(default="[]")
    name_words = models.TextField(blank=True)
    key_words = models.TextField(blank=True)
    group_words = models.TextField(blank=True)
    body_words = models.TextField(blank=True)

    class Meta:
        verbose_name = _("listing")
        verbose_name_plural = _("listings")
        indexes = [
            models.Index(fields=["department", "-is_available", "-product"], name="listing_department_new"),
            models.Index(fields=["department", "-is_available", "price_minor"], name="listing_department_price"),
            models.Index(fields=["department", "-is_available", "-price_minor"], name="listing_department_dear"),
            models.Index(fields=["department", "brand"], name="listing_department_brand"),
            # Few goods have reviews: who asks for four stars must not look at all the others.
            models.Index(
                fields=["department", "rating_tenths"],
                condition=models.Q(rating_tenths__isnull=False),
                name="listing_department_rating",
            ),
            models.Index(fields=["category", "-is_available", "-product"], name="listing_category_new"),
            models.Index(fields=["category", "-is_available", "price_minor"], name="listing_category_price"),
            models.Index(fields=["category", "-is_available", "-price_minor"], name="listing_category_dear"),
        ]
        constraints = [
            models.CheckConstraint(condition=models.Q(tax_class__in=TaxClass.values), name="listing_tax_class_known"),
        ]

    def __str__(self) -> str:
        return f"listing of product {self.pk}"


class ListingFact(models.Model):
    """One thing a listing can be filtered by, as ``Colour:Sage``."""

    listing = models.ForeignKey(Listing, models.CASCADE, related_name="fact_rows", db_index=False)
    fact = models.CharField(max_length=160)

    class Meta:
        verbose_name = _("fact of a listing")
        verbose_name_plural = _("facts of listings")
        constraints = [models.UniqueConstraint(fields=["listing", "fact"], name="listing_fact_once")]
        indexes = [models.Index(fields=["fact", "listing"], name="listing_by_fact")]

    def __str__(self) -> str:
        return self.fact


class SearchWord(models.Model):
    """A word that occurs in some name, brand, category or code: what a mistyped one may have meant."""

    word = models.CharField(max_length=40, primary_key=True)

    class Meta:
        verbose_name = _("word")
        verbose_name_plural = _("words")

    def __str__(self) -> str:
        return self.word


class Synonym(models.Model):
    """Words that customers use for one thing: whoever searches for one of them finds the others too."""

    words = models.CharField(
        _("words that mean the same"), max_length=300, unique=True, help_text=_("With commas: rucksack, backpack.")
    )

    class Meta:
        verbose_name = _("synonym")
        verbose_name_plural = _("synonyms")
        ordering = ["words"]

    def __str__(self) -> str:
        return self.words
