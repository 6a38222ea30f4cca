"""Formats of tracking numbers, with their check digits: which carrier gave one out, where that is certain.

Many carriers count in bare digits, twelve or fourteen of them, which say nothing; such a number is nobody's. What is
recognised has a mark of its own, and a check digit wherever its format has one.
"""

from __future__ import annotations

import re

from suppliers.carriers.directory import BY_CODE, CARRIERS, Carrier

# Universal Postal Union, standard S10: two letters, eight digits, one check digit, the country of the post.
S10 = re.compile(r"[A-Z]{2}[0-9]{9}[A-Z]{2}")
S10_WEIGHTS = (8, 6, 4, 2, 3, 5, 9, 7)
UPS = re.compile(r"1Z[0-9A-Z]{15}[0-9]")
USPS = re.compile(r"9[1-5][0-9]{20}")
# No check digits that are published, but beginnings nobody else uses at such a length.
MARKED = (
    (re.compile(r"JJD[0-9]{15,20}"), "dhl_paket"),
    (re.compile(r"JVGL[0-9]{16,20}"), "dhl_ecommerce"),
    (re.compile(r"3S[A-Z]{4}[0-9A-Z]{7,9}"), "postnl"),
    (re.compile(r"3232[0-9]{20}"), "bpost"),
)
POSTS = {country: carrier for carrier in CARRIERS for country in carrier.posts}


def tidy(number: str) -> str:
    """Return a number as it is compared: without spaces, dashes and dots, in capitals."""
    return re.sub(r"[\s.-]", "", number).upper()


def s10_check_digit(serial: str) -> int:
    """Return the check digit behind the eight digits of an S10 number."""
    rest = 11 - sum(weight * int(digit) for weight, digit in zip(S10_WEIGHTS, serial, strict=True)) % 11
    return {10: 0, 11: 5}.get(rest, rest)


def is_s10(number: str) -> bool:
    """True for a postal number whose check digit fits, of whatever country."""
    return bool(S10.fullmatch(number)) and s10_check_digit(number[2:10]) == int(number[10])


def is_ups(number: str) -> bool:
    """True for a number of UPS (1Z and sixteen characters) whose check digit fits."""
    if not UPS.fullmatch(number):
        return False
    values = [int(one) if one.isdigit() else (ord(one) - 63) % 10 for one in number[2:-1]]
    total = sum(values[0::2]) + 2 * sum(values[1::2])
    return -total % 10 == int(number[-1])


def is_usps(number: str) -> bool:
    """True for a domestic number of USPS (22 digits, from 91 to 95) whose check digit fits."""
    if not USPS.fullmatch(number):
        return False
    backwards = [int(digit) for digit in reversed(number[:-1])]
    return -(3 * sum(backwards[0::2]) + sum(backwards[1::2])) % 10 == int(number[-1])


def carrier_of_number(number: str) -> Carrier | None:
    """Return the carrier that surely gave out a number; None for all that could be several's."""
    bare = tidy(number)
    if is_s10(bare):
        return POSTS.get(bare[-2:])
    if is_ups(bare):
        return BY_CODE["ups"]
    if is_usps(bare):
        return BY_CODE["usps"]
    return next((BY_CODE[code] for pattern, code in MARKED if pattern.fullmatch(bare)), None)
