"""Draw from a seed what the customers do and what goes wrong, when and where: the same seed, the same plan."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

# How customers behave, in shares of a hundred.
BEHAVIOURS = {
    "plain": 46,
    "closes_tab": 8,  # pays and never comes back to the shop: webhook or sweep must tell
    "abandons": 5,
    "declined_first": 6,
    "double_click": 6,  # orders and pays twice at once
    "pays_late": 4,
    "old_tab": 3,  # changes the basket, and pays the page of the order before
    "wants_refund": 10,
    "wants_new": 4,  # has it, finds it faulty and asks for the same again; an agent decides
    "withdraws": 8,  # from the whole contract, some before anything has left and some after it has come
}
PARTS = {1: 55, 2: 25, 3: 12, 4: 8}


@dataclass(frozen=True, slots=True)
class Errand:
    """One customer's intention: which goods (index per supplier), how many, and how they behave."""

    index: int
    behaviour: str
    suppliers: tuple[str, ...]
    picks: tuple[int, ...]
    quantities: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Planned:
    """One fault: its kind, at which order it begins, in which lane, and against whom."""

    index: int
    lane: str
    kind: str
    at_order: int
    target: str
    seconds: float
    turns: int


def draw_errands(seed: int, orders: int, goods: Mapping[str, Sequence[str]]) -> list[Errand]:
    """Return what each customer will do."""
    dice = random.Random(f"errands {seed}")
    errands = []
    for index in range(orders):
        count = min(_drawn(dice, PARTS), len(goods))
        suppliers = tuple(dice.sample(sorted(goods), count))
        picks = tuple(dice.randrange(len(goods[slug])) for slug in suppliers)
        quantities = tuple(dice.choice((1, 1, 1, 2)) for _ in suppliers)
        errands.append(Errand(index, _drawn(dice, BEHAVIOURS), suppliers, picks, quantities))
    return errands


def _drawn(dice: random.Random, shares: Mapping[Any, int]) -> Any:
    return dice.choices(list(shares), weights=list(shares.values()))[0]


def draw_faults(
    seed: int, orders: int, faults: int, lanes: Mapping[str, Sequence[str]], targets: Mapping[str, Sequence[str]]
) -> list[Planned]:
    """Return the faults, spread over the orders; every kind comes once before any comes twice.

    ``lanes`` says which kinds may not overlap each other; ``targets`` whom a lane's kinds may hit. The
    last orders stay free, so that every fault has work to hit.
    """
    dice = random.Random(f"faults {seed}")
    shuffled = {lane: _endless(dice, kinds) for lane, kinds in lanes.items()}
    # A lane gets its share by the number of kinds it has.
    weights = {lane: len(kinds) for lane, kinds in lanes.items()}
    planned = []
    for lane in sorted(lanes):
        count = max(1, round(faults * weights[lane] / sum(weights.values())))
        last = max(1, int(orders * 0.9))
        for place in range(count):
            at = 3 + int((place + dice.random() * 0.6) * last / count)
            planned.append(
                Planned(
                    index=len(planned),
                    lane=lane,
                    kind=next(shuffled[lane]),
                    at_order=min(at, last),
                    target=dice.choice(list(targets.get(lane, [""]))),
                    seconds=round(dice.uniform(1.0, 3.0), 2),
                    turns=dice.randint(1, 4),
                )
            )
    return sorted(planned, key=lambda fault: (fault.at_order, fault.index))


def _endless(dice: random.Random, kinds: Sequence[str]):
    while True:
        yield from dice.sample(list(kinds), len(kinds))


def as_lines(planned: Sequence[Planned]) -> list[dict[str, Any]]:
    """Return the plan as plain values, to print and to keep."""
    return [asdict(fault) for fault in planned]
