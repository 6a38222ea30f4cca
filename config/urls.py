"""All addresses. Order matters: an app's own page before what it stands under."""

from __future__ import annotations

from allauth.account.decorators import secure_admin_login
from django.conf import settings
from django.conf.urls.i18n import i18n_patterns
from django.conf.urls.static import static
from django.contrib import admin
from django.urls import include, path

from config import health, privacy, reports
from notifications.webhooks import mail_webhook, reply_webhook, sms_webhook
from orders.webhooks import stripe_webhook
from suppliers.carrier_webhooks import carrier_webhook
from suppliers.margin.page import margin_export, margin_page
from suppliers.webhooks import supplier_webhook

admin.autodiscover()
# The admin's log-in is the shop's own: rate limits and second factor count there too.
admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]
admin.site.site_header = settings.SHOP_NAME
admin.site.site_title = settings.SHOP_NAME
# The side bar moves the page while it loads; the home page lists everything.
admin.site.enable_nav_sidebar = False
admin.site.index_template = "admin/home.html"

urlpatterns = [
    path("health/live", health.live, name="health-live"),
    path("health/ready", health.ready, name="health-ready"),
    path("webhooks/stripe/", stripe_webhook, name="stripe-webhook"),
    path("webhooks/suppliers/<slug:slug>/", supplier_webhook, name="supplier-webhook"),
    path("webhooks/carriers/<slug:slug>/", carrier_webhook, name="carrier-webhook"),
    path("webhooks/mail/<str:provider>/", mail_webhook, name="mail-webhook"),
    path("webhooks/mail/<str:provider>/replies/", reply_webhook, name="reply-webhook"),
    path("webhooks/sms/", sms_webhook, name="sms-webhook"),
    path("admin/audit/", admin.site.admin_view(reports.audit_page), name="audit"),
    path("admin/reconciliation/", admin.site.admin_view(reports.reconciliation_page), name="reconciliation"),
    path("admin/personal-data/", admin.site.admin_view(privacy.personal_data_page), name="personal-data"),
    path("admin/margin/", admin.site.admin_view(margin_page), name="margin"),
    path("admin/margin/export/", admin.site.admin_view(margin_export), name="margin-export"),
    path("admin/", admin.site.urls),
    path("", include("support.desk_urls")),
    path("", include("support.supplier_urls")),
    path("", include("notifications.desk_urls")),
    path("", include("shop.crawler_urls")),
    # What customers see stands under /de/ for German, and so on; the default language has no prefix.
    *i18n_patterns(
        path("", include("support.urls")),
        # Before the account pages, which begin alike.
        path("", include("notifications.urls")),
        path("", include("orders.urls")),
        path("account/", include("allauth.urls")),
        path("", include("shop.urls")),
        prefix_default_language=False,
    ),
]
if settings.DEBUG:
    from shop.styleguide import gallery

    urlpatterns += [path("styleguide/", gallery, name="styleguide"), path("", include("notifications.dev_urls"))]
    urlpatterns += static(settings.MEDIA_URL, document_root=settings.MEDIA_ROOT)

handler400 = "config.errors.bad_request"
handler500 = "config.errors.server_error"
