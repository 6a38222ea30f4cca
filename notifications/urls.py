"""Addresses of what customers choose to be told; and of the mails sent, only in development."""

from __future__ import annotations

from django.conf import settings
from django.urls import path

from notifications.views import choices, mails

app_name = "notifications"
urlpatterns = [
    path("messages/<str:token>/", choices.choices, name="choices"),
    path("messages/<str:token>/stop/<slug:kind>/", choices.stop, name="stop"),
    path("orders/<str:token>/messages/", choices.order_choices, name="order-choices"),
    path("account/messages/", choices.account_choices, name="account-choices"),
]
if settings.DEBUG:
    urlpatterns += [
        path("dev/mail/", mails.mail_list, name="mail-list"),
        path("dev/mail/<int:pk>/", mails.mail_detail, name="mail-detail"),
        path("dev/mail/<int:pk>/html/", mails.mail_html, name="mail-html"),
    ]
