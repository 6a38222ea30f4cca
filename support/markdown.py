"""Markdown of our staff as HTML that may stand on our pages."""

from __future__ import annotations

import nh3
from django.utils.html import strip_tags
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt
from markdown_it.token import Token

from shop.languages import current_language, in_language

TAGS = {"h2", "h3", "h4", "p", "ul", "ol", "li", "br", "hr", "strong", "em", "code", "pre", "blockquote", "a"}
TAGS |= {"table", "thead", "tbody", "tr", "th", "td"}
# The page itself has the h1.
LOWER = {"h1": "h2", "h2": "h3", "h3": "h4", "h4": "h4", "h5": "h4", "h6": "h4"}
# HTML is shown as it was typed, and pictures are none of what we allow; the cleaner is a second wall behind that.
_reader = MarkdownIt("commonmark", {"html": False}).enable("table").disable(["image", "html_block", "html_inline"])


def as_html(text: str) -> SafeString:
    """Return Markdown as clean HTML: text, lists, tables and links; links to our own pages in the language spoken now."""
    tokens = _reader.parse(text)
    for token in tokens:
        if token.type in {"heading_open", "heading_close"}:
            token.tag = LOWER[token.tag]
        for child in token.children or []:
            _turn_link(child)
    html = _reader.renderer.render(tokens, _reader.options, {})
    clean = nh3.clean(
        html, tags=TAGS, attributes={"a": {"href"}}, url_schemes={"https", "mailto"}, link_rel="noopener noreferrer"
    )
    return mark_safe(clean)  # noqa: S308 - that is what the cleaner is for


def _turn_link(token: Token) -> None:
    target = str(token.attrGet("href") or "") if token.type == "link_open" else ""
    if target.startswith("/") and not target.startswith("//"):
        token.attrSet("href", in_language(target, current_language()))


def as_words(text: str) -> str:
    """Return what Markdown says, without any of its marks: for the search."""
    return strip_tags(str(as_html(text)))
