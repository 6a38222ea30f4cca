"""Addresses of help, cases and the desk."""

from __future__ import annotations

from django.urls import path

from support.views import customer, desk, files

app_name = "support"
urlpatterns = [
    path("orders/<str:token>/help/", customer.order_help, name="order-help"),
    path("support/", customer.contact, name="contact"),
    path("support/sent/", customer.sent, name="sent"),
    path("support/tickets/<str:token>/", customer.ticket, name="ticket"),
    path("support/files/<str:token>/", files.attachment, name="attachment"),
    path("support/photos/<str:signed>/", files.photo, name="photo"),
    path("desk/", desk.inbox, name="desk-inbox"),
    path("desk/search/", desk.inbox, name="desk-search"),
    path("desk/tickets/<int:pk>/", desk.ticket, name="desk-ticket"),
    path("desk/tickets/<int:pk>/reply/", desk.reply, name="desk-reply"),
    path("desk/tickets/<int:pk>/note/", desk.note, name="desk-note"),
    path("desk/tickets/<int:pk>/close/", desk.close, name="desk-close"),
    path("desk/tickets/<int:pk>/lines/<int:line_id>/refund/", desk.refund, name="desk-refund"),
    path("desk/tickets/<int:pk>/lines/<int:line_id>/cancel/", desk.cancel, name="desk-cancel"),
    path("desk/tickets/<int:pk>/lines/<int:line_id>/return/", desk.return_line, name="desk-return"),
]
