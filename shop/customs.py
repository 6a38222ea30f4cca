"""Customs borders by country and region, and what customers are told where a parcel crosses one.

What is a table in the code and what are rows: docs/adr/0013-customs-areas.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from django.utils.translation import gettext as _

from shop.models import Customs, DeliveryProfile, Region
from shop.models.texts import worded
from shop.words import country_name


class Border(IntEnum):
    """What lies between two countries: nothing, a tax border within one customs territory, or customs."""

    NONE = 0
    TAX = 1
    DUTY = 2


@dataclass(frozen=True, slots=True)
class CustomsArea:
    """Countries between which no duty is due; ``untaxed`` of them are outside the area's VAT territory."""

    members: frozenset[str]
    untaxed: frozenset[str] = frozenset()


EU_STATES = frozenset({
    "AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU",
    "IE", "IT", "LT", "LU", "LV", "MT", "NL", "PL", "PT", "RO", "SE", "SI", "SK",
})  # fmt: skip
# Inside the customs territory (Regulation 952/2013, article 4), outside the VAT territory (Directive 2006/112,
# article 6): Åland and the French outermost regions. Source: the Commission's table “Territorial status of EU
# countries and certain territories”, read 2026-11-28. The Faroes, Greenland and New Caledonia are in neither.
EU_UNTAXED = frozenset({"AX", "GF", "GP", "MF", "MQ", "RE", "YT"})
AREAS = (
    # Monaco counts as France for both.
    CustomsArea(EU_STATES | EU_UNTAXED | {"MC"}, EU_UNTAXED),
    # The Isle of Man is one area with the United Kingdom for both; Jersey and Guernsey for customs only.
    CustomsArea(frozenset({"GB", "IM", "JE", "GG"}), frozenset({"JE", "GG"})),
    CustomsArea(frozenset({"CH", "LI"})),
)


# A country, and how a part of it stands to the customs area of the rest.
Face = tuple[str, str]


def border_between(
    origin: str, destination: str, region: Region | None = None, *, sent_from: Region | None = None
) -> Border:
    """Return what a parcel crosses on its way between two countries (ISO 3166-1 alpha-2).

    ``region`` is the part of the destination it goes to, ``sent_from`` that of the origin it leaves, where these stand
    to customs in their own way.
    """
    if origin == destination and sent_from == region:
        return Border.NONE
    # In two areas at once, as Northern Ireland is: from neither there is a border.
    ways = ((start, goal) for start in _faces(origin, sent_from) for goal in _faces(destination, region))
    return min(_border_of_faces(start, goal) for start, goal in ways)


def _faces(country: str, region: Region | None) -> list[Face]:
    if region is None:
        return [(country, Customs.SAME)]
    also = [(region.customs_with.code, Customs.SAME)] if region.customs_with.code else []
    return [(country, region.customs), *also]


def _border_of_faces(start: Face, goal: Face) -> Border:
    kinds = {start[1], goal[1]}
    if Customs.OUTSIDE in kinds:
        return Border.DUTY
    border = _border_of_countries(start[0], goal[0])
    return max(border, Border.TAX) if Customs.UNTAXED in kinds else border


def _border_of_countries(origin: str, destination: str) -> Border:
    if origin == destination:
        return Border.NONE
    area = next((area for area in AREAS if origin in area.members), None)
    if area is None or destination not in area.members:
        return Border.DUTY
    return Border.TAX if {origin, destination} & area.untaxed else Border.NONE


def import_text(profile: DeliveryProfile, country: str, region: Region | None = None) -> str:
    """Return what to tell a customer about duty and tax on arrival; empty if there is no border.

    The merchant's own words, if the profile has any, take the place of ours.
    """
    border = border_between(profile.country_code, country, region, sent_from=profile.region)
    if border is Border.NONE:
        return ""
    if profile.import_text:
        return worded(profile.import_text)
    names = {
        "origin": profile.region.name if profile.region else profile.country.name,
        "destination": region.name if region else country_name(country),
    }
    if border is Border.TAX:
        return _("Sent from %(origin)s. Tax may be due when it reaches %(destination)s.") % names
    return (
        _("Sent from %(origin)s. Import duty, tax and a handling fee may be due when it reaches %(destination)s.")
        % names
    )
