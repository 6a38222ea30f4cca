"""Hold request bodies against the schemas of docs/supplier-contract.yaml."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml
from jsonschema import Draft202012Validator, FormatChecker
from jsonschema.exceptions import ValidationError
from referencing import Registry
from referencing.jsonschema import DRAFT202012

from demo.supplier.problems import entry, invalid

CONTRACT_FILE = Path(__file__).resolve().parents[2] / "docs" / "supplier-contract.yaml"
CONTRACT_URI = "urn:supplier-contract"

formats = FormatChecker(formats=["date", "email"])

CODES = {
    "type": "invalid-format",
    "pattern": "invalid-format",
    "format": "invalid-format",
    "enum": "not-allowed",
    "minimum": "out-of-range",
    "maximum": "out-of-range",
    "minItems": "out-of-range",
    "maxItems": "out-of-range",
    "maxProperties": "out-of-range",
    "minLength": "required",
    "maxLength": "too-long",
}


@formats.checks("date-time", raises=ValueError)
def is_timestamp(value: object) -> bool:
    """Tell whether a text is an RFC 3339 date and time."""
    return not isinstance(value, str) or ("T" in value and datetime.fromisoformat(value).tzinfo is not None)


@formats.checks("uri", raises=ValueError)
def is_uri(value: object) -> bool:
    """Tell whether a text is an absolute URI."""
    return not isinstance(value, str) or bool(urlsplit(value).scheme)


@functools.cache
def contract() -> dict[str, Any]:
    """Read the contract file."""
    return yaml.load(CONTRACT_FILE.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)


@functools.cache
def validator(schema: str) -> Draft202012Validator:
    """Build the validator of one of the contract's named schemas."""
    registry = Registry().with_resource(CONTRACT_URI, DRAFT202012.create_resource(contract()))
    reference = {"$ref": f"{CONTRACT_URI}#/components/schemas/{schema}"}
    return Draft202012Validator(reference, registry=registry, format_checker=formats)


def check(schema: str, body: Any) -> None:
    """Refuse a body that breaks its schema, with one entry for each fault.

    Raises Problem ``validation-failed``.
    """
    entries = [found for error in validator(schema).iter_errors(body) for found in entries_of(error)]
    if entries:
        raise invalid(*entries)


def entries_of(error: ValidationError) -> Iterator[dict[str, Any]]:
    """Translate one schema error into the contract's entries."""
    place = pointer(error.absolute_path)
    if error.validator == "required":
        yield from (
            entry(f"{place}/{name}", "required", "This member is required")
            for name in error.validator_value
            if name not in error.instance
        )
    elif error.validator == "additionalProperties":
        known = error.schema.get("properties", {})
        yield from (
            entry(place + pointer([name]), "unknown-field", "This member is not known")
            for name in error.instance
            if name not in known
        )
    else:
        # A property name has no path of its own: the error stands at the object that carries it.
        code = CODES[str(error.validator)]
        limit = {"max_length": error.validator_value} if code == "too-long" else {}
        yield entry(place, code, error.message[:200]) | limit


def pointer(path: Any) -> str:
    """Write a path as a JSON Pointer (RFC 6901)."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in path)
