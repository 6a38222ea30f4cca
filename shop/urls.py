"""Addresses of the shop window."""

from __future__ import annotations

from django.contrib.sitemaps.views import sitemap
from django.urls import path

from shop.sitemaps import SITEMAPS
from shop.views import basket, catalogue, pages

app_name = "shop"
urlpatterns = [
    path("", catalogue.home, name="home"),
    path("c/<slug:slug>/", catalogue.category, name="category"),
    path("p/<slug:slug>/", catalogue.product, name="product"),
    path("search/", catalogue.search, name="search"),
    path("basket/", basket.basket, name="basket"),
    path("basket/add/", basket.basket_add, name="basket-add"),
    path("basket/undo/", basket.basket_undo, name="basket-undo"),
    path("basket/go/", basket.basket_go, name="basket-go"),
    path("basket/lines/<int:line_id>/", basket.basket_update, name="basket-update"),
    path("country/", pages.country, name="country"),
    path("pages/<slug:slug>/", pages.page, name="page"),
    path("robots.txt", pages.robots, name="robots"),
    path("sitemap.xml", sitemap, {"sitemaps": SITEMAPS}, name="sitemap"),
]
