"""What is kept by its content is never old: a change shows on every page (docs/adr/0024)."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import time

import pytest
import time_machine
from django.utils import translation

from shop import kept
from shop.actions.catalog import put_variant, refresh_products
from shop.actions.pictures import store_picture
from shop.models import Category, DeliveryProfile, DeliveryService, Product, ProductImage, Variant, Wording
from shop.models.catalogue import Gate
from suppliers.actions.catalog import write_best_offers
from suppliers.models import Offer
from tests.factories import make_supplier, make_variant
from tests.products import entry, make_kettle, make_review, png

pytestmark = pytest.mark.django_db
LISTS = ("/", "/c/kitchen/", "/search/?q=kettle")


def read(client, *paths: str) -> dict[str, str]:
    """Return some pages; all must be there."""
    answers = {path: client.get(path) for path in paths}
    assert {answer.status_code for answer in answers.values()} == {200}
    return {path: answer.content.decode() for path, answer in answers.items()}


def offered(variant: Variant, **fields: object) -> None:
    """Let its supplier offer a variant otherwise, and write it down."""
    Offer.objects.filter(variant=variant).update(**fields)
    write_best_offers([variant.pk])


def renamed(variant: Variant) -> None:
    Product.objects.filter(pk=variant.product_id).update(name="Iron kettle")
    refresh_products([variant.product_id])


def pictured(variant: Variant) -> None:
    store_picture(variant.product, variant, position=0, alt="Kettle 0", content=png(900, 1125, shade=90), source_url="")


def small_name() -> str:
    return ProductImage.objects.get().small.name


Change = Callable[[Variant], object]
# What is done, what every page then says, and what no page says any more; None: nothing is gone.
CHANGES: dict[str, tuple[Change, str, str | None]] = {
    "price": (lambda kettle: offered(kettle, recommended_minor=2999), "€29.99", "€24.50"),
    "name": (renamed, "Iron kettle", "Enamel kettle"),
    "rating": (lambda kettle: make_review(kettle, rating=4), '4.0<span class="visually-hidden"> out of 5', None),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_by_another_process_shows_at_the_next_request_and_below_others_after_a_second(client, clock, change):
    act, words, gone = CHANGES[change]
    supplier = make_supplier()
    (kettle,) = make_kettle(supplier, pictures=1)
    beside = make_variant(supplier, name="Cup").product.get_absolute_url()
    own = (*LISTS, kettle.product.get_absolute_url())
    before = read(client, *own, beside)
    assert all(words not in page and (gone or "") in page for page in before.values())

    act(kettle)
    after = read(client, *own)
    clock.now += kept.BRIEF_SECONDS + 0.1
    # The visitor's own list of what was looked at is read anew each time: this is about what is like it.
    client.cookies.clear()
    after |= read(client, beside)

    assert {path for path, page in after.items() if words not in page} == set()
    assert {path for path, page in after.items() if gone is not None and gone in page} == set()


def test_another_picture_shows_at_the_next_request_and_on_tiles_and_below_others_after_a_second(client, clock):
    supplier = make_supplier()
    (kettle,) = make_kettle(supplier, pictures=1)
    beside = make_variant(supplier, name="Cup").product.get_absolute_url()
    own = (*LISTS, kettle.product.get_absolute_url())
    old = small_name()
    assert all(old in page for page in read(client, *own, beside).values())

    pictured(kettle)
    at_once = read(client, *own)
    clock.now += kept.BRIEF_SECONDS + 0.1
    client.cookies.clear()
    later = read(client, *own, beside)

    assert small_name() != old
    assert {path for path, page in at_once.items() if small_name() not in page} == set()
    assert {path for path, page in at_once.items() if old in page} == {"/"}
    assert {path for path, page in later.items() if old in page or small_name() not in page} == set()


def test_what_is_nearly_gone_says_so_at_once_and_what_is_gone_leaves_the_shelves(client, clock):
    supplier = make_supplier()
    (kettle,) = make_kettle(supplier)
    beside = make_variant(supplier, name="Cup").product.get_absolute_url()
    own = (*LISTS, kettle.product.get_absolute_url())
    assert all("Only 3 left" not in page for page in read(client, *own, beside).values())

    offered(kettle, stock=3)
    assert {path for path, page in read(client, *own).items() if "Only 3 left" not in page} == set()

    offered(kettle, stock=0, availability="out_of_stock")
    assert {path for path, page in read(client, *own).items() if "Sold out" not in page} == set()
    clock.now += kept.BRIEF_SECONDS + 0.1
    client.cookies.clear()
    assert "Enamel kettle" not in "".join(read(client, "/", beside).values())


def test_what_is_taken_down_is_on_no_page_and_what_is_new_is_on_home_after_a_second(client, clock):
    supplier = make_supplier()
    (kettle,) = make_kettle(supplier)
    beside = make_variant(supplier, name="Cup").product.get_absolute_url()
    read(client, *LISTS, beside)

    Product.objects.filter(pk=kettle.product_id).update(is_published=False)
    assert "Enamel kettle" not in "".join(read(client, *LISTS).values())
    refresh_products([kettle.product_id])
    make_variant(supplier, name="Tin plate")
    clock.now += kept.BRIEF_SECONDS + 0.1
    client.cookies.clear()

    pages = read(client, "/", beside)
    assert "Enamel kettle" not in "".join(pages.values())
    assert {path for path, page in pages.items() if "Tin plate" not in page} == set()


def test_a_department_renamed_elsewhere_has_its_new_name_everywhere_after_five_seconds(client, clock):
    (kettle,) = make_kettle(make_supplier())
    paths = (*LISTS, kettle.product.get_absolute_url())
    read(client, *paths)

    Category.objects.filter(name="Kitchen").update(name="Galley")
    clock.now += kept.SECONDS + 0.1

    pages = read(client, *paths)
    assert {path for path, page in pages.items() if "Galley" not in page or ">Kitchen<" in page} == set()


def test_who_renames_a_department_or_changes_a_price_here_sees_it_at_once(client):
    supplier = make_supplier()
    (kettle,) = make_kettle(supplier)
    beside = make_variant(supplier, name="Cup").product.get_absolute_url()
    paths = (*LISTS, kettle.product.get_absolute_url(), beside)
    read(client, *paths)

    department = Category.objects.get(name="Kitchen")
    department.name = "Galley"
    department.save()
    offered(kettle, recommended_minor=2999)

    client.cookies.clear()
    pages = read(client, *paths)
    assert {path for path, page in pages.items() if "Galley" not in page or ">Kitchen<" in page} == set()
    assert {path for path, page in pages.items() if "€29.99" not in page or "€24.50" in page} == set()


def test_a_thing_that_moves_is_in_its_new_place_at_once(client):
    supplier = make_supplier()
    (kettle,) = make_kettle(supplier)
    make_variant(supplier, name="Cup")
    read(client, "/c/kitchen/", kettle.product.get_absolute_url())

    put_variant(entry(sku=kettle.sku, category_path=["Camping", "Stove"]))
    Product.objects.filter(pk=kettle.product_id).update(
        category=Category.objects.get(name="Stove", parent__name="Camping"),
        department=Category.objects.get(name="Camping"),
    )
    refresh_products([kettle.product_id])

    assert "Enamel kettle" not in read(client, "/c/kitchen/")["/c/kitchen/"]
    page = read(client, kettle.product.get_absolute_url())[kettle.product.get_absolute_url()]
    assert '<a href="/c/camping/">Camping</a>' in page.split('class="breadcrumb"')[1].split("</nav>")[0]
    assert '<a href="/c/camping/" aria-current="page">Camping</a>' in page


# --- days


def arrival_on(client, path: str) -> str:
    """Return the first promise of a page, in its own words."""
    words = re.search(r"Arrives\s.*?(?=</)", client.get(path).content.decode(), re.S)[0]
    return " ".join(re.sub(r"<[^>]+>|&nbsp;|\N{NO-BREAK SPACE}", " ", words).split())


def promises(client, kettle: Variant) -> set[str]:
    """Return what all pages promise of the only thing in the shop; they all say the same."""
    return {arrival_on(client, path) for path in (*LISTS, kettle.product.get_absolute_url())}


def test_the_cut_off_and_the_day_change_the_window_on_every_page(client):
    (kettle,) = make_kettle(make_supplier())
    said = []
    # A Tuesday, before and after the cut-off at two, and the next day.
    for moment in ("2026-11-24T09:00Z", "2026-11-24T15:00Z", "2026-11-25T15:00Z"):
        with time_machine.travel(moment, tick=False):
            (one,) = promises(client, kettle)
        said.append(one)
    assert len(set(said)) == 3


@pytest.mark.parametrize(
    "change",
    [
        lambda: DeliveryProfile.objects.update(margin_days=3),
        lambda: DeliveryProfile.objects.update(closed_days="2026-11-24..2026-11-26"),
        lambda: DeliveryProfile.objects.update(working_days="4"),
        lambda: DeliveryProfile.objects.update(country="DE", cutoff_time=time(1)),
        lambda: DeliveryService.objects.update(transit_max_days=9),
        lambda: DeliveryService.objects.update(delivery_days="6"),
        lambda: Variant.objects.update(handling_max_days=8),
    ],
    ids=["margin", "closed", "working days", "cut-off", "transit", "delivery days", "handling"],
)
def test_whatever_a_window_is_made_of_changes_it_on_every_page(client, clock, change):
    (kettle,) = make_kettle(make_supplier())
    with time_machine.travel("2026-11-24T09:00Z", tick=False):
        before = promises(client, kettle)
        change()
        clock.now += kept.BRIEF_SECONDS + 0.1
        after = promises(client, kettle)
    assert (len(before), len(after)) == (1, 1)
    assert before != after


# --- who is shown it


def test_languages_share_nothing(client):
    supplier = make_supplier()
    (kettle,) = make_kettle(supplier, options=[{"Colour": "Sage"}, {"Colour": "Red"}][:1], pictures=1)
    Product.objects.update(names={"de": "Emaillekessel"}, warnings="Hot.")
    Wording.objects.create(language="de", text="Hot.", wording="Heiß.")
    refresh_products([kettle.product_id])
    make_variant(supplier, name="Cup")
    paths = ("/", "/c/kitchen/", "/search/?q=kettle", kettle.product.get_absolute_url())
    for _time in range(2):
        for path in paths:
            client.cookies.clear()
            english, german = read(client, path)[path], read(client, f"/de{path}")[f"/de{path}"]
            # The ways to the other language stand in the foot and the head alone.
            assert re.findall(r'<a [^>]*href="/de/(?:c|p)/[^"]*"(?! lang)', english) == [], path
            assert re.findall(r'<a [^>]*href="/(?:c|p)/[^"]*"(?! lang)', german) == [], path
            assert "Emaillekessel" in german
            assert "Emaillekessel" not in english
            assert ("€24.50" in english, "24,50\N{NO-BREAK SPACE}€" in german) == (True, True), path
    assert ("Heiß." in german, "Hot." in german, "Hot." in english) == (True, False, True)


def test_another_wording_shows_in_what_was_kept(client):
    (kettle,) = make_kettle(make_supplier())
    Product.objects.update(warnings="Hot.")
    wording = Wording.objects.create(language="de", text="Hot.", wording="Heiß.")
    with translation.override("de"):
        path = kettle.product.get_absolute_url()
    assert "Heiß." in read(client, path)[path]

    wording.wording = "Sehr heiß."
    wording.save()

    assert "Sehr heiß." in read(client, path)[path]


def test_markets_share_no_price(client):
    supplier = make_supplier()
    (kettle,) = make_kettle(supplier)
    beside = make_variant(supplier, name="Cup").product.get_absolute_url()
    paths = (*LISTS, kettle.product.get_absolute_url(), beside)
    for _time in range(2):
        for country, shown, hidden in (("US", "€19.92", "€24.50"), ("IE", "€24.50", "€19.92")):
            client.cookies.clear()
            client.post("/country/", {"country": country, "next": "/"})
            pages = read(client, *paths)
            wrong = {path for path, page in pages.items() if shown not in page or hidden in page}
            assert wrong == set(), country


def test_countries_share_no_window(client):
    (kettle,) = make_kettle(make_supplier())
    said = []
    with time_machine.travel("2026-11-24T09:00Z", tick=False):
        for country in ("IE", "DE", "IE", "DE"):
            client.post("/country/", {"country": country, "next": "/"})
            (one,) = promises(client, kettle)
            said.append(one)
    assert said[:2] == said[2:]
    assert said[0] != said[1]


def test_a_gate_shows_with_its_product_only_and_goes_with_it(client):
    supplier = make_supplier()
    kettle, cup = make_kettle(supplier)[0], make_variant(supplier, name="Cup")
    path, other = kettle.product.get_absolute_url(), cup.product.get_absolute_url()
    assert "Needs a prescription" not in "".join(read(client, path, other).values())

    Product.objects.filter(pk=kettle.product_id).update(gate=Gate.PRESCRIPTION)
    assert {one for one, page in read(client, path, other).items() if "Needs a prescription" in page} == {path}

    Product.objects.filter(pk=kettle.product_id).update(gate=Gate.NONE)
    assert "Needs a prescription" not in read(client, path)[path]
