"""Global trade item numbers: which are right, and which may be told to others."""

from __future__ import annotations

LENGTHS = (8, 12, 13, 14)
# GS1 keeps these first digits of the 13-digit form for numbers that count within one company only.
INTERNAL = ("02", "04", "2")


def is_gtin(text: str) -> bool:
    """True for a GTIN-8, -12, -13 or -14 whose check digit is right."""
    if len(text) not in LENGTHS or not (text.isascii() and text.isdigit()) or not text.strip("0"):
        return False
    digits = [int(digit) for digit in reversed(text)]
    # From the right: the check digit counts once, and then three times and once in turn.
    return sum(digit * (3 if place % 2 else 1) for place, digit in enumerate(digits)) % 10 == 0


def is_global(gtin: str) -> bool:
    """True for a right GTIN that means the same goods everywhere; a company's internal number does not."""
    if not is_gtin(gtin):
        return False
    return len(gtin) == 8 or not gtin.zfill(14)[1:].startswith(INTERNAL)
