"""Mails as people and programs write them, and a way to hand them in as a provider that gives the source does."""

from __future__ import annotations

from email.message import EmailMessage
from io import BytesIO
from itertools import count

from django.utils import timezone
from PIL import Image

from notifications.inbound.stored import store
from orders.models import IncomingEvent

HELP = "help@reply.shop.example"
_number = count(1)


def a_letter(text: str = "The lid is missing.", **heads: str) -> EmailMessage:
    """Return a mail to the help address; a head of ``None`` is left out."""
    mail = EmailMessage()
    given = {"From": "Alex Byrne <alex@example.com>", "To": HELP, "Subject": "A question"}
    given |= {"Message-ID": f"<{next(_number)}@example.com>"} | {
        name.replace("_", "-"): value for name, value in heads.items()
    }
    for name, value in given.items():
        if value is not None:
            mail[name] = value
    mail.set_content(text)
    return mail


def hand_in(mail: EmailMessage | bytes, relay, *, source: str = "reply:postmark") -> IncomingEvent:
    """Store a mail and let it be worked on; return what became of it."""
    raw = mail if isinstance(mail, bytes) else mail.as_bytes()
    digest = store(raw, source=source)
    relay.run_until_idle()
    return IncomingEvent.objects.get(source=source, event_id=digest)


def a_picture(kind: str = "JPEG", size: tuple[int, int] = (300, 200)) -> bytes:
    out = BytesIO()
    image = Image.effect_noise(size, 90).convert("RGB")
    exif = Image.Exif()
    exif[0x010E] = "SECRET PLACE"
    image.save(out, kind, exif=exif)
    return out.getvalue()


def a_pdf() -> bytes:
    return b"%PDF-1.4\n1 0 obj << /Type /Catalog >> endobj\ntrailer << /Root 1 0 R >>\n%%EOF\n"


def today() -> str:
    return timezone.localdate().isoformat()
