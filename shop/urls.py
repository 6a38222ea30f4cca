"""Addresses of the shop window, in every language."""

from __future__ import annotations

from django.urls import path

from shop.views import account, adding, basket, catalogue, lists, my_data, pages, product

app_name = "shop"
urlpatterns = [
    path("", catalogue.home, name="home"),
    path("c/<slug:slug>/", lists.category, name="category"),
    path("p/<slug:slug>/", product.product, name="product"),
    path("p/<slug:slug>/reviews/", product.reviews, name="reviews"),
    path("p/<slug:slug>/tell-me/", product.tell_me, name="tell-me"),
    path("back-in-stock/<str:token>/stop/", product.stop_telling, name="stop-telling"),
    path("search/", lists.search, name="search"),
    path("search/suggest/", lists.suggest, name="suggest"),
    path("basket/", basket.basket, name="basket"),
    path("basket/add/", adding.add, name="basket-add"),
    path("basket/added/", adding.added, name="basket-added"),
    path("basket/undo/", basket.basket_undo, name="basket-undo"),
    path("basket/go/", basket.basket_go, name="basket-go"),
    path("basket/lines/<int:line_id>/", basket.basket_update, name="basket-update"),
    path("account/addresses/", account.addresses, name="addresses"),
    path("account/addresses/add/", account.address_add, name="address-add"),
    path("account/addresses/<int:pk>/", account.address_edit, name="address-edit"),
    path("account/addresses/<int:pk>/default/", account.address_default, name="address-default"),
    path("account/addresses/<int:pk>/delete/", account.address_delete, name="address-delete"),
    path("my-data/", my_data.ask, name="my-data"),
    path("my-data/<str:signed>/", my_data.open_link, name="my-data-open"),
    path("my-data/<str:signed>/download/", my_data.download, name="my-data-download"),
    path("my-data/<str:signed>/erase/", my_data.erase, name="my-data-erase"),
    path("account/details/", account.details, name="details"),
    path("account/data/", account.export, name="export"),
    path("account/delete/", account.delete, name="account-delete"),
    path("country/", pages.country, name="country"),
    path("pages/<slug:slug>/", pages.page, name="page"),
]
