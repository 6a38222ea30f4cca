"""What search engines read: one set of files for all languages."""

from __future__ import annotations

from django.urls import path

from shop.views import pages, sitemaps

urlpatterns = [
    path("robots.txt", pages.robots, name="robots"),
    path("sitemap.xml", sitemaps.index, name="sitemap"),
    path("sitemap-places.xml", sitemaps.places, name="sitemap-places"),
    path("sitemap-products-<int:number>.xml", sitemaps.products, name="sitemap-products"),
]
