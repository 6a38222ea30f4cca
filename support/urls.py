"""Addresses of help and cases, in every language."""

from __future__ import annotations

from django.urls import path

from support.views import customer, files

app_name = "support"
urlpatterns = [
    path("orders/<str:token>/help/", customer.order_help, name="order-help"),
    path("support/", customer.contact, name="contact"),
    path("support/sent/", customer.sent, name="sent"),
    path("support/tickets/<str:token>/", customer.ticket, name="ticket"),
    path("support/files/<str:token>/", files.attachment, name="attachment"),
    path("support/photos/<str:signed>/", files.photo, name="photo"),
]
