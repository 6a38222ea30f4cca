"""Addresses of the shop window."""

from __future__ import annotations

from django.contrib.sitemaps.views import sitemap
from django.urls import path

from shop.sitemaps import SITEMAPS
from shop.views import basket, catalogue, lists, pages

app_name = "shop"
urlpatterns = [
    path("", catalogue.home, name="home"),
    path("c/<slug:slug>/", lists.category, name="category"),
    path("p/<slug:slug>/", catalogue.product, name="product"),
    path("search/", lists.search, name="search"),
    path("search/suggest/", lists.suggest, name="suggest"),
    path("basket/", basket.basket, name="basket"),
    path("basket/add/", basket.basket_add, name="basket-add"),
    path("basket/lines/<int:line_id>/", basket.basket_update, name="basket-update"),
    path("country/", pages.country, name="country"),
    path("pages/<slug:slug>/", pages.page, name="page"),
    path("robots.txt", pages.robots, name="robots"),
    path("sitemap.xml", sitemap, {"sitemaps": SITEMAPS}, name="sitemap"),
]
