"""A question that a person answers at once, without script, picture or anybody else's service.

It is no wall against whoever reads the page with care; it makes blind tries at a thousand cards expensive, and every
answer opens one pay page only. See docs/adr/0016.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence

from django.utils.translation import gettext as _

Question = tuple[str, list[str]]


def new_question() -> Question:
    """Return a question in the visitor's language and the answers that are right, in lower case."""
    return secrets.choice([_sum, _position, _odd_one_out])()


def is_right(typed: str, answers: Sequence[str]) -> bool:
    """True for a right answer, however it is written: case, spaces and a full stop do not count."""
    return typed.strip().strip(".!").strip().casefold() in answers


def _numbers() -> list[str]:
    return [
        _("zero"), _("one"), _("two"), _("three"), _("four"), _("five"), _("six"), _("seven"), _("eight"), _("nine"),
        _("ten"), _("eleven"), _("twelve"), _("thirteen"), _("fourteen"), _("fifteen"), _("sixteen"), _("seventeen"),
        _("eighteen"),
    ]  # fmt: skip


def _words() -> list[str]:
    return [
        _("lamp"), _("kettle"), _("towel"), _("basket"), _("mirror"), _("cushion"), _("candle"), _("blanket"),
        _("bottle"), _("umbrella"), _("scissors"), _("doormat"),
    ]  # fmt: skip


def _sum() -> Question:
    numbers, first, second = _numbers(), secrets.randbelow(8) + 2, secrets.randbelow(8) + 2
    text = _("How much is %(first)s plus %(second)s?") % {"first": numbers[first], "second": numbers[second]}
    return text, [str(first + second), numbers[first + second].casefold()]


def _some_words(count: int) -> list[str]:
    words = _words()
    return [words.pop(secrets.randbelow(len(words))) for _number in range(count)]


def _position() -> Question:
    places, words = [_("first"), _("second"), _("third"), _("fourth")], _some_words(4)
    place = secrets.randbelow(4)
    text = _("Which is the %(place)s of these words: %(words)s?") % {"place": places[place], "words": ", ".join(words)}
    return text, [words[place].casefold()]


def _odd_one_out() -> Question:
    words, number = _some_words(3), secrets.choice(_numbers()[2:])
    shown = [*words]
    shown.insert(secrets.randbelow(4), number)
    text = _("Which of these is a number: %(words)s?") % {"words": ", ".join(shown)}
    return text, [number.casefold(), str(_numbers().index(number))]
