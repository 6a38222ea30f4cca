"""Addresses of the mails sent, as customers see them: only in development, and in one language."""

from __future__ import annotations

from django.urls import path

from notifications.views import mails

app_name = "sent_mails"
urlpatterns = [
    path("dev/mail/", mails.mail_list, name="list"),
    path("dev/mail/<int:pk>/", mails.mail_detail, name="detail"),
    path("dev/mail/<int:pk>/html/", mails.mail_html, name="html"),
]
