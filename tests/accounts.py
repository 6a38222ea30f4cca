"""People with accounts, for tests."""

from __future__ import annotations

import json
from dataclasses import replace

from allauth.account.models import EmailAddress

from orders.models import Order, OrderLine
from shop.models import User
from tests.factories import ADDRESS, make_paid_order, make_person, make_supplier, make_variant

PASSWORD = "a long pass phrase"


def make_customer(email: str = "alex@example.com", *, verified: bool = True, **fields: object) -> User:
    """Make somebody whose address is proved, or not."""
    user = make_person(email, **fields)
    EmailAddress.objects.create(user=user, email=user.email, verified=verified, primary=True)
    return user


def guest_order(email: str, **fields: object) -> Order:
    """Place and pay an order without an account."""
    return make_paid_order((make_variant(make_supplier()), 1), address=replace(ADDRESS, email=email), **fields)


def deliver(order: Order) -> None:
    """Let all goods of an order have come."""
    for line in OrderLine.objects.filter(order=order):
        units = line.quantity
        OrderLine.objects.filter(pk=line.pk).update(forwarded=units, confirmed=units, shipped=units, delivered=units)


def prove(client, user: User, password: str = PASSWORD) -> None:
    """Sign somebody in, and type the password once more as sensitive pages ask."""
    client.force_login(user)
    answer = client.post("/account/reauthenticate/", {"password": password})
    assert answer.status_code == 302, answer.content.decode()


def downloaded(client) -> dict[str, list[dict[str, object]]]:
    """Return what somebody who has proved who they are downloads of their data."""
    answer = client.get("/account/data/")
    assert answer.streaming
    return json.loads(b"".join(answer.streaming_content))
