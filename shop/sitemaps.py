"""What search engines should know of."""

from __future__ import annotations

from django.contrib.sitemaps import Sitemap
from django.db.models import QuerySet

from shop.models import Category, Product


class ProductSitemap(Sitemap):
    """Every published product."""

    def items(self) -> QuerySet[Product]:
        return Product.objects.on_sale().order_by("pk")

    def lastmod(self, product: Product) -> object:
        return product.updated_at


class CategorySitemap(Sitemap):
    """Every category."""

    def items(self) -> QuerySet[Category]:
        return Category.objects.order_by("pk")


SITEMAPS = {"products": ProductSitemap, "categories": CategorySitemap}
