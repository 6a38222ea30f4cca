"""When the audit last ran by itself, and what each of its checks found then."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from orders.lease import DueWork


class NightlyAudit(DueWork):
    """The one row that says when the audit runs next, and how its last run ended."""

    is_duty = True

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    ran_at = models.DateTimeField(_("last run"), null=True, blank=True)
    unexplained = models.PositiveIntegerField(_("unexplained"), null=True, blank=True)

    class Meta:
        verbose_name = _("nightly audit")
        verbose_name_plural = _("nightly audits")

    def __str__(self) -> str:
        return f"audit of {self.ran_at}"


class AuditCheck(models.Model):
    """What one check found in the last nightly run; the subject of its work for people."""

    name = models.CharField(_("rule"), max_length=60, unique=True)
    violations = models.PositiveIntegerField(_("found"), default=0)
    examples = models.JSONField(_("for example"), default=list, blank=True)
    checked_at = models.DateTimeField(_("checked"))

    class Meta:
        verbose_name = _("audit check")
        verbose_name_plural = _("audit checks")
        ordering = ["name"]

    def __str__(self) -> str:
        return f"{self.name}: {self.violations}"
