"""Keep addresses with an account, and say which one is used first."""

from __future__ import annotations

from collections.abc import Mapping

from django.db import transaction

from shop.models import SavedAddress, User

MOST = 20
PARTS = ("name", "company", "line1", "line2", "city", "region", "postcode", "country", "phone")


class TooManyAddresses(Exception):
    """The account keeps as many as it can."""


def default_address(user: User) -> SavedAddress | None:
    """Return the address that an account's orders go to unless told otherwise; one query."""
    return SavedAddress.objects.of(user).first()


def address_in(user: User, country: str) -> dict[str, str]:
    """Return the parts of the address an account uses first in a country; empty if it keeps none there. One query."""
    saved = SavedAddress.objects.of(user).filter(country=country).first()
    return {name: str(getattr(saved, name)) for name in PARTS} if saved else {}


def save_address(
    user: User, parts: Mapping[str, str], *, address: SavedAddress | None = None, is_default: bool = False
) -> SavedAddress:
    """Add an address, or change ``address``; the first one is the default whatever is said.

    Raises TooManyAddresses.
    """
    with transaction.atomic():
        _lock(user)
        own = SavedAddress.objects.of(user)
        if address is None and own.count() >= MOST:
            raise TooManyAddresses
        saved = address or SavedAddress(user=user)
        for name in PARTS:
            setattr(saved, name, parts.get(name, ""))
        others = own.exclude(pk=saved.pk)
        is_first = is_default or not others.filter(is_default=True).exists()
        if is_first:
            others.filter(is_default=True).update(is_default=False)
        saved.is_default = is_first
        saved.save()
    return saved


def make_default(address: SavedAddress) -> None:
    """Let an address be the one that is used first; safe to repeat."""
    with transaction.atomic():
        _lock(address.user)
        SavedAddress.objects.filter(user_id=address.user_id, is_default=True).update(is_default=False)
        SavedAddress.objects.filter(pk=address.pk).update(is_default=True)


def delete_address(address: SavedAddress) -> None:
    """Forget an address; if it was the default, the newest of the others is."""
    with transaction.atomic():
        _lock(address.user)
        SavedAddress.objects.filter(pk=address.pk).delete()
        left = SavedAddress.objects.filter(user_id=address.user_id)
        newest = left.first()
        if newest is not None and not newest.is_default:
            SavedAddress.objects.filter(pk=newest.pk).update(is_default=True)


def _lock(user: User) -> None:
    # Two tabs that both make theirs the default; SQLite has one writer at a time.
    User.objects.select_for_update(no_key=True).filter(pk=user.pk).values_list("pk").first()
