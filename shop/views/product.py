"""A product's page, its reviews, and the wish to be told when it is back."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from shop.actions import stock_watch
from shop.forms import StockWatchForm
from shop.limits import allow
from shop.models import Product, Review, Variant
from shop.models.review import ReviewStatus
from shop.paths import path_of
from shop.product_page import ProductPage, find_variants, product_page, shown_reviews
from shop.related import neighbours
from shop.seen import remember_seen, seen_products
from shop.structured import as_script, breadcrumb_data, product_data, summary_of
from shop.visitor import terms_of

REVIEWS_PER_PAGE = 20
# Wishes to be told, per address they come from and hour.
WATCH_LIMIT, WATCH_SECONDS = 10, 3600
LONGEST_VALUE = 80


def product(request: HttpRequest, slug: str) -> HttpResponse:
    return _product_page(request, slug)


def _product_page(
    request: HttpRequest, slug: str, *, watch_form: StockWatchForm | None = None, status: int = 200
) -> HttpResponse:
    variants = find_variants(slug)
    if not variants:
        raise Http404
    asked = {name: value[:LONGEST_VALUE] for name, value in request.GET.items()}
    if watch_form is not None and watch_form.data:
        asked["variant"] = str(watch_form.data.get("variant", ""))[:LONGEST_VALUE]
    page = product_page(variants, asked, terms_of(request), now=timezone.now())
    shown, crumbs = page.product, _crumbs(page)
    around = neighbours(shown, seen_products(request), page.terms)
    context = {
        "page": page,
        "product": shown,
        "variant": page.variant,
        "quantity": _quantity(asked.get("quantity", ""), page.most),
        "parcel": page.parcel,
        "delivery": page.delivery,
        "not_sent_to": page.terms.country_name if page.parcel is None and page.variant.delivery_profile else "",
        "sent_from_country": page.sent_from_country,
        "summary": summary_of(shown.local_description),
        # Asked for where nothing can be bought.
        "watch_form": watch_form or (None if page.most else StockWatchForm()),
        "reviews": shown_reviews(shown),
        "related": around.related,
        "seen": around.seen,
        "crumbs": crumbs,
        "department": shown.department,
        "canonical": settings.SITE_URL + shown.get_absolute_url(),
        "og_image": settings.SITE_URL + page.main.main.url if page.main else "",
        "structured": [as_script(product_data(page)), as_script(breadcrumb_data(crumbs, shown.local_name))],
        "has_errors": bool(watch_form and watch_form.errors),
    }
    response = render(request, "shop/product.html", context, status=status)
    remember_seen(request, response, shown.pk)
    return response


def _crumbs(page: ProductPage) -> list[tuple[str, str]]:
    category = page.product.category
    places = [page.product.department, category.parent, category]
    found = {place.pk: (place.local_name, place.get_absolute_url()) for place in places if place is not None}
    return [(_("Home"), path_of("shop:home")), *found.values()]


def _quantity(text: str, most: int) -> int:
    wanted = int(text) if text.isascii() and text.isdigit() and len(text) < 4 else 1
    return max(1, min(wanted, most or 1))


def reviews(request: HttpRequest, slug: str) -> HttpResponse:
    """Show all published reviews of a product, the latest first."""
    shown = get_object_or_404(Product.objects.on_sale().select_related("department"), slug=slug)
    published = Review.objects.filter(product=shown, status=ReviewStatus.APPROVED)
    context = {
        "product": shown,
        "page_obj": Paginator(published, REVIEWS_PER_PAGE).get_page(request.GET.get("page")),
        "crumbs": [
            (_("Home"), reverse("shop:home")),
            (shown.department.local_name, shown.department.get_absolute_url()),
            (shown.local_name, shown.get_absolute_url()),
        ],
        "department": shown.department,
    }
    return render(request, "shop/reviews.html", context)


def tell_me(request: HttpRequest, slug: str) -> HttpResponse:
    """Note that somebody wants to be told when a variant is back; the answer is the same for everybody."""
    if request.method != "POST":
        # The address stays in the bar after a mistake, and may be loaded again.
        return redirect("shop:product", slug)
    form = StockWatchForm(request.POST)
    sku = request.POST.get("variant", "").replace("\x00", "")[:40]
    variant = get_object_or_404(Variant.objects.select_related("product"), product__slug=slug, sku=sku, is_active=True)
    if not form.is_valid():
        return _product_page(request, slug, watch_form=form, status=422)
    if not allow(request, "stock-watch", limit=WATCH_LIMIT, seconds=WATCH_SECONDS):
        form.add_error("email", _("Too many wishes from here. Please wait an hour."))
        return _product_page(request, slug, watch_form=form, status=429)
    # A program fills in what people do not see; it is told the same, and nothing is kept.
    if not form.cleaned_data["website"]:
        stock_watch.watch(variant, form.cleaned_data["email"])
    messages.success(
        request, _("We write to you once, as soon as %(name)s is back.") % {"name": variant.product.local_name}
    )
    return redirect(f"{reverse('shop:product', args=[slug])}?variant={variant.sku}")


def stop_telling(request: HttpRequest, token: str) -> HttpResponse:
    """Let whoever got the mail end it. A GET changes nothing: mail programs open links by themselves."""
    if request.method == "POST":
        stock_watch.stop(token)
    response = render(request, "shop/stop_telling.html", {"done": request.method == "POST"})
    response["X-Robots-Tag"] = "noindex"
    return response
