"""Read one mail from its source. Whatever strangers send, reading it ends, and says what could not be read."""

from __future__ import annotations

import codecs
import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from email import message_from_bytes
from email.errors import HeaderParseError, MessageError
from email.header import decode_header
from email.message import Message
from email.parser import BytesHeaderParser
from email.policy import compat32
from email.utils import collapse_rfc2231_value, getaddresses
from uuid import NAMESPACE_URL, UUID, uuid5

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from notifications.inbound.plain import LONGEST, own_and_quoted, text_of_html, tidy
from support.uploads import tidy_name

# Above these a mail is not taken apart: its head is read, its source is kept.
MOST_PARTS, DEEPEST, LONGEST_HEAD = 100, 12, 256 * 1024
LONGEST_TEXT = 1_000_000
MOST_ADDRESSES = 50
PARTS = re.compile(rb"(?i)^content-type:\s*(?:multipart|message)/", re.MULTILINE)
IDS = re.compile(r"<[^<>\s]{3,240}>")
# These take a time that grows with the square of their length, or are no text.
SLOW = {"punycode", "idna", "undefined", "unicode_escape", "raw_unicode_escape"}
SIGNATURES = {"application/pgp-signature", "application/pkcs7-signature", "application/x-pkcs7-signature"}
# A picture in the text that is smaller than this is a logo below a signature.
SMALLEST_PICTURE = 8 * 1024
# How headers of ours may break; all else is a fault of this module.
BAD = (ValueError, LookupError, TypeError, AttributeError, HeaderParseError, MessageError, RecursionError)


@dataclass(frozen=True, slots=True)
class Enclosed:
    """One file of a mail, as it came."""

    name: str
    content_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Letter:
    """What we read in a mail. ``unread`` says in words for staff what could not be read of it; empty: all was."""

    message_id: str
    sender: str
    sender_name: str
    written_to: list[str]
    subject: str
    answers: list[str]
    heads: dict[str, str]
    text: str = ""
    quoted: str = ""
    is_cut: bool = False
    is_report: bool = False
    files: list[Enclosed] = field(default_factory=list)
    unread: str = ""

    @property
    def digest(self) -> str:
        """What tells this mail from every other: told twice, by whatever way, it is the same one.

        Its Message-ID alone would let a stranger take the place of somebody else's mail.
        """
        told = [self.message_id, self.sender, self.subject, self.text, self.quoted, [one.name for one in self.files]]
        return hashlib.sha256(json.dumps(told).encode()).hexdigest()

    @property
    def key(self) -> UUID:
        """The same as the key of what follows from it."""
        return uuid5(NAMESPACE_URL, f"mail:{self.digest}")


def read_letter(raw: bytes) -> Letter:
    """Read a mail from its source. Never raises: a mail that is none has no sender."""
    head = raw[:LONGEST_HEAD]
    if len(PARTS.findall(raw)) > MOST_PARTS:
        return _read_head(
            BytesHeaderParser(policy=compat32).parsebytes(head), "It has too many parts inside each other."
        )
    try:
        message = message_from_bytes(raw, policy=compat32)
        return _read_whole(message)
    except BAD as error:
        message = BytesHeaderParser(policy=compat32).parsebytes(head)
        return _read_head(message, f"Its parts cannot be read ({type(error).__name__}).")


def _read_head(message: Message, unread: str = "") -> Letter:
    senders = _addresses(message, "From") or _addresses(message, "Sender")
    name, sender = senders[0] if senders else ("", "")
    to = [
        one
        for header in ("To", "Cc", "Delivered-To", "X-Original-To", "Envelope-To")
        for one in _addresses(message, header)
    ]
    answers = IDS.findall(f"{_header(message, 'In-Reply-To')} {_header(message, 'References')}"[:20_000])
    return Letter(
        message_id=next(iter(IDS.findall(_header(message, "Message-ID")[:1000])), ""),
        sender=sender,
        sender_name=" ".join(name.split())[:100],
        written_to=list(dict.fromkeys(address for _name, address in to))[:MOST_ADDRESSES],
        subject=" ".join(_header(message, "Subject").split())[:200],
        # The newest first: they say most.
        answers=list(dict.fromkeys(reversed(answers)))[:MOST_ADDRESSES],
        heads={one.lower(): _header(message, one)[:200] for one in TELLING if message.get(one) is not None},
        unread=unread,
    )


# Headers by which machines say that they are some; see notifications.inbound.machines.
TELLING = (
    "Auto-Submitted", "Precedence", "X-Autoreply", "X-Autorespond", "X-Auto-Response-Suppress", "X-Failed-Recipients",
    "List-Id", "List-Post", "List-Unsubscribe", "X-Loop", "Return-Path", "Authentication-Results",
)  # fmt: skip


def _header(message: Message, name: str) -> str:
    """Return a header as text, whatever its bytes are; an empty one for a header that cannot be read at all."""
    try:
        parts = decode_header(_raw(message, name))
        words = (_decoded(part, charset) if isinstance(part, bytes) else part for part, charset in parts)
        return tidy("".join(words)).replace("\n", " ").strip()
    except BAD:
        return ""


def _raw(message: Message, name: str) -> str:
    """Return a header as it stands there, on one line; bytes that are no ASCII as UTF-8, which some programs write."""
    found = next((value for key, value in message.raw_items() if key.lower() == name.lower()), "")
    content = str(found).encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    return " ".join(content[:20_000].split())


def _decoded(content: bytes, charset: str | None) -> str:
    """Return bytes as text by their charset; without one that we know, as UTF-8, else as Western Europe's."""
    try:
        name = codecs.lookup(charset or "utf-8").name
        if name not in SLOW:
            return content.decode(name, "strict" if charset is None else "replace")
    except (LookupError, UnicodeError, ValueError, TypeError):
        pass
    try:
        return content.decode("utf-8")
    except UnicodeError:
        return content.decode("windows-1252", "replace")


def _addresses(message: Message, name: str) -> list[tuple[str, str]]:
    """Return names and addresses of a header; what is no address is left out, names read after taking it apart."""
    try:
        found = getaddresses([_raw(message, name)])
    except BAD:
        return []
    return [(_name_of(shown), address.lower()) for shown, address in found[:MOST_ADDRESSES] if _is_address(address)]


def _name_of(shown: str) -> str:
    # Read after the header was taken apart, so that no name can bring an address along.
    holder = Message(policy=compat32)
    holder["Name"] = shown
    name = _header(holder, "Name")
    return "" if "@" in name else name


def _is_address(text: str) -> bool:
    try:
        validate_email(text)
    except ValidationError:
        return False
    return len(text) <= 254


def _read_whole(message: Message) -> Letter:
    letter = _read_head(message)
    plain: list[str] = []
    html: list[str] = []
    files: list[Enclosed] = []
    for part in _leaves(message):
        _take(part, plain, html, files)
    text = "\n".join(plain).strip() or "\n".join(text_of_html(one) for one in html)
    own, quoted = own_and_quoted(text)
    return Letter(
        **{name: getattr(letter, name) for name in HEAD},
        text=own,
        quoted=quoted,
        is_cut=len(own) >= LONGEST,
        is_report=message.get_content_type() == "multipart/report",
        files=files,
    )


HEAD = ("message_id", "sender", "sender_name", "written_to", "subject", "answers", "heads")


def _leaves(message: Message) -> Iterator[Message]:
    """Yield the parts that hold something, in their order. A mail inside a mail is one part; depth has an end."""
    waiting = [(message, 0)]
    while waiting:
        part, depth = waiting.pop()
        inner = part.get_payload() if part.get_content_maintype() == "multipart" else None
        if isinstance(inner, list):
            if depth >= DEEPEST:
                raise ValueError("too deep")
            waiting += [(one, depth + 1) for one in reversed(inner)]
        else:
            yield part


def _take(part: Message, plain: list[str], html: list[str], files: list[Enclosed]) -> None:
    kind, name = part.get_content_type(), _file_name(part)
    is_text = part.get_content_maintype() == "text" and not name and part.get_content_disposition() != "attachment"
    if is_text and kind in {"text/plain", "text/html"}:
        content = (part.get_payload(decode=True) or b"")[:LONGEST_TEXT]
        (html if kind == "text/html" else plain).append(_decoded(content, _charset(part)))
    elif kind not in SIGNATURES and part.get_content_maintype() != "multipart":
        whole = part.is_multipart()
        content = b"" if whole else part.get_payload(decode=True) or b""
        is_logo = part.get("Content-ID") and kind.startswith("image/") and len(content) < SMALLEST_PICTURE
        if not is_logo:
            files.append(Enclosed(name or kind, kind, content))


def _charset(part: Message) -> str | None:
    try:
        return part.get_content_charset()
    except BAD:
        return None


def _file_name(part: Message) -> str:
    try:
        value = part.get_param("filename", None, "content-disposition") or part.get_param("name", None)
        if not value:
            return ""
        holder = Message(policy=compat32)
        holder["Name"] = " ".join(collapse_rfc2231_value(value).split())
        return tidy_name(_header(holder, "Name"))
    except BAD:
        return "file"
