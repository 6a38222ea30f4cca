"""What a visitor has chosen so far."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _
from django_countries.fields import CountryField

from shop.models.catalogue import Variant


class Basket(models.Model):
    """One visitor's choice. Found by the session, or by the user once logged in.

    ``generation`` rises each time an order has been paid out of it, so that one basket
    leads to one open order at a time and two clicks on "pay" cannot make two.
    """

    user = models.OneToOneField(settings.AUTH_USER_MODEL, models.CASCADE, null=True, blank=True, related_name="+")
    country = CountryField(_("delivery country"), blank=True)
    generation = models.PositiveIntegerField(_("generation"), default=1)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    updated_at = models.DateTimeField(_("updated"), auto_now=True)

    class Meta:
        verbose_name = _("basket")
        verbose_name_plural = _("baskets")
        indexes = [models.Index(fields=["updated_at"], name="basket_by_age")]

    def __str__(self) -> str:
        return f"basket {self.pk}"


class BasketLine(models.Model):
    """So many of one variant, and the price it was put in at, so that a change can be shown."""

    basket = models.ForeignKey(Basket, models.CASCADE, related_name="lines")
    variant = models.ForeignKey(Variant, models.CASCADE, related_name="+")
    quantity = models.PositiveSmallIntegerField(_("quantity"))
    price_seen_minor = models.PositiveIntegerField(_("price when added"))
    is_saved = models.BooleanField(_("saved for later"), default=False)
    # Written down by orders: what an order of this basket that waits for its money holds is not gone for the basket.
    held = models.PositiveSmallIntegerField(_("held by its open order"), default=0, editable=False)
    added_at = models.DateTimeField(_("added"), auto_now_add=True)

    class Meta:
        verbose_name = _("basket line")
        verbose_name_plural = _("basket lines")
        ordering = ["added_at", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["basket", "variant"], name="basket_line_once"),
            models.CheckConstraint(condition=models.Q(quantity__gte=1), name="basket_line_some"),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} x {self.variant}"
