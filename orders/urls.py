"""Addresses of checkout and orders."""

from __future__ import annotations

from django.urls import path

from orders import views

app_name = "orders"
urlpatterns = [
    path("checkout/", views.checkout, name="checkout"),
    path("basket/code/", views.code, name="code"),
    path("checkout/check/", views.check, name="check"),
    path("checkout/return/<str:token>/", views.returned, name="return"),
    path("orders/find/", views.find, name="find"),
    path("orders/parcel/", views.parcel, name="parcel"),
    path("orders/delay/<str:name>/", views.delay, name="delay"),
    path("orders/<str:token>/", views.detail, name="detail"),
    path("orders/<str:token>/again/", views.again, name="again"),
    path("orders/<str:token>/email/", views.email_address, name="email-address"),
    path("orders/<str:token>/address/", views.address, name="address"),
    path("orders/<str:token>/arrival.ics", views.calendar, name="calendar"),
    path("orders/<str:token>/cancel/", views.cancel, name="cancel"),
    path("orders/<str:token>/pay/", views.pay, name="pay"),
    path("orders/<str:token>/reviews/<int:line_id>/", views.review, name="review"),
    path("orders/<str:token>/invoice/", views.invoice, name="invoice"),
    path("orders/<str:token>/credit-note/<int:refund_id>/", views.credit_note, name="credit-note"),
    path("orders/<str:token>/invoice/<str:number>/", views.paper, name="paper"),
    path("orders/<str:token>/invoice/<str:number>/pdf/", views.paper_file, name="paper-file"),
    path("account/", views.account, name="account"),
]
