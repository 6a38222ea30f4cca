"""Addresses of the mail preview; only in development."""

from __future__ import annotations

from django.conf import settings
from django.urls import path

from notifications import views

app_name = "notifications"
urlpatterns = []
if settings.DEBUG:
    urlpatterns = [
        path("dev/mail/", views.mail_list, name="mail-list"),
        path("dev/mail/<int:pk>/", views.mail_detail, name="mail-detail"),
        path("dev/mail/<int:pk>/html/", views.mail_html, name="mail-html"),
    ]
