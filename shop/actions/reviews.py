"""Publish what buyers say, or refuse it, and keep the summary that cards and pages show."""

from __future__ import annotations

from django.db import transaction
from django.db.models import Count, Sum
from django.utils import timezone

from shop.models import Listing, Product, Review, User
from shop.models.review import ReviewStatus

# So many stand on the product's own page; all of them have a page of theirs.
ON_PAGE = 3


class NoReason(Exception):
    """A review is refused for a reason that can be told, or not at all."""


def approve(review: Review, *, by: User) -> bool:
    """Publish a review; a refused one may be published after all. Returns False if it is published already."""
    return _decide(review, ReviewStatus.APPROVED, by=by, reason="")


def refuse(review: Review, *, by: User, reason: str) -> bool:
    """Keep a review off the page, or take it off again. Returns False if it was refused already.

    Raises NoReason without one: a bad opinion alone is none.
    """
    if not reason.strip():
        raise NoReason
    return _decide(review, ReviewStatus.REFUSED, by=by, reason=reason.strip()[:300])


def forget_author(review: Review) -> None:
    """Take the name off a review, whose writer wants to be forgotten; what it says stays. Safe to repeat."""
    with transaction.atomic():
        Review.objects.filter(pk=review.pk).update(author="")
        refresh_rating(review.product_id)


def _decide(review: Review, status: ReviewStatus, *, by: User, reason: str) -> bool:
    with transaction.atomic():
        # One conditional UPDATE, so that of two people only one decides.
        moved = (
            Review.objects.filter(pk=review.pk)
            .exclude(status=status)
            .update(status=status, decided_at=timezone.now(), decided_by=by, refused_reason=reason)
        )
        if moved:
            refresh_rating(review.product_id)
    review.refresh_from_db()
    return bool(moved)


def refresh_rating(product_id: int) -> None:
    """Count a product's published reviews anew, and copy the latest ones for its page. Safe to repeat."""
    with transaction.atomic():
        # Whoever counts locks the product first: of two at once the later one sees both.
        product = Product.objects.select_for_update().get(pk=product_id)
        published = Review.objects.filter(product=product_id, status=ReviewStatus.APPROVED)
        found = published.aggregate(count=Count("pk"), stars=Sum("rating"))
        product.rating_count, product.rating_sum = found["count"], found["stars"] or 0
        product.latest_reviews = [as_shown(review) for review in published[:ON_PAGE]]
        product.save(update_fields=["rating_count", "rating_sum", "latest_reviews"])
        Listing.objects.filter(pk=product_id).update(rating_tenths=product.rating_tenths)


def as_shown(review: Review) -> dict[str, object]:
    """Return what a page shows of a review."""
    return {
        "rating": review.rating,
        "title": review.title,
        "text": review.text,
        "author": review.author,
        "options": review.options_label,
        "on": timezone.localtime(review.created_at).date().isoformat(),
    }
