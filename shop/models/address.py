"""Addresses that an account keeps, so that nobody types theirs twice."""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django_countries.fields import CountryField

from shop.models.user import User


class SavedAddressQuerySet(models.QuerySet["SavedAddress"]):
    """Addresses by whose they are."""

    def of(self, user: User | AnonymousUser) -> SavedAddressQuerySet:
        """Return the addresses of someone who is logged in; nobody else's."""
        return self.filter(user=user) if user.is_authenticated else self.none()


class SavedAddress(models.Model):
    """One address of an account. Orders hold their own copy: changing this one changes none of them."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="addresses")
    name = models.CharField(_("full name"), max_length=100)
    company = models.CharField(_("company"), max_length=100, blank=True)
    line1 = models.CharField(_("address"), max_length=100)
    line2 = models.CharField(_("flat, floor, building"), max_length=100, blank=True)
    city = models.CharField(_("town"), max_length=60)
    region = models.CharField(_("region"), max_length=60, blank=True)
    postcode = models.CharField(_("postcode"), max_length=12, blank=True)
    country = CountryField(_("country"))
    phone = models.CharField(_("telephone"), max_length=20, blank=True)
    is_default = models.BooleanField(_("used first"), default=False)
    created_at = models.DateTimeField(_("added"), default=timezone.now)

    objects = SavedAddressQuerySet.as_manager()

    class Meta:
        verbose_name = _("saved address")
        verbose_name_plural = _("saved addresses")
        ordering = ["-is_default", "-created_at", "-pk"]
        constraints = [
            models.UniqueConstraint(fields=["user"], condition=Q(is_default=True), name="saved_address_one_default"),
        ]

    def __str__(self) -> str:
        return f"{self.name}, {self.line1}, {self.city}"
