"""A customer without a browser: keeps cookies and the connection, reads forms, follows redirects, buys."""

from __future__ import annotations

import random
import re
from collections.abc import Mapping
from html.parser import HTMLParser
from http.client import HTTPConnection
from urllib.parse import urlencode, urlsplit

from benchmarks.stage import HOST

SITE = f"https://{HOST}"
TYPED = {
    "email": "bench{number}@example.com", "name": "Alex Byrne", "line1": "12 Main Street", "city": "Dublin",
    "postcode": "D02 X285", "country": "IE",
}  # fmt: skip


class Failed(Exception):
    """A page did not answer as it should: what goes wrong costs other work than what is measured."""


class _Forms(HTMLParser):
    """The forms of a page: their addresses, and what they send if nothing is typed."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        known = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.found.append((known.get("action", ""), {}))
        elif tag in {"input", "select", "textarea"} and self.found and "name" in known:
            chosen = known.get("type") not in {"radio", "checkbox"} or "checked" in known
            if chosen:
                self.found[-1][1][known["name"]] = known.get("value", "")


class Visitor:
    """One customer on one connection."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.cookies: dict[str, str] = {}
        # Each customer comes from a network of their own, as far as our own proxy tells.
        self.network = ".".join(str(random.randint(1, 250)) for _part in range(3))
        self.connection = HTTPConnection("127.0.0.1", port, timeout=300)

    def ask(self, method: str, path: str, body: Mapping[str, str] | None = None) -> tuple[int, str, str]:
        """Return status, location and text of one request."""
        headers = {
            "Host": HOST,
            "X-Forwarded-Proto": "https",
            "X-Forwarded-For": f"86.{self.network}",
            "Referer": f"{SITE}/",
            "Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items()),
        }
        if body is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        self.connection.request(method, path, urlencode(body) if body is not None else None, headers)
        answer = self.connection.getresponse()
        text = answer.read().decode()
        for cookie in answer.msg.get_all("Set-Cookie") or ():
            name, _is, value = cookie.partition(";")[0].partition("=")
            self.cookies[name] = value
        return answer.status, answer.headers.get("Location", ""), text

    def arrive(self, path: str) -> str:
        """Return the text of a page to somebody who has never been here: no cookies."""
        self.cookies.clear()
        return self.get(path)

    def get(self, path: str) -> str:
        """Return the text of a page that must be there."""
        status, _location, text = self.ask("GET", path)
        if status != 200:
            raise Failed(f"GET {path}: {status}")
        return text

    def send(self, page: str, action: str, typed: Mapping[str, str]) -> str:
        """Fill in the form of a page and send it; return where the answer leads."""
        reader = _Forms()
        reader.feed(page)
        form = next((fields for address, fields in reader.found if address == action), None)
        if form is None:
            raise Failed(f"no form to {action}")
        status, location, text = self.ask("POST", action, form | typed)
        if status not in {302, 303}:
            errors = re.findall(r'class="[^"]*(?:error|notice)[^"]*"[^>]*>(.{0,200})', text, re.DOTALL)
            raise Failed(f"POST {action}: {status} {errors[:3]}")
        return location.removeprefix(SITE)

    def new_connection(self) -> None:
        """Begin on a new connection: the server gives idle ones up."""
        self.connection.close()

    def put_in(self, slug: str, sku: str) -> str:
        """Look at a product and put it into the basket; return the page that comes then."""
        page = self.get(f"/p/{slug}/?variant={sku}")
        return self.get(self.send(page, "/basket/add/", {"variant": sku, "quantity": "1"}))

    def buy(self, slug: str, sku: str, payments: int) -> None:
        """Buy one thing as a guest who has never been here: product, basket, checkout, pay page, thank-you."""
        self.put_in(slug, sku)
        page = self.get("/checkout/")
        typed = {name: text.format(number=random.randint(1, 10**9)) for name, text in TYPED.items()}
        pay_page = self.send(page, "/checkout/", typed)
        if f":{payments}/pay/" not in pay_page:
            raise Failed(f"no pay page, but {pay_page}")
        back = _pay(payments, urlsplit(pay_page).path)
        status, location, _text = self.ask("GET", back)
        if status != 302 or "thanks" not in location:
            raise Failed(f"not paid: {status} {location}")
        self.get(location.removeprefix(SITE))


def _pay(port: int, path: str) -> str:
    """Pay by card; return where the pay page sends the customer."""
    connection = HTTPConnection("127.0.0.1", port, timeout=60)
    card = {"outcome": "card", "number": "4242424242424242", "expiry": "12/34", "cvc": "123"}
    connection.request("POST", path, urlencode(card), {"Content-Type": "application/x-www-form-urlencoded"})
    answer = connection.getresponse()
    answer.read()
    connection.close()
    if answer.status != 303:
        raise Failed(f"the card was not taken: {answer.status}")
    return answer.headers["Location"].removeprefix(SITE)
