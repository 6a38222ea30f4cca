"""Parts of countries with a tax, a customs border or delivery terms of their own, as they stand in November 2026.

Parts with a country code of their own, as Åland and Réunion, are no regions: see ``shop/territories.py``.

Read on 2026-11-28. How each stands to the EU's customs and VAT areas: the Commission's table "Territorial status of
EU countries and certain territories" (taxation-customs.ec.europa.eu) and Finnish Customs, "EU customs territory and
fiscal territory" (tulli.fi): Heligoland, Büsingen, Livigno, Ceuta and Melilla are in neither; Campione (since 2020),
the Canary Islands and Mount Athos in the customs area only; Madeira and the Azores in both. Postcodes of Jungholz and Mittelberg: kalkuel.at, "Umsatzsteuerregelung Jungholz und Mittelberg".
Büsingen is one customs area with Switzerland by the treaty of 23 November 1964. Northern Ireland counts as the EU
for goods from there (Finnish Customs, the same page), and parcels to consumers from Great Britain bear no duty
(easproject.com, "Windsor Framework Guidance for UK-Based B2C Parcel Businesses", in force since 1 May 2025).

These rows are a beginning, not advice: staff keep them right in the admin.
"""

from __future__ import annotations

from shop.models.region import Customs

SAME, UNTAXED, OUTSIDE = Customs.SAME, Customs.UNTAXED, Customs.OUTSIDE
# Code, name, postcodes, customs, and the country whose customs area it is in as well.
ROWS = (
    ("AT-JUNGHOLZ", "Jungholz and Mittelberg", "6691, 6991-6993", SAME, ""),
    ("DE-BUESINGEN", "Büsingen", "78266", OUTSIDE, "CH"),
    ("DE-HELGOLAND", "Heligoland", "27498", OUTSIDE, ""),
    ("ES-CANARY", "Canary Islands", "35, 38", UNTAXED, ""),
    ("ES-CEUTA", "Ceuta", "51", OUTSIDE, ""),
    ("ES-MELILLA", "Melilla", "52", OUTSIDE, ""),
    ("GB-NI", "Northern Ireland", "BT", SAME, "IE"),
    ("GR-ATHOS", "Mount Athos", "63086", UNTAXED, ""),
    ("IT-CAMPIONE", "Campione d’Italia", "22061", UNTAXED, ""),
    ("IT-LIVIGNO", "Livigno", "23041", OUTSIDE, ""),
    ("PT-AZORES", "Azores", "9500-9980", SAME, ""),
    ("PT-MADEIRA", "Madeira", "9000-9499", SAME, ""),
)
FIELDS = ("code", "name", "postcodes", "customs", "customs_with")


def regions() -> list[dict[str, str]]:
    """Return the fields of each row to begin with."""
    return [dict(zip(FIELDS, map(str, row), strict=True)) | {"country": row[0][:2]} for row in ROWS]
