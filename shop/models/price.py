"""What a variant has cost, and since when."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from shop.models.catalogue import Variant
from shop.money import Money


class PriceChange(models.Model):
    """From this moment on a variant cost so much; written with the price itself (``shop.actions.prices``)."""

    variant = models.ForeignKey(Variant, models.CASCADE, related_name="price_changes", verbose_name=_("variant"))
    price_minor = models.PositiveIntegerField(_("price"), help_text=_("Minor units, as in the catalogue."))
    currency = models.CharField(_("currency"), max_length=3)
    since = models.DateTimeField(_("since"))

    class Meta:
        verbose_name = _("price change")
        verbose_name_plural = _("price changes")
        ordering = ["-since", "-pk"]
        constraints = [models.UniqueConstraint(fields=["variant", "since"], name="price_change_once")]

    def __str__(self) -> str:
        return f"{self.price} {self.since:%Y-%m-%d}"

    @property
    def price(self) -> Money:
        """The price, with the tax of the shop's own country."""
        return Money(self.price_minor, self.currency)
