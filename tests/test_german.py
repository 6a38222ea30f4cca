"""The address decides the language, each page leads to itself in the others, and search engines know it."""

from __future__ import annotations

import re

import pytest
from django.conf import settings
from django.utils import translation

from tests.factories import make_person
from tests.german import german_mug, page_at

pytestmark = pytest.mark.django_db
LINK = re.compile(r'<link rel="(alternate|canonical)"(?: hreflang="([^"]+)")? href="([^"]+)">')

TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="[^"]+"')


@pytest.fixture
def mug():
    return german_mug()


def links_of(page: str) -> dict[str, str]:
    """Return a page's canonical address and its alternates by language."""
    return {tag or rel: url for rel, tag, url in LINK.findall(page)}


# --- the address decides


def test_the_address_decides_and_no_browser_changes_a_page(client, mug):
    client.get("/")
    for path in ("/", "/c/kitchen/", mug.product.get_absolute_url(), "/pages/terms/"):
        english = page_at(client, path, **{"accept-language": "de"})
        assert '<html lang="en-gb"' in english, path
        assert TOKEN.sub("", english) == TOKEN.sub("", page_at(client, path)), path
        german = client.get(f"/de{path}", headers={"accept-language": "en"})
        assert '<html lang="de"' in german.content.decode(), path
        assert "accept-language" not in german.headers.get("Vary", "").lower()
        assert german.headers["Content-Language"] == "de"


def test_the_language_ends_with_the_answer(client, mug):
    page_at(client, "/de/")
    assert translation.get_language() == "en-gb"


def test_what_machines_read_has_one_address(client):
    for path in (
        "/de/admin/",
        "/de/desk/",
        "/de/health/live",
        "/de/robots.txt",
        "/de/sitemap.xml",
        "/de/webhooks/stripe/",
    ):
        assert client.get(path).status_code == 404, path


def test_staff_read_their_pages_in_their_browsers_language(client):
    client.force_login(make_person(role="Store staff"))
    answer = client.get("/admin/shop/product/", headers={"accept-language": "de-AT,de;q=0.9"})
    assert "Produkte" in answer.content.decode()
    assert "accept-language" in answer.headers["Vary"].lower()
    assert "Produkte" not in page_at(client, "/admin/shop/product/")
    client.force_login(make_person(role="Support agents"))
    assert '<html lang="de"' in page_at(client, "/desk/", **{"accept-language": "de"})


def test_personal_pages_stay_out_of_every_cache_in_german_too(client, mug):
    for path in ("/de/basket/", "/de/account/login/", "/de/support/", "/de/orders/find/"):
        assert "no-store" in client.get(path).headers["Cache-Control"], path


def test_a_second_factor_can_be_set_up_in_german(client, settings):
    settings.DEBUG = False
    client.force_login(make_person(role="Support agents"))
    assert client.get("/desk/", secure=True).status_code == 302
    assert (
        client.get("/de/account/2fa/totp/activate/", secure=True).headers.get("Location", "")
        != "/de/account/2fa/totp/activate/"
    )


def test_a_shop_may_speak_english_only(client, mug, settings):
    settings.LANGUAGES = [("en-gb", "English")]
    page = page_at(client, "/")
    assert 'hreflang="' not in page
    assert client.get("/de/").status_code == 404
    assert "/de/" not in page_at(client, "/robots.txt")


# --- from one language to the other


def chosen(page: str) -> dict[str, str]:
    foot = page[page.index('class="row languages"') :]
    return {tag: url.replace("&amp;", "&") for url, tag in re.findall(r'<a href="([^"]+)" lang="([^"]+)"', foot)}


def test_the_chooser_leads_to_the_same_page_and_keeps_what_was_asked(client, mug):
    page = page_at(client, "/search/?q=mug&sort=price")
    assert chosen(page) == {"en-GB": "/search/?q=mug&sort=price", "de": "/de/search/?q=mug&sort=price"}
    assert chosen(page_at(client, "/de/search/?q=mug&sort=price")) == chosen(page)
    assert 'lang="de" hreflang="de" aria-current="true">Deutsch</a>' in page_at(client, "/de/")


def test_the_checkout_has_the_chooser_too(client, mug):
    client.post("/de/basket/add/", {"variant": mug.sku})
    assert chosen(page_at(client, "/de/checkout/")) == {"en-GB": "/checkout/", "de": "/de/checkout/"}


def test_beside_the_answer_to_a_form_the_chooser_leads_to_the_page_of_the_form(client, mug):
    path = mug.product.get_absolute_url()
    answer = client.post(
        f"{path}tell-me/", {"variant": mug.sku, "email": "x"}, headers={"referer": f"http://testserver{path}?variant=1"}
    )
    assert answer.status_code == 422
    assert chosen(answer.content.decode())["de"] == f"/de{path}?variant=1"
    elsewhere = client.post(f"{path}tell-me/", {"variant": mug.sku}, headers={"referer": "https://elsewhere.example/x"})
    assert chosen(elsewhere.content.decode())["de"] == "/de/"


def test_what_comes_next_changes_its_language_with_the_page(client):
    assert chosen(page_at(client, "/country/?next=/basket/"))["de"] == "/de/country/?next=/de/basket/"
    assert chosen(page_at(client, "/country/?next=//evil.example/"))["de"] == "/de/country/?next=//evil.example/"


# --- search engines


def test_every_kind_of_page_names_itself_in_every_language_and_is_named_back(client, mug):
    product = mug.product.get_absolute_url()
    for path in ("/", "/c/kitchen/", "/c/kitchen/?page=2", product, f"{product}reviews/", "/pages/delivery/"):
        english, german = links_of(page_at(client, path)), links_of(page_at(client, f"/de{path}"))
        assert english["canonical"] == english["en-GB"] == english["x-default"] == settings.SITE_URL + path
        assert german["canonical"] == german["de"] == f"{settings.SITE_URL}/de{path}"
        assert {name: english[name] for name in ("en-GB", "de", "x-default")} == {
            name: german[name] for name in ("en-GB", "de", "x-default")
        }


def test_pages_that_search_engines_leave_alone_name_no_others(client, mug):
    for path in ("/basket/", "/search/?q=mug", "/account/login/"):
        assert 'rel="alternate"' not in page_at(client, path)
    robots = page_at(client, "/robots.txt")
    assert "Disallow: /checkout/\n" in robots
    assert "Disallow: /de/checkout/\n" in robots


def test_the_sitemap_holds_each_page_once_per_language_and_each_names_all(client, mug):
    files = re.findall(r"<loc>([^<]+)</loc>", page_at(client, "/sitemap.xml"))
    told = "".join(client.get(file.removeprefix(settings.SITE_URL)).getvalue().decode() for file in files)
    entries = dict(re.findall(r"<url><loc>([^<]+)</loc>(.*?)</url>", told))
    path = mug.product.get_absolute_url()
    for where in ("", "/de"):
        named = dict(re.findall(r'hreflang="([^"]+)" href="([^"]+)"', entries[f"{settings.SITE_URL}{where}{path}"]))
        assert named == {
            "en-GB": settings.SITE_URL + path, "de": f"{settings.SITE_URL}/de{path}", "x-default": settings.SITE_URL + path,
        }  # fmt: skip
    assert f"{settings.SITE_URL}/de/" in entries


def test_data_and_links_for_sharing_are_of_the_page_s_language(client, mug):
    page = page_at(client, f"/de{mug.product.get_absolute_url()}")
    assert '<meta property="og:locale" content="de_DE">' in page
    assert f'"url": "{settings.SITE_URL}/de{mug.product.get_absolute_url()}?variant={mug.sku}"' in page
    assert '"name": "Becher aus Steinzeug, Salbei"' in page
    assert '"material": "Steinzeug, bleifreie Glasur"' in page
    assert f'"item": "{settings.SITE_URL}/de/c/kitchen/"' in page
    assert '<meta property="og:locale" content="en_GB">' in page_at(client, mug.product.get_absolute_url())
