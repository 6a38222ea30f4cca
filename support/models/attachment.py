"""Files of customers and agents."""

from __future__ import annotations

import uuid

from django.core.files.storage import Storage, storages
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from orders.models.order import new_token
from support.models.ticket import TicketMessage


def private_storage() -> Storage:
    """Return the storage outside the media folder, which no web server serves."""
    return storages["private"]


def attachment_path(attachment: Attachment, filename: str) -> str:
    """Return where a file rests: a random name, never the customer's."""
    return f"tickets/{uuid.uuid4().hex}{attachment.extension}"


class Attachment(models.Model):
    """A customer's or agent's file, checked, re-encoded if a picture, and private."""

    EXTENSIONS = {"image/jpeg": ".jpg", "image/png": ".png", "image/webp": ".webp", "application/pdf": ".pdf"}

    message = models.ForeignKey(TicketMessage, models.CASCADE, related_name="attachments")
    token = models.CharField(max_length=64, unique=True, default=new_token, editable=False)
    file = models.FileField(_("file"), upload_to=attachment_path, storage=private_storage)
    original_name = models.CharField(_("name"), max_length=200)
    content_type = models.CharField(_("type"), max_length=50)
    size_bytes = models.PositiveIntegerField(_("bytes"))
    added_at = models.DateTimeField(_("added"), default=timezone.now)

    class Meta:
        verbose_name = _("file")
        verbose_name_plural = _("files")
        ordering = ["pk"]

    def __str__(self) -> str:
        return self.original_name

    @property
    def is_picture(self) -> bool:
        """True for what a page can show small."""
        return self.content_type != "application/pdf"

    @property
    def extension(self) -> str:
        """The ending that belongs to the checked type."""
        return self.EXTENSIONS[self.content_type]
