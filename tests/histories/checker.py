"""Hold the mails that came against those that had to come, and name each difference; imports nothing of the shop."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from tests.histories.diary import Fact, Received
from tests.histories.expected import BEFORE_PAYMENT, Due, Letters, expected_of

NUMBER = re.compile(r"\b(?!R[TP]-)[A-Z]{2}-\d{7}\b")
# How a subject begins says what it is about, and in which language.
SUBJECTS = {
    "confirmed": ("Order confirmed", "Bestellung bestätigt"),
    "payment_failed": ("Payment did not go through", "Zahlung hat nicht geklappt"),
    "transfer": ("Please transfer", "Bitte überweisen Sie"),
    "sent": ("Sent:", "Versandt:"),
    "renumbered": ("New tracking number", "Neue Sendungsnummer"),
    "tried": ("Delivery tried:", "Zustellversuch:"),
    "collect": ("Ready to collect:", "Abholbereit:"),
    "back": ("On its way back:", "Auf dem Rückweg:"),
    "delivered": ("Delivered:", "Zugestellt:"),
    "later": ("Later than promised", "Später als zugesagt"),
    "sooner": ("Sooner again", "Doch wieder früher"),
    "cancelled": ("Cancelled:", "Storniert:"),
    "partly": ("Partly cancelled", "Teilweise storniert"),
    "asked": ("Cancellation asked for", "Stornierung angefragt"),
    "not_stopped": ("Could not be stopped", "Nicht mehr zu stoppen"),
    "refund": ("Refund of", "Erstattung von"),
    "address_left": ("We write to another address", "Wir schreiben jetzt an eine andere"),
}
LANGUAGES = ("en", "de")


@dataclass
class Verdict:
    """What was wrong, by kind of fault; all empty: exactly the mails that had to come came."""

    missing: list[str] = field(default_factory=list)
    extra: list[str] = field(default_factory=list)
    stranger: list[str] = field(default_factory=list)
    before_payment: list[str] = field(default_factory=list)
    early: list[str] = field(default_factory=list)
    late: list[str] = field(default_factory=list)
    language: list[str] = field(default_factory=list)
    choice: list[str] = field(default_factory=list)
    copies: list[str] = field(default_factory=list)
    promise: list[str] = field(default_factory=list)
    due: Counter[str] = field(default_factory=Counter)
    came: Counter[str] = field(default_factory=Counter)
    # Seconds from the moment on which a delay could be told to its mail: one that was told us, one reckoned by us.
    waited: dict[str, list[float]] = field(default_factory=lambda: {"told": [], "reckoned": []})

    @property
    def broken(self) -> list[str]:
        """All of it, named."""
        names = [name for name, value in vars(self).items() if isinstance(value, list)]
        return [f"{name}: {one}" for name in names for one in getattr(self, name)]

    def table(self) -> list[tuple[str, int, int]]:
        """Return per kind how many mails had to come, and how many came."""
        return [(kind, self.due[kind], self.came[kind]) for kind in [*SUBJECTS, "unknown"]]


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail that came, as its reader understands it."""

    kind: str
    language: str
    copy: Received


def read(copy: Received) -> Mail:
    """Find out from its subject what a mail is about, as whoever gets it would."""
    for kind, beginnings in SUBJECTS.items():
        for language, begins in zip(LANGUAGES, beginnings, strict=True):
            if copy.subject.startswith(begins):
                return Mail(kind, language, copy)
    return Mail("unknown", "", copy)


def check(diary: Mapping[str, list[Fact]], received: Sequence[Received], until: datetime) -> Verdict:
    """Compare every mail that came by ``until`` with what had to come of a diary."""
    verdict = Verdict()
    came: dict[str, list[Mail]] = defaultdict(list)
    for copy in received:
        found = NUMBER.search(copy.subject)
        came[found.group(0) if found else ""].append(read(copy))
    for names, count in Counter(copy.message_id for copy in received).items():
        if count > 1:
            verdict.copies.append(f"{names} came {count} times")
    for number in came.keys() - diary.keys():
        verdict.extra += [f"“{mail.copy.subject}” to {mail.copy.to} is about no order" for mail in came[number]]
    for number, facts in diary.items():
        letters = expected_of(number, facts, until)
        verdict.promise += letters.wrong
        _check_order(letters, came[number], verdict)
    return verdict


def _check_order(letters: Letters, came: list[Mail], verdict: Verdict) -> None:
    left = sorted(came, key=lambda mail: mail.copy.at)
    verdict.due.update(due.kind for due in letters.due)
    verdict.came.update(mail.kind for mail in left)
    for mail in left:
        is_unpaid = letters.paid_at is None or mail.copy.at < letters.paid_at
        if is_unpaid and mail.kind not in BEFORE_PAYMENT | {"refund"}:
            verdict.before_payment.append(_named(letters.number, mail))
    for due in sorted(letters.due, key=lambda due: due.by):
        mail = _match(due, left)
        if mail is None:
            verdict.missing.append(f"{letters.number}: “{due.kind}” to {due.to} by {due.by:%d %b %H:%M}")
            continue
        left.remove(mail)
        _compare(letters.number, due, mail, verdict)
    verdict.extra += [_named(letters.number, mail) for mail in left]


def _match(due: Due, left: list[Mail]) -> Mail | None:
    """Return the mail that is most likely the one that was due: of its kind, to its reader, at its time."""
    same = [mail for mail in left if mail.kind == due.kind]
    in_time = [mail for mail in same if due.since <= mail.copy.at <= due.by]
    choices = [mail for mail in in_time if mail.copy.to == due.to], [mail for mail in same if mail.copy.to == due.to]
    for found in (*choices, in_time, same):
        if found:
            return found[0]
    return None


def _compare(number: str, due: Due, mail: Mail, verdict: Verdict) -> None:
    name = _named(number, mail)
    if due.kind in {"later", "sooner"}:
        verdict.waited["reckoned" if due.by_us else "told"].append((mail.copy.at - due.tells_at).total_seconds())
    if mail.copy.to != due.to:
        verdict.stranger.append(f"{name}, not to {due.to}")
    if mail.copy.at < due.since:
        verdict.early.append(f"{name}, not before {due.since:%d %b %H:%M}")
    if mail.copy.at > due.by:
        verdict.late.append(f"{name}, by {due.by:%d %b %H:%M}")
    if not due.language.startswith(mail.language):
        verdict.language.append(f"{name}, not in {due.language}")
    if due.choice is not None and due.choice != ("/orders/delay/" in mail.copy.text):
        verdict.choice.append(f"{name}: wait or cancel must {'' if due.choice else 'not '}be in it")


def _named(number: str, mail: Mail) -> str:
    return f"{number}: “{mail.copy.subject}” to {mail.copy.to} at {mail.copy.at:%d %b %H:%M}"


def story(number: str, facts: Sequence[Fact], received: Sequence[Received]) -> list[str]:
    """Return what happened of an order and which mails came, one line each, in order."""
    lines = [(fact.at, f"{fact.what} {fact.goods} {fact.told}") for fact in facts]
    lines += [(mail.at, f"→ {mail.to}: {mail.subject}") for mail in received if number in mail.subject]
    return [f"{at:%d %b %H:%M:%S} {line}" for at, line in sorted(lines, key=lambda one: one[0])]
