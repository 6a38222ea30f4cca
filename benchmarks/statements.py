"""How many statements pages send to the database: ``python -m benchmarks.statements FILE``, in process, prints JSON.

FILE holds the addresses that ``benchmarks.goods`` has printed. BEGIN, COMMIT and ROLLBACK are not counted; savepoints are.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote, urlencode, urlsplit

from benchmarks.stage import HOST
from benchmarks.visitor import SITE, Visitor
from benchmarks.wsgi import application  # noqa: F401  (it sets Django up)

from django.conf import settings  # isort: skip
from django.db import connection  # isort: skip
from django.test import Client  # isort: skip
from django.test.utils import CaptureQueriesContext  # isort: skip

NOT_COUNTED = ("BEGIN", "COMMIT", "ROLLBACK")


class CountedVisitor(Visitor):
    """A customer whose requests are answered in this process, and whose statements are counted."""

    def __init__(self) -> None:
        super().__init__(0)
        self.client = Client(headers={"host": HOST, "x-forwarded-proto": "https"}, raise_request_exception=False)
        self.counts: list[tuple[str, int]] = []

    def ask(self, method: str, path: str, body: Mapping[str, str] | None = None) -> tuple[int, str, str]:
        """Answer, and note how many statements it took."""
        with CaptureQueriesContext(connection) as captured:
            answer = self.client.generic(
                method,
                path,
                urlencode(body) if body is not None else "",
                content_type="application/x-www-form-urlencoded",
                secure=True,
                headers={"x-forwarded-for": f"86.{self.network}"},
            )
        statements = [query["sql"] for query in captured if not query["sql"].startswith(NOT_COUNTED)]
        self.counts.append((f"{method} {path.partition('?')[0]}", len(statements)))
        return answer.status_code, answer.headers.get("Location", ""), answer.content.decode()

    def cost(self, path: str) -> tuple[int, int]:
        """Return the statements and the bytes of a page that was asked for before."""
        self.get(path)
        text = self.get(path)
        return self.counts[-1][1], len(text.encode())


def main(file: str) -> None:
    """Count, and print."""
    known = json.loads(Path(file).read_text())
    pages = {
        "home": "/",
        "category": f"/c/{known['categories'][0]}/",
        "product": f"/p/{known['goods'][0][0]}/",
        "search": f"/search/?q={quote(known['queries'][0])}",
    }
    guest, holder, buyer = CountedVisitor(), CountedVisitor(), CountedVisitor()
    for slug, sku in known["goods"][:3]:
        holder.put_in(slug, sku)
    buyer.buy(*known["goods"][0], payments=urlsplit(settings.STRIPE_API_BASE).port or 0)
    found = {
        "guest": {name: guest.cost(path) for name, path in pages.items()},
        "with a basket": {name: holder.cost(path) for name, path in (pages | {"basket": "/basket/"}).items()},
        "purchase": [(call.replace(SITE, ""), count) for call, count in buyer.counts],
    }
    print(json.dumps(found))


if __name__ == "__main__":
    main(sys.argv[1])
