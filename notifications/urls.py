"""Addresses of the pages on which customers choose what they are told."""

from __future__ import annotations

from django.urls import path

from notifications.views import choices

app_name = "notifications"
urlpatterns = [
    path("messages/<str:token>/", choices.choices, name="choices"),
    path("messages/<str:token>/stop/<slug:kind>/", choices.stop, name="stop"),
    path("orders/<str:token>/messages/", choices.order_choices, name="order-choices"),
    path("account/messages/", choices.account_choices, name="account-choices"),
]
