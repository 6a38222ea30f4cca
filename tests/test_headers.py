"""Every answer carries the security headers; no page has inline script or style, or calls a foreign host."""

from __future__ import annotations

import re
import uuid

import pytest

from support.actions.ticket import open_ticket
from support.models import Topic
from tests.factories import make_paid_order, make_person, make_supplier, make_variant

pytestmark = pytest.mark.django_db


@pytest.fixture
def pages(client):
    variant = make_variant(make_supplier())
    order = make_paid_order((variant, 1), user=make_person("alex@example.com"))
    ticket = open_ticket(
        order=order, email=order.email, name="A", topic=Topic.QUESTION, subject="x", body="x", form_key=uuid.uuid4()
    )
    client.post("/basket/add/", {"variant": variant.sku})
    public = [
        "/",
        "/c/kitchen/",
        variant.product.get_absolute_url(),
        "/search/?q=thing",
        "/pages/terms/",
        "/styleguide/",
    ]
    private = ["/basket/", "/checkout/", order.get_absolute_url(), f"/orders/{order.token}/help/", "/orders/find/"]
    private += ["/support/", ticket.get_absolute_url(), "/account/login/", "/account/signup/", "/dev/mail/"]
    return public, private


def test_headers_and_contents_of_every_page(client, pages, settings):
    # In DEBUG, Django answers 404 with its own page, which needs inline style.
    settings.DEBUG = False
    public, private = pages
    for path in [*public, *private, "/nope/", "/webhooks/stripe/", "/robots.txt", "/sitemap.xml", "/health/live"]:
        answer = client.get(path)
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy, path
        assert "unsafe" not in policy, path
        assert answer.headers["X-Content-Type-Options"] == "nosniff", path
        assert answer.headers["X-Frame-Options"] == "DENY", path
        assert answer.headers["Referrer-Policy"] == "same-origin", path
        assert answer.headers["Cross-Origin-Opener-Policy"] == "same-origin", path
        if "html" in answer.headers["Content-Type"] and answer.content:
            check_html(path, answer.content.decode())
    for path in private:
        if path != "/dev/mail/":
            assert "no-store" in client.get(path).headers["Cache-Control"], path


def check_html(path: str, html: str) -> None:
    scripts = re.findall(r"<script(?![^>]*\bsrc=)(?![^>]*application/ld\+json)[^>]*>", html)
    assert scripts == [], path
    assert not re.search(r"\s(style|on[a-z]+)=\"", html), path
    assert "<style" not in html, path
    hosts = re.findall(r"(?:src|action|srcset)=\"https?://([^/\"]+)", html)
    assert set(hosts) <= {"testserver"}, path
    assert html.count("<h1") == 1, path
    assert '<html lang="' in html, path
    for tag in re.findall(r"<img [^>]*>", html):
        assert "width=" in tag, (path, tag)
        assert "alt=" in tag, (path, tag)


def test_the_order_page_stays_out_of_search_engines(client, pages):
    _public, private = pages
    order_page = next(path for path in private if re.match(r"/orders/[^/]{40,}/$", path))
    assert client.get(order_page).headers["X-Robots-Tag"] == "noindex"


def test_no_secret_reaches_the_log_of_calls_or_the_admin(client):
    supplier = make_supplier()
    from shop.models import User

    client.force_login(User.objects.create_superuser("root@example.com", "a long pass phrase"))
    page = client.get(f"/admin/suppliers/supplier/{supplier.pk}/change/").content.decode()
    assert supplier.api_key not in page
    assert supplier.webhook_secret not in page
    assert "Stored. Type a new one to replace it." in page
