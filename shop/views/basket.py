"""The basket: look, add, change."""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _, ngettext
from django.views.decorators.http import require_POST

from shop.actions.basket import (
    NotSellable,
    basket_lines,
    basket_of,
    most_of,
    set_quantity,
)
from shop.cards import Picture, picture_of, small_picture
from shop.delivery import Plan
from shop.forms import CountryForm, QuantityForm
from shop.models import BasketLine
from shop.money import Money
from shop.pricing import plan_priced, price_of
from shop.tax import Terms
from shop.visitor import services_of, terms_of


@dataclass(frozen=True, slots=True)
class LineView:
    """One line of the basket in words."""

    line: BasketLine
    picture: Picture | None
    price: str
    total_minor: int
    total: str
    most: int
    warning: str


def line_view(line: BasketLine, terms: Terms) -> LineView:
    """Put a basket line into words; no query if fetched by ``basket_lines``."""
    variant = line.variant
    price = price_of(variant, terms)
    most = most_of(variant) if variant.is_sellable else 0
    warning = ""
    if most == 0:
        warning = _("Sold out since you added it. Please remove it to go on.")
    elif line.quantity > most:
        warning = _("Only %(most)d left. Please lower the quantity.") % {"most": most}
    elif variant.price_minor != line.price_seen_minor:
        before = Money(terms.unit_minor(line.price_seen_minor, variant.product.tax_class), variant.currency)
        warning = _("The price has changed from %(before)s to %(now)s.") % {"before": before, "now": price}
    return LineView(
        line=line,
        picture=small_picture(picture_of(variant, variant.product.images.all())),
        price=str(price),
        total_minor=price.minor * line.quantity,
        total=str(Money(price.minor * line.quantity, variant.currency)),
        most=most,
        warning=warning,
    )


def basket(request: HttpRequest) -> HttpResponse:
    lines = basket_lines(basket_of(request))
    terms = terms_of(request)
    views = {line.variant_id: line_view(line, terms) for line in lines}
    goods = [(line.variant, line.quantity) for line in lines]
    plan = plan_priced(goods, terms, now=timezone.now(), services=services_of(request)) if lines else Plan([], [])
    # What is not sent there is said by line and counted nowhere: it cannot be ordered.
    items = sum(parcel.items_minor for parcel in plan.parcels)
    delivery = sum(parcel.price_minor for parcel in plan.parcels)
    context = {
        "groups": [(parcel, [views[variant.pk] for variant, _quantity in parcel.lines]) for parcel in plan.parcels],
        "stuck": [views[variant.pk] for variant in plan.stuck],
        "country_name": terms.country_name,
        "country_form": CountryForm(initial={"country": terms.country}),
        "import_texts": list(dict.fromkeys(parcel.import_text for parcel in plan.parcels if parcel.import_text)),
        "items": Money(items, settings.SHOP_CURRENCY),
        "delivery": Money(delivery, settings.SHOP_CURRENCY),
        "total": Money(items + delivery, settings.SHOP_CURRENCY),
        "currency": settings.SHOP_CURRENCY,
        "terms": terms,
        "can_order": not plan.stuck and all(view.line.quantity <= view.most for view in views.values()),
    }
    return render(request, "shop/basket.html", context)


@require_POST
def basket_update(request: HttpRequest, line_id: int) -> HttpResponse:
    mine = basket_of(request)
    form = QuantityForm(quantity_posted(request))
    if mine is None or not form.is_valid():
        if not form.is_valid():
            messages.error(request, form.errors["quantity"][0])
        return redirect("shop:basket")
    quantity = 0 if "remove" in request.POST else form.cleaned_data["quantity"]
    try:
        if quantity is not None:
            set_quantity(mine, line_id, quantity=quantity)
    except NotSellable as error:
        messages.error(request, not_so_many(error))
    return redirect("shop:basket")


def quantity_posted(request: HttpRequest) -> dict[str, str]:
    """Read the typed quantity, moved by one where the minus or plus button was pressed."""
    typed = request.POST.get("quantity", "").strip()[:12]
    step = {"less": -1, "more": 1}.get(request.POST.get("change", ""), 0)
    if step and typed.isascii() and typed.isdigit():
        typed = str(max(1, int(typed) + step))
    return {"quantity": typed}


def not_so_many(error: NotSellable) -> str:
    """Say how many of a thing can be had."""
    name = error.variant.product.name
    if error.most == 0:
        return _("%(name)s cannot be ordered at the moment.") % {"name": name}
    text = ngettext(
        "You can order at most %(most)d of %(name)s.", "You can order at most %(most)d of %(name)s.", error.most
    )
    return text % {"most": error.most, "name": name}
