"""The mark that leads to the register of those who may sell medicines, on every page of a shop that does.

Directive 2011/62/EU, article 85c: whoever offers medicines at a distance shows a logo with the flag of its country,
linked to its own entry in that country's register. The logo itself is handed out by the authority and is not ours
to ship: ``templates/components/_register_mark.html`` draws its place, and is where the real one goes.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings
from django_countries import countries

# Flags of three stripes, upright or level, which is as much as a small drawing can say; others show their letters.
UPRIGHT = {
    "BE": ("#2d2926", "#ffcd00", "#c8102e"),
    "FR": ("#000091", "#ffffff", "#e1000f"),
    "IE": ("#169b62", "#ffffff", "#ff883e"),
    "IT": ("#008c45", "#f4f5f0", "#cd212a"),
    "RO": ("#002b7f", "#fcd116", "#ce1126"),
}
LEVEL = {
    "AT": ("#c8102e", "#ffffff", "#c8102e"),
    "BG": ("#ffffff", "#00966e", "#d62612"),
    "DE": ("#000000", "#dd0000", "#ffcc00"),
    "EE": ("#0072ce", "#000000", "#ffffff"),
    "HU": ("#cd2a3e", "#ffffff", "#436f4d"),
    "LT": ("#fdb913", "#006a44", "#c1272d"),
    "LU": ("#ed2939", "#ffffff", "#00a1de"),
    "NL": ("#ae1c28", "#ffffff", "#21468b"),
}


@dataclass(frozen=True, slots=True)
class RegisterMark:
    """What the mark shows. ``stripes`` are three colours, empty for a country whose flag has no three stripes."""

    url: str
    code: str
    country: str
    stripes: tuple[str, ...]
    is_upright: bool


def register_mark() -> RegisterMark | None:
    """Return the mark of this shop; None where no register is set, and then no page shows any."""
    told = settings.PHARMACY
    if told is None:
        return None
    code = told["country"]
    stripes = UPRIGHT.get(code) or LEVEL.get(code, ())
    return RegisterMark(told["url"], code, countries.name(code) or code, stripes, code in UPRIGHT)
