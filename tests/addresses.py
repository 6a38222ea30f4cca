"""Every address there is, and who may open it."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, get_resolver

# How each address answers a GET. "open": everybody gets a page (or is sent on, or told to POST).
# "key": whoever has the unguessable link; any other link is 404. "login": people who are logged in.
# "posts": a form's own, looked at by nobody. "staff": only the admin's own people. "signed": whoever can sign.
RULES = {
    "health-live": "open",
    "health-ready": "open",
    "stripe-webhook": "signed",
    "supplier-webhook": "signed",
    "carrier-webhook": "signed",
    "mail-webhook": "signed",
    "reply-webhook": "signed",
    "sms-webhook": "signed",
    "audit": "staff",
    "reconciliation": "staff",
    "margin": "staff",
    "margin-export": "staff",
    "styleguide": "open",
    "shop:home": "open",
    "shop:category": "open",
    "shop:product": "open",
    "shop:search": "open",
    "shop:suggest": "open",
    "shop:basket": "open",
    "shop:basket-add": "open",
    "shop:basket-added": "open",
    "shop:reviews": "open",
    "shop:tell-me": "open",
    "shop:stop-telling": "open",
    "sitemap-places": "open",
    "sitemap-products": "open",
    "shop:basket-update": "open",
    "shop:basket-undo": "open",
    "shop:basket-go": "open",
    "shop:country": "open",
    "shop:page": "open",
    "shop:addresses": "login",
    "shop:address-add": "login",
    "shop:details": "login",
    "robots": "open",
    "sitemap": "open",
    "orders:checkout": "open",
    "orders:check": "open",
    "orders:code": "open",
    "orders:find": "open",
    "orders:parcel": "open",
    "orders:again": "open",
    "orders:email-address": "key",
    "orders:return": "key",
    "orders:delay": "key",
    "orders:detail": "key",
    "orders:calendar": "key",
    "orders:address": "key",
    "orders:cancel": "key",
    "orders:review": "key",
    "orders:pay": "open",
    "orders:invoice": "key",
    "orders:credit-note": "key",
    "orders:paper": "key",
    "orders:paper-file": "key",
    "orders:account": "login",
    "support:order-help": "key",
    "support:return-new": "key",
    "support:withdraw": "key",
    "support:return": "key",
    "support:return-slip": "key",
    "support:return-handed-in": "posts",
    "support:return-cancel": "posts",
    "support:return-objection": "posts",
    "support:contact": "open",
    "support:sent": "open",
    "support:ticket": "key",
    "support:attachment": "key",
    "support:photo": "key",
    "support:attachment-small": "key",
    "support:rating": "key",
    "support:help": "open",
    "support:article": "open",
    "support:answered": "posts",
    "support:suggestions": "open",
    "supplier-question": "key",
    "supplier-return": "key",
    "supplier-question-file": "key",
    "personal-data": "staff",
    "shop:my-data": "open",
    "shop:my-data-open": "key",
    "shop:my-data-download": "posts",
    "shop:my-data-erase": "posts",
    "notifications:choices": "key",
    "notifications:stop": "key",
    "notifications:order-choices": "key",
    "notifications:account-choices": "login",
    "sent_mails:list": "open",
    "sent_mails:detail": "open",
    "sent_mails:html": "open",
}
# What an account keeps: to others it is not there. And what asks for the password once more.
OWN = ("shop:address-edit", "shop:address-default", "shop:address-delete")
PROVED = ("shop:export", "shop:account-delete")
# allauth's own pages have its own rules and tests; listed so that a new one is looked at.
ALLAUTH = {
    "account_login", "account_logout", "account_signup", "account_inactive", "account_reauthenticate", "account_email",
    "account_change_password", "account_set_password", "account_email_verification_sent", "account_confirm_email",
    "account_reset_password", "account_reset_password_done", "account_reset_password_from_key",
    "account_reset_password_from_key_done", "account_confirm_login_code", "account_request_login_code", "mfa_index",
    "account_confirm_reauthentication_code", "account_request_reauthentication_code",
    "mfa_authenticate", "mfa_reauthenticate", "mfa_activate_totp", "mfa_deactivate_totp", "mfa_view_recovery_codes",
    "mfa_generate_recovery_codes", "mfa_download_recovery_codes",
}  # fmt: skip


def every_name() -> set[str]:
    """Return the names of all addresses but the admin's generated ones; nameless ones by their pattern."""
    found: set[str] = set()

    def walk(patterns, space: str) -> None:
        for entry in patterns:
            if isinstance(entry, URLResolver):
                inner = entry.namespace or ""
                if inner == "admin":
                    continue
                walk(entry.url_patterns, f"{space}{inner}:" if inner else space)
            elif isinstance(entry, URLPattern):
                found.add(f"{space}{entry.name}" if entry.name else str(entry.pattern))

    walk(get_resolver().url_patterns, "")
    return found
