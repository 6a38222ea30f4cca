"""Parts of pages that are the same for everybody, rendered once per process and language."""

from __future__ import annotations

from functools import lru_cache

from django import template
from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from django.utils.translation import get_language

register = template.Library()


@register.simple_tag
def kept_part(name: str, shop_name: str) -> SafeString:
    """Show a template that reads nothing but ``shop_name``: ``{% kept_part "components/_footer_links.html" shop_name %}``.

    It is kept as long as the process lives, and shown to everybody: nothing of a visitor may be in it, and nothing
    out of the database. So it gets no context, and no request.
    """
    return _rendered(name, shop_name, get_language() or "")


@lru_cache(maxsize=100)
def _rendered(name: str, shop_name: str, language: str) -> SafeString:
    # The language stands in the key, and render_to_string takes it from the thread.
    return render_to_string(name, {"shop_name": shop_name})
