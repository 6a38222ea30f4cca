"""Put a thing into the basket, and say what is in it now."""

from __future__ import annotations

from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from shop.actions.basket import NotSellable, add_to_basket, basket_with_lines, ensure_basket
from shop.cards import thumb_of
from shop.forms import QuantityForm
from shop.models import Variant
from shop.money import Money
from shop.pricing import plan_priced
from shop.views.basket import not_so_many, quantity_posted
from shop.visitor import services_of, terms_of


@require_POST
def add(request: HttpRequest) -> HttpResponse:
    """Add what the form on a product's page holds; its plus and minus only count, should no script do it."""
    found = Variant.objects.select_related("product").filter(is_active=True, product__is_published=True)
    variant = get_object_or_404(found, sku=request.POST.get("variant", "").replace("\x00", "")[:40])
    page = f"{variant.product.get_absolute_url()}?variant={variant.sku}"
    form = QuantityForm(quantity_posted(request))
    if not form.is_valid():
        messages.error(request, form.errors["quantity"][0])
        return redirect(page)
    quantity = form.cleaned_data["quantity"] or 1
    if "change" in request.POST:
        return redirect(f"{page}&{urlencode({'quantity': quantity})}#buy")
    try:
        line = add_to_basket(ensure_basket(request), variant, quantity=quantity)
    except NotSellable as error:
        messages.error(request, not_so_many(error))
        return redirect(page)
    return redirect(f"{reverse('shop:basket-added')}?added={line.pk}")


def added(request: HttpRequest) -> HttpResponse:
    """Say what was added, when it arrives and what the basket costs. Whoever has another basket sees that one."""
    text = request.GET.get("added", "")
    lines = [line for line in basket_with_lines(request)[1] if not line.is_saved]
    line = next((line for line in lines if str(line.pk) == text), None)
    if line is None:
        return redirect("shop:basket")
    terms = terms_of(request)
    goods = [(one.variant, one.quantity) for one in lines]
    plan = plan_priced(goods, terms, now=timezone.now(), services=services_of(request))
    parcel = next((one for one in plan.parcels if line.variant_id in {v.pk for v, _units in one.lines}), None)
    items, delivery = sum(one.items_minor for one in plan.parcels), sum(one.price_minor for one in plan.parcels)
    product, units = line.variant.product, sum(one.quantity for one in lines)
    context = {
        "line": line,
        "name": line.variant.full_name,
        "picture": thumb_of(line.variant),
        "arrival": parcel.arrival if parcel else "",
        "units": units,
        "basket_count": units,
        "items": Money(items, terms.currency),
        "delivery": Money(delivery, terms.currency),
        "total": Money(items + delivery, terms.currency),
        "terms": terms,
        "department": product.department,
    }
    return render(request, "shop/added.html", context)
