"""Take in customers' photos: checked by content, re-encoded, never kept as they came."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO

from django import forms
from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext as _, gettext_lazy
from PIL import Image, ImageOps, UnidentifiedImageError

from support.models import Attachment, TicketMessage

FORMATS = {"JPEG": "image/jpeg", "PNG": "image/png", "WEBP": "image/webp"}
MOST_PIXELS = 60_000_000
LONGEST_SIDE = 2400


@dataclass(frozen=True, slots=True)
class Photo:
    """A photo that was checked and made anew, so that nothing hidden in the file survives."""

    name: str
    content: bytes
    content_type: str


class ManyFiles(forms.ClearableFileInput):
    """A file input that takes several."""

    allow_multiple_selected = True


class PhotosField(forms.FileField):
    """Up to UPLOAD_LIMIT_FILES photos of UPLOAD_LIMIT_BYTES each; cleans to a list of Photo."""

    def __init__(self, **kwargs: object) -> None:
        kwargs.setdefault("label", gettext_lazy("Photos"))
        kwargs.setdefault("help_text", gettext_lazy("Up to 5, JPEG, PNG or WebP, 10 MB each."))
        super().__init__(
            required=False, widget=ManyFiles(attrs={"accept": "image/jpeg,image/png,image/webp"}), **kwargs
        )

    def clean(self, data: object, initial: object = None) -> list[Photo]:
        """Check every file. Raises ValidationError that names the file and says what to do."""
        files = data if isinstance(data, list | tuple) else [data] if data else []
        if len(files) > settings.UPLOAD_LIMIT_FILES:
            raise forms.ValidationError(
                _("Choose at most %(most)d photos; more can follow later.") % {"most": settings.UPLOAD_LIMIT_FILES}
            )
        return [read_photo(super(PhotosField, self).clean(file, initial)) for file in files]


def read_photo(file: UploadedFile) -> Photo:
    """Check one upload by its content, not its name, and re-encode it. Raises ValidationError."""
    name = str(file.name or "")[:200]
    if (file.size or 0) > settings.UPLOAD_LIMIT_BYTES:
        raise forms.ValidationError(_("%(name)s is larger than 10 MB. Please send a smaller copy.") % {"name": name})
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(file, formats=tuple(FORMATS)) as image:
                if image.width * image.height > MOST_PIXELS:
                    raise UnidentifiedImageError
                kind = str(image.format)
                return Photo(name, _made_anew(image, kind), FORMATS[kind])
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        text = _("%(name)s is not a photo we can read. JPEG, PNG and WebP work.") % {"name": name}
        raise forms.ValidationError(text) from error


def _made_anew(image: Image.Image, kind: str) -> bytes:
    # Turned as the camera meant it, then without any metadata: photos tell where they were taken.
    upright = ImageOps.exif_transpose(image)
    upright.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    plain = upright.convert("RGB") if kind == "JPEG" else upright.convert("RGBA")
    clean = Image.new(plain.mode, plain.size)
    clean.paste(plain)
    out = BytesIO()
    clean.save(out, kind, quality=85)
    return out.getvalue()


def store_photos(message: TicketMessage, photos: Sequence[Photo]) -> list[Attachment]:
    """Store checked photos with a message, in the private storage."""
    stored = []
    for photo in photos:
        row = Attachment(
            message=message,
            original_name=photo.name,
            content_type=photo.content_type,
            size_bytes=len(photo.content),
        )
        row.file.save(photo.name, ContentFile(photo.content), save=False)
        row.save()
        stored.append(row)
    return stored
