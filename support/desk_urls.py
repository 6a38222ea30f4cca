"""Addresses of the desk: one for all languages, for its agents' browsers choose theirs."""

from __future__ import annotations

from django.urls import path

from support.views import desk

app_name = "desk"
urlpatterns = [
    path("desk/", desk.inbox, name="inbox"),
    path("desk/search/", desk.inbox, name="search"),
    path("desk/tickets/<int:pk>/", desk.ticket, name="ticket"),
    path("desk/tickets/<int:pk>/reply/", desk.reply, name="reply"),
    path("desk/tickets/<int:pk>/note/", desk.note, name="note"),
    path("desk/tickets/<int:pk>/close/", desk.close, name="close"),
    path("desk/tickets/<int:pk>/lines/<int:line_id>/refund/", desk.refund, name="refund"),
    path("desk/tickets/<int:pk>/lines/<int:line_id>/cancel/", desk.cancel, name="cancel"),
    path("desk/tickets/<int:pk>/lines/<int:line_id>/return/", desk.return_line, name="return"),
]
