"""What every page of the shop window needs."""

from __future__ import annotations

from django.conf import settings
from django.db.models import Sum
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext as _

from shop.actions.basket import SESSION_KEY
from shop.models import BasketLine
from shop.tree import category_tree
from shop.visitor import terms_of


def _basket_count(request: HttpRequest) -> int:
    basket_id = request.session.get(SESSION_KEY) if hasattr(request, "session") else None
    if basket_id is None:
        return 0
    return BasketLine.objects.filter(basket=basket_id).aggregate(units=Sum("quantity"))["units"] or 0


def shop_window(request: HttpRequest) -> dict[str, object]:
    """Give templates the shop's name, its departments and the basket's count; queries only where they are shown."""
    return {
        "shop_name": settings.SHOP_NAME,
        "departments": SimpleLazyObject(lambda: category_tree().departments),
        "basket_count": SimpleLazyObject(lambda: _basket_count(request)),
        "price_terms": SimpleLazyObject(lambda: terms_of(request)),
        "environment_label": _("DEMO") if settings.DEBUG else "",
    }
