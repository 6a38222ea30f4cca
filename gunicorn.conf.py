"""How gunicorn runs the shop: it is read once and then forked, so that its processes share what none of them changes.

New code needs a new start (SIGTERM, which lets requests end); HUP alone would go on with what was read before.
"""

from __future__ import annotations

import gc
from typing import Any
from wsgiref.util import setup_testing_defaults

preload_app = True
# Between them they need most of what pages need.
PAGES = ("/", "/search/", "/basket/")


def when_ready(server: Any) -> None:
    """Read what the first visitor would have each process read, and keep the collector from touching it afterwards."""
    from django.urls import get_resolver

    from orders.stripe_client import read_in

    _patterns = get_resolver().url_patterns
    try:
        read_in()
        # A database that is away is not waited for again.
        _whole = all(_ask(server.app.wsgi(), path) for path in PAGES)
    except Exception:
        # A shop that begins before its database does serves as soon as that is there.
        server.log.exception("nothing could be read beforehand")
    finally:
        _let_go()
    gc.collect()
    gc.freeze()


def _ask(shop: Any, path: str) -> bool:
    """Have a page made, for nobody; False if the shop could not."""
    from django.conf import settings

    host = next((name for name in settings.ALLOWED_HOSTS if name.strip("*.")), "localhost").lstrip("*.")
    request: dict[str, Any] = {"HTTP_HOST": host, "PATH_INFO": path}
    request |= {"wsgi.url_scheme": "https", "HTTP_X_FORWARDED_PROTO": "https"}
    setup_testing_defaults(request)
    statuses: list[str] = []
    answer = shop(request, lambda status, _headers: statuses.append(status))
    try:
        b"".join(answer)
    finally:
        answer.close()
    return statuses[0] < "500"


def _let_go() -> None:
    """Close every connection: two processes would speak through one."""
    from django.core.cache import caches
    from django.db import connections

    connections.close_all()
    caches.close_all()
