"""Who of us looked at whose personal data."""

from __future__ import annotations

from typing import NoReturn

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class AccessLogQuerySet(models.QuerySet["AccessLog"]):
    """Rows can be read and added; the only way out is their age (``shop.access.forget_old_access``)."""

    def update(self, **kwargs: object) -> NoReturn:
        raise TypeError("who looked at what is never changed")

    def bulk_update(self, *args: object, **kwargs: object) -> NoReturn:
        raise TypeError("who looked at what is never changed")


class AccessLog(models.Model):
    """One person of ours who saw one person's data in one hour; however often within it.

    ``key`` names the row that was seen ("order:12"), never whom it is about.
    """

    class Kind(models.TextChoices):
        CASE = "case", _("case")
        ORDER = "order", _("order")
        CUSTOMER = "customer", _("customer")
        FILE = "file", _("file")
        MESSAGE = "message", _("message")
        EXPORT = "export", _("export")
        ERASURE = "erasure", _("erasure")

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("who"))
    kind = models.CharField(_("what"), max_length=10, choices=Kind)
    key = models.CharField(_("which"), max_length=80)
    did = models.CharField(_("page"), max_length=60, blank=True, help_text=_("The page, or what was done on it."))
    at = models.DateTimeField(_("first seen"), default=timezone.now, db_index=True)
    hour = models.DateTimeField(editable=False)

    objects = AccessLogQuerySet.as_manager()

    class Meta:
        verbose_name = _("access to personal data")
        verbose_name_plural = _("access to personal data")
        ordering = ["-at", "-pk"]
        permissions = [("erase_person", _("Can hand out and erase what is kept about a person"))]
        indexes = [models.Index(fields=["key", "-at"], name="access_by_key")]
        constraints = [
            models.UniqueConstraint(fields=["user", "kind", "key", "hour"], name="access_once_an_hour"),
            models.CheckConstraint(
                condition=models.Q(kind__in=["case", "order", "customer", "file", "message", "export", "erasure"]),
                name="access_kind_known",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.key}"
