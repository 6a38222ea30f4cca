"""Pictures that customers send."""

from __future__ import annotations

from io import BytesIO

from PIL import Image

# A width in letters, a number below zero in one byte, and a type that there is not.
ODD_TAGS = {
    "letters": b"\x00\x01\x02\0\x04\0\0\0" + b"640\0",
    "below": b"\x00\x01\x06\0\x01\0\0\0" + b"\xff\0\0\0",
    "unknown": b"\x00\x01\x63\0\x01\0\0\0" + b"\0\0\0\0",
}


def photo() -> bytes:
    """Return a small JPEG, as a telephone makes them."""
    out = BytesIO()
    Image.new("RGB", (640, 480), "salmon").save(out, "JPEG")
    return out.getvalue()


def turned(*, tag: bytes) -> bytes:
    """Return a JPEG whose camera was held upright, and whose metadata have one more tag: name, type, count, value."""
    held = b"\x12\x01\x03\0\x01\0\0\0\x06\0\0\0"
    out = BytesIO()
    exif = b"Exif\0\0II*\0\x08\0\0\0\x02\0" + tag + held + b"\0\0\0\0"
    Image.new("RGB", (40, 30), "salmon").save(out, "JPEG", exif=exif)
    return out.getvalue()
