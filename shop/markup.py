"""HTML of other people, as far as it may stand on our pages."""

from __future__ import annotations

import nh3

ALLOWED_TAGS = {"p", "ul", "ol", "li", "br", "strong", "em", "h3"}


def clean_markup(html: str) -> str:
    """Return HTML with nothing left in it but plain formatting, none of it with attributes."""
    return nh3.clean(html, tags=ALLOWED_TAGS, attributes={})
