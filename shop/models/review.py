"""What buyers say of products."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from shop.models.catalogue import Product


class ReviewStatus(models.TextChoices):
    """Whether staff let a review be published."""

    WAITING = "waiting", _("to be read")
    APPROVED = "approved", _("published")
    REFUSED = "refused", _("refused")


class Review(models.Model):
    """One buyer's opinion of a product. That it was bought is known where it is taken in: in ``orders``."""

    product = models.ForeignKey(Product, models.CASCADE, related_name="reviews", verbose_name=_("product"))
    options_label = models.CharField(_("options"), max_length=200, blank=True)
    rating = models.PositiveSmallIntegerField(_("stars"), help_text=_("1 to 5."))
    title = models.CharField(_("title"), max_length=100, blank=True)
    text = models.TextField(_("text"), max_length=3000, blank=True)
    author = models.CharField(_("name shown"), max_length=60, blank=True, help_text=_("Empty: forgotten."))
    bought_on = models.DateField(_("bought on"))
    created_at = models.DateTimeField(_("written"), default=timezone.now)
    status = models.CharField(_("state"), max_length=10, choices=ReviewStatus, default=ReviewStatus.WAITING)
    decided_at = models.DateTimeField(_("decided"), null=True, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("decided by")
    )
    refused_reason = models.CharField(_("why it was refused"), max_length=300, blank=True)

    class Meta:
        verbose_name = _("review")
        verbose_name_plural = _("reviews")
        ordering = ["-created_at", "-pk"]
        indexes = [
            models.Index(fields=["product", "-created_at"], condition=Q(status="approved"), name="review_published"),
            models.Index(fields=["created_at"], condition=Q(status="waiting"), name="review_waiting"),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(rating__gte=1, rating__lte=5), name="review_one_to_five"),
            models.CheckConstraint(condition=Q(status__in=ReviewStatus.values), name="review_status_known"),
            models.CheckConstraint(
                condition=~Q(status="refused") | ~Q(refused_reason=""), name="review_refused_with_reason"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.rating}/5 {self.title or self.text[:40]}"
