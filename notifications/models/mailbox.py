"""The mailbox that is read for what customers write."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class Mailbox(models.Model):
    """How reading it goes. ``taken_until`` keeps a second reader away; what is read is stored once all the same."""

    name = models.CharField(_("mailbox"), max_length=120, unique=True)
    taken_until = models.DateTimeField(_("read until"), null=True, blank=True)
    read_at = models.DateTimeField(_("last read"), null=True, blank=True)
    failing_since = models.DateTimeField(_("failing since"), null=True, blank=True)
    last_error = models.CharField(_("last error"), max_length=300, blank=True)

    class Meta:
        verbose_name = _("mailbox")
        verbose_name_plural = _("mailboxes")
        ordering = ["pk"]

    def __str__(self) -> str:
        return self.name
