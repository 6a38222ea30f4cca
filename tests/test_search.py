"""Search finds what people mean: by name, code, brand, category, other words for it, and with one wrong letter."""

from __future__ import annotations

import pytest
from django.core.management import call_command
from django.db import connection

from shop.lists import sample
from shop.models import Category, Listing, Product, ProductFact, SearchWord, Synonym, Variant
from shop.search.index import keep_index, rebuild_index
from shop.search.spelling import one_slip_away
from shop.search.words import fold, stem, words_in
from suppliers.actions.catalog import write_best_offers
from suppliers.models import Offer
from tests.factories import make_person, make_supplier
from tests.shelf import names_on, page_of, put

pytestmark = pytest.mark.django_db


@pytest.fixture
def shelf():
    supplier = make_supplier()
    put(supplier, "Stovetop kettle", sku="HB-014-B", gtin="2000000014005", brand="Hollis & Reed")
    put(supplier, "Crème brûlée dish", brand="Tolven", path=("Kitchen", "Tableware"))
    put(supplier, "Glass storage jar", brand="Tolven", options={"Colour": "Sage"}, path=("Kitchen", "Storage"))
    put(supplier, "Day rucksack", brand="Cragside", path=("Outdoors", "Carrying"))
    put(supplier, "Großer Topf", brand="Nordhoek", description="<p>Hält Suppe warm, auch für den kettle.</p>")
    return supplier


def found(client, words: str) -> list[str]:
    return names_on(page_of(client, "/search/", q=words))


@pytest.mark.parametrize(
    ("words", "name"),
    [
        ("stovetop kettle", "Stovetop kettle"),
        ("KETTLE stovetop", "Stovetop kettle"),
        ("hb-014-b", "Stovetop kettle"),
        ("hb014b", "Stovetop kettle"),
        ("2000000014005", "Stovetop kettle"),
        ("hollis reed", "Stovetop kettle"),
        ("cragside", "Day rucksack"),
        ("outdoors carrying", "Day rucksack"),
        ("sage jar", "Glass storage jar"),
        ("stov kett", "Stovetop kettle"),
        ("glasses", "Glass storage jar"),
        ("rucksacks", "Day rucksack"),
        ("creme brulee", "Crème brûlée dish"),
        ("CRÈME", "Crème brûlée dish"),
        ("grosser topf", "Großer Topf"),
        ("GROSSER", "Großer Topf"),
        ("suppe", "Großer Topf"),
    ],
)
def test_search_finds_by_name_code_brand_category_and_option_in_any_form(client, shelf, words, name):
    assert found(client, words)[0] == name


@pytest.mark.parametrize(
    "typed", ["ketle", "ketttle", "kettel", "kettke", "kettl", "kwttle", "kettlee", "ekttle", "Kettlr", "ettle"]
)
def test_one_wrong_letter_still_finds(client, shelf, typed):
    page = page_of(client, "/search/", q=typed)
    assert names_on(page)[0] == "Stovetop kettle"
    assert f'value="{typed}"' in page


def test_the_page_says_that_it_read_another_word(client, shelf):
    page = page_of(client, "/search/", q="ketle")
    assert "Nothing is called “ketle”. These are for “kettle”." in page
    assert "Nothing is called" not in page_of(client, "/search/", q="kettle")


def test_a_wrong_letter_beside_a_right_word_is_forgiven_too(client, shelf):
    assert found(client, "day ruksack") == ["Day rucksack"]


def test_other_words_for_a_thing_find_it_once_staff_has_named_them(client, shelf):
    assert found(client, "backpack") == []
    client.force_login(make_person(role="Store staff"))
    answer = client.post("/admin/shop/synonym/add/", {"words": "rucksack, backpack, day bag"})
    assert answer.status_code == 302
    assert found(client, "backpacks") == ["Day rucksack"]
    assert found(client, "bakpack") == ["Day rucksack"]
    Synonym.objects.get().delete()
    assert found(client, "backpack") == []


def test_the_very_code_comes_first_then_names_before_descriptions_and_what_is_there_before_what_is_gone(client):
    supplier = make_supplier()
    put(supplier, "Cover for the mug", sku="A-1", description="<p>Lamp lamp lamp lamp.</p>")
    put(supplier, "Task lamp", sku="A-2", stock=0)
    put(supplier, "Lamp", sku="A-3")
    put(supplier, "Night lamp with a shade of paper", sku="A-4")
    put(supplier, "Book of codes", sku="LAMP", stock=0)
    assert found(client, "lamp") == [
        "Book of codes", "Lamp", "Night lamp with a shade of paper", "Cover for the mug", "Task lamp",
    ]  # fmt: skip


def test_the_term_stays_in_the_box_whatever_it_is(client, shelf):
    page = page_of(client, "/search/", q='"> <script>alert(1)</script>')
    assert 'value="&quot;&gt; &lt;script&gt;alert(1)&lt;/script&gt;"' in page


def test_nothing_found_offers_near_words_departments_and_a_person(client, shelf):
    page = page_of(client, "/search/", q="kettelrs")
    assert names_on(page) == []
    assert "Nothing for “kettelrs”." in page
    assert 'href="/search/?q=kettle"' in page
    assert '<a class="chip" href="/c/kitchen/">Kitchen</a>' in page
    assert '<a class="button button-quiet" href="/support/">Contact us</a>' in page


@pytest.mark.parametrize(
    "words",
    ["'", '"', "*", "a:*", "kettle'", "(kettle", "kettle & | !", "NEAR(a b)", "name_words:x", "-kettle", "%", "_", "\\", "ß", "日本", "a" * 500, "x " * 300],
)  # fmt: skip
def test_no_sign_breaks_the_search_or_the_suggestions(client, shelf, words):
    assert client.get("/search/", {"q": words}).status_code == 200
    assert client.get("/search/suggest/", {"q": words}).status_code == 200


# --- the index keeps step


def test_a_new_name_is_found_and_the_old_one_no_longer(client, shelf):
    client.force_login(make_person(role="Store staff"))
    product = Product.objects.get(name="Day rucksack")
    page = client.get(f"/admin/shop/product/{product.pk}/change/")
    form = page.context["adminform"].form
    asked = {name: "" if value is None else value for name, value in form.initial.items()} | {"name": "Trekking pack"}
    for prefix in [formset.formset.prefix for formset in page.context["inline_admin_formsets"]]:
        asked |= {f"{prefix}-TOTAL_FORMS": 0, f"{prefix}-INITIAL_FORMS": 0}
    asked = {name: value for name, value in asked.items() if value is not False}
    answer = client.post(f"/admin/shop/product/{product.pk}/change/", asked)
    assert answer.status_code == 302, answer.context["adminform"].form.errors
    assert found(client, "trekking") == ["Trekking pack"]
    assert found(client, "rucksack") == []


def test_goods_taken_off_sale_are_found_no_longer(client, shelf):
    variant = Variant.objects.get(sku="HB-014-B")
    Offer.objects.filter(variant=variant).delete()
    write_best_offers([variant.pk])
    assert "Stovetop kettle" not in found(client, "kettle")
    assert not Listing.objects.filter(product=variant.product).exists()


def test_a_renamed_category_is_found_by_its_new_name(client, shelf):
    client.force_login(make_person(role="Store staff"))
    carrying = Category.objects.get(name="Carrying")
    asked = {"name": "Luggage", "slug": carrying.slug, "parent": carrying.parent_id, "position": 0, "panel": "", "introduction": ""}  # fmt: skip
    assert client.post(f"/admin/shop/category/{carrying.pk}/change/", asked).status_code == 302
    assert found(client, "luggage") == ["Day rucksack"]


def test_an_unpublished_product_is_never_shown_even_if_its_listing_is_old(client, shelf):
    Product.objects.filter(name="Stovetop kettle").update(is_published=False)
    assert "Stovetop kettle" not in found(client, "kettle")
    assert client.get("/search/suggest/", {"q": "stovetop"}).json() == {"rows": []}


def test_the_database_itself_keeps_its_index_in_step(client, shelf):
    """Whoever writes a listing, by whatever way: the triggers and the generated column follow."""
    Listing.objects.filter(name_words__contains="rucksack").update(name_words="zeppelin")
    assert found(client, "zeppelin") == ["Day rucksack"]
    assert found(client, "rucksack") == []
    Listing.objects.filter(name_words="zeppelin").delete()
    assert found(client, "zeppelin") == []


def test_rebuilding_repairs_what_differs_and_forgets_old_words(client, shelf, capsys):
    Listing.objects.filter(name_words__contains="rucksack").delete()
    Listing.objects.filter(name_words__contains="kettle").update(name_words="wrong")
    ProductFact.objects.create(
        product=Product.objects.get(name="Glass storage jar"), name="Material", value="Glass; cork"
    )
    SearchWord.objects.create(word="zeppelin")
    call_command("rebuild_search")
    assert "5 products are indexed" in capsys.readouterr().out
    assert found(client, "rucksack") == ["Day rucksack"]
    assert found(client, "kettle")[0] == "Stovetop kettle"
    assert found(client, "cork") == ["Glass storage jar"]
    assert not SearchWord.objects.filter(word="zeppelin").exists()
    assert SearchWord.objects.filter(word="rucksack").exists()


def test_a_catalogue_older_than_the_index_is_read_after_the_migrate(client, shelf):
    Listing.objects.all().delete()
    assert found(client, "kettle") == []
    keep_index(sender=None)
    assert found(client, "kettle")[0] == "Stovetop kettle"


def test_rebuilding_what_is_in_step_writes_nothing(shelf):
    before = list(Listing.objects.order_by("pk").values())
    assert rebuild_index() == 5
    assert list(Listing.objects.order_by("pk").values()) == before


# --- words


@pytest.mark.parametrize(
    ("text", "folded"),
    [("Crème", "creme"), ("Straße", "strasse"), ("SMØRREBRØD", "smorrebrod"), ("Łódź", "lodz"), ("men’s", "mens")],
)
def test_case_and_accents_do_not_count(text, folded):
    assert fold(text) == folded


@pytest.mark.parametrize(
    ("plural", "singular"),
    [("mugs", "mug"), ("glasses", "glass"), ("boxes", "box"), ("brushes", "brush"), ("berries", "berry"), ("glass", "glass"), ("bus", "bus"), ("iris", "iris"), ("gas", "gas")],
)  # fmt: skip
def test_plurals_have_the_stem_of_their_singular(plural, singular):
    assert stem(plural) == stem(singular)


def test_words_of_a_text_stand_apart_and_joined():
    assert words_in("Hot-water bottle") == ["hot", "water", "hotwater", "bottle"]
    assert words_in("Küche") == ["kuche", "kueche"]


def test_a_slip_is_one_letter_wrong_missing_too_many_or_swapped():
    slips = one_slip_away("ketle")
    assert {"kettle", "kele", "kelte", "katle"} <= slips
    assert "kettles" not in slips
    assert "ketle" not in slips


@pytest.mark.parametrize(("first", "branches"), [(2, {0, 1}), (3, {0})], ids=["not yet enough", "enough"])
def test_a_later_question_is_asked_only_where_those_before_it_leave_room(monkeypatch, first, branches):
    monkeypatch.setattr(sample, "MOST", 2)
    supplier = make_supplier()
    pks = [put(supplier, f"Kettle {number}").product_id for number in range(5)]
    rows = Listing.objects.values_list(*sample.RANKED)
    sql, told = sample.statement_until_enough([rows.filter(pk__in=pks[:first]), rows.filter(pk__in=pks)])
    with connection.cursor() as cursor:
        cursor.execute(sql, told)
        assert {row[0] for row in cursor.fetchall()} == branches


@pytest.mark.parametrize(("found", "branches"), [(2, [2, 2]), (3, [1, 2, 2, 2])], ids=["room for all", "too many"])
def test_the_best_of_several_words_are_asked_for_first_where_there_are_too_many(monkeypatch, found, branches):
    monkeypatch.setattr(sample, "MOST", 2)
    supplier = make_supplier()
    pks = [put(supplier, f"Kettle {number}").product_id for number in range(5)]
    rows = Listing.objects.values_list(*sample.RANKED)
    sql, told = sample.statement_of_best(rows.filter(pk=pks[4]), rows.filter(pk__in=pks[:found]))
    with connection.cursor() as cursor:
        cursor.execute(sql, told)
        assert [row[0] for row in cursor.fetchall()] == branches
