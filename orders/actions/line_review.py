"""Take in what the buyer of an order line says of the product."""

from __future__ import annotations

from django.db import IntegrityError, transaction
from django.utils import timezone

from orders.models import LineReview, Order, OrderLine
from shop.models import Review


class NotYet(Exception):
    """Nothing of the line has been delivered, or all of it went back: there is nothing to say yet."""


class SaidAlready(Exception):
    """The line has its review; there is one per line."""


def reviewable(line: OrderLine) -> bool:
    """True if something of the line has arrived and was kept; what came in the place of it is the same purchase."""
    return line.replaces_id is None and line.delivered > line.returned


def lines_to_review(order: Order) -> list[OrderLine]:
    """Return the lines of an order that its buyer may review and has not; no query before something has arrived."""
    lines = [line for line in order.lines.all() if reviewable(line)]
    if not lines:
        return []
    written = set(LineReview.objects.filter(line__in=lines).values_list("line_id", flat=True))
    return [line for line in lines if line.pk not in written]


def review_line(line: OrderLine, *, rating: int, author: str, title: str = "", text: str = "") -> Review:
    """Write down a buyer's review, to be read by staff before anybody sees it.

    Raises NotYet or SaidAlready, and then nothing is written.
    """
    if not reviewable(line):
        raise NotYet(line.sku)
    try:
        with transaction.atomic():
            review = Review.objects.create(
                product_id=line.variant.product_id,
                options_label=line.options_label,
                rating=rating,
                title=title.strip(),
                text=text.strip(),
                author=author.strip(),
                bought_on=timezone.localtime(line.order.placed_at).date(),
            )
            LineReview.objects.create(line=line, review=review)
    except IntegrityError as error:
        # The database lets one review through per line, also of two sent at once.
        if LineReview.objects.filter(line=line).exists():
            raise SaidAlready(line.sku) from error
        raise
    return review
