"""Addresses of checkout and orders."""

from __future__ import annotations

from django.urls import path

from orders import views

app_name = "orders"
urlpatterns = [
    path("checkout/", views.checkout, name="checkout"),
    path("checkout/check/", views.check, name="check"),
    path("checkout/return/<str:token>/", views.returned, name="return"),
    path("orders/find/", views.find, name="find"),
    path("orders/<str:token>/", views.detail, name="detail"),
    path("orders/<str:token>/cancel/", views.cancel, name="cancel"),
    path("orders/<str:token>/pay/", views.pay, name="pay"),
    path("account/", views.account, name="account"),
]
