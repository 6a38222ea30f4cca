"""Queries that are written once give what Django gives when it writes them anew."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from shop.card_rows import COLUMNS, card_rows, rows_of
from shop.models import Listing, Product, ProductImage, Synonym, Variant
from shop.prepared import Prepared, PreparedRows, PreparedUpdate, any_of, columns_of
from shop.product_page import find_variants
from tests.factories import make_supplier
from tests.products import make_kettle
from tests.shelf import put, put_copies

pytestmark = pytest.mark.django_db


def test_values_are_put_where_they_belong_and_columns_are_read_as_django_reads_them():
    (kettle,) = make_kettle(make_supplier(), pictures=2)
    names = columns_of(ProductImage)
    asked = Prepared(lambda product, alt: ProductImage.objects.filter(product=product, alt=alt).values_list(*names))
    for position in (0, 1):
        (row,) = asked(kettle.product_id, f"Kettle {position}")
        assert row == ProductImage.objects.values_list(*names).get(position=position)
    assert asked(kettle.product_id, "Kettle 2") == []


def test_it_is_one_statement_and_is_not_written_again():
    built = []

    def build(pk: int):
        built.append(pk)
        return Product.objects.filter(pk=pk).values_list("name")

    asked = Prepared(build)
    pk = put(make_supplier(), "Cup").product_id
    with CaptureQueriesContext(connection) as queries:
        assert [asked(pk), asked(pk + 1), asked(pk)] == [[("Cup",)], [], [("Cup",)]]
    assert (len(queries), len(built)) == (3, 1)


@pytest.fixture
def wide_words():
    """Widen a column, and make it as it was again."""
    column = Synonym._meta.get_field("words")
    wider = column.clone()
    wider.set_attributes_from_name("words")
    wider.model, wider.max_length = Synonym, column.max_length + 1

    def widen() -> None:
        with connection.schema_editor() as editor:
            editor.alter_field(Synonym, column, wider)

    yield widen
    with connection.schema_editor() as editor:
        editor.alter_field(Synonym, wider, column)


def asked_for_so_long_that_its_plan_is_kept() -> tuple[Prepared, int]:
    asked = Prepared(lambda pk: Synonym.objects.filter(pk=pk).values_list("words"))
    pk = Synonym.objects.create(words="kettle").pk
    for _time in range(6):
        assert asked(pk) == [("kettle",)]
    return asked, pk


@pytest.mark.django_db(transaction=True)
def test_a_migration_beneath_a_kept_plan_is_not_noticed(wide_words):
    asked, pk = asked_for_so_long_that_its_plan_is_kept()
    wide_words()
    assert asked(pk) == [("kettle",)]


def test_rows_come_as_django_makes_them_with_what_is_selected_beside_them():
    put(make_supplier(), "Cup")
    pk = Listing.objects.values_list("pk", flat=True).get()
    asked = PreparedRows(lambda pk: Listing.objects.filter(pk=pk).select_related("product__category").order_by())
    with CaptureQueriesContext(connection) as queries:
        row = asked.first(pk)
        beside = row.product.category
    assert len(queries) == 1
    there = Listing.objects.select_related("product__category").get(pk=pk)
    names = [field.attname for field in Listing._meta.concrete_fields]
    assert [getattr(row, name) for name in names] == [getattr(there, name) for name in names]
    assert (row, row.product.name, beside) == (there, "Cup", there.product.category)
    assert asked.first(pk + 1) is None


def test_an_update_changes_the_rows_it_is_about_and_says_how_many():
    old, new = (Synonym.objects.create(words=word) for word in ("kettle", "cup"))
    rename = PreparedUpdate(lambda pk, words: (Synonym.objects.filter(pk=pk), {"words": words}))
    with CaptureQueriesContext(connection) as queries:
        assert [rename(old.pk, "pot"), rename(new.pk + 1, "pan")] == [1, 0]
    assert len(queries) == 2
    assert list(Synonym.objects.order_by("pk").values_list("words", flat=True)) == ["pot", "cup"]


@pytest.mark.django_db
def test_an_update_of_rows_that_can_be_none_changes_none():
    rename = PreparedUpdate(lambda pk, name: (Product.objects.filter(pk=pk, slug__in=[]), {"name": name}))
    assert [rename(1, "Pot"), rename(1, "Pan")] == [0, 0]


def test_days_and_moments_are_told_as_django_tells_them():
    pk = put(make_supplier(), "Cup").pk
    now, today = timezone.now(), timezone.localdate()
    Variant.objects.filter(pk=pk).update(priced_at=now, restock_on=today)
    asked = Prepared(
        lambda day, moment: Variant.objects.filter(restock_on__lt=day, priced_at__lt=moment).values_list("pk")
    )
    second, tomorrow = timedelta(seconds=1), today + timedelta(days=1)
    assert asked(tomorrow, now + second) == [(pk,)]
    assert asked(tomorrow, now) == asked(today, now + second) == []


def test_whether_there_is_any_is_asked_in_one_statement_and_again_of_what_has_come_since():
    has_any = any_of(lambda name: Product.objects.filter(name=name).order_by("pk"))
    assert not has_any("Cup")
    put(make_supplier(), "Cup")
    with CaptureQueriesContext(connection) as queries:
        assert has_any("Cup")
        assert not has_any("Bowl")
    assert len(queries) == 2


def test_every_thread_writes_its_own():
    asked = Prepared(lambda pk: Product.objects.filter(pk=pk).values_list("name"))
    asked(1)
    compilers = [asked._known((int,))[2]]
    thread = threading.Thread(target=lambda: compilers.append(asked._known((int,))[2]))
    thread.start()
    thread.join()
    assert compilers[0] is not compilers[1]
    assert compilers[0] is asked._known((int,))[2]


def test_a_value_that_is_lost_or_told_twice_is_refused():
    for build in (
        lambda pk: Product.objects.filter(pk__gt=1).values_list("name"),
        lambda pk: Product.objects.filter(pk=pk, category=pk).values_list("name"),
    ):
        with pytest.raises(ValueError, match="does not stand exactly once"):
            Prepared(build)(1)


@pytest.mark.parametrize("count", [1, 7, 8, 9, 24])
def test_rows_by_number_are_those_of_the_lists_in_the_order_asked_for(count):
    first = put(make_supplier(), "Cup", options={"Colour": "Sage"})
    put_copies(first, 24)
    ids = list(Listing.objects.order_by("?").values_list("pk", flat=True))[:count]
    rows = rows_of(ids)
    assert [row[0] for row in rows] == ids
    assert {row[0]: row for row in rows} == {row[0]: row for row in card_rows(Listing.objects.filter(pk__in=ids))}
    assert {len(row) for row in rows} == {len(COLUMNS)}
    Product.objects.filter(pk=ids[0]).update(is_published=False)
    assert [row[0] for row in rows_of([*ids, 10**9])] == ids[1:]


def test_variants_of_a_page_are_what_the_database_holds():
    supplier = make_supplier()
    make_kettle(supplier, options=[{"Colour": "Sage"}, {"Colour": "Red"}], facts={"Material": "Steel"}, pictures=1)
    put(supplier, "Cup")
    slug = Product.objects.get(name="Enamel kettle").slug
    found = find_variants(slug)
    assert [one.sku for one in found] == ["KETTLE-0", "KETTLE-1"]
    with CaptureQueriesContext(connection) as queries:
        products = {id(one.product) for one in found}
        told = [(one.delivery_profile.sent_from, one.delivery_profile.country.code) for one in found]
        category = found[0].product.category.parent.name, found[0].product.department.name
    assert (len(products), told, category, len(queries)) == (1, [("Cork", "IE")] * 2, ("Kitchen", "Kitchen"), 0)
    for one in found:
        stored = Variant.objects.select_related("product", "delivery_profile").get(pk=one.pk)
        for mine, theirs in (
            (one, stored),
            (one.product, stored.product),
            (one.delivery_profile, stored.delivery_profile),
        ):
            for name in columns_of(type(mine)):
                assert getattr(mine, name) == getattr(theirs, name), name
    Variant.objects.update(delivery_profile=None)
    assert [one.delivery_profile for one in find_variants(slug)] == [None, None]
