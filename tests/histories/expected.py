"""Which mails must come of a diary, by the words of docs/promises.md and of the list of mails; nothing of the shop."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from tests.histories.diary import Fact
from tests.histories.goods import AN_HOUR, Goods, Word
from tests.histories.silence import Told, answer_until

# What slips within a minute is one mail; there is one in an hour; whoever finds it looks once a minute.
SETTLE, PER_ORDER, SWEEP = timedelta(minutes=1), AN_HOUR, timedelta(minutes=1)
# From the word on it until it is in the box: one sweep, and the relay's turns.
AT_ONCE = 2 * SWEEP
BEFORE_PAYMENT = {"payment_failed", "transfer"}


@dataclass(frozen=True, slots=True)
class Due:
    """One mail that must come, once: not before ``since``, and by ``by``. ``choice``: whether wait or cancel is in it.

    Of a delay also ``by_us``: whether our own figures found it, and ``tells_at``: from when on it could be told, as
    what slips at once is one mail, and there is one in an hour.
    """

    kind: str
    to: str
    language: str
    since: datetime
    by: datetime
    choice: bool | None = None
    by_us: bool = False
    tells_at: datetime | None = None


@dataclass
class Letters:
    """Goes through the diary of one order and finds out what its customer must be told."""

    number: str
    due: list[Due] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    goods: dict[str, Goods] = field(default_factory=dict)
    to: str = ""
    language: str = ""
    market: tuple[int, int] | None = None
    paid_at: datetime | None = None
    placed_at: datetime | None = None
    state: str = "placed"
    owed_since: datetime | None = None
    owed_by_us: bool = False
    told_at: datetime | None = None
    told: list[Told] = field(default_factory=list)
    # Which goods are to be asked for at whoever has them, and until when.
    to_ask_for: dict[str, datetime] = field(default_factory=dict)

    def walk(self, facts: list[Fact], until: datetime) -> None:
        """Live through all of it, hour by hour and fact by fact."""
        facts = sorted(facts, key=lambda fact: fact.at)
        now = facts[0].at.replace(minute=0)
        while now <= until:
            self._pass_until(now)
            while facts and facts[0].at < now + AN_HOUR:
                at = facts[0].at
                self._pass_until(at)
                while facts and facts[0].at == at:
                    fact = facts.pop(0)
                    getattr(self, f"_{fact.what}")(fact)
                self._reckon(at)
            now += AN_HOUR
            self._reckon(now)
        for slug, at in self.to_ask_for.items():
            self.wrong.append(f"{self.number}: nobody was asked to let {slug} go, by {at}")

    def _owe(self, kind: str, at: datetime, *, within: timedelta = AT_ONCE, to: str = "", **more: Any) -> None:
        self.due.append(Due(kind, to or self.to, self.language, at, at + within, **more))

    # --- the order and its money

    def _sold(self, fact: Fact) -> None:
        self.to, self.language, self.market = fact["email"], fact["language"], fact["market"]
        self.placed_at = fact.at
        for slug, (units, transit) in fact["parts"].items():
            self.goods[slug] = Goods(
                slug,
                units,
                transit,
                fact.at,
                cancels=fact["cancels"].get(slug, "yes"),
                has_other=slug in fact["others"],
            )
        if fact["transfer"]:
            self._owe("transfer", fact.at)

    def _declined(self, fact: Fact) -> None:
        # However often: one mail.
        if not any(due.kind == "payment_failed" for due in self.due):
            self._owe("payment_failed", fact.at)

    def _ran_out(self, fact: Fact) -> None:
        self.state = "expired"

    def _sold_out(self, fact: Fact) -> None:
        self.state = "sold out"

    def _paid(self, fact: Fact) -> None:
        if self.state == "sold out":
            self.state = "cancelled"
            self._owe("refund", fact.at)
            return
        self.state, self.paid_at = "paid", fact.at
        if fact.at - self.placed_at >= AN_HOUR:
            for goods in self.goods.values():
                goods.promise_anew(fact.at)
        self._owe("confirmed", fact.at)

    def _promised(self, fact: Fact) -> None:
        mine = self.goods[fact.goods].promised
        if (mine.earliest, mine.latest, mine.ship_by) != fact["days"]:
            self.wrong.append(f"{self.number}: {fact.goods} promised as {fact['days']}, by the rule it is {mine}")

    def _address(self, fact: Fact) -> None:
        before, self.to = self.to, fact["email"]
        self._owe("address_left", fact.at, to=before)
        # The new one has all of it.
        self._owe("confirmed", fact.at)

    # --- what suppliers and carriers say

    def _rejected(self, fact: Fact) -> None:
        goods, units = self.goods[fact.goods], fact["units"]
        units = min(units, goods.live)
        if goods.asked_back:
            # Nobody wants these any more, so nobody else is asked; they are told with the answer to the wish.
            goods.cancelled += units
            goods.asked_back = max(0, goods.asked_back - units)
            goods.is_partly_back = bool(goods.asked_back)
            if not goods.asked_back:
                self._owe("cancelled", fact.at)
            self._end_if_empty()
        elif fact["other"] and goods.goes_elsewhere(fact.at):
            self._note(goods, goods.latest_before, at=fact.at, by_us=False)
        elif units:
            goods.cancelled += units
            self._owe("cancelled", fact.at)
            self._end_if_empty()

    def _word(self, fact: Fact) -> None:
        goods = self.goods[fact.goods]
        word = Word(fact.at, fact["speaker"], fact["earliest"], fact["latest"], fact["parcel"])
        self._note(goods, goods.hear(word), at=fact.at, by_us=False)
        if goods.must_be_asked_for(fact.at + SWEEP):
            self.to_ask_for[goods.slug] = fact.at + SWEEP

    def _let_go(self, fact: Fact) -> None:
        goods = self.goods[fact.goods]
        asked_by = self.to_ask_for.pop(goods.slug, None)
        if asked_by is None or fact.at > asked_by:
            self.wrong.append(f"{self.number}: {goods.slug} asked back at {fact.at}, by the rule until {asked_by}")
        if fact["units"]:
            self._move(goods, fact.at)

    def _move(self, goods: Goods, at: datetime) -> None:
        if goods.goes_elsewhere(at):
            self._note(goods, goods.latest_before, at=at, by_us=False)

    def _parcel(self, fact: Fact) -> None:
        goods = self.goods[fact.goods]
        new = goods.see(fact)
        for kind in ("sent", "renumbered", "tried", "collect", "back", "delivered"):
            if kind in new:
                self._owe(kind, fact.at)

    def _note(self, goods: Goods, before: Any, *, at: datetime, by_us: bool) -> None:
        after = goods.expected[1]
        if before is None or after == before or max(before, after) <= goods.promised.latest:
            return
        if self.owed_since is None:
            self.owed_since, self.owed_by_us = at, by_us

    def _reckon(self, now: datetime) -> None:
        """Let our own figures speak where nothing else can come true."""
        if self.state != "paid":
            return
        for goods in self.goods.values():
            word = goods.own_figures(now)
            if word is not None:
                self._note(goods, goods.hear(word), at=now, by_us=True)

    # --- telling

    def _pass_until(self, now: datetime) -> None:
        """Tell what is due before a moment, and let silence mean what it means."""
        while True:
            steps = [at for at in (self._tells_at(), self._silent_at()) if at is not None and at < now]
            if not steps:
                return
            if min(steps) == self._tells_at():
                self._tell(min(steps))
            else:
                self._keep_silence(min(steps))

    def _tells_at(self) -> datetime | None:
        if self.owed_since is None:
            return None
        settled = self.owed_since + SETTLE
        return max(settled, self.told_at + PER_ORDER) if self.told_at else settled

    def _silent_at(self) -> datetime | None:
        return self.told[-1].until if self.told and self.told[-1].is_asked else None

    def _tell(self, now: datetime) -> None:
        since, by_us = self.owed_since, self.owed_by_us
        self.owed_since = None
        moved = [goods for goods in self.goods.values() if goods.is_other_than_known] if self.state == "paid" else []
        if not moved:
            return
        later = [goods for goods in moved if goods.expected[1] > goods.known]
        can_choose = any(goods.stoppable for goods in later)
        # Late goods are looked at every hour; what somebody says is known at once.
        within = (now - since) + AT_ONCE + (AN_HOUR if by_us else timedelta())
        self._owe("later" if later else "sooner", since, within=within, choice=can_choose, by_us=by_us, tells_at=now)
        until = answer_until(self.market, later, self.told, now=now) if can_choose else None
        for old in self.told:
            old.is_asked = old.is_waiting = False
        if can_choose:
            definite = all(goods.speaker != "ours" for goods in later)
            self.told.append(Told([goods.slug for goods in later], until=until, is_definite=definite))
        self.told_at = now
        for goods in moved:
            goods.known = goods.expected[1]

    def _keep_silence(self, now: datetime) -> None:
        self._cancel_delayed(now, within=AT_ONCE + SWEEP)

    def _cancel_delayed(self, now: datetime, *, within: timedelta = AT_ONCE) -> None:
        last = self.told[-1]
        last.is_asked = last.is_waiting = False
        self._stop([slug for slug in last.slugs if self.goods[slug].stoppable], now, within=within)

    def _answered(self, fact: Fact) -> None:
        last = self.told[-1] if self.told else None
        if last is None or not (last.is_asked or last.is_waiting):
            # Asked about something that is over.
            return
        if fact["answer"] == "wait":
            last.is_asked, last.is_waiting = False, True
        elif any(self.goods[slug].stoppable for slug in last.slugs):
            self._cancel_delayed(fact.at)

    # --- cancelling

    def _wish(self, fact: Fact) -> None:
        if self.state == "paid":
            self._stop([slug for slug, goods in self.goods.items() if goods.stoppable], fact.at)

    def _stop(self, slugs: list[str], at: datetime, *, within: timedelta = AT_ONCE) -> None:
        here = [slug for slug in slugs if not self.goods[slug].is_placed]
        if here:
            # Nobody has it yet: it is stopped in one act.
            for slug in here:
                self.goods[slug].cancelled += self.goods[slug].stoppable
            self._owe("cancelled", at, within=within)
        asked = False
        for goods in (self.goods[slug] for slug in slugs if slug not in here):
            units = goods.stoppable
            if goods.cancels == "yes":
                goods.cancelled += units
                self._owe("cancelled", at, within=within)
            elif goods.cancels == "no":
                self._owe("not_stopped", at, within=within)
            else:
                goods.asked_back += units
                asked = True
        if asked:
            self._owe("asked", at, within=within)
        self._end_if_empty()

    def _decided(self, fact: Fact) -> None:
        goods = self.goods[fact.goods]
        units, goods.asked_back = goods.asked_back, 0
        if not units:
            if fact["stopped"] and fact["units"] and goods.has_other:
                # Nobody but we wanted it back.
                self._move(goods, fact.at)
            # Else answered before.
            return
        if fact["stopped"]:
            goods.cancelled += units
        refused = "partly" if goods.is_partly_back else "not_stopped"
        self._owe("cancelled" if fact["stopped"] else refused, fact.at)
        self._end_if_empty()

    def _placed(self, fact: Fact) -> None:
        self.goods[fact.goods].is_placed = True

    def _end_if_empty(self) -> None:
        if not any(goods.live for goods in self.goods.values()):
            self.state = "cancelled"


def expected_of(number: str, facts: list[Fact], until: datetime) -> Letters:
    """Return what must come of an order's facts."""
    letters = Letters(number)
    letters.walk(facts, until)
    return letters
