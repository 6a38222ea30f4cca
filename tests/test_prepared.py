"""Queries that are written once give what Django gives when it writes them anew."""

from __future__ import annotations

import threading

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from shop.card_rows import COLUMNS, card_rows, rows_of
from shop.models import Listing, Product, ProductImage, Variant
from shop.prepared import Prepared, columns_of
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


def test_every_thread_writes_its_own():
    asked = Prepared(lambda pk: Product.objects.filter(pk=pk).values_list("name"))
    asked(1)
    compilers = [asked._written((int,))[0]]
    thread = threading.Thread(target=lambda: compilers.append(asked._written((int,))[0]))
    thread.start()
    thread.join()
    assert compilers[0] is not compilers[1]
    assert compilers[0] is asked._written((int,))[0]


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
