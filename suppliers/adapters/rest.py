"""Suppliers that speak our own contract, ``docs/supplier-contract.yaml``."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from functools import partial
from typing import Any
from urllib.parse import quote, urlsplit

from django.conf import settings

from suppliers import outbound
from suppliers.actions.breaker import is_callable
from suppliers.actions.calls import note_call
from suppliers.actions.lanes import lanes
from suppliers.actions.reading import Garbage, moment
from suppliers.adapters.base import Adapter, AlreadyThere, Doubt, KeyRefused, Refused, Resting, TryLater, Unclear, Walk

PAGE = 200
# A walk that never ends is a supplier's mistake, not a reason to run for ever.
MOST_PAGES = 10_000
# What the columns hold that remember where a reading ended.
LONGEST_MOMENT = 40
LONGEST_CODE = 60


class RestAdapter(Adapter):
    """Our own contract: keys are honoured for a day, references are unique for ever."""

    doubt = Doubt.IDEMPOTENT

    def account(self) -> dict[str, Any]:
        return self._send("GET", "/account")

    def place(self, request: dict[str, Any], *, key: str) -> dict[str, Any]:
        return self._send("POST", "/orders", json_body=request, key=key, reference=request["reference"])

    def find(self, reference: str) -> dict[str, Any] | None:
        return self._find(f"/orders/{quote(reference, safe='')}", reference)

    def cancel(self, reference: str, request: dict[str, Any], *, key: str) -> dict[str, Any]:
        path = f"/orders/{quote(reference, safe='')}/cancel"
        return self._send("POST", path, json_body=request, key=key, reference=reference)

    def inquire(self, reference: str, request: dict[str, Any], *, key: str) -> None:
        path = f"/orders/{quote(reference, safe='')}/inquiries"
        self._send("POST", path, json_body=request, key=key, reference=reference)

    def open_return(self, request: dict[str, Any], *, key: str) -> dict[str, Any]:
        return self._send("POST", "/returns", json_body=request, key=key, reference=request["reference"])

    def find_return(self, return_reference: str) -> dict[str, Any] | None:
        return self._find(f"/returns/{quote(return_reference, safe='')}", return_reference)

    def cancel_return(self, return_reference: str, *, key: str) -> dict[str, Any]:
        path = f"/returns/{quote(return_reference, safe='')}/cancel"
        return self._send("POST", path, json_body={}, key=key, reference=return_reference)

    def walk(self, what: str, *, since: str = "") -> Walk:
        walk = Walk(iter(()))
        walk.items = self._pages(what, since, walk)
        return walk

    def picture(self, url: str) -> bytes:
        answer = self._call("GET", url, {}, None, "")
        if not answer.is_ok:
            raise Refused(str(answer.status), "picture")
        return answer.body

    def _pages(self, what: str, since: str, walk: Walk) -> Iterator[dict[str, Any]]:
        params: dict[str, Any] = {"limit": PAGE} | ({"updated_since": since} if since else {})
        for _page in range(MOST_PAGES):
            self.before_page()
            page = self._send("GET", f"/{what}", params=params)
            if not isinstance(page.get("data"), list):
                raise Unclear(f"/{what}: no list")
            yield from (item for item in page["data"] if isinstance(item, dict))
            walk.strange += [type(item).__name__ for item in page["data"] if not isinstance(item, dict)]
            cursor = page.get("next_cursor")
            if not cursor:
                _note_end(walk, page.get("as_of"))
                return
            if not isinstance(cursor, str):
                raise Unclear(f"/{what}: no cursor")
            params = {"limit": PAGE, "cursor": cursor}

    def _find(self, path: str, reference: str) -> dict[str, Any] | None:
        try:
            return self._send("GET", path, reference=reference)
        except Refused as refusal:
            if refusal.code == "not-found":
                return None
            raise

    def _send(
        self, method: str, path: str, *, json_body: Any = None, params: Any = None, key: str = "", reference: str = ""
    ) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {self.supplier.api_key}"} | ({"Idempotency-Key": key} if key else {})
        url = self.supplier.base_url.rstrip("/") + path
        answer = self._call(method, url, headers, json_body, reference, params)
        return _classified(answer, f"{method} {path}")

    def _call(
        self, method: str, url: str, headers: dict[str, str], json_body: Any, reference: str, params: Any = None
    ) -> outbound.Answer:
        own_host = urlsplit(self.supplier.base_url).hostname or ""
        is_own = urlsplit(url).hostname == own_host
        if is_own and not self.is_probe and not self.is_checked and not is_callable(self.supplier):
            raise Resting(f"{self.supplier.slug} is not called now", retry_after=settings.PROBE_SECONDS)
        self.is_checked = False
        about = {"reference": reference, "is_own": is_own, "is_probe": self.is_probe, "later": self.good_calls}
        note = partial(note_call, self.supplier, method, url, **about)
        began = time.monotonic()
        try:
            answer = outbound.call(
                method,
                url,
                allowed_hosts={own_host, *self.supplier.allowed_hosts},
                headers=headers,
                json_body=json_body,
                params=params,
            )
        except outbound.NeverConnected as error:
            note(failure=f"never connected: {error}")
            raise TryLater(str(error)) from error
        except outbound.Forbidden as error:
            note(failure=f"forbidden address: {error}", is_refused=is_own)
            raise (KeyRefused if is_own else Refused)("forbidden-address", str(error)) from error
        except outbound.Failed as error:
            note(failure=str(error))
            raise Unclear(str(error)) from error
        finally:
            if is_own:
                lanes.note(self.supplier.pk, time.monotonic() - began)
        note(answer=answer)
        return answer


def _note_end(walk: Walk, as_of: object) -> None:
    # It is what we ask for next time: one that is no moment would be refused then, and for ever. Without one
    # everything is read anew.
    try:
        makes_sense = as_of is None or (moment(as_of) is not None and len(str(as_of)) <= LONGEST_MOMENT)
    except Garbage:
        makes_sense = False
    if makes_sense:
        walk.as_of.append(str(as_of or ""))
    else:
        walk.strange.append("as_of")


def _classified(answer: outbound.Answer, what: str) -> dict[str, Any]:
    body: Any = None
    with contextlib.suppress(outbound.NotStrictJson):
        body = answer.json() if answer.body else None
    code = str(body.get("code") or "")[:LONGEST_CODE] if isinstance(body, dict) and not answer.is_ok else ""
    if answer.status in {408, 425, 429, 503} or code == "idempotency-in-progress":
        raise TryLater(f"{what}: {answer.status} {code}", answer.retry_after)
    if answer.status in {401, 403}:
        raise KeyRefused(code or str(answer.status))
    if code == "duplicate-reference":
        raise AlreadyThere(what)
    if answer.status >= 500 and answer.status != 501:
        raise Unclear(f"{what}: {answer.status}")
    if answer.is_ok:
        if not isinstance(body, dict):
            # A 200 that makes no sense may still be an order.
            raise Unclear(f"{what}: no object")
        return body
    raise Refused(code or str(answer.status), str(body.get("title") or "")[:200] if isinstance(body, dict) else "")
