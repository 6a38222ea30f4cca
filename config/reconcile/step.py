"""What one page of a part brought."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Step:
    """What one page brought: where to go on (empty: this part is done), rows looked at, facts taken in."""

    after: str
    seen: int
    taken_in: int = 0
