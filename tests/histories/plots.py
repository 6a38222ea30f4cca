"""What happens to goods after they are sold: one function per way in which things go, well or badly.

Each plans deeds of suppliers and carriers in days counted from those promised. None knows what mails come of it.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from functools import partial
from random import Random
from typing import Any

from tests.histories.days import DAY, Window, working
from tests.histories.warehouse import Manners
from tests.histories.world import Sold, World


class Line:
    """One supplier's goods of one order, to which deeds are planned."""

    def __init__(self, world: World, sold: Sold, slug: str, units: int, rng: Random) -> None:
        self.world, self.sold, self.slug, self.units, self.rng = world, sold, slug, units, rng

    @property
    def way(self) -> Window:
        return self.sold.way[self.slug]

    def plan(self, day: date, hour: int, deed: str, *, minute: int = -1, **told: Any) -> None:
        """Let the world do something for these goods at an hour of a day, or soon if that is over."""
        minute = self.rng.choice([0, 15, 30, 45]) if minute < 0 else minute
        at = max(datetime.combine(day, time(hour, minute), self.world.now.tzinfo), self.after(0))
        self.world.plan(at, partial(getattr(self.world, deed), self.sold, self.slug, **told))

    def after(self, hours: float) -> datetime:
        """Return the time so long after the supplier had the order, on a quarter of an hour."""
        at = self.world.now + timedelta(minutes=45) + timedelta(hours=hours)
        return at.replace(minute=at.minute // 15 * 15, second=0)

    def plan_after(self, hours: float, deed: str, **told: Any) -> None:
        """Let the world do something so many hours after the supplier had the order."""
        self.world.plan(self.after(hours), partial(getattr(self.world, deed), self.sold, self.slug, **told))

    def goes(self, leaves: date, arrives: date, *, hour: int = 16, **told: Any) -> None:
        """Let it leave, be scanned on its way, and arrive."""
        self.plan(leaves, hour, "leave", **told)
        self.plan(leaves, 19, "parcel", state="in_transit")
        if arrives > leaves + DAY:
            self.plan(leaves + DAY, 7, "parcel", state="in_transit")
        self.plan(arrives, 8, "parcel", state="out_for_delivery")
        self.plan(arrives, 11, "parcel", state="delivered")


def on_time(line: Line) -> None:
    line.goes(line.way.ship_by, line.way.latest - DAY * (line.way.slow > 2))


def told_late(line: Line) -> None:
    new = working(line.way.latest, line.rng.randint(2, 5))
    line.plan_after(line.rng.choice([1, 3]), "say", latest=new)
    line.goes(new - DAY * line.way.slow, new)


def told_late_twice(line: Line) -> None:
    """The same slip: as two copies, and one of them by a webhook that is repeated."""
    new = working(line.way.latest, 3)
    line.plan_after(1, "say", latest=new, times=3)
    line.plan_after(4, "say", latest=new)
    line.goes(new - DAY * line.way.slow, new)


def told_late_and_another_has_it(line: Line) -> None:
    """The first is late and may let it go; whoever has it in the end sends it in time, if it is still there."""
    line.plan_after(line.rng.choice([0, 0.25, 2]), "say", latest=working(line.way.latest, 4))
    line.goes(line.way.ship_by, line.way.latest, hour=17)


def slips_within_the_minute(line: Line) -> None:
    new = working(line.way.latest, 4)
    line.plan_after(1, "say", latest=working(line.way.latest, 2))
    line.plan_after(1, "say", latest=new)
    line.goes(new - DAY * line.way.slow, new)


def slips_within_the_hour(line: Line) -> None:
    new = working(line.way.latest, 6)
    line.plan_after(1, "say", latest=working(line.way.latest, 2))
    line.plan_after(1.25, "say", latest=working(line.way.latest, 4))
    line.plan_after(1.5, "say", latest=new)
    line.goes(new - DAY * line.way.slow, new)


def slips_again(line: Line) -> None:
    new = working(line.way.latest, 6)
    line.plan_after(1, "say", latest=working(line.way.latest, 3))
    line.plan_after(22, "say", latest=new, reason="production")
    line.goes(new - DAY * line.way.slow, new)


def better_news(line: Line) -> None:
    line.plan_after(1, "say", latest=working(line.way.latest, 4))
    line.plan_after(5, "say", latest=line.way.latest, reason="")
    line.goes(line.way.ship_by, line.way.latest)


def better_at_once(line: Line) -> None:
    """Told as late, and taken back before anybody was written to."""
    line.plan_after(1, "say", latest=working(line.way.latest, 4))
    line.plan_after(1, "say", latest=line.way.latest, reason="")
    line.goes(line.way.ship_by, line.way.latest)


def earlier_within_the_promise(line: Line) -> None:
    line.plan_after(1, "say", latest=line.way.latest - DAY, reason="")
    line.goes(line.way.ship_by, line.way.latest - DAY)


def confirmed_late(line: Line) -> None:
    line.world.houses.manners[line.sold.number, line.slug].first = "pending"
    line.plan_after(26, "accept")
    line.plan_after(27, "leave")
    line.plan(max(line.way.latest, line.after(27).date()), 20, "parcel", state="delivered")


def left_late(line: Line) -> None:
    """Nobody says a word, and it leaves days later."""
    leaves = line.way.ship_by + DAY * line.rng.randint(3, 7)
    line.goes(leaves, working(leaves, 2))


def left_a_day_late(line: Line) -> None:
    line.goes(line.way.ship_by + DAY, line.way.latest)


def never_scanned(line: Line) -> None:
    line.plan(line.way.ship_by, 16, "leave")
    line.plan(line.way.latest + DAY * 5, 12, "parcel", state="delivered", scan=False)


def never_heard_of_again(line: Line) -> None:
    line.plan(line.way.ship_by - DAY, 12, "leave")
    line.plan(line.way.ship_by - DAY, 13, "parcel", state="in_transit")


def found_again(line: Line) -> None:
    """Silent for so long that nobody tells a day; then it moves again, and comes."""
    line.plan(line.way.ship_by, 12, "leave")
    line.plan(line.way.ship_by, 13, "parcel", state="in_transit")
    line.plan(line.way.latest + DAY * 8, 8, "parcel", state="in_transit")
    line.plan(line.way.latest + DAY * 9, 11, "parcel", state="delivered")


def carrier_does_not_know_it(line: Line) -> None:
    line.plan(line.way.ship_by, 16, "leave")
    line.plan(line.way.ship_by + DAY, 9, "parcel", state="unknown", scan=False)
    line.plan(line.way.latest + DAY * 4, 11, "parcel", state="delivered")


def carrier_is_later(line: Line) -> None:
    new = working(line.way.latest, 3)
    line.plan(line.way.ship_by, 16, "leave")
    line.plan(line.way.ship_by + DAY, 9, "parcel", state="in_transit", latest=new, times=2)
    line.plan(new, 11, "parcel", state="delivered")


def carrier_is_later_and_better_again(line: Line) -> None:
    line.plan(line.way.ship_by, 12, "leave")
    line.plan(line.way.ship_by, 15, "parcel", state="in_transit", latest=working(line.way.latest, 4))
    line.plan(line.way.ship_by, 18, "parcel", state="in_transit", latest=line.way.latest)
    line.plan(line.way.latest, 11, "parcel", state="delivered")


def carrier_and_supplier_differ(line: Line) -> None:
    """Of a parcel that has left, the supplier's later day counts for nothing beside the carrier's."""
    line.plan(line.way.ship_by, 12, "leave", latest=line.way.latest, speaker="carrier")
    line.plan(
        line.way.ship_by, 15, "parcel", state="in_transit", latest=working(line.way.latest, 5), speaker="supplier"
    )
    line.plan(line.way.latest, 11, "parcel", state="delivered")


def moves_and_misses_its_day(line: Line) -> None:
    arrives = line.way.latest + DAY * 4
    line.plan(line.way.ship_by, 16, "leave")
    for day in range(1, (arrives - line.way.ship_by).days):
        line.plan(line.way.ship_by + DAY * day, 9, "parcel", state="in_transit")
    line.plan(arrives, 11, "parcel", state="delivered")


def number_changes(line: Line) -> None:
    line.plan(line.way.ship_by, 14, "leave")
    line.plan(
        line.way.ship_by, 18, "parcel", state="in_transit", number=f"NEW{line.rng.randint(10**6, 10**7)}", times=2
    )
    line.plan(line.way.latest, 11, "parcel", state="delivered")


def number_changes_on_the_label(line: Line) -> None:
    line.plan_after(1, "leave", state="label_created", number=f"OLD{line.rng.randint(10**6, 10**7)}")
    line.plan(line.way.ship_by, 18, "parcel", state="in_transit", number=f"NEW{line.rng.randint(10**6, 10**7)}")
    line.plan(line.way.latest, 11, "parcel", state="delivered")


def backordered(line: Line) -> None:
    new = working(line.way.latest, 5)
    line.world.houses.manners[line.sold.number, line.slug].first = "backordered"
    line.plan_after(0, "say", latest=new, reason="out_of_stock")
    line.goes(new - DAY * line.way.slow, new)


def rejected_at_once(line: Line) -> None:
    line.world.houses.manners[line.sold.number, line.slug].first = "rejected"
    on_time(line)


def rejected_a_day_later(line: Line) -> None:
    line.plan_after(20, "reject")
    line.plan_after(23, "leave")
    line.plan(working(line.way.latest, 1), 20, "parcel", state="delivered")


def partly_rejected(line: Line) -> None:
    line.plan_after(1, "reject", units=1)
    on_time(line)


def two_parcels(line: Line) -> None:
    new = working(line.way.latest, 3)
    line.plan(line.way.ship_by, 12, "leave", units=1)
    line.plan(line.way.ship_by, 15, "leave", name="2")
    line.plan(line.way.ship_by + DAY, 9, "parcel", state="in_transit", name="2", latest=new)
    line.plan(line.way.latest, 11, "parcel", state="delivered")
    line.plan(new, 11, "parcel", state="delivered", name="2")


def tried_and_collected(line: Line) -> None:
    line.plan(line.way.ship_by, 16, "leave")
    line.plan(line.way.latest - DAY, 9, "parcel", state="out_for_delivery")
    line.plan(line.way.latest - DAY, 14, "parcel", state="attempt_failed", times=2)
    line.plan(line.way.latest, 9, "parcel", state="available_for_pickup")
    line.plan(line.way.latest, 17, "parcel", state="delivered", times=2)


def came_back(line: Line) -> None:
    line.plan(line.way.ship_by, 16, "leave")
    line.plan(line.way.latest, 9, "parcel", state="attempt_failed")
    line.plan(line.way.latest, 15, "parcel", state="returning")
    line.plan(line.way.latest + DAY * 4, 10, "parcel", state="returned")


def old_news(line: Line) -> None:
    """A copy that is older than what is known, and one that makes no sense: each names a late day."""
    line.plan_after(1, "say", latest=line.way.latest - DAY, reason="")
    line.plan_after(2, "say_older", latest=working(line.way.latest, 9))
    line.plan_after(3, "say_nonsense", latest=working(line.way.latest, 9))
    line.goes(line.way.ship_by, line.way.latest)


Plot = Callable[[Line], None]
PLOTS: list[Plot] = [
    told_late,
    told_late_twice,
    told_late_and_another_has_it,
    slips_within_the_minute,
    slips_within_the_hour,
    slips_again,
    better_news,
    better_at_once,
    earlier_within_the_promise,
    confirmed_late,
    left_late,
    left_a_day_late,
    never_scanned,
    never_heard_of_again,
    found_again,
    carrier_does_not_know_it,
    carrier_is_later,
    carrier_is_later_and_better_again,
    carrier_and_supplier_differ,
    moves_and_misses_its_day,
    number_changes,
    number_changes_on_the_label,
    backordered,
    rejected_at_once,
    rejected_a_day_later,
    partly_rejected,
    two_parcels,
    tried_and_collected,
    came_back,
    old_news,
    on_time,
]
# What another supplier has as well, in some of them.
MAY_HAVE_OTHER = {rejected_at_once, rejected_a_day_later, told_late_and_another_has_it}
MANNERS = ["yes", "later_yes", "later_no", "no"]


def manners(rng: Random) -> Manners:
    """Draw how a supplier answers whoever wants goods back."""
    return Manners(cancels=rng.choice(MANNERS))
