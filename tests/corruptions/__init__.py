"""What a hand at the database may do to a shop, one kind at a time, and the check that must name it."""

from __future__ import annotations

from tests.corruptions.goods import GOODS
from tests.corruptions.hand import HOUR, Corruption, World
from tests.corruptions.money import MONEY
from tests.corruptions.records import RECORDS

KINDS: dict[str, Corruption] = MONEY | GOODS | RECORDS
# Of two kinds with one name, one would never be tried.
assert len(KINDS) == len(MONEY) + len(GOODS) + len(RECORDS)

__all__ = ["HOUR", "KINDS", "World"]
