"""Take in customers' files: photos, checked by content and re-encoded; PDFs, checked and never shown inside a page."""

from __future__ import annotations

import re
import struct
import unicodedata
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO

from django import forms
from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext as _
from PIL import ExifTags, Image, UnidentifiedImageError

from support.models import Attachment, TicketMessage

FORMATS = {"JPEG": "image/jpeg", "PNG": "image/png", "WEBP": "image/webp"}
# Telephones put several pictures into one JPEG (a small one, a map of depths); the first of them is the photo.
SHOWN_AS = {"MPO": "JPEG"}
# How to turn a photo whose camera was held another way; by the value of the EXIF tag "Orientation".
TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
# What Pillow raises about the content of a file, beside its own two about too many pixels.
UNREADABLE = (OSError, ValueError, SyntaxError, ArithmeticError, LookupError, TypeError, struct.error)
MOST_PIXELS = 60_000_000
LONGEST_SIDE = 2400
THUMBNAIL = 192
PDF = "application/pdf"
# What a PDF may hold that does something by itself when it is opened.
ACTIVE = re.compile(rb"/(?:JavaScript|Launch|EmbeddedFiles?|RichMedia)\b")
LONGEST_NAME = 120


@dataclass(frozen=True, slots=True)
class Photo:
    """A file that may be kept: a photo made anew, so that nothing hidden in it survives, or a PDF as it came."""

    name: str
    content: bytes
    content_type: str


def tidy_name(name: object) -> str:
    """Return a file's name as it may be shown: no path, no invisible letters, none that turn the rest around."""
    plain = unicodedata.normalize("NFC", str(name or "")).replace("\\", "/").rpartition("/")[2]
    # Control and format characters (Cc, Cf) hide an ending or write it backwards; surrogates (Cs) cannot be stored.
    seen = "".join(char for char in plain if unicodedata.category(char) not in {"Cc", "Cf", "Cs", "Co", "Cn"})
    tidy = " ".join(seen.split()).strip(". ")
    if len(tidy) > LONGEST_NAME:
        start, dot, ending = tidy.rpartition(".")
        keeps = dot and len(ending) < 10
        tidy = f"{start[: LONGEST_NAME - len(ending) - 2]}…{dot}{ending}" if keeps else tidy[:LONGEST_NAME]
    return tidy or "file"


def read_file(file: UploadedFile) -> Photo:
    """Check a photo or a PDF. Raises ValidationError that names the file and says what to do."""
    head = file.read(5)
    file.seek(0)
    return _read_pdf(file) if head == b"%PDF-" else read_photo(file)


def _read_pdf(file: UploadedFile) -> Photo:
    name = tidy_name(file.name)
    if (file.size or 0) > settings.UPLOAD_LIMIT_BYTES:
        raise forms.ValidationError(_("%(name)s is larger than 10 MB. Please send a smaller copy.") % {"name": name})
    content = file.read()
    if not name.lower().endswith(".pdf") or b"%%EOF" not in content[-2048:]:
        raise forms.ValidationError(
            _("%(name)s is not a PDF we can keep. Please save it as PDF once more.") % {"name": name}
        )
    if ACTIVE.search(content):
        text = _("%(name)s does something when it is opened. Please print it as PDF, and send that.") % {"name": name}
        raise forms.ValidationError(text)
    return Photo(name, content, PDF)


def thumbnail(content: bytes) -> bytes:
    """Return a small JPEG of a photo that we have stored ourselves."""
    with Image.open(BytesIO(content), formats=tuple(FORMATS)) as image:
        image.draft("RGB", (THUMBNAIL, THUMBNAIL))
        image.thumbnail((THUMBNAIL, THUMBNAIL))
        plain = Image.new("RGB", image.size, "white")
        turned = image.convert("RGBA")
        plain.paste(turned, mask=turned)
        out = BytesIO()
        plain.save(out, "JPEG", quality=80)
    return out.getvalue()


def read_photo(file: UploadedFile) -> Photo:
    """Check one upload by its content, not its name, and re-encode it. Raises ValidationError."""
    name = tidy_name(file.name)
    if (file.size or 0) > settings.UPLOAD_LIMIT_BYTES:
        raise forms.ValidationError(_("%(name)s is larger than 10 MB. Please send a smaller copy.") % {"name": name})
    try:
        with warnings.catch_warnings():
            # Pillow warns of odd metadata, which we do not keep.
            warnings.simplefilter("ignore", UserWarning)
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(file, formats=tuple(FORMATS)) as image:
                if image.width * image.height > MOST_PIXELS:
                    raise UnidentifiedImageError
                kind = SHOWN_AS.get(str(image.format), str(image.format))
                return Photo(name, _made_anew(image, kind), FORMATS[kind])
    except (*UNREADABLE, Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        text = _("%(name)s is not a photo we can read. JPEG, PNG and WebP work.") % {"name": name}
        raise forms.ValidationError(text) from error


def _made_anew(image: Image.Image, kind: str) -> bytes:
    # Turned as the camera meant it, then without any metadata: photos tell where they were taken.
    # Not by ImageOps.exif_transpose: it writes the metadata anew, and fails where that makes no sense.
    image.load()
    turn = TURNS.get(_orientation(image))
    upright = image.transpose(turn) if turn is not None else image.copy()
    upright.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    plain = upright.convert("RGB") if kind == "JPEG" else upright.convert("RGBA")
    clean = Image.new(plain.mode, plain.size)
    clean.paste(plain)
    out = BytesIO()
    clean.save(out, kind, quality=85)
    return out.getvalue()


def _orientation(image: Image.Image) -> object:
    """Return how the camera was held; None where the metadata do not say so, or make no sense."""
    try:
        return image.getexif().get(ExifTags.Base.Orientation)
    except UNREADABLE:
        return None


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
