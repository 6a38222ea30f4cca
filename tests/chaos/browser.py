"""A lean browser: cookies, forms and patience, and a log of every answer that a customer should not see."""

from __future__ import annotations

import itertools
import re
import threading
import time
from typing import Any
from urllib.parse import urljoin

import requests
from requests.adapters import HTTPAdapter

from tests.chaos.journal import Journal
from tests.journeys.shopper import Forms

PATIENCE = 60
SLOW_SECONDS = 10
_numbers = itertools.count(1)


class GaveUp(Exception):
    """A customer tried for a minute and did not get through."""


class _From(HTTPAdapter):
    """Every customer has an address of their own, as the shop's limits count by it."""

    def __init__(self, address: str) -> None:
        self._address = address
        super().__init__()

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, source_address=(self._address, 0), **kwargs)


class InFlight:
    """Which requests of customers are under way at this moment."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._begun: dict[int, float] = {}

    def begin(self) -> int:
        number = next(_numbers)
        with self._lock:
            self._begun[number] = time.time()
        return number

    def end(self, number: int) -> None:
        with self._lock:
            self._begun.pop(number, None)

    def count(self, *, longer_than: float = 0) -> int:
        """Count the requests that have lasted so long already."""
        now = time.time()
        with self._lock:
            return sum(now - begun >= longer_than for begun in self._begun.values())


class Browser:
    """One visitor. Redirects are not followed: who needs the next page asks for it."""

    def __init__(self, base: str, journal: Journal, flying: InFlight, *, number: int) -> None:
        self.base, self.journal, self.flying = base, journal, flying
        self.address = f"127.{1 + number // 60_000}.{1 + number // 250 % 240}.{1 + number % 250}"
        self.forget()
        self.cuts = 0

    def forget(self) -> None:
        """Begin anew, without cookies."""
        self.http = requests.Session()
        self.http.trust_env = False
        self.http.mount("http://", _From(self.address))

    def once(self, method: str, url: str, **options: Any) -> requests.Response | None:
        """Ask once; None when the line was cut or nobody listened."""
        target, began, number = urljoin(self.base, url), time.time(), self.flying.begin()
        status: int | str
        response = None
        try:
            response = self.http.request(method, target, timeout=40, allow_redirects=False, **options)
            status = response.status_code
        except requests.RequestException as error:
            status = type(error).__name__
            self.cuts += 1
        finally:
            self.flying.end(number)
        took = time.time() - began
        # Only the shop's own pages are the shop's promise.
        if target.startswith(self.base) and (not isinstance(status, int) or status >= 500 or took > SLOW_SECONDS):
            path = re.sub(r"/orders/[^/]+/|/tickets/[^/]+/|/return/[^/]+/", "/…/", url.partition("?")[0])
            excerpt = response.text[:4000] if response is not None and response.status_code == 500 else ""
            self.journal.note(
                "answer", began=began, took=round(took, 2), status=status, method=method, path=path, excerpt=excerpt
            )
        return response

    def ask(self, method: str, url: str, **options: Any) -> requests.Response:
        """Ask until there is an answer that is none of a shop in trouble, as a patient person would."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            response = self.once(method, url, **options)
            if response is not None and response.status_code < 500:
                return response
            time.sleep(0.6)
        raise GaveUp(f"{method} {url.partition('?')[0]}")

    def form(self, page: requests.Response, action_part: str) -> tuple[str, dict[str, str]]:
        """Return where a form of a page goes and what a browser would send untouched."""
        parser = Forms()
        parser.feed(page.text)
        for form in parser.forms:
            target = urljoin(page.url, form["action"] or page.url)
            if action_part in target:
                return target, dict(form["values"])
        raise GaveUp(f"no form {action_part} on {page.url} ({page.status_code})")
