"""Pages that list products: a category's, and what was searched for; and suggestions while typing."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from shop.lists.pages import category_list, search_list
from shop.paths import path_of
from shop.search import clean_query
from shop.search.suggestions import suggestions
from shop.tree import category_by_slug, category_tree

SUGGESTIONS_SECONDS = 60


@require_safe
def category(request: HttpRequest, slug: str) -> HttpResponse:
    shown = category_by_slug(slug)
    if shown is None:
        raise Http404
    above, department = [], shown
    while department.parent is not None:
        department = department.parent
        above.insert(0, (department.local_name, department.get_absolute_url()))
    context = category_list(request, shown) | {
        "title": shown.local_name,
        "category": shown,
        "department": department,
        "children": category_tree().children(shown),
        "crumbs": [(_("Home"), path_of("shop:home")), *above],
    }
    return render(request, "shop/list.html", context)


@require_safe
def search(request: HttpRequest) -> HttpResponse:
    query = clean_query(request.GET.get("q", ""))
    context: dict[str, object] = {"title": _("Search"), "query": query, "is_search": True}
    if query:
        context |= search_list(request, query)
    return render(request, "shop/list.html", context)


@require_safe
def suggest(request: HttpRequest) -> HttpResponse:
    """Answer what the words typed so far may become; the same for everybody, so a browser may keep it a while."""
    answer = JsonResponse({"rows": suggestions(clean_query(request.GET.get("q", "")))})
    answer["Cache-Control"] = f"private, max-age={SUGGESTIONS_SECONDS}"
    return answer
