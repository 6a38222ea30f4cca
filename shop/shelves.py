"""What stands where by its age: as it was a moment ago, for many pages ask the same.

Goods are only named here; what they cost and whether they are there is read anew.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from django.db.models import Exists, OuterRef, QuerySet, Subquery

from shop.cards import Picture, small_picture
from shop.kept import Kept, KeptEach
from shop.lists.large import wholes
from shop.models import Category, Listing, Product, ProductImage

ON_HOME = 6
NEW_OF_EACH = 2
# Of a category; some more than stand below a product, for some are left out there.
NEW_IN = 12
# What is new in a category is told to the next minute: it only says what to look at beside a product.
NEWEST_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Tile:
    """A department with the picture of its oldest product; the names that tiles of departments read."""

    department: Category
    image: Picture | None

    @property
    def name(self) -> str:
        """Its name in the language of this moment: the tile is kept for all of them."""
        return self.department.local_name

    @property
    def get_absolute_url(self) -> str:
        """Its page, in the language of this moment."""
        return self.department.get_absolute_url()

    @property
    def tint(self) -> str:
        """The panel behind its picture."""
        return self.department.panel


def _in_department() -> QuerySet[Listing]:
    return Listing.objects.filter(department=OuterRef("pk"), is_available=True)


def _load_home() -> list[int]:
    newest = _in_department().order_by("-pk").values("pk")
    places = [Subquery(newest[place : place + 1]) for place in range(NEW_OF_EACH)]
    by_place = zip(*Category.objects.filter(parent=None).order_by().values_list(*places), strict=True)
    ranked = [pk for place in by_place for pk in sorted(filter(None, place), reverse=True)]
    return ranked[:ON_HOME]


def _load_tiles() -> tuple[Tile, ...]:
    oldest = _in_department().filter(picture__isnull=False).order_by("pk").values("picture")
    stocked = Category.objects.filter(Exists(_in_department()), parent=None)
    departments = list(stocked.annotate(shown=Subquery(oldest[:1])))
    pictures = ProductImage.objects.in_bulk([department.shown for department in departments if department.shown])
    return tuple(Tile(one, small_picture(pictures.get(one.shown))) for one in departments)


def _load_newest(keys: Collection[tuple[str, int]]) -> dict[tuple[str, int], list[int]]:
    available = Listing.objects.filter(is_available=True).order_by("-pk").values_list("pk", flat=True)
    return {(column, pk): list(available.filter(**{column: pk})[:NEW_IN]) for column, pk in keys}


_home = Kept(_load_home, is_brief=True)
_tiles = Kept(_load_tiles, is_brief=True)
_newest = KeptEach(_load_newest, seconds=NEWEST_SECONDS)


def newest_on_home() -> list[int]:
    """Return the ids of the newest products, at most NEW_OF_EACH of a department, so that all of the shop shows.

    It reads as many rows as it returns, however many products there are; mostly no query.
    """
    return _home.get()


def department_tiles() -> tuple[Tile, ...]:
    """Return the departments that have something; mostly no query."""
    return _tiles.get()


def newest_like(product: Product) -> list[int]:
    """Return the ids of the newest in a product's category, and then in its department, as they were within a minute.

    Mostly no query. Whoever shows them looks whether they can still be bought.
    """
    keys = [("category", product.category_id), ("department", product.department_id)]
    found = _newest.get(keys)
    return list(dict.fromkeys(pk for key in keys for pk in found.get(key, ())))


def forget_shelves() -> None:
    """Look anew: goods have come, gone, sold out, or cost something else."""
    for one in (_home, _tiles, _newest, wholes):
        one.forget()
