"""Calls to the services that tell carriers' scans: over the one outbound client, written down, classified.

There is no breaker beside it: one reader at a time calls a service (``suppliers/actions/follow.py``), and its own due
time grows with every failure.
"""

from __future__ import annotations

import time
from typing import Any
from urllib.parse import urlsplit

from suppliers import outbound
from suppliers.actions.calls import redacted
from suppliers.adapters.base import KeyRefused, TryLater
from suppliers.models import TrackingCall

GOOD_EXCERPT = 300


def call_service(
    service: str,
    method: str,
    url: str,
    *,
    host: str,
    headers: dict[str, str],
    json_body: Any = None,
    params: Any = None,
) -> outbound.Answer:
    """Call a service once and write it down; return its answer, which may be a refusal.

    Raises TryLater for whatever may go better later: every call may be repeated. Raises KeyRefused where our key or
    the service's address is not taken.
    """
    try:
        answer = outbound.call(method, url, allowed_hosts={host}, headers=headers, json_body=json_body, params=params)
    except outbound.Forbidden as error:
        _note(service, method, url, failure=f"forbidden address: {error}")
        raise KeyRefused("forbidden-address", str(error)) from error
    except (outbound.NeverConnected, outbound.Failed) as error:
        _note(service, method, url, failure=f"{type(error).__name__}: {error}")
        raise TryLater(str(error)) from error
    _note(service, method, url, answer=answer)
    what = f"{method} {urlsplit(url).path}: {answer.status}"
    if answer.status in {401, 403}:
        raise KeyRefused(str(answer.status), what)
    if answer.status in {408, 425, 429} or answer.status >= 500 or 300 <= answer.status < 400:
        raise TryLater(what, answer.retry_after or rest_in(answer) or None)
    return answer


def rest_in(answer: outbound.Answer) -> float:
    """Return for how many seconds no call is left, as an answer's headers of the X-RateLimit kind say."""
    left, until = (answer.headers.get(f"x-ratelimit-{name}", "") for name in ("remaining", "reset"))
    if left != "0" or not (until.isascii() and until.isdecimal() and len(until) < 12):
        return 0.0
    return min(max(0.0, int(until) - time.time()), outbound.MOST_WAIT)


def _note(service: str, method: str, url: str, *, answer: outbound.Answer | None = None, failure: str = "") -> None:
    TrackingCall.objects.create(
        service=service,
        method=method,
        path=urlsplit(url).path[:300],
        status=answer.status if answer else None,
        failure=failure[:200],
        milliseconds=answer.milliseconds if answer else 0,
        # There are many good ones, and what they say is kept with the parcels.
        excerpt=redacted(answer.body)[: GOOD_EXCERPT if answer.is_ok else None] if answer else "",
    )
