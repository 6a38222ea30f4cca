"""Addresses of help and cases, in every language."""

from __future__ import annotations

from django.urls import path

from support.views import case, customer, files, knowledge, return_request, returns, withdrawal

app_name = "support"
urlpatterns = [
    path("orders/<str:token>/help/", customer.order_help, name="order-help"),
    path("orders/<str:token>/returns/new/", return_request.new, name="return-new"),
    path("orders/<str:token>/returns/<str:number>/", returns.show, name="return"),
    path("orders/<str:token>/returns/<str:number>/handed-in/", returns.handed_in, name="return-handed-in"),
    path("orders/<str:token>/returns/<str:number>/cancel/", returns.cancel, name="return-cancel"),
    path("orders/<str:token>/returns/<str:number>/objection/", returns.objection, name="return-objection"),
    path("orders/<str:token>/returns/<str:number>/slip/", returns.slip, name="return-slip"),
    path("orders/<str:token>/withdraw/", withdrawal.start, name="withdraw"),
    path("support/", customer.contact, name="contact"),
    path("support/sent/", customer.sent, name="sent"),
    path("support/tickets/<str:token>/", case.ticket, name="ticket"),
    path("support/tickets/<str:token>/rating/", case.rating, name="rating"),
    path("support/files/<str:token>/", files.attachment, name="attachment"),
    path("support/files/<str:token>/small/", files.small, name="attachment-small"),
    path("support/photos/<str:signed>/", files.photo, name="photo"),
    path("help/", knowledge.index, name="help"),
    path("help/answered/", knowledge.answered, name="answered"),
    path("help/suggestions/", knowledge.suggestions, name="suggestions"),
    path("help/<slug:slug>/", knowledge.article, name="article"),
]
