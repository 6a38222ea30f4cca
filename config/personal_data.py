"""Which modules know what is kept about a person, first floor first; see ``shop/personal_data.py``."""

from __future__ import annotations

PARTS: list[str] = [
    "shop.personal_data",
    "orders.personal_data",
    "support.personal_data",
    "notifications.personal_data",
]

# What erases a person altogether, and in this order: later apps find what is theirs through what earlier ones know.
# See ``shop/erasure.py``.
ERASERS = [
    "config.erasing",
    "notifications.erasing",
    "support.erasing",
    "suppliers.erasing",
    "orders.erasing",
    "shop.erasing",
]
