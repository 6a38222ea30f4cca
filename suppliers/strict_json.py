"""JSON as we take it from strangers: no NaN, nothing endless, numbers exact, and only characters that can be kept."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from decimal import Decimal, InvalidOperation
from typing import Any

DEEPEST = 40
# More values than that in one body are meant to fill our memory; a page of 500 orders has some 50,000.
MOST_VALUES = 200_000
# Money, counts and versions are far shorter. A number such as 1e999999999 would take for ever to be made whole.
LONGEST_NUMBER = 30
# PostgreSQL takes no NUL, and half of a surrogate pair cannot be encoded at all.
UNKEPT = re.compile("[\0\ud800-\udfff]")


class NotStrictJson(ValueError):
    """The body is no JSON as we take it: NaN, too deep, too large, or no JSON at all."""


def strict_json(body: bytes) -> Any:
    """Parse JSON; numbers with a point become Decimal, characters nobody can keep U+FFFD. Raises NotStrictJson."""
    if body.count(b",") + body.count(b"[") + body.count(b"{") > MOST_VALUES:
        raise NotStrictJson("too many values")
    try:
        parsed = json.loads(body, parse_float=_decimal, parse_int=_integer, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise NotStrictJson(type(error).__name__) from error
    _check_depth(parsed)
    # Only escapes, and bytes beyond ASCII, make such characters; most bodies have neither. (In UTF-16 ASCII has NULs.)
    is_suspect = b"\\u" in body or b"\0" in body or not body.isascii()
    return _keepable(parsed) if is_suspect else parsed


def _keepable(value: Any) -> Any:
    if isinstance(value, str):
        return UNKEPT.sub("\ufffd", value)
    if isinstance(value, dict):
        return {_keepable(name): _keepable(child) for name, child in value.items()}
    return [_keepable(child) for child in value] if isinstance(value, list) else value


def _refuse(constant: str) -> None:
    raise NotStrictJson(constant)


def _integer(text: str) -> int:
    if len(text) > LONGEST_NUMBER:
        raise NotStrictJson("a number too long")
    return int(text)


def _decimal(text: str) -> Decimal:
    try:
        number = Decimal(text)
    except InvalidOperation as error:
        raise NotStrictJson("a number out of range") from error
    if len(text) > LONGEST_NUMBER or abs(number.adjusted()) > LONGEST_NUMBER:
        raise NotStrictJson("a number out of range")
    return number


def _check_depth(parsed: Any) -> None:
    level = [parsed]
    for _depth in range(DEEPEST):
        level = [child for value in level for child in _children(value)]
        if not level:
            return
    raise NotStrictJson("too deep")


def _children(value: Any) -> Iterable[Any]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()
