"""A checkout page that is sent after its visit has ended: the basket it was made for is found again."""

from __future__ import annotations

from django.core.signing import BadSignature, TimestampSigner
from django.http import HttpRequest

from shop.actions.basket import SESSION_KEY
from shop.models import Basket

PAGE_SECONDS = 60 * 60 * 24 * 30
_signer = TimestampSigner(salt="orders.checkout.page")


def key_of_page(basket: Basket) -> str:
    """Return what a page carries of its basket, for a hidden field."""
    return _signer.sign(str(basket.pk))


def basket_of_page(request: HttpRequest) -> Basket | None:
    """Return the basket that the sent page was made for; None for a page that names none, or somebody's who is here.

    A guest's is taken up by this visit again. That of an account is only named: its owner must log in first.
    """
    if request.user.is_authenticated:
        return None
    try:
        basket_id = int(_signer.unsign(request.POST.get("basket", ""), max_age=PAGE_SECONDS))
    except (BadSignature, ValueError):
        return None
    basket = Basket.objects.filter(pk=basket_id).first()
    if basket is not None and basket.user_id is None:
        request.session[SESSION_KEY] = basket.pk
    return basket
