"""Nothing of a visitor gets into what is kept for everybody, and pages need neither it nor the cache (docs/adr/0024)."""

from __future__ import annotations

import re
from pathlib import Path
from types import SimpleNamespace

import pytest
from django.conf import settings
from django.db import connection
from django.template import Context, Template
from django.test import Client
from django.test.utils import CaptureQueriesContext

from shop import kept
from shop.models import Variant
from shop.templatetags import kept_parts
from tests.factories import make_person, make_supplier
from tests.products import make_kettle
from tests.shelf import put, put_copies

pytestmark = pytest.mark.django_db
TEMPLATES = Path(settings.BASE_DIR) / "templates"
TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="[^"]+"')
SECRET = "Zaphod"


def forget_everything() -> None:
    kept.forget_all()
    for part in (kept_parts._part, kept_parts._card, kept_parts._country_field):
        part.cache_clear()


def pages(client, paths: tuple[str, ...]) -> dict[str, str]:
    """Return what some pages say; tokens, which are another each time, are left out."""
    found = {}
    for path in paths:
        answer = client.get(path)
        assert answer.status_code == 200, path
        found[path] = TOKEN.sub("", answer.content.decode())
    return found


@pytest.fixture
def paths() -> tuple[str, ...]:
    supplier = make_supplier()
    (kettle,) = make_kettle(supplier, pictures=1)
    product = kettle.product.get_absolute_url()
    put_copies(put(supplier, "Cup"), 3)
    shown = ("/", "/c/kitchen/", "/search/?q=kettle", "/search/?q=nothing-of-that", product)
    return (*shown, *(f"/de{path}" for path in shown))


def strangers_pages(paths: tuple[str, ...]) -> dict[str, str]:
    """Return what somebody sees who comes to each page for the first time."""
    return {path: pages(Client(), (path,))[path] for path in paths}


@pytest.fixture
def visitor(paths) -> Client:
    """Somebody with a name, a basket, another country, a message that waits, and things looked at."""
    client = Client()
    person = make_person("zaphod@example.com")
    person.first_name = person.last_name = SECRET
    person.save()
    client.force_login(person)
    cup = put(make_supplier(), "Zither")
    for _time in range(7):
        client.post("/basket/add/", {"variant": cup.sku})
    client.get(cup.product.get_absolute_url())
    client.post("/country/", {"country": "DE", "next": "/"})
    client.post(f"{cup.product.get_absolute_url()}tell-me/", {"variant": cup.sku, "email": "zaphod@example.com"})
    return client


def test_a_stranger_sees_the_same_whoever_was_here_first(paths, visitor):
    forget_everything()
    untouched = strangers_pages(paths)
    forget_everything()
    for path in paths:
        visitor.get(path)

    after = strangers_pages(paths)

    assert {path for path in paths if after[path] != untouched[path]} == set()
    assert not re.search(r"zaphod", "".join(after.values()), re.I)


def test_a_visitor_sees_their_own_whoever_was_here_first(paths, visitor):
    forget_everything()
    # What waits to be said is said once, on the first page.
    visitor.get("/")
    own = pages(visitor, paths)
    forget_everything()
    strangers_pages(paths)

    after = pages(visitor, paths)

    assert {path for path in paths if after[path] != own[path]} == set()
    assert all('<span class="count"><span class="visually-hidden">' in page for page in after.values())
    assert all("</span>7</span>" in page for page in after.values())
    assert 'id="seen"' in after[paths[4]]
    assert "Prices for Germany" in after["/"]


def test_two_visitors_see_each_their_own_number_in_the_basket(paths, visitor):
    other = Client()
    other.post("/basket/add/", {"variant": put(make_supplier(), "Plate").sku})
    for _time in range(2):
        for client, count in ((visitor, 7), (other, 1), (Client(), None)):
            links = client.get("/").content.decode().split('class="site-links"')[1].split("</nav>")[0]
            assert re.findall(r"</span>(\d+)</span>", links) == ([str(count)] if count else [])


def test_every_visitor_gets_a_token_of_their_own_on_a_page_that_was_kept(paths):
    tokens = {re.search(r'csrfmiddlewaretoken" value="([^"]+)"', Client().get(paths[4]).content.decode())[1]}
    tokens |= {re.search(r'csrfmiddlewaretoken" value="([^"]+)"', Client().get(paths[4]).content.decode())[1]}
    assert len(tokens) == 2


def test_a_part_is_given_nothing_but_its_values():
    """It reads neither the page's context nor the request, whatever stands there."""
    text = '{% load kept_parts %}{% kept_part "components/_site_links.html" %}'
    page = Template(text).render(
        Context({"basket_count": 42, "request": object(), "user": SECRET, "messages": [SECRET]})
    )
    assert "42" not in page
    assert SECRET not in page


def kept_templates() -> set[str]:
    """Return the templates of all parts that are kept, with those that they include."""
    named = {
        name for file in TEMPLATES.rglob("*.html") for name in re.findall(r'{% kept_part "([^"]+)"', file.read_text())
    } | {"components/_product_card.html"}
    found: set[str] = set()
    while named - found:
        found |= named
        named = {name for one in found for name in re.findall(r'{% include "([^"]+)"', (TEMPLATES / one).read_text())}
    return found


def test_no_part_that_is_kept_asks_for_what_is_a_visitors_or_the_databases():
    asks = re.compile(r"csrf_token|request|messages|perms|\buser\b|\|worded|register_mark|price_terms|{% now")
    found = {name: asks.findall((TEMPLATES / name).read_text()) for name in kept_templates()}
    assert len(found) > 10
    assert {name: words for name, words in found.items() if words} == {}


def test_what_does_not_compare_by_what_it_says_is_shown_and_not_kept():
    class Row:
        name = "Kettle"

        def __eq__(self, other: object) -> bool:
            return True

        def __hash__(self) -> int:
            return 1

    part = Template('{% load kept_parts %}{% kept_part "components/_breadcrumb.html" crumbs=crumbs %}')
    row = Row()
    forget_everything()
    for name in ("Kettle", "Cup"):
        row.name = name
        page = part.render(Context({"crumbs": [(row, name)]}))
        assert f'href="{name}"' in page
    assert kept_parts._part.cache_info().currsize == 0


def test_a_number_and_a_mark_of_truth_are_different_values():
    part = Template('{% load kept_parts %}{% kept_part "components/_price.html" price=price %}')
    said = [part.render(Context({"price": price})) for price in (1, True, "1", 1.0)]
    assert [re.search(r"<span>(.*?)</span>", one)[1] for one in said] == ["1", "True", "1", "1.0"]


# --- without the cache, and what it costs


def test_pages_work_while_the_cache_is_away(paths, visitor, settings):
    # The first round says what waits to be said.
    pages(visitor, paths)
    strangers, own = strangers_pages(paths), pages(visitor, paths)
    # Nobody listens there.
    settings.CACHES = {"default": {"BACKEND": "config.cache.TolerantRedisCache", "LOCATION": "redis://127.0.0.1:1/0"}}
    for forget in (lambda: None, forget_everything):
        forget()
        assert strangers_pages(paths) == strangers
        assert pages(visitor, paths) == own


def statements(path: str, *, is_cold: bool) -> int:
    """Count what a stranger's look costs; cold: nothing is kept yet in this process."""
    Client().get(path)
    if is_cold:
        forget_everything()
    with CaptureQueriesContext(connection) as queries:
        assert Client().get(path).status_code == 200
    return len(queries)


@pytest.mark.parametrize("is_cold", [False, True], ids=["warm", "cold"])
def test_pages_cost_the_same_with_few_and_with_many_rows(monkeypatch, is_cold):
    # However slow the machine is: nothing that is kept runs out between two looks.
    monkeypatch.setattr("shop.kept.time", SimpleNamespace(monotonic=lambda: 1_000.0))
    cup = put(make_supplier(), "Cup", brand="Tolven", facts={"Material": "Oak"})
    asked = (
        "/",
        "/c/kitchen/",
        "/c/kitchen/?brand=Tolven&sort=price",
        "/search/?q=cup",
        cup.product.get_absolute_url(),
    )
    put_copies(cup, 1)
    few = {path: statements(path, is_cold=is_cold) for path in asked}
    put_copies(Variant.objects.latest("pk"), 30)

    many = {path: statements(path, is_cold=is_cold) for path in asked}

    assert many == few
    most = dict(zip(asked, (6, 7, 7, 8, 8) if is_cold else (1, 2, 2, 2, 3), strict=True))
    assert {path: count for path, count in many.items() if count > most[path]} == {}
