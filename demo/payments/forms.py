"""Reads form-encoded parameters and holds them against what an endpoint takes, as strictly as Stripe does."""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import parse_qsl, urlsplit

from demo.payments.errors import Invalid

Rule = Callable[[object, str], object]

KEY_PARTS = re.compile(r"^([^\[\]]+)((?:\[[^\[\]]*\])*)$")
EMAIL = re.compile(r"^[^@\s]+@[^@\s]+\.[^@\s.]+$")


def decoded(encoded: str) -> dict:
    """Unfold ``a[b][0][c]=x`` into nested dictionaries; positions stay as text keys."""
    tree: dict = {}
    for name, value in parse_qsl(encoded, keep_blank_values=True):
        match = KEY_PARTS.match(name)
        if not match:
            raise Invalid(f"Invalid parameter name: {name}", code="parameter_unknown", param=name)
        _place(tree, [match[1], *re.findall(r"\[([^\[\]]*)\]", match[2])], value, name)
    return tree


def _place(tree: dict, parts: list[str], value: str, name: str) -> None:
    for part in parts[:-1]:
        tree = tree.setdefault(part or str(len(tree)), {})
        if not isinstance(tree, dict):
            raise Invalid("Invalid object", param=name)
    last = parts[-1] or str(len(tree))
    if isinstance(tree.get(last), dict):
        raise Invalid("Invalid object", param=name)
    tree[last] = value


def mapping(rules: dict[str, Rule], *, required: tuple[str, ...] = ()) -> Rule:
    """Take an object with these fields and no others."""

    def check(value: object, path: str) -> dict:
        if not isinstance(value, dict):
            raise Invalid("Invalid object", param=path)
        for name in value:
            if name not in rules:
                raise Invalid(
                    f"Received unknown parameter: {_inside(path, name)}",
                    code="parameter_unknown",
                    param=_inside(path, name),
                )
        for name in required:
            if name not in value:
                raise Invalid(
                    f"Missing required param: {_inside(path, name)}.",
                    code="parameter_missing",
                    param=_inside(path, name),
                )
        return {name: rules[name](part, _inside(path, name)) for name, part in value.items()}

    return check


def _inside(path: str, name: str) -> str:
    return f"{path}[{name}]" if path else name


def sequence(rule: Rule, *, longest: int = 100) -> Rule:
    """Take an array, with or without positions in the brackets."""

    def check(value: object, path: str) -> list:
        if not isinstance(value, dict) or not all(key.isdecimal() for key in value):
            raise Invalid("Invalid array", param=path)
        if len(value) > longest:
            raise Invalid(f"Too many items: {path} takes at most {longest}", param=path)
        positions = sorted(value, key=int)
        return [rule(value[position], f"{path}[{position}]") for position in positions]

    return check


def text(longest: int = 5000) -> Rule:
    """Take a string that is not empty."""

    def check(value: object, path: str) -> str:
        if not isinstance(value, str):
            raise Invalid("Invalid string", param=path)
        if not value:
            raise Invalid(
                f"You passed an empty string for '{path}'. We assume empty values are an attempt to unset a "
                f"parameter; however '{path}' cannot be unset. You should remove '{path}' from your request "
                "or supply a non-empty value.",
                code="parameter_invalid_empty",
                param=path,
            )
        if len(value) > longest:
            raise Invalid(f"Invalid string: must be at most {longest} characters", param=path)
        return value

    return check


def integer(*, least: int, most: int | None = None) -> Rule:
    """Take a whole number within these bounds."""

    def check(value: object, path: str) -> int:
        if not isinstance(value, str) or not re.fullmatch(r"-?[0-9]{1,15}", value):
            raise Invalid(f"Invalid integer: {value}", code="parameter_invalid_integer", param=path)
        number = int(value)
        if number < least:
            raise Invalid(
                f"This value must be greater than or equal to {least}.", code="parameter_invalid_integer", param=path
            )
        if most is not None and number > most:
            raise Invalid(
                f"This value must be less than or equal to {most}.", code="parameter_invalid_integer", param=path
            )
        return number

    return check


def choice(*options: str) -> Rule:
    """Take one of these words."""

    def check(value: object, path: str) -> str:
        if value not in options:
            raise Invalid(f"Invalid {path}: must be one of {', '.join(options)}", param=path)
        return str(value)

    return check


def url(value: object, path: str) -> str:
    """Take an absolute web address."""
    address = text(5000)(value, path)
    parts = urlsplit(address)
    if parts.scheme not in {"http", "https"} or not parts.netloc:
        raise Invalid("Not a valid URL", code="url_invalid", param=path)
    return address


def email(value: object, path: str) -> str:
    """Take an e-mail address."""
    address = text(800)(value, path)
    if not EMAIL.match(address):
        raise Invalid(f"Invalid email address: {address}", code="email_invalid", param=path)
    return address


def metadata(value: object, path: str) -> dict[str, str]:
    """Take up to 50 keys of 40 characters with values of 500 (the limits of Stripe's metadata)."""
    if not isinstance(value, dict) or not all(isinstance(part, str) for part in value.values()):
        raise Invalid("Invalid object", param=path)
    if len(value) > 50:
        raise Invalid("Metadata can have at most 50 keys", param=path)
    for name, part in value.items():
        if len(name) > 40 or len(part) > 500:
            raise Invalid("Metadata keys have at most 40 characters, values at most 500", param=_inside(path, name))
    # An empty value unsets a key, and on a new object there is nothing to unset.
    return {name: part for name, part in value.items() if part}


# A point in time or a range of them, as the list endpoints take it.
SECOND = integer(least=0)


def moment(value: object, path: str) -> dict[str, int]:
    """Take a second since 1970, or bounds on it (``gt``, ``gte``, ``lt``, ``lte``)."""
    if isinstance(value, dict):
        return mapping({"gt": SECOND, "gte": SECOND, "lt": SECOND, "lte": SECOND})(value, path)
    return {"gte": SECOND(value, path), "lte": SECOND(value, path)}


def listing(**filters: Rule) -> Rule:
    """Take what every list endpoint takes, and these filters."""
    paging: dict[str, Rule] = {
        "created": moment,
        "ending_before": text(255),
        "limit": integer(least=1, most=100),
        "starting_after": text(255),
    }
    return mapping(paging | filters)
