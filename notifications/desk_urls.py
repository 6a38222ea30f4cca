"""Addresses of the desk that are about mails; see ``support.desk_urls``."""

from __future__ import annotations

from django.urls import path

from notifications.views import desk

app_name = "desk_mails"
urlpatterns = [path("desk/tickets/<int:pk>/mails/", desk.mails, name="list")]
