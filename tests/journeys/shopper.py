"""A customer without JavaScript: fetches pages, fills in the forms they show, follows redirects."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from urllib.parse import urljoin

import requests


class Forms(HTMLParser):
    """Collect the forms of a page: action, and the values a browser would send untouched."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[dict] = []
        self._select: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        seen = dict(attrs)
        if tag == "form":
            self.forms.append({"action": seen.get("action") or "", "values": {}, "buttons": [], "text": ""})
        elif self.forms and seen.get("name"):
            self._field(tag, seen)
        elif tag == "option" and self._select and ("selected" in seen or self._select not in self.forms[-1]["values"]):
            self.forms[-1]["values"][self._select] = seen.get("value", "")

    def _field(self, tag: str, seen: dict) -> None:
        values, kind = self.forms[-1]["values"], seen.get("type", "text")
        if tag == "select":
            self._select = seen["name"]
        elif tag == "button" or kind == "submit":
            self.forms[-1]["buttons"].append((seen["name"], seen.get("value", "")))
        elif tag == "textarea":
            values[seen["name"]] = ""
        elif tag == "input" and kind not in {"file"} and (kind not in {"radio", "checkbox"} or "checked" in seen):
            values[seen["name"]] = seen.get("value") or ""

    def handle_endtag(self, tag: str) -> None:
        if tag == "select":
            self._select = None


class Shopper:
    """One visitor with cookies; ``page`` is the last answer."""

    def __init__(self, base: str) -> None:
        self.base = base
        self.http = requests.Session()
        self.page: requests.Response | None = None

    def open(self, path: str) -> str:
        """Fetch a page that must exist, and return its text."""
        self.page = self.http.get(urljoin(self.base, path), timeout=20)
        assert self.page.status_code == 200, f"{path}: {self.page.status_code}"
        return self.page.text

    def submit(self, action_part: str, files: list | None = None, **values: object) -> requests.Response:
        """Send the form of the current page whose action contains ``action_part``."""
        assert self.page is not None
        parser = Forms()
        parser.feed(self.page.text)
        form = next(form for form in parser.forms if action_part in (form["action"] or self.page.url))
        target = urljoin(self.page.url, form["action"])
        # Django's CSRF check over TLS asks for it, and browsers send it.
        headers = {"Referer": self.page.url}
        data = form["values"] | {name: value for name, value in values.items() if value is not None}
        self.page = self.http.post(target, data=data, files=files, headers=headers, timeout=30)
        return self.page

    def links(self, pattern: str) -> list[str]:
        """Return the addresses on the page that match, in order, each once."""
        assert self.page is not None
        found = re.findall(r'href="([^"]+)"', self.page.text)
        return list(dict.fromkeys(link for link in found if re.search(pattern, link)))
