"""Which order line a review comes from: the proof that its writer bought the thing."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from orders.models.order import OrderLine
from shop.models import Review


class LineReview(models.Model):
    """The one review of one order line. The shop shows the review and knows nothing of the order."""

    line = models.OneToOneField(OrderLine, models.CASCADE, related_name="written_review", verbose_name=_("order line"))
    review = models.OneToOneField(Review, models.CASCADE, related_name="+", verbose_name=_("review"))

    class Meta:
        verbose_name = _("review of an order line")
        verbose_name_plural = _("reviews of order lines")

    def __str__(self) -> str:
        return f"{self.line_id}: {self.review_id}"
