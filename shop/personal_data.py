"""What is kept about the person of an account: handed out as one file, and forgotten on demand.

Each app knows its own part. Which parts there are is listed in the one table that the setting
PERSONAL_DATA names: a module per app with ``export(person)``, which yields sections, and ``forget(user)``,
which lets go of an account. What erases a person altogether, account or not, is ``shop/erasure.py``.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from importlib import import_module
from types import ModuleType

from allauth.account.models import EmailAddress
from django.conf import settings
from django.core.mail import send_mail
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models, transaction
from django.db.models import QuerySet
from django.template.loader import render_to_string
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _

from shop.models import Basket, SavedAddress, StockWatch, User
from shop.people import Person, person_of

# The name of a section of the file, and its rows, read as they are written out.
Section = tuple[str, Iterable[dict[str, object]]]


class StaysStaff(Exception):
    """The account of somebody who works here is not deleted by themselves."""


def parts() -> list[ModuleType]:
    """Return the module of each app that keeps something about people, first floor first."""
    return [import_module(path) for path in import_string(settings.PERSONAL_DATA)]


def exported(person: Person) -> Iterator[str]:
    """Yield a JSON document of everything that is the person's, piece by piece: it may be long."""
    yield "{"
    first = True
    for module in parts():
        for name, rows in module.export(person):
            yield ("" if first else ",") + f"\n{json.dumps(name)}: ["
            first = False
            for place, row in enumerate(rows):
                yield (",\n" if place else "\n") + json.dumps(row, cls=DjangoJSONEncoder, ensure_ascii=False)
            yield "]"
    yield "\n}\n"


def fields_of(row: models.Model, *names: str) -> dict[str, object]:
    """Return columns of a row as the file shows them."""
    return {name: _plain(getattr(row, name)) for name in names}


def _plain(value: object) -> object:
    return str(value) if hasattr(value, "code") and hasattr(value, "name") else value


def close_account(user: User) -> None:
    """Delete an account: what the law makes us keep (orders, their papers and cases) stays without it.

    The row itself stays as an empty mark, because events say who did something; nothing of the person is in
    it, and nobody can sign in with it. All its sessions end. Raises StaysStaff.
    """
    if user.is_staff or user.is_superuser or user.groups.exists():
        raise StaysStaff
    email = user.email
    with transaction.atomic():
        # From the top: later apps ask for what belongs to the person through what earlier ones know.
        for module in reversed(parts()):
            module.forget(user)
        text = render_to_string("account/email/account_deleted.txt", {"shop_name": settings.SHOP_NAME})
        send_mail(_("Your account is deleted"), text, None, [email])


def export(person: Person) -> Iterator[Section]:
    """Yield the account itself, its addresses and its basket; of a guest what they wish to be told of."""
    if person.user is not None:
        yield from _of_account(person.user)
    watches = watches_of(person).select_related("variant")
    yield (
        "stock_watches",
        ({"sku": row.variant.sku} | fields_of(row, "email", "asked_at", "back_at") for row in watches),
    )


def _of_account(user: User) -> Iterator[Section]:
    yield "account", [fields_of(user, "email", "name", "date_joined", "last_login")]
    emails = EmailAddress.objects.filter(user=user).order_by("pk")
    yield "email_addresses", (fields_of(row, "email", "verified", "primary") for row in emails)
    names = ("name", "company", "line1", "line2", "city", "region", "postcode", "country", "phone", "is_default")
    yield "addresses", (fields_of(row, *names, "created_at") for row in SavedAddress.objects.of(user))
    baskets = Basket.objects.filter(user=user).prefetch_related("lines__variant__product")
    yield (
        "basket",
        (
            {"product": line.variant.product.name, "sku": line.variant.sku, "quantity": line.quantity}
            for basket in baskets
            for line in basket.lines.all()
        ),
    )


def watches_of(person: Person) -> QuerySet[StockWatch]:
    """Return the wishes to be told of goods that somebody has left."""
    return StockWatch.objects.filter(email__in=person.addresses).order_by("pk")


def forget(user: User) -> None:
    """Empty the account."""
    watches_of(person_of(user)).delete()
    SavedAddress.objects.of(user).delete()
    EmailAddress.objects.filter(user=user).delete()
    user.authenticator_set.all().delete()
    Basket.objects.filter(user=user).update(user=None)
    user.email, user.name, user.is_active = f"deleted-{user.pk}@deleted.invalid", "", False
    user.last_login = None
    # Every session was signed with the password's hash: none of them is good any more.
    user.set_unusable_password()
    user.save()
