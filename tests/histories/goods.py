"""What is known of one supplier's goods of an order, merged by the rule of docs/promises.md; nothing of the shop."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from tests.histories.days import DAY, Window, begins, window, working
from tests.histories.diary import Fact

AN_HOUR = timedelta(hours=1)
QUIET = timedelta(days=4)
CUSHION = 2
# How much later than promised another supplier may bring what one rejects.
LATER_BY = timedelta(days=5)
NOT_LEFT = {"pending", "label_created"}
MOVING = {"in_transit", "out_for_delivery"}
GONE = MOVING | {"available_for_pickup", "attempt_failed", "delivered"}
OVER = {"delivered", "returning", "returned", "cancelled"}


@dataclass(frozen=True, slots=True)
class Word:
    """Who said when something comes; ``parcel``: which one it was about, "" for all of the goods."""

    at: datetime
    speaker: str
    earliest: date
    latest: date
    parcel: str = ""


@dataclass
class Parcel:
    """One parcel, as far as anybody was told of it."""

    units: int
    state: str = "pending"
    number: str = ""
    heard: datetime | None = None
    is_scanned: bool = False
    was_sent: bool = False
    is_delivered: bool = False


@dataclass
class Goods:
    """The goods of one supplier in one order, which come to one promise."""

    slug: str
    units: int
    transit: tuple[int, int]
    ordered_at: datetime
    cancels: str = "yes"
    cancelled: int = 0
    asked_back: int = 0
    is_partly_back: bool = False
    is_placed: bool = False
    words: list[Word] = field(default_factory=list)
    parcels: dict[str, Parcel] = field(default_factory=dict)
    speaker: str = ""
    latest_before: date | None = None
    # Another supplier has it as well, and nobody was asked yet to let it go there.
    has_other: bool = False

    def __post_init__(self) -> None:
        self._promise(window(self.ordered_at, self.transit))

    def _promise(self, days: Window) -> None:
        self.promised = self.way = days
        self.expected = (days.earliest, days.latest)
        self.known = days.latest

    def promise_anew(self, now: datetime) -> None:
        """Promise later days where it was paid so late that the first ones cannot be kept."""
        later = window(now, self.transit)
        if later.latest > self.promised.latest:
            self._promise(later)

    # --- how many units are where

    @property
    def live(self) -> int:
        return self.units - self.cancelled

    @property
    def shipped(self) -> int:
        return sum(parcel.units for parcel in self.parcels.values() if parcel.state not in NOT_LEFT)

    @property
    def stoppable(self) -> int:
        return max(0, self.live - self.shipped - self.asked_back)

    @property
    def is_coming(self) -> bool:
        here = sum(parcel.units for parcel in self.parcels.values() if parcel.state in OVER or parcel.is_delivered)
        return here < self.live

    @property
    def is_other_than_known(self) -> bool:
        """True if the customer is to hear of other days: of worse ones, or of better ones after bad news."""
        latest = self.expected[1]
        return self.is_coming and (latest > self.known or latest < self.known > self.promised.latest)

    # --- words

    def hear(self, word: Word) -> date | None:
        """Take in a word; return the last day expected before, or None if it says nothing new."""
        same = [one for one in self.words if (one.parcel, one.speaker) == (word.parcel, word.speaker)]
        days = (word.earliest, word.latest)
        if ((same[-1].earliest, same[-1].latest) if same else self.expected) == days:
            return None
        self.words.append(word)
        before = self.expected[1]
        self.expected = self._merged(word.at.date())
        mine = [one for one in self.words if one.latest == self.expected[1]]
        self.speaker = mine[-1].speaker if mine else word.speaker
        return before

    def _merged(self, today: date) -> tuple[date, date]:
        whole = _weighed([word for word in self.words if not word.parcel], has_left=False, today=today)
        of_whole = (whole.earliest, whole.latest) if whole else (self.promised.earliest, self.promised.latest)
        coming, packed = [], 0
        for name, parcel in self.parcels.items():
            packed += parcel.units
            own = [word for word in self.words if word.parcel == name or (not word.parcel and word.speaker == "ours")]
            word = _weighed(own, has_left=parcel.state not in NOT_LEFT, today=today)
            if parcel.state not in OVER:
                coming.append((word.earliest, word.latest) if word else of_whole)
        if packed < self.live or not coming:
            coming.append(of_whole)
        return min(days[0] for days in coming), max(days[1] for days in coming)

    def see(self, fact: Fact) -> set[str]:
        """Take in a copy of a parcel; return what of it is worth a mail."""
        parcel = self.parcels.setdefault(fact["parcel"], Parcel(fact["units"]))
        new, before = set(), parcel.state
        if parcel.was_sent and fact["tracking"] != parcel.number:
            new.add("renumbered")
        parcel.state, parcel.number, parcel.heard = fact["state"], fact["tracking"], fact.at
        parcel.is_scanned |= fact["scanned"]
        if parcel.state in GONE and not parcel.was_sent:
            parcel.was_sent = True
            new.add("sent")
        told = {"attempt_failed": "tried", "available_for_pickup": "collect", "returning": "back"}
        if parcel.state in told and parcel.state != before:
            new.add(told[parcel.state])
        if parcel.state == "delivered" != before:
            parcel.is_delivered = True
            new.add("delivered")
        return new

    def must_be_asked_for(self, now: datetime) -> bool:
        """True if whoever has it is to let it go: it is late, nothing of it has left, and another has it in time."""
        is_here = self.is_placed and not self.parcels and not self.asked_back and self.live > 0
        is_late = self.expected[1] > self.promised.latest
        return self.has_other and is_here and is_late and window(now, self.transit).latest <= self.promised.latest

    def goes_elsewhere(self, now: datetime) -> bool:
        """Let the next supplier have all of it, which goes the same way; False if it would be too late for that."""
        way = window(now - timedelta(minutes=0), self.transit)
        if way.latest > self.promised.latest + LATER_BY:
            return False
        # Whoever has it now stops it when asked.
        self.way, self.words, self.is_placed, self.cancels = way, [], False, "yes"
        self.has_other = False
        self.expected = (self.promised.earliest, self.promised.latest)
        self.latest_before = self.hear(Word(now, "ours", way.earliest, way.latest))
        return True

    # --- our own figures

    def own_figures(self, now: datetime) -> Word | None:
        """Reckon ourselves where what is expected cannot come true any more; None where it can, or nobody knows."""
        if not self.is_coming:
            return None
        today, latest = now.date(), self.expected[1]
        has_passed = now >= begins(self.promised.latest + 2 * DAY)
        if self.live > self.shipped and (has_passed or now >= begins(self.way.ship_by + 2 * DAY)):
            fast = max(
                1, (self.way.latest - self.way.ship_by).days - (self.promised.latest - self.promised.earliest).days
            )
            first, last = today + fast * DAY, working(today + self.way.slow * DAY, CUSHION)
            can_come_true = first <= latest or last <= self.promised.latest
            return None if can_come_true else Word(now, "ours", first, last)
        on_the_way = [parcel for parcel in self.parcels.values() if parcel.state not in OVER]
        is_heard_of = all(one.state in MOVING and one.is_scanned and now - one.heard < QUIET for one in on_the_way)
        if has_passed and now >= begins(latest + 2 * DAY) and on_the_way and is_heard_of:
            return Word(now, "ours", working(today, 1), working(today, 1 + CUSHION))
        return None


def _weighed(words: list[Word], *, has_left: bool, today: date) -> Word | None:
    """Return the word that counts: the newest of each speaker, by rank, and one that is still to come before one that is over."""
    newest = {word.speaker: word for word in words}
    ranks = ("carrier", "supplier") if has_left else ("supplier", "carrier")
    theirs = [newest[speaker] for speaker in ranks if speaker in newest]
    counts = next((word for word in theirs if word.latest >= today), theirs[0] if theirs else None)
    ours = newest.get("ours")
    if ours is None or counts is None:
        return counts or ours
    return ours if ours.at > counts.at else counts
