"""What a mail says, as data: one shape for all of them, rendered to text and HTML alike."""

from __future__ import annotations

from dataclasses import dataclass, field

import css_inline
from django.conf import settings
from django.template.loader import render_to_string
from django.urls import reverse

from shop.structured import as_script

PREHEADER_MOST = 100


@dataclass(frozen=True, slots=True)
class Section:
    """A titled block of short lines, as the goods of one parcel."""

    title: str
    lines: list[str]


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail. The subject begins with the fact; the preheader adds to it and does not repeat it."""

    subject: str
    preheader: str
    heading: str
    paragraphs: list[str]
    sections: list[Section] = field(default_factory=list)
    button: str = ""
    url: str = ""
    # An address that is needed together with the button's: it stands right below it.
    beside: list[tuple[str, str]] = field(default_factory=list)
    # Further addresses at the end: what each is, and where.
    links: list[tuple[str, str]] = field(default_factory=list)
    after: list[str] = field(default_factory=list)
    # Someone else's words (an agent's), shown as they are.
    quote: str = ""
    # What mail programs read of it (schema.org, JSON-LD): the same facts as the words.
    structured: list[dict[str, object]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class WayOut:
    """Where whoever gets a mail chooses what they are told; ``stop_url`` and ``headers`` only for what may be stopped."""

    choices_url: str = ""
    stop_url: str = ""
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Rendered:
    """A mail ready to be stored."""

    subject: str
    text: str
    html: str


def render(mail: Mail, way_out: WayOut | None = None, *, number: str = "") -> Rendered:
    """Render a mail in the language that is active. Plain text and HTML hold the same facts.

    ``number`` is that of the order it is about, shown on top; empty: of none, or of a case, which says its own.
    """
    context = {
        "mail": mail,
        "number": number,
        "way_out": way_out or WayOut(),
        "shop_name": settings.SHOP_NAME,
        "home_url": absolute(reverse("shop:home")),
        "help_url": absolute(reverse("support:contact")),
        "structured": [as_script(one) for one in mail.structured],
        "preheader": mail.preheader[:PREHEADER_MOST],
    }
    text = render_to_string("emails/mail.txt", context)
    html = css_inline.inline(render_to_string("emails/mail.html", context), load_remote_stylesheets=False)
    return Rendered(" ".join(mail.subject.split())[:250], text.strip() + "\n", html)


def absolute(path: str) -> str:
    """Return the full address of one of our pages."""
    return settings.SITE_URL + path
