"""The basket: look, add, change, undo, save for later, and on to the checkout."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _, ngettext
from django.views.decorators.http import require_POST

from shop.actions.basket import (
    NotSellable,
    Removed,
    basket_of,
    basket_with_lines,
    ensure_basket,
    keep_sellable,
    put_back,
    remove_line,
    save_for_later,
    set_quantity,
    take_up,
)
from shop.forms import QuantityForm
from shop.models import Basket
from shop.money import Money
from shop.panels import panels
from shop.related import last_seen
from shop.seen import seen_products
from shop.shelves import department_tiles
from shop.views.basket_page import basket_page
from shop.visitor import terms_of

REMOVED = "basket_removed"


def basket(request: HttpRequest) -> HttpResponse:
    mine, lines = basket_with_lines(request)
    page = basket_page(request, lines)
    terms, is_empty = terms_of(request), not page.groups and not page.in_the_way
    context = {
        "page": page,
        "removed": request.session.get(REMOVED) if "removed" in request.GET else None,
        "country_name": terms.country_name,
        "import_texts": list(dict.fromkeys(parcel.import_text for parcel, _v in page.groups if parcel.import_text)),
        "items": Money(page.items_minor, settings.SHOP_CURRENCY),
        "delivery": Money(page.delivery_minor, settings.SHOP_CURRENCY),
        "total": page.total,
        "currency": settings.SHOP_CURRENCY,
        "terms": terms,
        "basket_count": sum(line.quantity for line in lines if not line.is_saved),
        "tiles": department_tiles() if is_empty else [],
        "seen": last_seen(seen_products(request), terms) if is_empty else [],
        "panels": panels("basket", request, mine) if mine is not None and page.groups else [],
    }
    return render(request, "shop/basket.html", context)


@require_POST
def basket_update(request: HttpRequest, line_id: int) -> HttpResponse:
    mine = basket_of(request)
    if mine is None:
        return redirect("shop:basket")
    # Thirty days from the last change, not from the first.
    request.session.modified = True
    if "remove" in request.POST:
        return _remove(request, mine, line_id)
    if "save" in request.POST:
        save_for_later(mine, line_id)
        return redirect(f"{reverse('shop:basket')}#saved")
    if "take" in request.POST:
        return _try(request, lambda: take_up(mine, line_id))
    form = QuantityForm(quantity_posted(request))
    if not form.is_valid():
        messages.error(request, form.errors["quantity"][0])
        return redirect("shop:basket")
    quantity = form.cleaned_data["quantity"]
    if quantity == 0:
        return _remove(request, mine, line_id)
    return _try(request, lambda: quantity is not None and set_quantity(mine, line_id, quantity=quantity))


def _try(request: HttpRequest, act: Callable[[], bool]) -> HttpResponse:
    """Change a line, or say how many there are; back to the basket either way."""
    try:
        act()
    except NotSellable as error:
        messages.error(request, not_so_many(error))
    return redirect("shop:basket")


def _remove(request: HttpRequest, mine: Basket, line_id: int) -> HttpResponse:
    removed = remove_line(mine, line_id)
    if removed is None:
        return redirect("shop:basket")
    request.session[REMOVED] = asdict(removed)
    return redirect(f"{reverse('shop:basket')}?removed=1")


@require_POST
def basket_undo(request: HttpRequest) -> HttpResponse:
    """Bring the line back that was taken out last."""
    kept = request.session.pop(REMOVED, None)
    if kept is not None and not put_back(ensure_basket(request), Removed(**kept)):
        messages.info(request, _("%(name)s stands in your basket already, or is not sold any more.") % kept)
    return redirect("shop:basket")


@require_POST
def basket_go(request: HttpRequest) -> HttpResponse:
    """Go to the checkout with what can be ordered; the rest is saved for later, and said."""
    mine, lines = basket_with_lines(request)
    page = basket_page(request, lines)
    if mine is None or not page.groups:
        return redirect("shop:basket")
    for view in [*page.stuck, *page.gone]:
        save_for_later(mine, view.line.pk)
        messages.info(request, _("%(name)s is saved for later.") % {"name": view.line.variant.product.local_name})
    for view in page.too_many:
        keep_sellable(mine, view.line.pk)
        text = _("There are only %(most)d left of %(name)s: that is what your basket holds now.")
        messages.info(request, text % {"most": view.most, "name": view.line.variant.product.local_name})
    return redirect("orders:checkout")


def quantity_posted(request: HttpRequest) -> dict[str, str]:
    """Read the typed quantity, moved by one where the minus or plus button was pressed."""
    typed = request.POST.get("quantity", "").strip()[:12]
    step = {"less": -1, "more": 1}.get(request.POST.get("change", ""), 0)
    if step and typed.isascii() and typed.isdigit():
        typed = str(max(1, int(typed) + step))
    return {"quantity": typed}


def not_so_many(error: NotSellable) -> str:
    """Say how many of a thing can be had."""
    name = error.variant.product.local_name
    if error.most == 0:
        return _("%(name)s cannot be ordered at the moment.") % {"name": name}
    text = ngettext(
        "You can order at most %(most)d of %(name)s.", "You can order at most %(most)d of %(name)s.", error.most
    )
    return text % {"most": error.most, "name": name}
