"""Reviews come from people who bought the thing and have it, and are read before they are shown."""

from __future__ import annotations

from datetime import date

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from orders.actions.line_review import NotYet, SaidAlready, review_line
from orders.models import LineReview, OrderLine
from shop.actions import reviews
from shop.models import Product, Review
from tests.factories import make_paid_order, make_person, make_supplier, make_variant
from tests.products import make_review, structured, words_of

pytestmark = pytest.mark.django_db
SAID = {"rating": "4", "title": "Boils fast", "text": "And whistles <b>loudly</b>.", "author": "Mia"}


@pytest.fixture
def order():
    """A paid order of one thing that has arrived."""
    made = make_paid_order((make_variant(make_supplier(), name="Oak board"), 1))
    OrderLine.objects.update(shipped=1, delivered=1)
    return made


def address(order, line=None) -> str:
    return f"{order.get_absolute_url()}reviews/{(line or order.lines.get()).pk}/"


def test_the_order_page_offers_a_review_once_the_thing_has_arrived(client, order):
    assert address(order) in client.get(order.get_absolute_url()).content.decode()

    OrderLine.objects.update(delivered=0)
    assert address(order) not in client.get(order.get_absolute_url()).content.decode()


def test_a_buyer_writes_one_and_nobody_sees_it_before_staff_have_read_it(client, order):
    product = order.lines.get().variant.product

    answer = client.post(address(order), SAID, follow=True)

    assert "We read every review before it is shown" in answer.content.decode()
    assert address(order) not in answer.content.decode()
    page = client.get(product.get_absolute_url()).content.decode()
    assert "Boils fast" not in page

    reviews.approve(Review.objects.get(), by=make_person())
    page = client.get(product.get_absolute_url()).content.decode()
    assert "Boils fast" in page
    assert "And whistles &lt;b&gt;loudly&lt;/b&gt;." in page
    assert "alex@example.com" not in page


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda client, order: client.post(address(order), SAID), "You have reviewed this already"),
        (lambda client, order: OrderLine.objects.update(delivered=0), "You can review it once it has arrived"),
    ],
    ids=["written already", "not there yet"],
)
def test_who_cannot_review_is_told_before_they_write(client, order, change, said):
    change(client, order)
    page = client.get(address(order), follow=True)
    assert page.redirect_chain == [(order.get_absolute_url(), 302)]
    assert said in page.content.decode()


def test_there_is_one_review_per_order_line(client, order):
    client.post(address(order), SAID)
    again = client.post(address(order), SAID | {"rating": "1"}, follow=True)

    assert "You have reviewed this already" in again.content.decode()
    assert list(Review.objects.values_list("rating", flat=True)) == [4]
    line = order.lines.get()
    with pytest.raises(SaidAlready):
        review_line(line, rating=1, author="Mia")
    with pytest.raises(IntegrityError), transaction.atomic():
        LineReview.objects.create(line=line, review=make_review(line.variant))


@pytest.mark.parametrize("counters", [{"delivered": 0}, {"returned": 1}])
def test_what_has_not_arrived_or_went_back_cannot_be_reviewed(client, order, counters):
    OrderLine.objects.update(**counters)

    answer = client.post(address(order), SAID, follow=True)

    assert "You can review it once it has arrived." in answer.content.decode()
    assert not Review.objects.exists()
    with pytest.raises(NotYet):
        review_line(order.lines.get(), rating=5, author="Mia")


def test_the_link_cannot_be_guessed_and_other_orders_lines_are_not_reachable_by_it(client, order):
    other = make_paid_order((make_variant(make_supplier("meridian")), 1))

    assert client.post(f"/orders/{'A' * 43}/reviews/{order.lines.get().pk}/", SAID).status_code == 404
    assert client.post(address(order, other.lines.get()), SAID).status_code == 404


@pytest.mark.parametrize(
    "odd", [{"rating": ""}, {"rating": "6"}, {"rating": "x"}, {"author": " "}, {"text": "x" * 3001}]
)
def test_what_makes_no_sense_is_named_and_the_words_are_kept(client, order, odd):
    answer = client.post(address(order), SAID | odd)

    page = answer.content.decode()
    assert answer.status_code == 422
    assert "There is a problem" in page
    assert 'value="Boils fast"' in page
    assert not Review.objects.exists()


def test_the_summary_is_that_of_the_published_reviews_whoever_decides_how_often(client):
    variant = make_variant(make_supplier())
    first, second = make_review(variant, rating=5), make_review(variant, rating=2, title="Leaks")
    make_review(variant, rating=1, publish=False)
    staff = make_person()
    assert not reviews.approve(first, by=staff)

    product = Product.objects.get()
    assert (product.rating_count, product.rating_sum, product.rating) == (2, 7, 3.5)

    reviews.refuse(second, by=staff, reason="Is about another product")
    product.refresh_from_db()
    assert (product.rating_count, product.rating_sum, product.rating) == (1, 5, 5.0)
    assert "Leaks" not in client.get(product.get_absolute_url()).content.decode()
    with pytest.raises(reviews.NoReason):
        reviews.refuse(first, by=staff, reason=" ")


def test_page_card_and_data_say_the_same_of_the_rating(client):
    variant = make_variant(make_supplier())
    for rating in (5, 4, 4):
        make_review(variant, rating=rating)

    page = client.get(variant.product.get_absolute_url()).content.decode()

    assert "4.3 out of 5 stars (3 reviews )" in words_of(page)
    rating = structured(page)["Product"]["aggregateRating"]
    assert (rating["ratingValue"], rating["reviewCount"]) == (4.3, 3)
    told = [review["reviewRating"]["ratingValue"] for review in structured(page)["Product"]["review"]]
    assert sorted(told) == [4, 4, 5]
    assert "4.3 out of 5 stars (3 reviews )" in words_of(client.get("/c/kitchen/").content.decode())


def test_all_reviews_have_a_page_that_costs_the_same_with_many(client):
    variant = make_variant(make_supplier())
    path = f"{variant.product.get_absolute_url()}reviews/"
    assert "Nobody has reviewed it yet" in client.get(path).content.decode()
    make_review(variant)
    few = _cost(client, path)
    for number in range(30):
        make_review(variant, title=f"Number {number}")

    assert _cost(client, path) == few
    page = client.get(path).content.decode()
    assert page.count('class="review"') == 20
    assert 'rel="next"' in page


def _cost(client, path: str) -> int:
    client.get(path)
    with CaptureQueriesContext(connection) as queries:
        client.get(path)
    return len(queries)


def test_staff_publish_and_refuse_with_a_reason_and_change_no_words(client):
    review = make_review(make_variant(make_supplier()), publish=False)
    client.force_login(make_person(role="Store staff"))
    path = f"/admin/shop/review/{review.pk}/change/"

    refused = client.post(path, {"decision": "refused", "reason": ""})
    assert "Say why, in a few words" in refused.content.decode()
    client.post(path, {"decision": "refused", "reason": "Names a person", "text": "nice"})
    review.refresh_from_db()
    assert (review.status, review.refused_reason, review.text) == ("refused", "Names a person", "Boils fast.")

    client.post("/admin/shop/review/", {"action": "publish", "_selected_action": [review.pk]})
    review.refresh_from_db()
    assert (review.status, review.refused_reason) == ("approved", "")
    assert review.decided_by is not None


@pytest.mark.parametrize("fields", [{"rating": 0}, {"rating": 6}, {"status": "refused"}, {"status": "lost"}])
def test_the_database_refuses_what_no_review_is(fields):
    product = make_variant(make_supplier()).product
    facts = {"rating": 5, "author": "Mia", "bought_on": date(2026, 11, 1)} | fields

    with pytest.raises(IntegrityError), transaction.atomic():
        Review.objects.create(product=product, **facts)
    with pytest.raises(IntegrityError), transaction.atomic():
        Product.objects.filter(pk=product.pk).update(rating_count=1, rating_sum=6)
