"""What the refusal of a mail means: is the address gone, is it full, or is it about us or what we wrote?

A mail server answers in numbers (RFC 5321) and, mostly, in finer ones behind them (RFC 3463); providers answer in
words that Anymail has made alike. What is not known for certain to be about the address never marks it.
"""

from __future__ import annotations

import re
from enum import Enum
from smtplib import SMTPDataError, SMTPRecipientsRefused

from anymail.exceptions import AnymailRecipientsRefused

# X.1.1 bad mailbox, X.1.2 bad system, X.1.3 bad syntax, X.1.6 moved away, X.1.10 takes no mail at all (RFC 7505),
# X.2.1 closed.
GONE = re.compile(r"\b5\.(?:1\.(?:1|2|3|6|10)|2\.1)\b")
FULL = re.compile(r"\b[45]\.2\.2\b")
FINER = re.compile(r"\b[245]\.\d{1,3}\.\d{1,3}\b")
# Without finer numbers 550 says both "no such user" and "I do not like you".
ABOUT_US = re.compile(r"relay|spam|polic|block|blacklist|listed|reputation|auth|denied|spf|dkim|dmarc", re.IGNORECASE)
GONE_CODES, FULL_CODES = {521, 550, 551, 553, 556}, {452, 552}


class Verdict(Enum):
    """What to do about an address, or about the message."""

    # Tried again as it is.
    LATER = "later"
    # The address takes nothing for now; counted.
    FULL = "full"
    # The address takes nothing, for good.
    GONE = "gone"
    # The message itself is refused, for good: trying again would hear the same.
    REFUSED = "refused"


def verdict_of(error: Exception) -> Verdict:
    """Say what an exception of a mail transport means for the one recipient of a message."""
    if isinstance(error, AnymailRecipientsRefused):
        return Verdict.GONE
    if isinstance(error, SMTPRecipientsRefused):
        code, text = next(iter(error.recipients.values()))
        return _of_answer(code, _words(text))
    if isinstance(error, SMTPDataError):
        said = _of_answer(error.smtp_code, _words(error.smtp_error))
        # Said after the whole message, it may be about what stands in it.
        if said is Verdict.GONE and not GONE.search(_words(error.smtp_error)):
            return Verdict.REFUSED
        return Verdict.REFUSED if said is Verdict.LATER and error.smtp_code >= 500 else said
    return Verdict.LATER


def _of_answer(code: int, text: str) -> Verdict:
    if FULL.search(text) or (code in FULL_CODES and not FINER.search(text)):
        return Verdict.FULL
    if code < 500:
        return Verdict.LATER
    if GONE.search(text):
        return Verdict.GONE
    is_plain = not FINER.search(text) and not ABOUT_US.search(text)
    return Verdict.GONE if is_plain and code in GONE_CODES else Verdict.LATER


def _words(text: bytes | str) -> str:
    return text.decode("utf-8", "replace") if isinstance(text, bytes) else str(text)


def is_soft(reject_reason: str, own_words: str, mta_response: str) -> bool:
    """True for a bounce that may be over tomorrow, by what a provider says of it.

    ``reject_reason`` is Anymail's word, ``own_words`` what the provider calls the kind of bounce (Anymail does not
    tell soft from hard for every one), ``mta_response`` the mail server's answer, if it is handed on.
    """
    if reject_reason in {"blocked", "timed_out", "other"}:
        # A full mailbox, a policy, a server that is away: nothing of it says that the address is wrong.
        return not GONE.search(mta_response)
    if re.search(r"soft|transient|temporar", own_words, re.IGNORECASE):
        return True
    return bool(FULL.search(mta_response)) or bool(re.match(r"\s*4\d\d\b", mta_response))
