"""The tree of departments and categories, as a whole: a shop has some hundred of them, and every page shows some."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property

from django.db.models import OuterRef, Subquery

from shop.kept import Kept
from shop.models import Category, Listing


class Tree:
    """All categories by id and by slug, each with its parent at hand."""

    def __init__(self, categories: Iterable[Category]) -> None:
        self.by_id = {category.pk: category for category in categories}
        self.by_slug = {category.slug: category for category in self.by_id.values()}
        self._children: dict[int | None, list[Category]] = {}
        for category in self.by_id.values():
            category.parent = self.by_id.get(category.parent_id or 0)
            self._children.setdefault(category.parent_id, []).append(category)

    @cached_property
    def departments(self) -> list[Category]:
        """The departments that have something on sale."""
        return [category for category in self._children.get(None, []) if category.has_goods]

    @property
    def navigation(self) -> tuple[tuple[str, str], ...]:
        """Name, in the language that is spoken now, and slug of each department, for what is kept by its content."""
        return tuple((department.local_name, department.slug) for department in self.departments)

    def children(self, category: Category) -> list[Category]:
        """The parts of a category, in their order."""
        return self._children.get(category.pk, [])

    def ids_within(self, category: Category) -> list[int]:
        """The ids of a category and of all its parts."""
        return [category.pk, *(pk for child in self.children(category) for pk in self.ids_within(child))]

    def place_under(self, pk: int, roots: Iterable[Category]) -> Category | None:
        """Return the one of ``roots`` that a category is, or is a part of."""
        among = {root.pk for root in roots}
        current = self.by_id.get(pk)
        while current is not None and current.pk not in among:
            current = current.parent
        return current


def _load() -> Tree:
    # In the order of an index, so that PostgreSQL looks there, once per category, and does not read all listings.
    listed = Listing.objects.filter(department=OuterRef("pk")).order_by("-is_available", "-pk").values("pk")[:1]
    return Tree(Category.objects.annotate(has_goods=Subquery(listed)))


_kept = Kept(_load)
forget_tree = _kept.forget


def category_tree() -> Tree:
    """Return the tree as it was within the last five seconds; mostly no query."""
    return _kept.get()


def category_by_slug(slug: str) -> Category | None:
    """Return a category, also one that was made a moment ago by another process."""
    found = category_tree().by_slug.get(slug)
    if found is None and Category.objects.filter(slug=slug).exists():
        forget_tree()
        found = category_tree().by_slug.get(slug)
    return found
