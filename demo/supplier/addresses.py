"""Check an address as far as a supplier can at once (section 5 of the contract)."""

from __future__ import annotations

import re
from typing import Any

from demo.supplier.problems import entry

# Forms of postal codes, from the Universal Postal Union's addressing pages in the common spellings.
POSTAL_CODES = {
    "AT": r"\d{4}", "AU": r"\d{4}", "BE": r"\d{4}", "BG": r"\d{4}", "BR": r"\d{5}-?\d{3}",
    "CA": r"[A-Z]\d[A-Z] ?\d[A-Z]\d", "CH": r"\d{4}", "CY": r"\d{4}", "CZ": r"\d{3} ?\d{2}", "DE": r"\d{5}",
    "DK": r"\d{4}", "EE": r"\d{5}", "ES": r"\d{5}", "FI": r"\d{5}", "FR": r"\d{5}",
    "GB": r"[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2}", "GR": r"\d{3} ?\d{2}", "HR": r"\d{5}", "HU": r"\d{4}",
    "IE": r"[A-Z]\d[\dW] ?[A-Z\d]{4}", "IN": r"\d{6}", "IT": r"\d{5}", "JP": r"\d{3}-?\d{4}",
    "LT": r"(LT-)?\d{5}", "LU": r"(L-)?\d{4}", "LV": r"(LV-)?\d{4}", "MT": r"[A-Z]{3} ?\d{4}",
    "NL": r"\d{4} ?[A-Z]{2}", "NO": r"\d{4}", "NZ": r"\d{4}", "PL": r"\d{2}-?\d{3}", "PT": r"\d{4}-?\d{3}",
    "RO": r"\d{6}", "SE": r"\d{3} ?\d{2}", "SI": r"\d{4}", "SK": r"\d{3} ?\d{2}", "US": r"\d{5}(-\d{4})?",
}  # fmt: skip
# Irish parcels arrive without an Eircode too, and many senders have none.
OPTIONAL = {"IE"}
WITH_REGION = {"AU", "BR", "CA", "IN", "JP", "US"}
# The simulated carrier's address book knows every street but this one.
UNKNOWN_STREET = "nowhere street"


def faults_of(address: dict[str, Any], place: str) -> list[dict[str, str]]:
    """List what is wrong with the form of an address; ``place`` is its JSON Pointer."""
    country, code = address["country"], (address.get("postal_code") or "").strip().upper()
    faults = []
    if country in POSTAL_CODES:
        if not code and country not in OPTIONAL:
            faults.append(entry(f"{place}/postal_code", "required", "This country uses postal codes"))
        elif code and not re.fullmatch(POSTAL_CODES[country], code):
            faults.append(entry(f"{place}/postal_code", "invalid-format", "Not a postal code of this country"))
    if country in WITH_REGION and not (address.get("region") or "").strip():
        faults.append(entry(f"{place}/region", "required", "This country needs a state or province"))
    return faults


def is_deliverable(address: dict[str, Any]) -> bool:
    """Tell whether the carrier knows the street: found out only when the line is decided."""
    return UNKNOWN_STREET not in address["line1"].lower()
