"""Pictures that a supplier's catalogue names, and what became of them."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from orders.lease import DueWork
from shop.models import Variant
from suppliers.models.supplier import Supplier


class PictureFetch(DueWork):
    """One remote picture to be taken in. No page of the shop ever shows the remote one."""

    class Status(models.TextChoices):
        WANTED = "wanted", _("to be fetched")
        STORED = "stored", _("taken in")
        BROKEN = "broken", _("cannot be used")

    supplier = models.ForeignKey(Supplier, models.CASCADE, related_name="pictures", verbose_name=_("supplier"))
    variant = models.ForeignKey(Variant, models.CASCADE, related_name="+", verbose_name=_("variant"))
    position = models.PositiveSmallIntegerField(_("position"))
    url = models.URLField(_("address"), max_length=500)
    status = models.CharField(_("state"), max_length=10, choices=Status, default=Status.WANTED)
    status_changed_at = models.DateTimeField(_("state since"), auto_now_add=True)

    class Meta:
        verbose_name = _("picture to fetch")
        verbose_name_plural = _("pictures to fetch")
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(fields=["variant", "position"], name="picture_fetch_once"),
            models.CheckConstraint(condition=Q(status__in=["wanted", "stored", "broken"]), name="picture_fetch_known"),
        ]

    def __str__(self) -> str:
        return f"{self.variant.sku} {self.position + 1}"
