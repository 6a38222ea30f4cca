"""What search engines should know of: an index, and one file for so many products.

Files are cut by the products' numbers, so that each is one walk along the primary key however many there are, and
a product stays in its file. A page stands in them once for each language. They are written row by row: no file of them is ever in memory as a whole.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from xml.sax.saxutils import escape

from django.conf import settings
from django.db.models import Max, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.urls import reverse
from django.utils.module_loading import import_string

from shop.languages import default_language, in_language, known_languages, language_tag
from shop.models import Category, Product
from shop.views.pages import PAGES

PER_FILE = 10_000
CHUNK = 1_000
SPACE = "http://www.sitemaps.org/schemas/sitemap/0.9"
XHTML = "http://www.w3.org/1999/xhtml"
XML = "application/xml; charset=utf-8"


def index(request: HttpRequest) -> HttpResponse:
    """List the files there are."""
    last = Product.objects.on_sale().aggregate(last=Max("pk"))["last"]
    paths = [reverse("sitemap-places")]
    if last is not None:
        paths += [reverse("sitemap-products", args=[number]) for number in range(last // PER_FILE + 1)]
    rows = "".join(f"<sitemap><loc>{escape(settings.SITE_URL + path)}</loc></sitemap>\n" for path in paths)
    head = f'<?xml version="1.0" encoding="UTF-8"?>\n<sitemapindex xmlns="{SPACE}">\n'
    return HttpResponse(f"{head}{rows}</sitemapindex>\n", content_type=XML)


def places(request: HttpRequest) -> HttpResponse:
    """List home, categories and texts, and what later apps add (the setting PLACES)."""
    paths = ["/", *(reverse("shop:page", args=[slug]) for slug in PAGES)]
    paths += [reverse("shop:category", args=[slug]) for slug in Category.objects.values_list("slug", flat=True)]
    for name in import_string(settings.PLACES):
        paths += import_string(name)()
    return StreamingHttpResponse(_file((path, "") for path in paths), content_type=XML)


def products(request: HttpRequest, number: int) -> HttpResponse:
    """List the products of one file, with the day each was last changed."""
    start = number * PER_FILE
    if start > 2**62:
        raise Http404
    rows = Product.objects.on_sale().filter(pk__gte=start, pk__lt=start + PER_FILE).order_by("pk")
    return StreamingHttpResponse(_file(_entries(rows.values_list("slug", "updated_at"))), content_type=XML)


def _entries(rows: QuerySet[Product, tuple[str, datetime]]) -> Iterator[tuple[str, str]]:
    for slug, changed in rows.iterator(chunk_size=CHUNK):
        yield reverse("shop:product", args=[slug]), changed.date().isoformat()


def _file(entries: Iterator[tuple[str, str]]) -> Iterator[str]:
    languages = known_languages()
    space = f' xmlns:xhtml="{XHTML}"' if len(languages) > 1 else ""
    yield f'<?xml version="1.0" encoding="UTF-8"?>\n<urlset xmlns="{SPACE}"{space}>\n'
    for path, changed in entries:
        day = f"<lastmod>{changed}</lastmod>" if changed else ""
        urls = {code: escape(settings.SITE_URL + in_language(path, code)) for code in languages}
        others = _alternates(urls)
        for url in urls.values():
            yield f"<url><loc>{url}</loc>{day}{others}</url>\n"
    yield "</urlset>\n"


def _alternates(urls: Mapping[str, str]) -> str:
    """Name the same page in every language, as each of them must, itself included; nothing where there is one."""
    if len(urls) < 2:
        return ""
    named = [(language_tag(code), url) for code, url in urls.items()] + [("x-default", urls[default_language()])]
    return "".join(f'<xhtml:link rel="alternate" hreflang="{tag}" href="{url}"/>' for tag, url in named)
