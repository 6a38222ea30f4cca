"""What a customer without JavaScript does, in steps that tests share."""

from __future__ import annotations

import re
from typing import Any

from tests.journeys.shopper import Shopper
from tests.journeys.stack import Stack, wait_for

ADDRESS = {
    "email": "alex@example.com",
    "name": "Alex Byrne",
    "line1": "12 Main Street",
    "city": "Dublin",
    "postcode": "D02 X285",
    "country": "IE",
}


def fill_basket(shopper: Shopper, *, goods: int = 2) -> None:
    """Put the cheapest thing of each of so many suppliers into the basket, found by browsing."""
    seen: set[str] = set()
    files = re.findall(r"<loc>([^<]+)</loc>", shopper.open("/sitemap.xml"))
    for address in [
        one
        for file in files
        for one in re.findall(r"<loc>([^<]+/p/[^<]+)</loc>", shopper.open(file))
        if "/de/" not in one
    ]:
        page = shopper.open(address)
        origin = re.search(r"Sent from ([^,<]+)", page)
        if origin and "Add to basket" in page and origin.group(1) not in seen:
            seen.add(origin.group(1))
            shopper.submit("/basket/add/")
        if len(seen) == goods:
            return
    raise AssertionError(f"only {seen} found in the shop")


def check_out(shopper: Shopper) -> str:
    """Go from basket to the pay page; return the address of the pay page."""
    shopper.open("/checkout/")
    shopper.submit("/checkout/", look=None, **ADDRESS)
    assert shopper.page is not None
    assert "/pay/" in shopper.page.url, shopper.page.text[:500]
    return shopper.page.url


def pay(shopper: Shopper) -> str:
    """Pay by card and return the path of the order page."""
    assert shopper.page is not None
    shopper.submit("/pay/", outcome="card")
    assert "/orders/" in shopper.page.url, shopper.page.url
    return "/orders/" + shopper.page.url.split("/orders/")[1].split("?")[0]


def buy(stack: Stack, *, goods: int = 2) -> tuple[Shopper, str, str]:
    """Buy as a guest; return the shopper, the order's path and its number."""
    shopper = Shopper(stack.base)
    fill_basket(shopper, goods=goods)
    check_out(shopper)
    path = pay(shopper)
    number = shopper.open(path).split("<h1>Order ")[1].split("<")[0]
    return shopper, path, number


def wait_delivered(stack: Stack, number: str, *, seconds: float = 150) -> dict[str, Any]:
    """Wait until every unit of an order is with the customer; return the shop's account of it."""

    def delivered() -> dict[str, Any] | None:
        order = stack.order(number)
        done = all(line["delivered"] == line["ordered"] - line["cancelled"] for line in order["lines"])
        return order if done and order["state"] == "paid" else None

    return wait_for(delivered, f"{number} is delivered", seconds)
